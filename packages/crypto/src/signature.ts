/**
 * Ed25519 (RFC 8032) through libsodium, which refuses keys and points of small order and signatures that are not canonical.
 * Everything signed is context ‖ 0x00 ‖ message (docs/crypto.md, CR-3), so that one kind of signature never stands for another.
 */
import { assert, keyBytes, signatureBytes } from "@skerry/protocol";
import type { Signature } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { concat } from "./concat.ts";
import { contextBytes } from "./contexts.ts";
import type { SignatureContext } from "./contexts.ts";
import { Secret } from "./secret.ts";

const separator: Uint8Array = new Uint8Array(1);

const signedMessage = (context: SignatureContext, parts: readonly Uint8Array[]): Uint8Array =>
  concat(contextBytes(context), separator, ...parts);

export interface SigningKey {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** libsodium's form: seed (32) ‖ public key (32). Both come from the seed, so a wrong public key can never slip in and leak it. */
  readonly secret: Secret;
}

/** The key pair of a 32-byte seed. Keeps no reference to `seed`. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  assert(seed.length === keyBytes, "a seed has 32 bytes");
  const pair = sodium.crypto_sign_seed_keypair(seed);
  return { publicKey: pair.publicKey, secret: new Secret(pair.privateKey) };
}

/** A copy of the 32-byte seed. */
export const seedOf = (secret: Secret): Uint8Array =>
  secret.use((bytes) => {
    assert(bytes.length === 2 * keyBytes, "not a signing key");
    return bytes.slice(0, keyBytes);
  });

/** 64 bytes, deterministic. At most one of the parts may vary in length within a context. */
export const signUnder = (context: SignatureContext, secret: Secret, ...parts: readonly Uint8Array[]): Signature =>
  secret.use((key) => sodium.crypto_sign_detached(signedMessage(context, parts), key)) as Signature;

/** Never throws on input: a key or signature of another length does not verify. */
export function verifyUnder(
  context: SignatureContext,
  publicKey: Uint8Array,
  signature: Uint8Array,
  ...parts: readonly Uint8Array[]
): boolean {
  if (publicKey.length !== keyBytes || signature.length !== signatureBytes) return false;
  return sodium.crypto_sign_verify_detached(signature, signedMessage(context, parts), publicKey);
}
