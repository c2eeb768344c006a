/**
 * A recovery kit: one of the account's devices that exists on paper only (docs/crypto.md, CR-29). A person writes down 32 random bytes as 24 English
 * words, and what those bytes give is a device like any other, and a key for one note that a relay keeps for it:
 *
 *     words         = BIP-39 of the 32 bytes, with its checksum of 8 bits (https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki)
 *     Ed25519 seed  = BLAKE2b-256 keyed with the 32 bytes, over "skerry.v1.recovery-device-seed"
 *     key of notes  = the same over "skerry.v1.recovery-note-key"; see recovery-note.ts
 *
 * Only BIP-39's words are used, not its stretching to a seed of 64 bytes: 256 random bits need none.
 */
import { assert, err, keyBytes, ok } from "@skerry/protocol";
import type { Random, Result } from "@skerry/protocol";
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { derive } from "./derive.ts";
import { importDevice } from "./device.ts";
import type { DeviceIdentity } from "./device.ts";
import { Secret } from "./secret.ts";

export const recoveryWordsCount = 24;

const known: ReadonlySet<string> = new Set(wordlist);

/** `index`: of the first unknown word, from 0. `mistyped`: all words are known and as many as there should be, but the checksum says no. */
export type RecoveryWordsError =
  | { readonly reason: "empty" }
  | { readonly reason: "unknown-word"; readonly index: number }
  | { readonly reason: "wrong-count"; readonly count: number }
  | { readonly reason: "mistyped" };

/** What the words give. Both secrets belong to whoever holds the kit: wipe them when they are done. */
export interface RecoveryKit {
  /** Consents, is added, sealed to and revoked like every device of the account. */
  readonly device: DeviceIdentity;
  /** 32 bytes, symmetric: for `sealRecoveryNote` and `openRecoveryNote`. */
  readonly noteKey: Secret;
}

/** 32 random bytes. */
export const generateRecoverySecret = (random: Random): Secret => new Secret(random.bytes(keyBytes));

/** 24 lower-case words, in order. They are the secret, as strings that nobody can wipe: show them and let go of them. */
export const recoveryWords = (secret: Secret): readonly string[] =>
  secret.use((bytes) => {
    assert(bytes.length === keyBytes, "a recovery secret has 32 bytes");
    return entropyToMnemonic(bytes, wordlist).split(" ");
  });

/**
 * The 32 bytes of what a person typed or pasted. Case, white space and Unicode's ways to write one letter (full-width, for instance) do not matter. The
 * checksum lets one wrong word in 256 pass: it finds mistakes, and proves nothing.
 */
export function parseRecoveryWords(text: string): Result<Secret, RecoveryWordsError> {
  const words = text
    .normalize("NFKD")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return err({ reason: "empty" });
  const index = words.findIndex((word) => !known.has(word));
  if (index !== -1) return err({ reason: "unknown-word", index });
  if (words.length !== recoveryWordsCount) return err({ reason: "wrong-count", count: words.length });
  try {
    return ok(new Secret(mnemonicToEntropy(words.join(" "), wordlist)));
  } catch (error) {
    // The library's only way to say so.
    if (error instanceof Error && error.message === "Invalid checksum") return err({ reason: "mistyped" });
    throw error;
  }
}

/** The kit of 32 bytes; the same each time. Wipe the secret after. */
export function recoveryFromSecret(secret: Secret): RecoveryKit {
  const seed = derive("skerry.v1.recovery-device-seed", secret);
  const device = seed.use((bytes) => importDevice(bytes));
  seed.wipe();
  assert(device.ok, "a device is 32 bytes");
  return { device: device.value, noteKey: derive("skerry.v1.recovery-note-key", secret) };
}
