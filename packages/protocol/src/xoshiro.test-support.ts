/**
 * xoshiro128** 1.1 (Blackman and Vigna, public domain), seeded by splitmix32: period 2^128-1, passes BigCrush. For fuzzing only. The
 * simulator has a fuller one; this package may not import it.
 */
export interface Fuzz {
  uint32(): number;
  /** 0 ≤ result < below. */
  int(below: number): number;
  pick<T>(from: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

export function createFuzz(seed: number): Fuzz {
  let mix = seed >>> 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const state = new Uint32Array([splitmix(), splitmix(), splitmix(), splitmix() | 1]);
  const at = (index: number): number => state[index] ?? 0;
  const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  const uint32 = (): number => {
    const result = Math.imul(rotate(Math.imul(at(1), 5), 7), 9) >>> 0;
    const shifted = at(1) << 9;
    state[2] = at(2) ^ at(0);
    state[3] = at(3) ^ at(1);
    state[1] = at(1) ^ at(2);
    state[0] = at(0) ^ at(3);
    state[2] = at(2) ^ shifted;
    state[3] = rotate(at(3), 11);
    return result;
  };
  const int = (below: number): number => Math.floor((uint32() / 2 ** 32) * below);
  return {
    uint32,
    int,
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new RangeError("nothing to pick from");
      return from[int(from.length)] as T;
    },
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let index = 0; index < length; index++) bytes[index] = uint32() >>> 24;
      return bytes;
    },
  };
}
