import { InvariantError } from "@skerry/protocol";
import { describe, expect, test } from "vitest";
import { createPrng, createSplitMix64, createXoshiro128, seedFromEnv } from "./prng.ts";

const draw = (prng: { uint32(): number }, count: number): number[] => Array.from({ length: count }, () => prng.uint32());

describe("the generators give what others' implementations give", () => {
  test("xoshiro128** from the state 1, 2, 3, 4 (rand_xoshiro's vector)", () => {
    const next = createXoshiro128(1, 2, 3, 4);
    expect(Array.from({ length: 10 }, next)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
    expect(() => createXoshiro128(0, 0, 0, 0)).toThrow(InvariantError);
  });

  test("SplitMix64 from 1234567 (Rosetta Code's vector)", () => {
    const next = createSplitMix64(1234567n);
    expect([next(), next(), next(), next(), next()]).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
  });
});

describe("streams", () => {
  test("one seed, one stream; seeds that differ above bit 31 differ", () => {
    expect(draw(createPrng(7n), 8)).toEqual(draw(createPrng(7n), 8));
    expect(draw(createPrng(7n), 8)).not.toEqual(draw(createPrng(7n + (1n << 40n)), 8));
    expect(createPrng(-1n).seed).toBe(2n ** 64n - 1n);
  });

  test("a fork depends on seed and name, and on nothing that was drawn", () => {
    const used = createPrng(7n);
    draw(used, 100);
    used.fork("other").uint32();
    expect(draw(used.fork("net"), 8)).toEqual(draw(createPrng(7n).fork("net"), 8));
    expect(draw(used.fork("net"), 8)).not.toEqual(draw(used.fork("disk"), 8));
    expect(draw(used.fork("net"), 8)).not.toEqual(draw(createPrng(8n).fork("net"), 8));
    expect(draw(used.fork("a").fork("b"), 8)).not.toEqual(draw(used.fork("b").fork("a"), 8));
  });
});

describe("draws", () => {
  test("are within bounds and even", () => {
    const prng = createPrng(42n);
    const counts = new Array<number>(6).fill(0);
    for (let index = 0; index < 60_000; index++) {
      const value = prng.int(6);
      counts[value] = (counts[value] ?? 0) + 1;
      const float = prng.float();
      expect(float >= 0 && float < 1).toBe(true);
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(prng.int(1)).toBe(0);
    expect(prng.int(2 ** 32)).toBeLessThan(2 ** 32);
    for (const below of [0, -1, 1.5, 2 ** 33]) expect(() => prng.int(below)).toThrow(InvariantError);
    expect(() => prng.pick([])).toThrow(InvariantError);
    expect(prng.pick(["only"])).toBe("only");
    expect([prng.chance(0), prng.chance(1)]).toEqual([false, true]);
  });

  test("bytes have the length asked for, are fresh, and use every value", () => {
    const prng = createPrng(1n);
    for (let length = 0; length < 10; length++) expect(prng.bytes(length)).toHaveLength(length);
    expect(new Set(prng.bytes(10_000)).size).toBe(256);
    const [one, other] = [prng.bytes(16), prng.bytes(16)];
    expect(one).not.toEqual(other);
    expect(one.buffer).not.toBe(other.buffer);
  });
});

test("a run takes its seed from SKERRY_SEED, or draws one", () => {
  expect(seedFromEnv({ SKERRY_SEED: "12" }, () => 5n)).toBe(12n);
  expect(seedFromEnv({ SKERRY_SEED: "0xff" }, () => 5n)).toBe(255n);
  expect(seedFromEnv({}, () => 5n)).toBe(5n);
  expect(seedFromEnv({ SKERRY_SEED: "" }, () => -1n)).toBe(2n ** 64n - 1n);
  expect(() => seedFromEnv({ SKERRY_SEED: "tuesday" }, () => 5n)).toThrow(InvariantError);
});
