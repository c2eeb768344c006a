/**
 * What one browser profile stores for one origin: IndexedDB databases that outlive the processes which use them, and what can go wrong with them.
 * What it models and what not: docs/browser-storage.md, "Under the simulator".
 */
import type { Prng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import { createFactory } from "./factory.ts";
import type { Connection, Transaction } from "./factory.ts";
import { sizeOf } from "./rows.ts";
import type { Key } from "./keys.ts";
import type { Row, Store } from "./rows.ts";

/** May be set at any time; holds for what is done from then on. */
export interface OriginFaults {
  /** A commit that would leave more than this aborts with QuotaExceededError. */
  quotaBytes: number;
  /** Opening fails with a DOMException of this name. */
  failOpen: string | undefined;
  /** Probability of a commit to abort with UnknownError. */
  abortCommits: number;
  failReads: boolean;
  /** Multiplies every latency. */
  slow: number;
}

export interface Committed {
  readonly database: string;
  readonly store: string;
  readonly key: Key;
  /** Undefined: deleted. */
  readonly value: unknown;
}

export type OriginSnapshot = ReadonlyMap<string, DatabaseState>;

export interface VirtualOrigin {
  factoryFor(process: Process): IDBFactory;
  /**
   * The process died, and with "power" its machine. Its connections are gone and its transactions undone. Committed ones stay; after a power cut
   * those with relaxed durability since the last strict one may be gone, the newest first.
   */
  crash(process: Process, kind: "kill" | "power"): void;
  readonly faults: OriginFaults;
  /** What this process has begun is undone, and it hears so when it hears again: a browser does so to a frozen page that keeps others waiting. */
  abortTransactions(process: Process): void;
  /** Behind the page's back, as WebKit does to background tabs. */
  closeConnections(): void;
  evict(): void;
  /** No process of it may be running. */
  restore(snapshot: OriginSnapshot): void;
  snapshot(): OriginSnapshot;
  clone(): VirtualOrigin;
  databases(): readonly string[];
  rows(database: string, store: string): readonly (readonly [Key, unknown])[];
  onCommit(listener: (committed: readonly Committed[]) => void): void;
  /** What was committed may be gone: a crash, an eviction, an old snapshot. */
  onLoss(listener: () => void): void;
  bytes(): number;
}

export interface DatabaseState {
  readonly version: number;
  readonly stores: ReadonlyMap<string, Store>;
}

export interface LiveDatabase {
  readonly name: string;
  version: number;
  stores: Map<string, Store>;
  readonly connections: Set<Connection>;
  /** Not finished, in the order of their making. */
  readonly transactions: Transaction[];
}

/** What factories share with their origin. */
export interface OriginAccess {
  readonly random: Prng;
  readonly faults: OriginFaults;
  readonly databases: Map<string, LiveDatabase>;
  bytes(): number;
  changeBytes(by: number): void;
  committed(changes: readonly Committed[], undo: () => void, strict: boolean): void;
}

/** Relaxed commits that a power cut may take back at most. */
const looseMax = 64;

const copyStores = (stores: ReadonlyMap<string, Store>): Map<string, Store> =>
  new Map([...stores].map(([name, store]) => [name, { ...store, rows: [...store.rows] }]));

export function createVirtualOrigin({ random }: { readonly random: Prng }): VirtualOrigin {
  const databases = new Map<string, LiveDatabase>();
  const commitListeners: ((committed: readonly Committed[]) => void)[] = [];
  const lossListeners: (() => void)[] = [];
  const faults: OriginFaults = { quotaBytes: Number.POSITIVE_INFINITY, failOpen: undefined, abortCommits: 0, failReads: false, slow: 1 };
  const luck = random.fork("luck");
  let loose: (() => void)[] = [];
  let bytes = 0;
  let clones = 0;

  const access: OriginAccess = {
    random: random.fork("latency"),
    faults,
    databases,
    bytes: () => bytes,
    changeBytes: (by) => {
      bytes += by;
    },
    committed: (changes, undo, strict) => {
      if (strict) loose = [];
      else loose = [...loose.slice(1 - looseMax), undo];
      for (const listener of commitListeners) listener(changes);
    },
  };
  const lost = (): void => {
    for (const listener of lossListeners) listener();
  };
  const sever = (matching: (connection: Connection) => boolean, tell: boolean): void => {
    for (const database of databases.values())
      for (const connection of [...database.connections]) if (matching(connection)) connection.sever(tell);
  };
  const measure = (): number => {
    let sum = 0;
    for (const { stores } of databases.values()) for (const { rows } of stores.values()) for (const row of rows) sum += sizeOf(row.value);
    return sum;
  };

  const origin: VirtualOrigin = {
    factoryFor: (process) => createFactory(process, access) as unknown as IDBFactory,
    crash: (process, kind) => {
      sever((connection) => connection.process === process, false);
      if (kind === "kill" || loose.length === 0) return;
      const count = luck.int(loose.length + 1);
      for (const undo of loose.slice(loose.length - count).reverse()) undo();
      loose = [];
      bytes = measure();
      if (count > 0) lost();
    },
    faults,
    abortTransactions: (process) => {
      for (const { connections } of databases.values())
        for (const connection of connections) if (connection.process === process) connection.abortTransactions();
    },
    closeConnections: () => sever(() => true, true),
    evict: () => {
      sever(() => true, true);
      databases.clear();
      loose = [];
      bytes = 0;
      lost();
    },
    snapshot: () => new Map([...databases].map(([name, { version, stores }]) => [name, { version, stores: copyStores(stores) }])),
    restore: (snapshot) => {
      sever(() => true, false);
      databases.clear();
      loose = [];
      for (const [name, { version, stores }] of snapshot)
        databases.set(name, { name, version, stores: copyStores(stores), connections: new Set(), transactions: [] });
      bytes = measure();
      lost();
    },
    clone: () => {
      const clone = createVirtualOrigin({ random: random.fork(`clone ${++clones}`) });
      clone.restore(origin.snapshot());
      return clone;
    },
    databases: () => [...databases.keys()].sort(),
    rows: (database, store) => (databases.get(database)?.stores.get(store)?.rows ?? []).map(({ key, value }: Row) => [key, value] as const),
    onCommit: (listener) => void commitListeners.push(listener),
    onLoss: (listener) => void lossListeners.push(listener),
    bytes: () => bytes,
  };
  return origin;
}
