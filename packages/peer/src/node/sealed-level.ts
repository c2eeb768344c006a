/**
 * What y-leveldb takes for a `Level`: every value sealed and bound to its key, every write synced. y-leveldb calls `get`, `put`, `batch`, `del`,
 * `clear`, and reads through `iterator`, `keys` and `values` (`nextv` and `close` of level-read-stream); nothing else is here.
 */
import { openLocal, sealLocal } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { toText } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";
import { keyEncoding } from "y-leveldb";
import { StoreError } from "../ports.ts";
import type { LevelFolder } from "./level-folder.ts";

/** y-leveldb's key: an array such as `["v1", name, "update", 7]`. */
export type DocKey = readonly (string | number)[];

export interface KeyRange {
  readonly gte?: DocKey;
  readonly lt?: DocKey;
  readonly reverse?: boolean;
  readonly limit?: number;
}

interface Pages<T> {
  nextv(size: number): Promise<readonly T[]>;
  close(): Promise<void>;
}

type Operation =
  | { readonly type: "put"; readonly key: DocKey; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: DocKey };

/** A stored row; `value` is undefined if it doesn't open. */
export interface Row {
  readonly key: DocKey;
  readonly value: Uint8Array | undefined;
  readonly sealed: Uint8Array;
}

export interface SealedLevel {
  readonly supports: { readonly clear: true };
  get(key: DocKey): Promise<Uint8Array | undefined>;
  put(key: DocKey, value: Uint8Array): Promise<void>;
  del(key: DocKey): Promise<void>;
  batch(operations: readonly Operation[]): Promise<void>;
  clear(range: KeyRange): Promise<void>;
  iterator(range: KeyRange): Pages<readonly [DocKey, Uint8Array]>;
  keys(range: KeyRange): Pages<DocKey>;
  values(range: KeyRange): Pages<Uint8Array>;
  close(): Promise<void>;
  /** Not for y-leveldb: rows with those that don't open. */
  rows(range: KeyRange): Promise<readonly Row[]>;
  /** Not for y-leveldb: moves a row that does not open out of the way, as it is, in one step. */
  setAside(row: Row, to: DocKey): Promise<void>;
}

const keyBytes = (key: DocKey): Uint8Array => keyEncoding.encode([...key]);
const keyOf = (bytes: Uint8Array): DocKey => keyEncoding.decode(bytes) as DocKey;
const contextOf = (key: Uint8Array): string => `content/${toText(key)}`;

const rangeOf = (range: KeyRange): { gte?: Uint8Array; lt?: Uint8Array; reverse?: boolean; limit?: number } => ({
  ...(range.gte === undefined ? {} : { gte: keyBytes(range.gte) }),
  ...(range.lt === undefined ? {} : { lt: keyBytes(range.lt) }),
  ...(range.reverse === undefined ? {} : { reverse: range.reverse }),
  ...(range.limit === undefined ? {} : { limit: range.limit }),
});

export function createSealedLevel(folder: LevelFolder, vaultKey: Secret, random: Random): SealedLevel {
  const opened = (key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined => {
    const result = openLocal(vaultKey, contextOf(key), sealed);
    return result.ok ? result.value : undefined;
  };

  const rows = (range: KeyRange): Promise<readonly Row[]> =>
    folder.use(async (db) => {
      const found = await db.iterator(rangeOf(range)).all();
      return found.map(([key, sealed]) => ({ key: keyOf(key), value: opened(key, sealed), sealed }));
    });

  const valueOf = (row: Row): Uint8Array => {
    if (row.value === undefined) throw new StoreError("damaged", "a stored value does not open");
    return row.value;
  };

  /** y-leveldb collects whole ranges anyway, so they are read as a whole. */
  function pages<T>(load: () => Promise<readonly T[]>): Pages<T> {
    let left: readonly T[] | undefined;
    return {
      nextv: async (size) => {
        left ??= await load();
        const page = left.slice(0, size);
        left = left.slice(size);
        return page;
      },
      close: async () => undefined,
    };
  }

  const batch = (operations: readonly Operation[]): Promise<void> =>
    folder.use((db) =>
      db.batch(
        operations.map((operation) => {
          const key = keyBytes(operation.key);
          return operation.type === "del"
            ? { type: "del" as const, key }
            : { type: "put" as const, key, value: sealLocal(vaultKey, contextOf(key), operation.value, random) };
        }),
        { sync: true },
      ),
    );

  return {
    supports: { clear: true },
    get: async (key) => {
      const bytes = keyBytes(key);
      const sealed = await folder.use((db) => db.get(bytes));
      return sealed === undefined ? undefined : valueOf({ key, value: opened(bytes, sealed), sealed });
    },
    put: (key, value) => batch([{ type: "put", key, value }]),
    del: (key) => batch([{ type: "del", key }]),
    batch,
    clear: async (range) => {
      await folder.use((db) => db.clear(rangeOf(range)));
      // `clear` has no sync of its own; a synced write after it takes the log before it along.
      if (range.gte !== undefined) await batch([{ type: "del", key: range.gte }]);
    },
    iterator: (range) => pages(async () => (await rows(range)).map((row) => [row.key, valueOf(row)] as const)),
    keys: (range) =>
      pages(() =>
        folder.use(async (db) => {
          const found = await db.keys(rangeOf(range)).all();
          return found.map(keyOf);
        }),
      ),
    values: (range) => pages(async () => (await rows(range)).map(valueOf)),
    close: () => folder.close(),
    rows,
    setAside: (row, to) =>
      folder.use((db) =>
        db.batch(
          [
            { type: "put" as const, key: keyBytes(to), value: row.sealed },
            { type: "del" as const, key: keyBytes(row.key) },
          ],
          { sync: true },
        ),
      ),
  };
}
