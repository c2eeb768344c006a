/**
 * What two people, or one with two devices, compare: 6 digits and 3 words of one 32-byte secret that both sides derived (docs/crypto.md, CR-24).
 * Either is enough by itself: a liar guesses the digits with 1 in 10^6, the words with 1 in 2^24, both with 1 in 1.7 · 10^13.
 */
import { assert, keyBytes } from "@skerry/protocol";
import { pairingWords } from "./pairing-words.ts";
import type { Secret } from "./secret.ts";

export interface ShortAuthentication {
  /** 6 digits. */
  readonly digits: string;
  /** 3 of 256 words. */
  readonly words: readonly string[];
}

const digitCount = 6;
/** 2^40 modulo 10^6: no digits are more than a millionth likelier than others. */
const digitSourceBytes = 5;
const wordCount = 3;

/** Digits from bytes 0 to 4 (big-endian, modulo 10^6), words from bytes 5 to 7: they have no byte in common. */
export const shortAuthenticationOf = (secret: Secret): ShortAuthentication =>
  secret.use((bytes) => {
    assert(bytes.length === keyBytes, "digits and words come from 32 bytes");
    let number = 0;
    for (const byte of bytes.subarray(0, digitSourceBytes)) number = number * 256 + byte;
    const words = [...bytes.subarray(digitSourceBytes, digitSourceBytes + wordCount)].map((byte) => pairingWords[byte]);
    return {
      digits: String(number % 10 ** digitCount).padStart(digitCount, "0"),
      words: words.map((word) => {
        assert(word !== undefined, "256 words");
        return word;
      }),
    };
  });
