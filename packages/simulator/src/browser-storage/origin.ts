/**
 * What one browser profile stores for one origin: IndexedDB databases that outlive the processes which use them, and what can go wrong with them.
 * What it models and what not: docs/browser-storage.md, "Under the simulator".
 */
import type { Prng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import { createFactory } from "./factory.ts";
import { domException } from "./keys.ts";
import type { Key } from "./keys.ts";
import { createLive, forgetProcess } from "./live.ts";
import type { Committed, DatabaseState, LiveConnection, LiveDatabase, OriginAccess, OriginFaults } from "./live.ts";
import { keyRanges } from "./keys.ts";
import { putRow, removeRows, workOn } from "./rows.ts";
import type { Row } from "./rows.ts";

/** Databases by name. Nothing in it ever changes. */
export type OriginSnapshot = ReadonlyMap<string, DatabaseState>;

export interface VirtualOrigin {
  factoryFor(process: Process): IDBFactory;
  /**
   * The process died, and with "power" its machine. Its connections are gone and its transactions undone. Committed ones stay; after a power cut
   * those with relaxed durability since the last strict one or flush may be gone, the newest first.
   */
  crash(process: Process, kind: "kill" | "power"): void;
  readonly faults: OriginFaults;
  /** What this process has begun is undone, and it hears so when it hears again: a browser does so to a frozen page that keeps others waiting. */
  abortTransactions(process: Process): void;
  /** Behind the page's back, as WebKit does to background tabs. */
  closeConnections(): void;
  /** All databases are gone, connections are closed. */
  evict(): void;
  snapshot(): OriginSnapshot;
  /** Whoever is connected is cut off. */
  restore(snapshot: OriginSnapshot): void;
  clone(): VirtualOrigin;
  databases(): readonly string[];
  /** Committed rows. */
  rows(database: string, store: string): readonly (readonly [Key, unknown])[];
  /** Those of them that a power cut right now can't take back. */
  durableRows(database: string, store: string): readonly (readonly [Key, unknown])[];
  /** Nothing that is committed could be taken back. */
  allDurable(): boolean;
  onCommit(listener: (committed: readonly Committed[]) => void): void;
  /** What was committed may be gone: a crash, an eviction, an old snapshot, a deleted database, a flipped bit. */
  onLoss(listener: () => void): void;
  /** Committed, about. */
  bytes(): number;
  /** One bit of one stored value flips, or at times the whole row is gone. False if nothing is stored. */
  flipBit(random: Prng): boolean;
}

export interface VirtualOriginOptions {
  readonly random: Prng;
  /** A number that changes from event to event (`world.events`): a transaction is active within one event. Else it is until its next one. */
  readonly turn?: () => number;
}

/** Relaxed commits that a power cut may take back at most. */
const looseMax = 64;

const stateBytes = (state: OriginSnapshot): number => {
  let sum = 0;
  for (const { stores } of state.values()) for (const { bytes } of stores.values()) sum += bytes;
  return sum;
};

export function createVirtualOrigin({ random, turn }: VirtualOriginOptions): VirtualOrigin {
  const lives = new Map<string, LiveDatabase>();
  const commitListeners: ((committed: readonly Committed[]) => void)[] = [];
  const lossListeners: (() => void)[] = [];
  const faults: OriginFaults = {
    quotaBytes: Number.POSITIVE_INFINITY,
    failOpen: undefined,
    abortCommits: 0,
    abortNextCommits: 0,
    abortWith: "UnknownError",
    failReads: false,
    slow: 1,
  };
  const luck = random.fork("luck");
  let state: OriginSnapshot = new Map();
  let bytes = 0;
  /** What was there before each commit that a power cut may take back. */
  let loose: OriginSnapshot[] = [];
  let flushing: Process | undefined;
  let clones = 0;

  const become = (next: OriginSnapshot): void => {
    state = next;
    bytes = stateBytes(next);
  };
  const lost = (): void => {
    for (const listener of lossListeners) listener();
  };
  const changed = (name: string, database: DatabaseState | undefined): OriginSnapshot => {
    const next = new Map(state);
    if (database === undefined) next.delete(name);
    else next.set(name, database);
    return next;
  };

  /** A relaxed commit reaches the disk by itself some time later. */
  function flushLater(process: Process): void {
    if (flushing?.alive() === true) return;
    flushing = process;
    process.later(5_000 + luck.float() * 25_000, "idb flush", () => {
      flushing = undefined;
      loose = [];
    });
  }

  const access: OriginAccess = {
    random: random.fork("latency"),
    faults,
    turn: () => turn?.(),
    names: () => [...state.keys()].sort(),
    database: (name) => state.get(name),
    live: (name) => {
      const known = lives.get(name);
      if (known !== undefined) return known;
      const made = createLive(name);
      lives.set(name, made);
      return made;
    },
    bytes: () => bytes,
    commit: (process, name, database, changes, strict) => {
      if (strict) loose = [];
      else {
        loose = [...loose.slice(1 - looseMax), state];
        flushLater(process);
      }
      become(changed(name, database));
      for (const listener of commitListeners) listener(changes);
      if (database === undefined) lost();
    },
    commitFailure: (putBytes) => {
      if (putBytes > 0 && bytes + putBytes > faults.quotaBytes) return domException("QuotaExceededError", "The storage is full.");
      const fails = faults.abortNextCommits > 0 || (faults.abortCommits > 0 && luck.chance(faults.abortCommits));
      if (faults.abortNextCommits > 0) faults.abortNextCommits--;
      return fails ? domException(faults.abortWith, "The commit failed.") : undefined;
    },
    later: (process, delayMs, label, run) => void process.later(delayMs * faults.slow, label, run),
  };

  const sever = (tell: boolean): void => {
    for (const { connections } of lives.values()) for (const connection of [...connections]) connection.sever(tell);
  };

  const rowsOf = (from: OriginSnapshot, database: string, store: string): readonly (readonly [Key, unknown])[] =>
    (from.get(database)?.stores.get(store)?.rows ?? []).map(({ key, value }) => [key, value] as const);

  const origin: VirtualOrigin = {
    factoryFor: (process) => {
      process.onKill(() => {
        for (const live of lives.values()) forgetProcess(live, process);
      });
      return createFactory(process, access) as unknown as IDBFactory;
    },
    crash: (process, kind) => {
      for (const live of lives.values()) forgetProcess(live, process);
      if (kind === "kill" || loose.length === 0) return;
      const before = loose[luck.int(loose.length + 1)];
      loose = [];
      if (before === undefined) return;
      become(before);
      lost();
    },
    faults,
    abortTransactions: (process) => {
      const mine = ({ process: owner }: LiveConnection): boolean => owner === process;
      for (const { transactions } of lives.values())
        for (const transaction of [...transactions]) if (mine(transaction.connection)) transaction.sever(true);
    },
    closeConnections: () => sever(true),
    evict: () => {
      sever(true);
      loose = [];
      become(new Map());
      lost();
    },
    snapshot: () => state,
    restore: (snapshot) => {
      sever(true);
      loose = [];
      become(snapshot);
      lost();
    },
    clone: () => {
      const clone = createVirtualOrigin({ random: random.fork(`clone ${++clones}`), ...(turn === undefined ? {} : { turn }) });
      clone.restore(state);
      return clone;
    },
    databases: access.names,
    rows: (database, store) => rowsOf(state, database, store),
    durableRows: (database, store) => rowsOf(loose[0] ?? state, database, store),
    allDurable: () => loose.length === 0,
    onCommit: (listener) => void commitListeners.push(listener),
    onLoss: (listener) => void lossListeners.push(listener),
    bytes: () => bytes,
    flipBit: (dice) => {
      const all: { readonly name: string; readonly store: string; readonly row: Row }[] = [];
      for (const name of access.names())
        for (const [store, { rows }] of state.get(name)?.stores ?? []) for (const row of rows) all.push({ name, store, row });
      if (all.length === 0) return false;
      const { name, store, row } = dice.pick(all);
      const database = state.get(name);
      const old = database?.stores.get(store);
      if (database === undefined || old === undefined) return false;
      const working = workOn(old);
      if (row.value instanceof Uint8Array && row.value.length > 0 && !dice.chance(0.1)) {
        const value = row.value.slice();
        const bit = dice.int(8 * value.length);
        value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        putRow(working, { key: row.key, value });
      } else removeRows(working, keyRanges.only(row.key));
      become(changed(name, { ...database, stores: new Map(database.stores).set(store, working) }));
      lost();
      return true;
    },
  };
  return origin;
}
