/**
 * The one note that a relay keeps for a recovery kit, so that the words alone lead to the account (docs/crypto.md, CR-29):
 *
 *     sealed          = version (1) ‖ nonce (24) ‖ ciphertext with tag (16)
 *     plaintext       = length (u32, little-endian) ‖ note ‖ zeros, padded like records but to at least 1024 bytes
 *     associated data = "skerry.v1.recovery-note-key" ‖ version (1) ‖ the kit's device id (32)
 *
 * A note can be sealed anew when what it says has changed, under the same key: hence random nonces, where keys that seal once do with zeros.
 */
import { assert, err, nonceBytes, ok } from "@skerry/protocol";
import type { Random, Result } from "@skerry/protocol";
import { decrypt, encrypt } from "./aead.ts";
import { concat } from "./concat.ts";
import { contextBytes } from "./contexts.ts";
import { pad, unpad } from "./padding.ts";
import type { RecoveryKit } from "./recovery.ts";

/** Bound on a sealed note. */
export const recoveryNoteBytesMax: number = 16 * 1024;

const version = 1;
const versionBytes: Uint8Array = Uint8Array.of(version);
const ciphertextAt = 1 + nonceBytes;
const tagBytes = 16;
/** What a note says of an account of few devices and relays fits, so that most notes have one size. */
const paddedBytesMin = 1024;
const sealedBytesMin = ciphertextAt + paddedBytesMin + tagBytes;

/**
 * 1,065 to `recoveryNoteBytesMax` bytes, for a relay to keep. The relay sees which kit the note is for, when it was written and read, and in which of
 * 64 sizes it came: below 1,021 bytes of `plaintext` always the smallest. It can keep an old note and show that, or none at all, and the holder of
 * the words cannot tell: what a note says has to be true of old, or be checked against the account's log.
 * `plaintext`: 15,868 bytes at most, else it asserts. It stays the caller's to wipe.
 */
export function sealRecoveryNote(kit: RecoveryKit, plaintext: Uint8Array, random: Random): Uint8Array {
  const padded = pad(plaintext, paddedBytesMin);
  assert(ciphertextAt + padded.length + tagBytes <= recoveryNoteBytesMax, "a recovery note is too long");
  const nonce = random.bytes(nonceBytes);
  const ciphertext = encrypt(padded, associatedData(kit), nonce, kit.noteKey);
  padded.fill(0);
  return concat(versionBytes, nonce, ciphertext);
}

/**
 * The plaintext, a fresh array. `sealed` comes from a relay that may be hostile; see `sealRecoveryNote` for what it can do. `malformed`: no length or
 * version of ours, or, from somebody with the words, other padding. `newer-version`: made by a newer program, or a relay says so: nothing vouches for it.
 * `undecryptable`: another kit's, or changed.
 */
export function openRecoveryNote(
  kit: RecoveryKit,
  sealed: Uint8Array,
): Result<Uint8Array, "malformed" | "newer-version" | "undecryptable"> {
  const [first = 0] = sealed;
  if (sealed.length > recoveryNoteBytesMax || first < version) return err("malformed");
  if (first > version) return err("newer-version");
  if (sealed.length < sealedBytesMin) return err("malformed");
  const opened = decrypt(sealed.subarray(ciphertextAt), associatedData(kit), sealed.subarray(1, ciphertextAt), kit.noteKey);
  if (!opened.ok) return opened;
  const body = unpad(opened.value, paddedBytesMin);
  const plaintext = body.ok ? body.value.slice() : undefined;
  opened.value.fill(0);
  return plaintext === undefined ? err("malformed") : ok(plaintext);
}

const associatedData = ({ device }: RecoveryKit): Uint8Array =>
  concat(contextBytes("skerry.v1.recovery-note-key"), versionBytes, device.deviceId);
