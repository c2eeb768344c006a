/**
 * One connection of a document's content to y-indexeddb 9.0.12, sealed through its `_db`. y-indexeddb opens the database and knows how rows are
 * read (`fetchUpdates`) and become one (`storeState`); when that happens, and what a failure does, is decided by idb-content.ts. Its own start in
 * the constructor, which writes a row before anything was read, and its own writing listener, which throws into the document, are kept from running.
 */
import { bytesEqual } from "@skerry/protocol";
import type { Clock } from "@skerry/protocol";
import { IndexeddbPersistence, fetchUpdates, storeState } from "y-indexeddb";
import type { Doc } from "yjs";
import { StoreError } from "../ports.ts";
import { completion, idbErrorOf, idbLimits, inTime, resultOf } from "./idb-database.ts";
import { customStore, sealDatabase, updatesStore } from "./sealed-database.ts";
import type { SealedDatabase, ValueSealer } from "./sealed-database.ts";

const checkKey = "key-check";
const checkValue: Uint8Array = new TextEncoder().encode("skerry-content-1");

export interface SealedSession {
  /** Origin of what is read. */
  readonly origin: object;
  /** Rows when it was last looked, and what `append` added. */
  rows(): number;
  append(update: Uint8Array): Promise<void>;
  /** All rows become one that holds the whole document, in one transaction. */
  storeWhole(): Promise<void>;
  close(): void;
}

export interface SessionParts {
  readonly name: string;
  readonly doc: Doc;
  readonly sealer: ValueSealer;
  readonly clock: Clock;
  readonly onLost: (rows: number) => void;
  /** Another context or the browser closed the connection. */
  readonly onClosed: () => void;
  /** Told before anything is applied. */
  readonly onOrigin: (origin: object) => void;
}

/** Opens, checks the key, applies all rows. Rejects with `wrong-key`, `damaged`, `full` or `io`; until it resolves nothing but a first key check is written. */
export async function openSession(parts: SessionParts): Promise<SealedSession> {
  const { persistence, opened } = createPersistence(parts.name, parts.doc);
  parts.onOrigin(persistence);
  let db: IDBDatabase | undefined;
  try {
    db = await inTime(parts.clock, idbLimits.openMs, opened, "opening stored content", (late) => late.close());
    const raw = db;
    await inTime(parts.clock, idbLimits.openMs, checkVaultKey(raw, parts.sealer), "reading stored content");
    const sealed = sealDatabase(raw, parts.sealer, parts.onLost);
    persistence.db = sealed.forPersistence;
    raw.addEventListener("close", parts.onClosed);
    raw.addEventListener("versionchange", () => {
      raw.close();
      parts.onClosed();
    });
    await inTime(parts.clock, idbLimits.openMs, attempt(fetchUpdates(persistence), sealed), "reading stored content");
    return sessionOf(persistence, sealed, raw, parts);
  } catch (error) {
    release(persistence, parts.doc);
    db?.close();
    throw idbErrorOf(error);
  }
}

function sessionOf(persistence: IndexeddbPersistence, sealed: SealedDatabase, raw: IDBDatabase, parts: SessionParts): SealedSession {
  return {
    origin: persistence,
    rows: () => persistence._dbsize,
    append: (update) => {
      const done = sealed.append(update);
      persistence._dbsize += 1;
      return done;
    },
    storeWhole: () => inTime(parts.clock, idbLimits.openMs, attempt(storeState(persistence, true), sealed), "writing content"),
    close: () => {
      release(persistence, parts.doc);
      raw.close();
    },
  };
}

/** y-indexeddb's promises do not settle when a request of theirs fails; the transaction does. */
async function attempt(work: Promise<unknown>, sealed: SealedDatabase): Promise<void> {
  await Promise.race([work, sealed.settled().then(() => work)]);
  await sealed.settled();
}

function release(persistence: IndexeddbPersistence, doc: Doc): void {
  persistence._destroyed = true;
  const listener: () => unknown = persistence.destroy;
  doc.off("destroy", listener as () => void);
}

/** The database that y-indexeddb opens is handed to us, and to y-indexeddb only once it is sealed. */
function createPersistence(name: string, doc: Doc): { readonly persistence: IndexeddbPersistence; readonly opened: Promise<IDBDatabase> } {
  let opened: Promise<IDBDatabase> | undefined;
  const never = new Promise<IDBDatabase>(() => undefined);
  const silent = (): void => undefined;
  class SealedPersistence extends IndexeddbPersistence {}
  // The base constructor's plain assignments arrive at these.
  Object.defineProperties(SealedPersistence.prototype, {
    _db: {
      get: () => never,
      set: (given: Promise<IDBDatabase>) => {
        opened = given;
      },
    },
    _storeUpdate: { get: () => silent, set: silent },
  });
  const persistence = new SealedPersistence(name, doc);
  doc.off("update", silent);
  if (opened === undefined) throw new StoreError("io", "stored content can't be opened");
  return { persistence, opened };
}

/** Nothing may ever be written under another key than the rows': then neither key would open all of them. */
async function checkVaultKey(db: IDBDatabase, sealer: ValueSealer): Promise<void> {
  const tx = db.transaction([updatesStore, customStore], "readonly");
  const [check, rows] = await Promise.all([
    resultOf<unknown>(tx.objectStore(customStore).get(checkKey)),
    resultOf(tx.objectStore(updatesStore).count()),
  ]);
  if (check === undefined) {
    if (rows > 0) throw new StoreError("damaged", "stored content has lost its key check");
    const first = db.transaction([customStore], "readwrite", { durability: "strict" });
    const done = completion(first);
    first.objectStore(customStore).put(sealer.seal(checkValue), checkKey);
    first.commit();
    return done;
  }
  const opened = check instanceof Uint8Array ? sealer.open(check) : undefined;
  if (opened === undefined || !bytesEqual(opened, checkValue))
    throw new StoreError("wrong-key", "the vault key does not open stored content");
}
