/** IndexedDB with an end to everything: opening, transactions and deleting all settle, in bounded time, with a `StoreError` if they fail. */
import type { Clock } from "@skerry/protocol";
import { StoreError } from "../ports.ts";

export const idbLimits: { readonly openMs: number; readonly deleteMs: number; readonly reopenMax: number } = {
  /** A blocked or stuck open gives up. */
  openMs: 10_000,
  deleteMs: 10_000,
  /** Tries per operation when the browser has closed the connection behind our back (WebKit does so to background tabs). */
  reopenMax: 3,
};

/** lib0, which opens content for y-indexeddb, puts what it got into the message of a plain error. */
function nameOf(error: unknown): string {
  if (!(error instanceof DOMException || error instanceof Error)) return "";
  return error.name === "Error" ? (/^\w+/.exec(error.message)?.[0] ?? "") : error.name;
}

export function idbErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const name = nameOf(error);
  if (name === "QuotaExceededError") return new StoreError("full", "the browser's storage is full", { cause: error });
  return new StoreError("io", "the browser's storage could not be read or written", { cause: error });
}

/** The connection was closed by another context or by the browser; a new one may work. */
export const isClosedConnection = (error: unknown): boolean => nameOf(error) === "InvalidStateError" || nameOf(error) === "AbortError";

export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new DOMException("unknown", "UnknownError")));
  });
}

/** Resolves when the transaction is complete: with strict durability, on disk. */
export function completion(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.addEventListener("complete", () => resolve());
    tx.addEventListener("abort", () => reject(tx.error ?? new DOMException("connection closed", "AbortError")));
  });
}

/** Rejects after `ms` unless `work` settled; `late` gets a value that came after that. */
export function inTime<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  what: string,
  late: (value: T) => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const cancel = clock.schedule(ms, () => {
      over = true;
      reject(new StoreError("io", `${what} took too long`));
    });
    work.then(
      (value) => {
        cancel();
        if (over) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(idbErrorOf(error));
      },
    );
  });
}

export function openDatabase(clock: Clock, name: string, stores: readonly string[]): Promise<IDBDatabase> {
  const opening = new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.addEventListener("upgradeneeded", () => {
      for (const store of stores) request.result.createObjectStore(store);
    });
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new DOMException("unknown", "UnknownError")));
  });
  return inTime(clock, idbLimits.openMs, opening, "opening the browser's storage", (db) => db.close());
}

/** Resolves when the database is really gone. */
export function deleteDatabase(clock: Clock, name: string): Promise<void> {
  const request = indexedDB.deleteDatabase(name);
  const deleted = resultOf(request).then(() => undefined);
  return inTime(clock, idbLimits.deleteMs, deleted, "deleting stored content");
}

export interface IdbConnection {
  /** Runs with an open connection; again with a new one if that turned out to be closed, so `run` must be safe to repeat. */
  use<T>(run: (db: IDBDatabase) => Promise<T>): Promise<T>;
  close(): void;
}

export async function connectDatabase(clock: Clock, name: string, stores: readonly string[]): Promise<IdbConnection> {
  let closed = false;
  let db: IDBDatabase | undefined;
  let opening: Promise<IDBDatabase> | undefined;

  async function open(): Promise<IDBDatabase> {
    const opened = await openDatabase(clock, name, stores);
    if (closed) {
      opened.close();
      throw new StoreError("closed", "the store is closed");
    }
    const forget = (): void => {
      if (db === opened) db = undefined;
    };
    opened.addEventListener("close", forget);
    opened.addEventListener("versionchange", () => {
      opened.close();
      forget();
    });
    db = opened;
    return opened;
  }

  const current = async (): Promise<IDBDatabase> => {
    if (db !== undefined) return db;
    opening ??= open().finally(() => (opening = undefined));
    return opening;
  };

  async function use<T>(run: (db: IDBDatabase) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (closed) throw new StoreError("closed", "the store is closed");
      const used = await current();
      try {
        return await run(used);
      } catch (error) {
        if (!isClosedConnection(error) || attempt >= idbLimits.reopenMax || closed) throw idbErrorOf(error);
        if (db === used) db = undefined;
        used.close();
      }
    }
  }

  await current();
  return {
    use,
    close: () => {
      closed = true;
      db?.close();
      db = undefined;
    },
  };
}
