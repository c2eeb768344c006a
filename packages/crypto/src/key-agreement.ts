/** X25519 (RFC 7748) through libsodium. Internal: callers use the named operations. */
import { assert, err, keyBytes, ok } from "@skerry/protocol";
import type { Random, Result } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { Secret } from "./secret.ts";

export interface AgreementKey {
  /** X25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly secret: Secret;
}

/** A key pair that is used for one message or one run. */
export function generateAgreementKey(random: Random): AgreementKey {
  const privateKey = random.bytes(keyBytes);
  return { publicKey: sodium.crypto_scalarmult_base(privateKey), secret: new Secret(privateKey) };
}

/**
 * The shared secret, 32 bytes. It is no key yet: derive one that names both public keys. `publicKey` comes from anyone. One of small order gives
 * zeros whatever the private key is: refused, as RFC 7748 §6.1 allows, since otherwise who sent it would know the secret without any key.
 */
export function agree(secret: Secret, publicKey: Uint8Array): Result<Secret, "weak-key"> {
  assert(publicKey.length === keyBytes, "a public key has 32 bytes");
  return secret.use((privateKey) => {
    try {
      return ok(new Secret(sodium.crypto_scalarmult(privateKey, publicKey)));
    } catch (error) {
      // The wrapper's only way to say that the product is zero.
      if (error instanceof Error && error.message === "weak public key") return err("weak-key");
      throw error;
    }
  });
}
