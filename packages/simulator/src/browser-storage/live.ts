/** What runs on one database: connections, transactions in the order of their making, and requests to open or delete it, one at a time. */
import type { Prng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import type { Key } from "./keys.ts";
import type { StoreState } from "./rows.ts";

/** May be set at any time; holds for what is done from then on. */
export interface OriginFaults {
  /** A commit that puts something and would need more than this aborts with QuotaExceededError. */
  quotaBytes: number;
  /** Opening fails with a DOMException of this name. */
  failOpen: string | undefined;
  /** Probability of a commit to abort. */
  abortCommits: number;
  /** So many commits abort, starting with the next. */
  abortNextCommits: number;
  /** What they abort with. */
  abortWith: "UnknownError" | "QuotaExceededError";
  /** Requests that read fail with UnknownError. */
  failReads: boolean;
  /** Multiplies every latency. */
  slow: number;
}

/** One change of a committed transaction. */
export interface Committed {
  readonly database: string;
  readonly store: string;
  readonly key: Key;
  /** Undefined: deleted. */
  readonly value: unknown;
}

/** Committed; never changed in place. */
export interface DatabaseState {
  readonly version: number;
  readonly stores: ReadonlyMap<string, StoreState>;
}

export interface LiveTransaction {
  readonly scope: ReadonlySet<string>;
  readonly writes: boolean;
  readonly connection: LiveConnection;
  start(): void;
  /** The connection goes from under it. `tell`: its process hears of it. */
  sever(tell: boolean): void;
}

export interface LiveConnection {
  readonly process: Process;
  versionChange(oldVersion: number, newVersion: number | null): void;
  closing(): boolean;
  /** Ended by something else than its owner. `tell`: it hears `close`. */
  sever(tell: boolean): void;
}

/** To open or to delete. */
export interface LiveRequest {
  readonly process: Process;
  start(): void;
}

export interface LiveDatabase {
  readonly name: string;
  readonly connections: Set<LiveConnection>;
  readonly transactions: Set<LiveTransaction>;
  readonly waiting: LiveRequest[];
  running: LiveRequest | undefined;
  /** The running request waits until nothing is connected any more. */
  whenAlone: (() => void) | undefined;
}

/** What factories share with their origin. */
export interface OriginAccess {
  readonly random: Prng;
  readonly faults: OriginFaults;
  /** Changes from event to event; undefined if nobody can tell. */
  readonly turn: () => number | undefined;
  readonly names: () => readonly string[];
  readonly database: (name: string) => DatabaseState | undefined;
  readonly live: (name: string) => LiveDatabase;
  readonly bytes: () => number;
  /** Undefined: deleted. */
  readonly commit: (
    process: Process,
    name: string,
    state: DatabaseState | undefined,
    changes: readonly Committed[],
    strict: boolean,
  ) => void;
  /** Is this commit to fail, that puts so many bytes? */
  readonly commitFailure: (putBytes: number) => DOMException | undefined;
  /** Process time × slowness. */
  readonly later: (process: Process, delayMs: number, label: string, run: () => void) => void;
}

export const createLive = (name: string): LiveDatabase => ({
  name,
  connections: new Set(),
  transactions: new Set(),
  waiting: [],
  running: undefined,
  whenAlone: undefined,
});

/** Transactions start in the order of their making; one that writes is alone in its stores. */
export function startTransactions(live: LiveDatabase): void {
  const written = new Set<string>();
  const read = new Set<string>();
  for (const transaction of [...live.transactions]) {
    const { scope, writes } = transaction;
    let free = true;
    for (const name of scope) free &&= !written.has(name) && !(writes && read.has(name));
    for (const name of scope) (writes ? written : read).add(name);
    if (free) transaction.start();
  }
}

/** Lets go of connections that have ended, then of the request that waited for it, or starts the next one. */
export function settleLive(live: LiveDatabase): void {
  const busy = new Set<LiveConnection>();
  for (const { connection } of live.transactions) busy.add(connection);
  for (const connection of [...live.connections]) if (connection.closing() && !busy.has(connection)) live.connections.delete(connection);
  if (live.whenAlone !== undefined && live.connections.size === 0) {
    const run = live.whenAlone;
    live.whenAlone = undefined;
    run();
  }
  if (live.running === undefined) {
    live.running = live.waiting.shift();
    live.running?.start();
  }
}

export function endTransaction(live: LiveDatabase, transaction: LiveTransaction): void {
  if (!live.transactions.delete(transaction)) return;
  startTransactions(live);
  settleLive(live);
}

export function endRequest(live: LiveDatabase, request: LiveRequest): void {
  if (live.running !== request) return;
  live.running = undefined;
  live.whenAlone = undefined;
  settleLive(live);
}

/** What a dead process wanted happens no more. */
export function forgetProcess(live: LiveDatabase, process: Process): void {
  for (const connection of [...live.connections]) if (connection.process === process) connection.sever(false);
  const kept = live.waiting.filter((request) => request.process !== process);
  live.waiting.splice(0, live.waiting.length, ...kept);
  if (live.running?.process === process) endRequest(live, live.running);
  else settleLive(live);
}
