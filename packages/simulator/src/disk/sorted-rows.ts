/**
 * Rows in the order of their keys' bytes, immutable: a version costs the few leaves in which it differs from the one before, so that
 * snapshots, backups and copies of a disk are free.
 */
export interface StoredRow {
  /** The key, one character a byte: strings compare as the bytes do. */
  readonly id: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** No leaf is empty. */
type Leaf = readonly StoredRow[];

export interface SortedRows {
  readonly leaves: readonly Leaf[];
  readonly size: number;
  readonly bytes: number;
}

export interface RowRange {
  /** The first id that may be in it. */
  readonly from?: string;
  /** The first id beyond it. */
  readonly before?: string;
  readonly reverse?: boolean;
}

const leafRowsMax = 64;

export const noRows: SortedRows = { leaves: [], size: 0, bytes: 0 };

export const idOf = (key: Uint8Array): string => String.fromCharCode(...key);

/** The least id that is greater than `id`. */
export const after = (id: string): string => `${id}\0`;

export const rowBytes = ({ key, value }: StoredRow): number => key.length + value.length;

/** Index of the first element for which `test`, which is false and then true, is true. */
function firstWhere<T>(values: readonly T[], test: (value: T) => boolean): number {
  let low = 0;
  for (let high = values.length; low < high;) {
    const middle = (low + high) >>> 1;
    const value = values[middle];
    if (value !== undefined && test(value)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const leafOf = (leaves: readonly Leaf[], id: string): number =>
  Math.max(0, firstWhere(leaves, ([first]) => first !== undefined && first.id > id) - 1);
const placeIn = (leaf: Leaf, id: string): number => firstWhere(leaf, (row) => row.id >= id);

export function rowOf({ leaves }: SortedRows, id: string): StoredRow | undefined {
  const leaf = leaves[leafOf(leaves, id)];
  const row = leaf?.[placeIn(leaf, id)];
  return row?.id === id ? row : undefined;
}

/** Later rows replace earlier ones with the same key. */
export function withRows(rows: SortedRows, more: Iterable<StoredRow>): SortedRows {
  const leaves = [...rows.leaves];
  let { size, bytes } = rows;
  for (const row of more) {
    const at = leafOf(leaves, row.id);
    const leaf = [...(leaves[at] ?? [])];
    const place = placeIn(leaf, row.id);
    const old = leaf[place];
    const replaces = old?.id === row.id;
    leaf.splice(place, replaces ? 1 : 0, row);
    size += replaces ? 0 : 1;
    bytes += rowBytes(row) - (replaces ? rowBytes(old) : 0);
    // Rows that come in order fill their leaves.
    const cut = at === leaves.length - 1 ? leafRowsMax : leafRowsMax / 2;
    if (leaf.length > leafRowsMax) leaves.splice(at, 1, leaf.slice(0, cut), leaf.slice(cut));
    else leaves[at] = leaf;
  }
  return { leaves, size, bytes };
}

/** Removes these very rows, not what may have replaced them. */
export function withoutRows(rows: SortedRows, gone: ReadonlySet<StoredRow>): SortedRows {
  if (gone.size === 0) return rows;
  const leaves = rows.leaves.map((leaf) => leaf.filter((row) => !gone.has(row))).filter((leaf) => leaf.length > 0);
  let [size, bytes] = [0, 0];
  for (const leaf of leaves) {
    for (const row of leaf) {
      size++;
      bytes += rowBytes(row);
    }
  }
  return { leaves, size, bytes };
}

export function* rowsIn({ leaves }: SortedRows, { from = "", before, reverse = false }: RowRange = {}): Generator<StoredRow, undefined> {
  if (leaves.length === 0) return;
  if (reverse) {
    for (let at = before === undefined ? leaves.length - 1 : leafOf(leaves, before); at >= 0; at--) {
      const leaf = leaves[at] ?? [];
      for (let place = (before === undefined ? leaf.length : placeIn(leaf, before)) - 1; place >= 0; place--) {
        const row = leaf[place];
        if (row === undefined || row.id < from) return;
        yield row;
      }
    }
    return;
  }
  for (let at = leafOf(leaves, from); at < leaves.length; at++) {
    const leaf = leaves[at] ?? [];
    for (let place = placeIn(leaf, from); place < leaf.length; place++) {
      const row = leaf[place];
      if (row === undefined || (before !== undefined && row.id >= before)) return;
      yield row;
    }
  }
}
