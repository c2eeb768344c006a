/**
 * @skerry/crypto/passphrase: a key from a passphrase, by Argon2id (RFC 9106; docs/crypto.md, CR-22). An entry of its own, because only the composition roots
 * of peers need it, and libsodium with it (the "sumo" build) is large: it is loaded when the first passphrase is stretched.
 */
import { assert, idBytes, keyBytes } from "@skerry/protocol";
import { passphraseBytesMax } from "./passphrase-text.ts";
import { Secret } from "./secret.ts";

/**
 * RFC 9106's second recommended choice, with one lane, since libsodium has no other: 64 MiB, three passes. Part of the format: a link's keys depend on it.
 */
export const argon2id: { readonly memoryBytes: number; readonly passes: number } = { memoryBytes: 64 * 1024 * 1024, passes: 3 };

/**
 * 32 bytes of a passphrase's bytes (`passphraseBytes`) and the invite's salt (16 bytes, `inviteSaltOf`). Takes 0.2 to 1 s, in which this thread does nothing
 * else, and 64 MiB that the thread keeps. Rejects if the library can't be loaded, or there is no room.
 */
export async function stretchPassphrase(passphrase: Uint8Array, salt: Uint8Array): Promise<Secret> {
  assert(passphrase.length > 0 && passphrase.length <= passphraseBytesMax, "a passphrase has 1 to 1024 bytes");
  assert(salt.length === idBytes, "a passphrase's salt has 16 bytes");
  const { default: sodium } = await import("libsodium-wrappers-sumo");
  await sodium.ready;
  const { memoryBytes, passes } = argon2id;
  return new Secret(sodium.crypto_pwhash(keyBytes, passphrase, salt, passes, memoryBytes, sodium.crypto_pwhash_ALG_ARGON2ID13));
}
