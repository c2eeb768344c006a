import { assert, list, refuse } from "@skerry/protocol";
import type { Codec } from "@skerry/protocol";

/** Byte-wise, shorter first if one begins the other. Negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

type Compare<T> = (a: T, b: T) => number;

const ascends = <T>(values: readonly T[], compare: Compare<T>): boolean =>
  values.every((value, index) => {
    const before = values[index - 1];
    return index === 0 || (before !== undefined && compare(before, value) < 0);
  });

/** A list in strictly ascending order: a set has one spelling, and nothing is in it twice. */
export const ascending = <T>(item: Codec<T>, countMax: number, compare: Compare<T>): Codec<readonly T[]> => {
  const items = list(item, countMax);
  return {
    write: (encoder, values) => {
      assert(ascends(values, compare), "a set is written in ascending order");
      items.write(encoder, values);
    },
    read: (decoder, field) => {
      const values = items.read(decoder, field);
      return ascends(values, compare) ? values : refuse("not-canonical", field);
    },
  };
};
