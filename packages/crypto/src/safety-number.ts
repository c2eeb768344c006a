/**
 * 60 digits that two people compare to know that no relay sits between them (docs/crypto.md, CR-23). Made like Signal's numeric fingerprint
 * (NumericFingerprintGenerator and DisplayableFingerprint in libsignal), with our hash:
 *
 *     h(0)   = H("skerry.v1.safety-number", zeros (32) ‖ account key (32)), h(i) = H(…, h(i-1) ‖ account key)
 *     half   = 6 groups of 5 digits: big-endian numbers of 5 bytes of h(5199), modulo 100,000
 *     number = both halves, the smaller first, so that both sides see the same
 */
import { assert, keyBytes } from "@skerry/protocol";
import { concat } from "./concat.ts";
import { hash } from "./hash.ts";

/** Goes up when the digits of the same two people change: people of two versions are told so, and do not compare. */
export const safetyNumberVersion = 1;

export interface SafetyNumber {
  readonly version: typeof safetyNumberVersion;
  /** 12 groups of 5 digits. */
  readonly groups: readonly string[];
}

/** Makes each guess dearer by 2^12.3: 30 digits are 2^99.7, and an account with another's half costs 2^112. Costs some milliseconds, once a look. */
const rounds = 5200;
const groupsOfHalf = 6;
const groupBytes = 5;
const groupDigits = 5;

/** Ed25519 root keys, 32 bytes each: all devices and encryption keys of an account hang on its root, so the number stays when they change. */
export function safetyNumber(ownAccountKey: Uint8Array, otherAccountKey: Uint8Array): SafetyNumber {
  const halves = [halfOf(ownAccountKey), halfOf(otherAccountKey)].toSorted((a, b) => (a.join("") < b.join("") ? -1 : 1));
  return { version: safetyNumberVersion, groups: halves.flat() };
}

function halfOf(accountKey: Uint8Array): readonly string[] {
  assert(accountKey.length === keyBytes, "an account key has 32 bytes");
  let digest: Uint8Array = new Uint8Array(keyBytes);
  for (let round = 0; round < rounds; round++) digest = hash("skerry.v1.safety-number", concat(digest, accountKey));
  return Array.from({ length: groupsOfHalf }, (_, group) => {
    let number = 0;
    for (const byte of digest.subarray(group * groupBytes, (group + 1) * groupBytes)) number = number * 256 + byte;
    return String(number % 10 ** groupDigits).padStart(groupDigits, "0");
  });
}
