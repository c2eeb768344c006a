/**
 * The simulator's randomness: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021; period
 * 2^128 - 1, passes BigCrush), its state filled by SplitMix64 from a 64-bit seed. Not for keys.
 *
 * `fork` gives streams that do not depend on how much was drawn before: one stream per actor and kind of fault means that removing
 * one step of a run leaves all others as they were, which is what makes failures shrink.
 */
import { assert } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";

export interface Prng extends Random {
  /** What the generator was made from. `createPrng(seed)` gives the same stream again. */
  readonly seed: bigint;
  /** 0 ≤ result < 2^32. */
  uint32(): number;
  /** 0 ≤ result < `below`, every value equally likely. `below` is an integer from 1 to 2^32. */
  int(below: number): number;
  /** 0 ≤ result < 1, in steps of 2^-53. */
  float(): number;
  pick<T>(from: readonly T[]): T;
  /** True with the probability `probability`, 0 (never) to 1 (always). */
  chance(probability: number): boolean;
  bytes(length: number): Uint8Array;
  /** An independent stream: the same for the same seed and name, however much either was used. */
  fork(name: string): Prng;
}

const mask64 = (1n << 64n) - 1n;

/** Steele, Lea and Flood 2014. Calls give the outputs one after another. */
export function createSplitMix64(seed: bigint): () => bigint {
  let state = seed & mask64;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask64;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask64;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask64;
    return z ^ (z >> 31n);
  };
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** The bare generator, from its four words of state, not all zero. */
export function createXoshiro128(a: number, b: number, c: number, d: number): () => number {
  assert((a | b | c | d) !== 0, "xoshiro128** of all zeros gives only zeros");
  let [s0, s1, s2, s3] = [a | 0, b | 0, c | 0, d | 0];
  return () => {
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotate(s3, 11);
    return result;
  };
}

/** FNV-1a of the name's UTF-16 code units, mixed with the seed. */
function forkedSeed(seed: bigint, name: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < name.length; index++) hash = ((hash ^ BigInt(name.charCodeAt(index))) * 0x100000001b3n) & mask64;
  return createSplitMix64(createSplitMix64(seed)() ^ hash)();
}

/** `seed` counts modulo 2^64. */
export function createPrng(seed: bigint): Prng {
  const mix = createSplitMix64(seed);
  const [low, high] = [mix(), mix()];
  const word = (value: bigint): number => Number(value & 0xffffffffn);
  const uint32 = createXoshiro128(word(low), word(low >> 32n), word(high), word(high >> 32n) | 1);
  const int = (below: number): number => {
    assert(Number.isInteger(below) && below >= 1 && below <= 2 ** 32, "int below what?");
    const fair = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const value = uint32();
      if (value < fair) return value % below;
    }
  };
  const float = (): number => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53;
  return {
    seed: seed & mask64,
    uint32,
    int,
    float,
    pick: <T>(from: readonly T[]): T => {
      assert(from.length > 0, "nothing to pick from");
      return from[int(from.length)] as T;
    },
    chance: (probability) => float() < probability,
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 4) {
        const value = uint32();
        for (let index = 0; index < 4 && at + index < length; index++) bytes[at + index] = value >>> (8 * index);
      }
      return bytes;
    },
    fork: (name) => createPrng(forkedSeed(seed, name)),
  };
}

/** The seed of a test run: `SKERRY_SEED` if it is given (decimal or 0x…), so that a printed failure can be replayed, else a fresh one. */
export function seedFromEnv(env: Readonly<Record<string, string | undefined>>, fresh: () => bigint): bigint {
  const given = env["SKERRY_SEED"];
  if (given === undefined || given === "") return fresh() & mask64;
  assert(/^(\d{1,20}|0x[0-9a-f]{1,16})$/i.test(given), "SKERRY_SEED is a number of up to 64 bits");
  return BigInt(given) & mask64;
}
