/** The rows of one object store, in the order of their keys. A committed state never changes: transactions work on copies, and copies share values. */
import { compareKeys } from "./keys.ts";
import type { Key, KeyRange } from "./keys.ts";
import { sizeOf } from "./values.ts";

export interface Row {
  readonly key: Key;
  readonly value: unknown;
}

export interface StoreState {
  readonly autoIncrement: boolean;
  readonly nextKey: number;
  readonly rows: readonly Row[];
  readonly bytes: number;
}

/** Owned by one transaction, until it is committed. */
export interface WorkingStore extends StoreState {
  nextKey: number;
  readonly rows: Row[];
  bytes: number;
}

export const workOn = (state: StoreState): WorkingStore => ({ ...state, rows: state.rows.slice() });

const rowBytes = ({ key, value }: Row): number =>
  (typeof key === "string" ? 2 * key.length : key instanceof Uint8Array ? key.length : 8) + sizeOf(value);

/** Where the key stands, or would. */
function placeOf(rows: readonly Row[], key: Key): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys((rows[middle] as Row).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const standsAt = (rows: readonly Row[], at: number, key: Key): boolean => {
  const row = rows[at];
  return row !== undefined && compareKeys(row.key, key) === 0;
};

export const hasRow = (rows: readonly Row[], key: Key): boolean => standsAt(rows, placeOf(rows, key), key);

/** From and to (not included) of the rows within a range. */
export function spanOf(rows: readonly Row[], range: KeyRange): readonly [number, number] {
  let from = 0;
  let to = rows.length;
  if (range.lower !== undefined) {
    from = placeOf(rows, range.lower);
    if (range.lowerOpen && standsAt(rows, from, range.lower)) from++;
  }
  if (range.upper !== undefined) {
    to = placeOf(rows, range.upper);
    if (!range.upperOpen && standsAt(rows, to, range.upper)) to++;
  }
  return [from, Math.max(from, to)];
}

/** Returns how many bytes were written. */
export function putRow(store: WorkingStore, row: Row): number {
  const at = placeOf(store.rows, row.key);
  const old = standsAt(store.rows, at, row.key) ? store.rows[at] : undefined;
  store.rows.splice(at, old === undefined ? 0 : 1, row);
  const bytes = rowBytes(row);
  store.bytes += bytes - (old === undefined ? 0 : rowBytes(old));
  return bytes;
}

export function removeRows(store: WorkingStore, range: KeyRange): readonly Row[] {
  const [from, to] = spanOf(store.rows, range);
  const gone = store.rows.splice(from, to - from);
  for (const row of gone) store.bytes -= rowBytes(row);
  return gone;
}
