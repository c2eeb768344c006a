/**
 * One LevelDB folder that is opened again after a failed write: LevelDB refuses all writes after one that failed (a full disk), until it is
 * reopened. The folder's lock keeps a second process out.
 */
import { Level } from "level";
import { StoreError } from "../ports.ts";
import { storeErrorOf } from "./level-errors.ts";

export type RawLevel = Level<Uint8Array, Uint8Array>;

export interface LevelFolder {
  /** Runs with the open database. Rejects with a `StoreError`. A failed write makes the next call reopen first. */
  use<T>(run: (db: RawLevel) => Promise<T>): Promise<T>;
  /** Waits for what is running. Idempotent. */
  close(): Promise<void>;
}

async function openLevel(location: string): Promise<RawLevel> {
  const db: RawLevel = new Level<Uint8Array, Uint8Array>(location, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  return db;
}

export async function openLevelFolder(location: string): Promise<LevelFolder> {
  let db: RawLevel | undefined;
  let failed = false;
  let closed = false;
  let reopening: Promise<RawLevel> | undefined;
  const running = new Set<Promise<unknown>>();

  async function reopen(): Promise<RawLevel> {
    if (db !== undefined) await db.close();
    db = undefined;
    db = await openLevel(location);
    failed = false;
    return db;
  }

  async function current(): Promise<RawLevel> {
    if (db !== undefined && !failed) return db;
    reopening ??= reopen().finally(() => (reopening = undefined));
    return reopening;
  }

  async function use<T>(run: (db: RawLevel) => Promise<T>): Promise<T> {
    if (closed) throw new StoreError("closed", "the store is closed");
    try {
      return await run(await current());
    } catch (error) {
      const cause = storeErrorOf(error);
      if (cause.code !== "locked" && cause.code !== "wrong-key") failed = true;
      throw cause;
    }
  }

  try {
    db = await openLevel(location);
  } catch (error) {
    throw storeErrorOf(error);
  }
  return {
    use: (run) => {
      const work = use(run);
      running.add(work);
      const done = (): void => void running.delete(work);
      work.then(done, done);
      return work;
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(running);
      const open = db;
      db = undefined;
      await open?.close();
    },
  };
}
