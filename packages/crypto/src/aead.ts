/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random 24-byte nonce. Internal: callers use the named operations. */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import type { Secret } from "./secret.ts";

const tagBytes = 16;

/** ciphertext ‖ tag (16). */
export const encrypt = (plaintext: Uint8Array, associatedData: Uint8Array, nonce: Uint8Array, key: Secret): Uint8Array =>
  key.use((bytes) => sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associatedData, null, nonce, bytes));

export function decrypt(
  ciphertext: Uint8Array,
  associatedData: Uint8Array,
  nonce: Uint8Array,
  key: Secret,
): Result<Uint8Array, "undecryptable"> {
  if (ciphertext.length < tagBytes) return err("undecryptable");
  return key.use((bytes) => {
    try {
      return ok(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, associatedData, nonce, bytes));
    } catch (error) {
      // The wrapper's only way to say that the tag is wrong. A wrong length or no memory is another error, and ours to hear of.
      if (error instanceof Error && error.message === "ciphertext cannot be decrypted using that key") return err("undecryptable");
      throw error;
    }
  });
}
