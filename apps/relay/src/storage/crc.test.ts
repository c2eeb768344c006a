import { crc32 as zlibCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { bytesOf } from "./author.test-support.ts";
import { crc32, crc32c } from "./crc.ts";

test("CRC-32C gives the values of RFC 3720 appendix B.4, at every length modulo eight", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => 31 - index))).toBe(0x113fdb5c);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(0))).toBe(0);
});

test("CRC-32 is zlib's, which wrote the rows of older folders, whole and in parts", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = bytesOf(`crc ${length}`, length);
    const sum = zlibCrc32(bytes);
    expect(crc32(bytes)).toBe(sum);
    for (let cut = 0; cut <= length; cut++) expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(sum);
  }
});
