import fc from "fast-check";
import { expect, test } from "vitest";
import { repeatable } from "./cast.test-support.ts";
import { hexOf } from "./hex.test-support.ts";
import { pad, unpad } from "./padding.ts";
import { padme, padmeBytesMin } from "./padme.ts";

/** Padmé as the paper writes it (https://lbarman.ch/blog/padme/ has its code), on integers of any size. */
function padmeOfPaper(length: number): number {
  const exponent = Math.floor(Math.log2(length));
  const exponentBits = Math.floor(Math.log2(exponent)) + 1;
  const mask = (1n << BigInt(exponent - exponentBits)) - 1n;
  return Number((BigInt(length) + mask) & ~mask);
}

test("CR-6 padme is the paper's function from the minimum on, and never goes down", () => {
  const wrong: number[] = [];
  let before = padme(0);
  for (let length = 0; length <= 70_000; length++) {
    const padded = padme(length);
    const expected = length <= padmeBytesMin ? padmeBytesMin : padmeOfPaper(length);
    if (padded < before || padded < length || padded !== expected) wrong.push(length);
    before = padded;
  }
  expect(wrong).toEqual([]);
});

test("CR-6 padme adds at most 12 % from the minimum on, and its sizes are fixed points", () => {
  fc.assert(
    fc.property(fc.integer({ min: padmeBytesMin, max: 2 ** 30 }), (length) => {
      const padded = padme(length);
      expect(padded).toBe(padmeOfPaper(length));
      expect(padded / length).toBeLessThanOrEqual(1.12);
      expect(padme(padded)).toBe(padded);
    }),
    { ...repeatable, numRuns: 5000 },
  );
});

test("CR-6 few sizes remain: up to 512 KiB there are fewer than 250", () => {
  const sizes = new Set<number>();
  for (let length = 0; length <= 512 * 1024; length += 1) sizes.add(padme(length));
  expect(sizes.size).toBeLessThan(250);
});

test("CR-6 lengths that no record has are bugs", () => {
  for (const length of [-1, 0.5, Number.NaN, 2 ** 30 + 1]) expect(() => padme(length)).toThrow("range");
});

test("CR-6 every body has one padded form, and it alone is accepted", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(64, 512), (body, bytesMin) => {
      const padded = pad(body, bytesMin);
      expect(unpad(padded, bytesMin)).toEqual({ ok: true, value: body });
      for (let index = 4 + body.length; index < padded.length; index++) {
        const dirty = padded.slice();
        dirty[index] = 1;
        expect(unpad(dirty, bytesMin)).toEqual({ ok: false, error: "bad-padding" });
      }
      for (const length of [0, 3, padded.length - 1, padded.length + 1, 2 * padded.length]) {
        const other = new Uint8Array(length);
        other.set(padded.subarray(0, length));
        expect(unpad(other, bytesMin)).toEqual({ ok: false, error: "bad-padding" });
      }
    }),
    repeatable,
  );
});

test("CR-6 any bytes at all are refused or are the one form of their body", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(80), fc.boolean(), (bytes, length, likely) => {
      const padded = likely ? new Uint8Array(64) : bytes;
      if (padded.length >= 4) padded.set([length, 0, 0, 0]);
      const body = unpad(padded, 64);
      if (body.ok) accepted++;
      return !body.ok || hexOf(pad(body.value, 64)) === hexOf(padded);
    }),
    { ...repeatable, numRuns: 2000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
