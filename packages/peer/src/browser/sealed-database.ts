/**
 * What y-indexeddb 9.0.12 sees in place of its `IDBDatabase`: values are sealed on the way in and opened on the way out, writes are strict, and
 * nothing that fails becomes an unhandled rejection (y-indexeddb does not look at most of its requests): a failure ends the transaction, which
 * is what is watched. Everything is synchronous within IndexedDB's callbacks, so transactions stay active.
 */
import { completion } from "./idb-database.ts";

export interface ValueSealer {
  seal(value: Uint8Array): Uint8Array;
  /** Undefined if it doesn't open. */
  open(sealed: Uint8Array): Uint8Array | undefined;
}

export const updatesStore = "updates";
export const customStore = "custom";

export interface SealedDatabase {
  /** For y-indexeddb's `db`. */
  readonly forPersistence: IDBDatabase;
  /** The last transaction that y-indexeddb began. */
  settled(): Promise<void>;
  /** Appends one row in a transaction of its own, put and committed before this returns: a context that dies right after has written it. */
  append(update: Uint8Array): Promise<void>;
}

/** As much of a request as lib0 touches. */
interface ReadRequest<T> {
  onsuccess: ((event: { readonly target: { readonly result: T } }) => void) | null;
  onerror: unknown;
}

function mapped<S, T>(request: IDBRequest<S>, map: (result: S) => T): ReadRequest<T> {
  const read: ReadRequest<T> = { onsuccess: null, onerror: null };
  request.addEventListener("success", () => read.onsuccess?.({ target: { result: map(request.result) } }));
  return read;
}

const same = <T>(request: IDBRequest<T>): ReadRequest<T> => mapped(request, (result) => result);

/** `onLost` hears how many rows did not open and were set aside, as they are, in the same transaction that read them. */
export function sealDatabase(db: IDBDatabase, sealer: ValueSealer, onLost: (rows: number) => void): SealedDatabase {
  let last: Promise<void> = Promise.resolve();

  function begin(): IDBTransaction {
    const tx = db.transaction([updatesStore, customStore], "readwrite", { durability: "strict" });
    last = completion(tx);
    // Whoever needs to know awaits `settled`.
    last.catch(() => undefined);
    return tx;
  }

  function openRows(tx: IDBTransaction, keys: readonly IDBValidKey[], sealed: readonly unknown[]): Uint8Array[] {
    const opened: Uint8Array[] = [];
    let lost = 0;
    for (const [index, value] of sealed.entries()) {
      const plain = value instanceof Uint8Array ? sealer.open(value) : undefined;
      const key = keys[index];
      if (plain !== undefined) opened.push(plain);
      else if (key !== undefined) {
        lost += 1;
        tx.objectStore(customStore).put(value, `aside-${String(key)}`);
        tx.objectStore(updatesStore).delete(key);
      }
    }
    if (lost > 0) onLost(lost);
    return opened;
  }

  function storeFor(tx: IDBTransaction, name: string): unknown {
    const store = tx.objectStore(name);
    return {
      add: (value: Uint8Array) => same(store.add(sealer.seal(value))),
      getAll: (range?: IDBKeyRange) => {
        const keys = store.getAllKeys(range);
        return mapped<unknown[], Uint8Array[]>(store.getAll(range), (values) => openRows(tx, keys.result, values));
      },
      delete: (range: IDBKeyRange) => same(store.delete(range)),
      count: (range?: IDBKeyRange) => same(store.count(range)),
      openKeyCursor: (range: IDBKeyRange | null, direction: IDBCursorDirection) => same(store.openKeyCursor(range, direction)),
    };
  }

  const forPersistence = {
    transaction: () => {
      const tx = begin();
      return { objectStore: (name: string) => storeFor(tx, name) };
    },
    close: () => db.close(),
  };

  return {
    // y-indexeddb and lib0 use nothing else of it.
    forPersistence: forPersistence as unknown as IDBDatabase,
    settled: () => last,
    append: (update) => {
      const tx = db.transaction([updatesStore], "readwrite", { durability: "strict" });
      const done = completion(tx);
      tx.objectStore(updatesStore).add(sealer.seal(update));
      tx.commit();
      return done;
    },
  };
}
