/**
 * One LevelDB that repairs its handle. After a failed write LevelDB's own state is indeterminate (a torn record may stand in the
 * middle of its log, where everything after it would be lost on the next start), and after a full disk a handle refuses every
 * write for ever. So: a handle that failed a write is never written again. It serves reads until the disk takes bytes again; then
 * it is closed and opened anew, with bounded backoff.
 */
import type { Clock } from "@skerry/protocol";
import { LogStoreError } from "../log-store.ts";
import type { Database, LevelEngine } from "./level-engine.ts";
import { toStoreError } from "./level-errors.ts";

const backoffFirstMs = 100;
const backoffMaxMs = 5_000;

export type StorageEvent =
  | { readonly type: "write-failed"; readonly error: LogStoreError }
  | { readonly type: "recovery-failed"; readonly error: LogStoreError; readonly retryInMs: number }
  | { readonly type: "recovered" }
  | { readonly type: "tables-damaged"; readonly blankedBlocks: number };

export interface LevelDatabase {
  /** Runs a bounded read. Waits while the handle is exchanged; rejects with what keeps it from being opened. */
  read<T>(run: (database: Database) => Promise<T>): Promise<T>;
  /** One atomic batch. After a failure everything fails with `failure()` until the handle was exchanged. */
  write(rows: Iterable<readonly [Uint8Array, Uint8Array]>): Promise<void>;
  /** Table blocks were lost before this opening: what is missing was not necessarily never there. */
  readonly lostBlocks: boolean;
  /** Why writes fail at present; undefined when they work. */
  failure(): LogStoreError | undefined;
  /** Idempotent. The caller has ended its writes; reads under way are waited for. */
  close(): Promise<void>;
}

export interface LevelDatabaseOptions {
  readonly engine: LevelEngine;
  readonly clock: Clock;
  readonly sync: boolean;
  readonly report: (event: StorageEvent) => void;
  /** The handle is being exchanged: what was cached may not be what is on disk. */
  readonly onReopen: () => void;
}

/** Rejects with what the engine says, as it says it. */
export async function openLevelDatabase(options: LevelDatabaseOptions): Promise<LevelDatabase> {
  const { engine, clock, sync, report, onReopen } = options;
  const guard = await engine.take();
  let blanked = 0;
  let database: Database | undefined = await openAndReport().catch(async (error: unknown) => {
    await guard.close();
    throw error;
  });
  let failure: LogStoreError | undefined;
  const lostBlocks = blanked > 0;
  let exchange: Promise<void> | undefined;
  let readers = 0;
  let wakeExchange: (() => void) | undefined;
  let cancelRetry = (): void => undefined;
  let closing: Promise<void> | undefined;

  async function openAndReport(): Promise<Database> {
    const opened = await engine.open();
    blanked += opened.blankedBlocks;
    if (opened.blankedBlocks > 0) report({ type: "tables-damaged", blankedBlocks: opened.blankedBlocks });
    return opened.database;
  }

  function retryLater(delayMs: number): void {
    if (closing !== undefined) return;
    cancelRetry = clock.schedule(delayMs, () => {
      exchange = recover(delayMs).finally(() => (exchange = undefined));
    });
  }

  async function recover(delayMs: number): Promise<void> {
    try {
      await engine.probeRoom();
      await exchangeHandle();
      failure = undefined;
      report({ type: "recovered" });
    } catch (error) {
      failure = toStoreError(error);
      const retryInMs = Math.min(delayMs * 2, backoffMaxMs);
      report({ type: "recovery-failed", error: failure, retryInMs });
      retryLater(retryInMs);
    }
  }

  async function exchangeHandle(): Promise<void> {
    if (closing !== undefined) return;
    const old = database;
    database = undefined;
    await readersGone();
    await old?.close();
    onReopen();
    database = await openAndReport();
  }

  function readersGone(): Promise<void> {
    if (readers === 0) return Promise.resolve();
    return new Promise((resolve) => (wakeExchange = resolve));
  }

  return {
    lostBlocks,
    failure: () => failure,
    read: async (run) => {
      if (database === undefined && exchange !== undefined) await exchange;
      if (database === undefined) throw failure ?? new LogStoreError("closed", "The store is closed.");
      readers++;
      try {
        return await run(database);
      } finally {
        readers--;
        if (readers === 0) wakeExchange?.();
      }
    },
    write: async (rows) => {
      if (failure !== undefined) throw failure;
      if (database === undefined) throw new LogStoreError("closed", "The store is closed.");
      try {
        const batch = database.batch();
        for (const [key, value] of rows) batch.put(key, value);
        await batch.write({ sync });
      } catch (error) {
        failure = toStoreError(error);
        report({ type: "write-failed", error: failure });
        retryLater(backoffFirstMs);
        throw failure;
      }
    },
    close: () => {
      closing ??= (async () => {
        cancelRetry();
        await exchange;
        const last = database;
        database = undefined;
        await readersGone();
        await last?.close();
        await guard.close();
      })();
      return closing;
    },
  };
}
