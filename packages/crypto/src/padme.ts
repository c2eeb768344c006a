import { assert } from "@skerry/protocol";

/** Nothing sealed into a record is shorter: a keystroke and a short word look the same. */
export const padmeBytesMin = 64;

/**
 * Length after Padmé padding (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs
 * 2019, section 4): the length is rounded up so that its last ⌊log2 L⌋ - (⌊log2 ⌊log2 L⌋⌋ + 1) bits are zero. Adds less than 12 %,
 * and leaks O(log log L) bits of the length instead of O(log L). Lengths below 64 become 64.
 */
export function padme(length: number): number {
  assert(Number.isInteger(length) && length >= 0 && length <= 2 ** 30, "length out of range");
  if (length <= padmeBytesMin) return padmeBytesMin;
  const exponent = 31 - Math.clz32(length);
  const exponentBits = 32 - Math.clz32(exponent);
  const bucket = 2 ** (exponent - exponentBits);
  return Math.ceil(length / bucket) * bucket;
}
