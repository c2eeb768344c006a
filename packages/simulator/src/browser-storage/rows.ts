/** The rows of one object store, in the order of their keys. Values are never changed in place, so that copies share them. */
import { compareKeys } from "./keys.ts";
import type { Key, VirtualKeyRange } from "./keys.ts";

export interface Row {
  readonly key: Key;
  readonly value: unknown;
}

export interface Store {
  readonly autoIncrement: boolean;
  nextKey: number;
  rows: Row[];
}

/** Where the key stands, or would. */
export function placeOf(rows: readonly Row[], key: Key): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys((rows[middle] as Row).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function findRow(rows: readonly Row[], key: Key): Row | undefined {
  const row = rows[placeOf(rows, key)];
  return row !== undefined && compareKeys(row.key, key) === 0 ? row : undefined;
}

/** From and to (not included) of the rows within a range. */
export function spanOf(rows: readonly Row[], range: VirtualKeyRange): readonly [number, number] {
  let from = range.lower === undefined ? 0 : placeOf(rows, range.lower);
  const at = rows[from];
  if (range.lower !== undefined && range.lowerOpen && at !== undefined && compareKeys(at.key, range.lower) === 0) from++;
  let to = range.upper === undefined ? rows.length : placeOf(rows, range.upper);
  const end = rows[to];
  if (range.upper !== undefined && !range.upperOpen && end !== undefined && compareKeys(end.key, range.upper) === 0) to++;
  return [from, Math.max(from, to)];
}

export const sizeOf = (value: unknown): number => (value instanceof Uint8Array ? value.length : 16);
