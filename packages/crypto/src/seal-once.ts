/**
 * XChaCha20-Poly1305 with a nonce of zeros, for keys that seal one message in their life. A nonce keeps two messages under one key apart; where a
 * key is derived from a fresh secret and everything that the message is for, there is no second. Each caller says why. Internal.
 */
import { nonceBytes } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { decrypt, encrypt } from "./aead.ts";
import type { Secret } from "./secret.ts";

const zeroNonce: Uint8Array = new Uint8Array(nonceBytes);

/** ciphertext ‖ tag (16). The key is wiped: it cannot be used twice. */
export function sealOnce(key: Secret, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const sealed = encrypt(plaintext, associatedData, zeroNonce, key);
  key.wipe();
  return sealed;
}

/** Opens what `sealOnce` sealed. The key is wiped. */
export function openOnce(key: Secret, sealed: Uint8Array, associatedData: Uint8Array): Result<Uint8Array, "undecryptable"> {
  const opened = decrypt(sealed, associatedData, zeroNonce, key);
  key.wipe();
  return opened;
}
