/**
 * The port under the LevelDB adapter: what it uses of LevelDB and of the folder that holds it, and nothing more. Whoever gives it runs
 * everything above it unchanged: a real folder (`level-folder.ts`), or a simulator's disk. No import here leads to Node or to `level`.
 *
 * Every promise may reject with LevelDB's own errors (`level-errors.ts` tells what they mean) or with a `LogStoreError`.
 */
export interface LevelEngine {
  /** Takes the folder for this process, until the guard is closed. Rejects with `locked` if another one has it. */
  take(): Promise<LevelGuard>;
  /** The folder must be taken. */
  open(): Promise<OpenedFolder>;
  /** Resolves if the disk takes, and syncs, as much as reopening writes: LevelDB turns its logs into tables before it serves anything. */
  probeRoom(): Promise<void>;
}

export interface LevelGuard {
  close(): Promise<void>;
}

export interface OpenedFolder {
  readonly database: Database;
  /** Table blocks whose rows are lost (`level-table.ts`). */
  readonly blankedBlocks: number;
}

/** A subset of `Level<Uint8Array, Uint8Array>`. Bytes that it hands out are the caller's to read, not to change. */
export interface Database {
  get(key: Uint8Array, options?: ReadOptions): Promise<Uint8Array | undefined>;
  batch(): DatabaseBatch;
  iterator(options: RangeOptions): DatabaseIterator;
  keys(options: RangeOptions): DatabaseKeys;
  snapshot(): DatabaseSnapshot;
  close(): Promise<void>;
}

export interface ReadOptions {
  readonly snapshot?: DatabaseSnapshot;
}

/** Keys sort by their bytes. Without `snapshot`, an iterator sees what was there when it was made. */
export interface RangeOptions {
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
  /** Read ahead of the consumer, at most about this many bytes. */
  readonly highWaterMarkBytes?: number;
  readonly snapshot?: DatabaseSnapshot;
}

export interface DatabaseBatch {
  put(key: Uint8Array, value: Uint8Array): unknown;
  /** All of it or nothing. */
  write(options: { readonly sync: boolean }): Promise<void>;
}

export interface DatabaseSnapshot {
  close(): Promise<void>;
}

export interface DatabaseIterator extends AsyncIterable<[Uint8Array, Uint8Array]> {
  all(): Promise<[Uint8Array, Uint8Array][]>;
}

export interface DatabaseKeys {
  next(): Promise<Uint8Array | undefined>;
  /** The next key is the first one (in the order of the iterator) from `target` on; none, if `target` is outside of the range. */
  seek(target: Uint8Array): void;
  all(): Promise<Uint8Array[]>;
  close(): Promise<void>;
}
