import type { Clock } from "@skerry/protocol";
import type { LeveldbPersistence } from "y-leveldb";
import { applyUpdate, encodeStateAsUpdate, mergeUpdates, transact } from "yjs";
import type { Doc } from "yjs";
import { StoreError } from "../ports.ts";
import type { Content, Log } from "../ports.ts";
import { storeErrorOf } from "./level-errors.ts";
import type { DocKey, KeyRange, SealedLevel } from "./sealed-level.ts";

export interface LevelContentParts {
  readonly persistence: LeveldbPersistence;
  readonly sealed: SealedLevel;
  /** Says nothing about the document. */
  readonly name: string;
  readonly doc: Doc;
  readonly clock: Clock;
  readonly log: Log;
}

export const contentLimits: {
  readonly mergeMax: number;
  readonly rowsMax: number;
  readonly rowsAtLoadMax: number;
  readonly retryMs: number;
  readonly retryMsMax: number;
} = {
  /** Updates that one row takes in. `mergeUpdates` is superlinear. */
  mergeMax: 200,
  /** Rows before they become one, also amid typing. */
  rowsMax: 500,
  rowsAtLoadMax: 50,
  retryMs: 250,
  retryMsMax: 30_000,
};

const rowsOf = (name: string): KeyRange => ({ gte: ["v1", name, "update", 0], lt: ["v1", name, "update", 0xffffffff] });
const asideKey = (name: string, key: DocKey): DocKey => ["v1", name, "meta", `aside-${key[3] ?? 0}`];

export function createLevelContent(parts: LevelContentParts): Content {
  const { persistence, sealed, name, doc, clock, log } = parts;
  const waiting: Uint8Array[] = [];
  let state: "fresh" | "loaded" | "closed" = "fresh";
  /** Updates taken from `waiting`, not durable yet. */
  let inWork = 0;
  let rows = 0;
  /** A write failed, or edits came before the load: single updates are not enough, the whole state must be written. */
  let wholeNeeded = false;
  let error: StoreError | undefined;
  let failures = 0;
  let cancelRetry: (() => void) | undefined;
  let working: Promise<void> | undefined;
  let listener: (state: { readonly pending: number; readonly error: StoreError | undefined }) => void = () => undefined;
  let closing: Promise<void> | undefined;

  const pending = (): number => waiting.length + inWork + (wholeNeeded && waiting.length + inWork === 0 ? 1 : 0);
  const tell = (): void => listener({ pending: pending(), error });

  const onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === parts) return;
    if (state === "fresh") wholeNeeded = true;
    else waiting.push(update);
    tell();
    if (state === "loaded" && cancelRetry === undefined) void work();
  };
  // Nothing in it can throw but `tell`'s listener, which is the engine's own.
  doc.on("update", onUpdate);

  function work(): Promise<void> {
    working ??= writeAll().finally(() => (working = undefined));
    return working;
  }

  /** Writes until nothing waits or a write fails. Never rejects: `error` says it. */
  async function writeAll(): Promise<void> {
    while (waiting.length > 0 || wholeNeeded) {
      const batch = waiting.splice(0, wholeNeeded ? waiting.length : contentLimits.mergeMax);
      inWork = Math.max(1, batch.length);
      const [first] = batch;
      try {
        const update = wholeNeeded || first === undefined ? encodeStateAsUpdate(doc) : batch.length === 1 ? first : mergeUpdates(batch);
        await persistence.storeUpdate(name, update);
      } catch (cause) {
        failed(cause, batch.length);
        return;
      }
      wholeNeeded = false;
      inWork = 0;
      failures = 0;
      error = undefined;
      rows += 1;
      tell();
      if (rows >= contentLimits.rowsMax) await compact();
    }
  }

  function failed(cause: unknown, updates: number): void {
    error = storeErrorOf(cause);
    wholeNeeded = true;
    // What they said is in the document: the whole state will carry them.
    inWork = updates;
    failures += 1;
    log("error", "content-write-failed", { code: error.code, failures });
    const waitMs = Math.min(contentLimits.retryMsMax, contentLimits.retryMs * 2 ** (failures - 1));
    cancelRetry ??= clock.schedule(waitMs, () => {
      cancelRetry = undefined;
      if (state === "loaded") void work();
    });
    tell();
  }

  /** All rows become one. y-leveldb writes the new one first: a crash in between leaves both, which say the same. */
  async function compact(): Promise<void> {
    try {
      await persistence.flushDocument(name);
      rows = 1;
    } catch (cause) {
      // Nothing is lost, the rows are still there; at the next bound it is tried again.
      rows = 0;
      log("warn", "content-compaction-failed", { code: storeErrorOf(cause).code });
    }
  }

  async function load(): Promise<{ readonly empty: boolean; readonly lostRows: number }> {
    if (state !== "fresh") throw new StoreError("closed", "already loaded or closed");
    const stored = await persistence._transact(() => sealed.rows(rowsOf(name)));
    const broken = stored.filter((row) => row.value === undefined);
    for (const row of broken) {
      log("error", "content-row-set-aside", { row: Number(row.key[3] ?? 0) });
      await persistence._transact(() => sealed.setAside(row, asideKey(name, row.key)));
    }
    if (state !== "fresh") throw new StoreError("closed", "closed while loading");
    try {
      transact(doc, () => stored.forEach((row) => row.value !== undefined && applyUpdate(doc, row.value, parts)), parts, false);
    } catch (cause) {
      throw new StoreError("damaged", "stored content is not a document", { cause });
    }
    state = "loaded";
    rows = stored.length - broken.length;
    if (rows > contentLimits.rowsAtLoadMax) await compact();
    if (wholeNeeded) void work();
    return { empty: stored.length === 0, lostRows: broken.length };
  }

  async function flush(): Promise<void> {
    if (state === "fresh") throw new StoreError("closed", "not loaded");
    // One try at once, whatever the backoff says; what is being written now may be from before.
    await working;
    if (waiting.length > 0 || wholeNeeded) {
      cancelRetry?.();
      cancelRetry = undefined;
      await work();
    }
    if (error !== undefined) throw error;
  }

  function letGo(): void {
    state = "closed";
    doc.off("update", onUpdate);
    cancelRetry?.();
    cancelRetry = undefined;
  }

  async function close(): Promise<void> {
    if (state === "fresh") return letGo();
    try {
      await flush();
    } finally {
      letGo();
    }
  }

  return {
    load,
    flush,
    pending,
    onChange: (given) => {
      listener = given;
    },
    close: () => (closing ??= close()),
    delete: async () => {
      letGo();
      await working;
      await persistence.clearDocument(name);
      waiting.length = 0;
      inWork = 0;
      wholeNeeded = false;
      closing = Promise.resolve();
    },
  };
}
