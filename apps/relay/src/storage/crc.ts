/** Reflected 32-bit checksums, eight bytes a step. Ours, so that the same code runs where there is no `node:zlib`. */
export type Crc = (bytes: Uint8Array, before?: number) => number;

/** `before` is the checksum of the bytes that come before: a sum over parts is that over the whole. */
export function createCrc(polynomial: number): Crc {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
    tables[byte] = sum;
  }
  for (let byte = 0; byte < 256; byte++) {
    let sum = tables[byte] ?? 0;
    for (let table = 1; table < 8; table++) {
      sum = (tables[sum & 0xff] ?? 0) ^ (sum >>> 8);
      tables[table * 256 + byte] = sum;
    }
  }

  const step = (table: number, byte: number): number => tables[table * 256 + (byte & 0xff)] ?? 0;

  return (bytes, before = 0) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let sum = ~before;
    let at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
      const low = view.getInt32(at, true) ^ sum;
      const high = view.getInt32(at + 4, true);
      sum =
        step(7, low) ^
        step(6, low >>> 8) ^
        step(5, low >>> 16) ^
        step(4, low >>> 24) ^
        step(3, high) ^
        step(2, high >>> 8) ^
        step(1, high >>> 16) ^
        step(0, high >>> 24);
    }
    for (; at < bytes.length; at++) sum = step(0, sum ^ (bytes[at] ?? 0)) ^ (sum >>> 8);
    return ~sum >>> 0;
  };
}

/** CRC-32 (ISO-HDLC), as zlib's: our rows. */
export const crc32: Crc = createCrc(0xedb88320);

/** CRC-32C (Castagnoli), as in RFC 3720 appendix B.4: LevelDB's tables. */
export const crc32c: Crc = createCrc(0x82f63b78);
