/**
 * `Kv` in IndexedDB. Every write is one transaction with strict durability. A fence keeps a former writer out: who opens the store raises
 * its number, and a write with an older number is refused, even if a frozen worker wakes up hours after it was replaced.
 */
import type { Clock } from "@skerry/protocol";
import { StoreError } from "../ports.ts";
import type { Kv } from "../ports.ts";
import { completion, connectDatabase, idbErrorOf, resultOf } from "./idb-database.ts";
import type { IdbConnection } from "./idb-database.ts";

const kvStore = "kv";
/** Holds the fence's number, and the wrapped vault key (browser-vault.ts). */
export const hostStore = "host";
const fenceKey = "fence";

export interface IdbKv extends Kv {
  /** For what belongs into the same database as the values. */
  readonly connection: IdbConnection;
}

/**
 * Rejects with `io` if the database can't be opened in time, with `full` if there is no room even for that. `onReplaced` is told once, when a
 * write is refused with `locked`. Who still holds the lock then was overtaken by one that does not any more: it opened late (BS-12).
 */
export async function openIdbKv(clock: Clock, name: string, onReplaced: () => void = () => undefined): Promise<IdbKv> {
  const connection = await connectDatabase(clock, name, [kvStore, hostStore]);
  let closed = false;
  let replaced = false;
  let fence: number;
  try {
    fence = await connection.use(raiseFence);
  } catch (error) {
    connection.close();
    throw error;
  }
  let last: Promise<unknown> = Promise.resolve();

  function open(): void {
    if (closed) throw new StoreError("closed", "the store is closed");
  }

  /** One after another, so that a retried write can't overtake. */
  function write(change: (store: IDBObjectStore) => void): Promise<void> {
    if (closed) return Promise.reject(new StoreError("closed", "the store is closed"));
    const work = last.then(() => connection.use((db) => fenced(db, fence, change)));
    last = work.catch((error: unknown) => {
      if (replaced || !(error instanceof StoreError) || error.code !== "locked") return;
      replaced = true;
      onReplaced();
    });
    return work;
  }

  return {
    connection,
    get: async (key) => {
      open();
      return connection.use(async (db) => bytesOf(await resultOf<unknown>(db.transaction(kvStore).objectStore(kvStore).get(key))));
    },
    range: async (from, to, max) => {
      open();
      // 0 means "all" to IndexedDB, and a range must not be upside down.
      if (max <= 0 || from >= to) return [];
      const range = IDBKeyRange.bound(from, to, false, true);
      return connection.use(async (db) => {
        const store = db.transaction(kvStore).objectStore(kvStore);
        const [keys, values] = await Promise.all([resultOf(store.getAllKeys(range, max)), resultOf<unknown[]>(store.getAll(range, max))]);
        return keys.map((key, index) => [String(key), bytesOf(values[index]) ?? new Uint8Array()] as const);
      });
    },
    write: (changes) => {
      const copies = changes.map(([key, value]) => [key, value === undefined ? undefined : new Uint8Array(value)] as const);
      return write((store) => {
        for (const [key, value] of copies) {
          if (value === undefined) store.delete(key);
          else store.put(value, key);
        }
      });
    },
    clear: (from, to) =>
      from >= to && !closed ? Promise.resolve() : write((store) => void store.delete(IDBKeyRange.bound(from, to, false, true))),
    close: async () => {
      closed = true;
      await last;
      connection.close();
    },
  };
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined;
  if (!(value instanceof Uint8Array)) throw new StoreError("damaged", "a stored value is not bytes");
  return value;
}

async function raiseFence(db: IDBDatabase): Promise<number> {
  const tx = db.transaction([hostStore], "readwrite", { durability: "strict" });
  const store = tx.objectStore(hostStore);
  const done = completion(tx);
  const request: IDBRequest<unknown> = store.get(fenceKey);
  let fence = 1;
  request.addEventListener("success", () => {
    fence = (typeof request.result === "number" ? request.result : 0) + 1;
    store.put(fence, fenceKey);
    tx.commit();
  });
  await done;
  return fence;
}

async function fenced(db: IDBDatabase, fence: number, change: (store: IDBObjectStore) => void): Promise<void> {
  const tx = db.transaction([kvStore, hostStore], "readwrite", { durability: "strict" });
  const done = completion(tx);
  const request: IDBRequest<unknown> = tx.objectStore(hostStore).get(fenceKey);
  let replaced = false;
  let failure: unknown;
  request.addEventListener("success", () => {
    replaced = request.result !== fence;
    if (replaced) return tx.abort();
    try {
      change(tx.objectStore(kvStore));
      tx.commit();
    } catch (error) {
      // A value that can't be stored, or room that is not there: nothing of this write may stay.
      failure = error;
      tx.abort();
    }
  });
  try {
    await done;
  } catch (error) {
    if (replaced) throw new StoreError("locked", "another worker has taken this store over");
    throw failure === undefined ? error : idbErrorOf(failure);
  }
}
