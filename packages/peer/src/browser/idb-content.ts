/**
 * Content of one document in IndexedDB. Each update is put and committed within the document's own update event, so that an edit survives the
 * context's end right after it. Whatever fails is told, and made good by writing the whole document.
 */
import { localName, openLocal, sealLocal } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import type { Clock, Random } from "@skerry/protocol";
import { mergeUpdates } from "yjs";
import type { Doc } from "yjs";
import { StoreError } from "../ports.ts";
import type { Content, ContentStore, Log } from "../ports.ts";
import { deleteDatabase, idbErrorOf, inTime, isClosedConnection } from "./idb-database.ts";
import { openSession } from "./sealed-persistence.ts";
import type { SealedSession } from "./sealed-persistence.ts";

export const idbContentLimits: {
  readonly transactionsMax: number;
  readonly rowsMax: number;
  readonly rowsAtLoadMax: number;
  readonly retryMs: number;
  readonly retryMsMax: number;
  readonly flushMs: number;
} = {
  /** Transactions under way; updates beyond that wait and become one row. */
  transactionsMax: 32,
  /** Rows before they become one, also amid typing. */
  rowsMax: 500,
  rowsAtLoadMax: 50,
  retryMs: 250,
  retryMsMax: 30_000,
  flushMs: 20_000,
};

export interface IdbContentOptions {
  readonly vaultKey: Secret;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

/** Databases are called `skerry-` and a keyed hash: they say nothing about the document. */
export function createIdbContentStore(options: IdbContentOptions): ContentStore {
  return {
    open: (name, doc) => createContent(options, `skerry-${localName(options.vaultKey, "content", new TextEncoder().encode(name))}`, doc),
  };
}

function createContent({ vaultKey, random, clock, log }: IdbContentOptions, name: string, doc: Doc): Content {
  const context = `content/${name}`;
  const sealer = {
    seal: (value: Uint8Array): Uint8Array => sealLocal(vaultKey, context, value, random),
    open: (sealed: Uint8Array): Uint8Array | undefined => {
      const opened = openLocal(vaultKey, context, sealed);
      return opened.ok ? opened.value : undefined;
    },
  };
  const ownOrigins = new WeakSet<object>();
  let state: "fresh" | "loading" | "ready" | "closed" = "fresh";
  let session: SealedSession | undefined;
  /** Updates in transactions that are not complete, and those waiting for one. */
  let inFlight = 0;
  let transactions = 0;
  let backlog: Uint8Array[] = [];
  /** Changes that no row holds and no transaction carries: the whole document must be written. */
  let missing = 0;
  let writingWhole = 0;
  let error: StoreError | undefined;
  let failures = 0;
  let lostRows = 0;
  let cancelRetry: (() => void) | undefined;
  let recovering: Promise<void> | undefined;
  let compacting: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  let listener: (state: { readonly pending: number; readonly error: StoreError | undefined }) => void = () => undefined;
  const flushes = new Set<() => void>();

  const pending = (): number => inFlight + backlog.length + missing + writingWhole;

  function tell(): void {
    listener({ pending: pending(), error });
    for (const check of [...flushes]) check();
  }

  const onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (typeof origin === "object" && origin !== null && ownOrigins.has(origin)) return;
    if (state !== "ready" || session === undefined || missing > 0) missing += 1;
    else if (transactions >= idbContentLimits.transactionsMax) backlog.push(update);
    else append([update]);
    tell();
  };
  doc.on("update", onUpdate);

  /** Never throws: it runs within the document's update event. */
  function append(updates: readonly Uint8Array[]): void {
    const [first] = updates;
    if (session === undefined || first === undefined) return;
    let done: Promise<void>;
    try {
      done = session.append(updates.length === 1 ? first : mergeUpdates([...updates]));
    } catch (cause) {
      failed(cause, updates.length);
      return;
    }
    inFlight += updates.length;
    transactions += 1;
    const settle = (): void => {
      inFlight -= updates.length;
      transactions -= 1;
    };
    done.then(
      () => {
        settle();
        succeeded();
        const waiting = backlog;
        backlog = [];
        if (waiting.length > 0 && missing === 0) append(waiting);
        else missing += waiting.length;
        if (session !== undefined && session.rows() >= idbContentLimits.rowsMax) void compact();
        tell();
      },
      (cause: unknown) => {
        settle();
        failed(cause, updates.length);
      },
    );
  }

  function succeeded(): void {
    if (missing > 0) return;
    failures = 0;
    error = undefined;
  }

  function failed(cause: unknown, updates: number): void {
    missing += updates + backlog.length;
    backlog = [];
    if (isClosedConnection(cause)) {
      session?.close();
      session = undefined;
    }
    const reason = idbErrorOf(cause);
    if (error?.code !== reason.code) log("error", "content-write-failed", { code: reason.code });
    error = reason;
    failures += 1;
    retryLater();
    tell();
  }

  function retryLater(): void {
    if (state !== "ready" || cancelRetry !== undefined) return;
    const waitMs = Math.min(idbContentLimits.retryMsMax, idbContentLimits.retryMs * 2 ** Math.min(10, failures - 1));
    cancelRetry = clock.schedule(waitMs, () => {
      cancelRetry = undefined;
      recover().catch(() => undefined);
    });
  }

  /** A connection of its own choosing, and the whole document. Never rejects: `error` says it. */
  function recover(): Promise<void> {
    recovering ??= writeWhole().finally(() => (recovering = undefined));
    return recovering;
  }

  async function writeWhole(): Promise<void> {
    cancelRetry?.();
    cancelRetry = undefined;
    try {
      session ??= await attach();
      while (missing > 0 && state === "ready") {
        writingWhole = missing;
        missing = 0;
        const used = session;
        try {
          await used.storeWhole();
        } catch (cause) {
          // Perhaps the connection is no longer one; the next try makes a new one.
          used.close();
          if (session === used) session = undefined;
          throw cause;
        }
        writingWhole = 0;
      }
      succeeded();
      tell();
    } catch (cause) {
      const carried = writingWhole;
      writingWhole = 0;
      failed(cause, carried);
    }
  }

  function attach(): Promise<SealedSession> {
    const parts = {
      name,
      doc,
      sealer,
      clock,
      onLost: (rows: number) => {
        lostRows += rows;
        log("error", "content-rows-set-aside", { rows });
      },
      onClosed: () => {
        // Transactions under way abort or complete by themselves; what comes from now on needs a new connection.
        session = undefined;
        if (state !== "ready") return;
        log("warn", "content-connection-closed", {});
        recover().catch(() => undefined);
      },
      onOrigin: (origin: object) => void ownOrigins.add(origin),
    };
    return openSession(parts);
  }

  /** All rows become one. If it fails the rows are still there, and the next bound tries again. */
  function compact(): Promise<void> {
    const used = session;
    if (used === undefined) return Promise.resolve();
    compacting ??= used
      .storeWhole()
      .catch((cause: unknown) => log("warn", "content-compaction-failed", { code: idbErrorOf(cause).code }))
      .finally(() => (compacting = undefined));
    return compacting;
  }

  async function load(): Promise<{ readonly empty: boolean; readonly lostRows: number }> {
    if (state !== "fresh") throw new StoreError("closed", "already loaded or closed");
    state = "loading";
    let opened: SealedSession;
    try {
      opened = await attach();
    } catch (cause) {
      if (stateIs("loading")) state = "fresh";
      throw cause;
    }
    if (!stateIs("loading")) {
      opened.close();
      throw new StoreError("closed", "closed while loading");
    }
    session = opened;
    state = "ready";
    const rows = opened.rows();
    if (missing > 0) recover().catch(() => undefined);
    else if (rows > idbContentLimits.rowsAtLoadMax) await compact();
    tell();
    return { empty: rows === 0 && lostRows === 0, lostRows };
  }

  const stateIs = (wanted: typeof state): boolean => state === wanted;

  async function flush(): Promise<void> {
    if (state === "fresh" || state === "loading") throw new StoreError("closed", "not loaded");
    if (pending() === 0) return;
    if (missing > 0) await recover();
    const settled = new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (pending() > 0 && error === undefined) return;
        flushes.delete(check);
        if (pending() === 0) resolve();
        else reject(error ?? new StoreError("io", "not written"));
      };
      flushes.add(check);
      check();
    });
    await inTime(clock, idbContentLimits.flushMs, settled, "writing content");
  }

  function letGo(): void {
    state = "closed";
    doc.off("update", onUpdate);
    cancelRetry?.();
    cancelRetry = undefined;
    session?.close();
    session = undefined;
  }

  async function close(): Promise<void> {
    if (state !== "ready") return letGo();
    try {
      await flush();
      await compacting;
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
      closing ??= Promise.resolve();
      await recovering;
      await compacting;
      session?.close();
      await deleteDatabase(clock, name);
      inFlight = 0;
      backlog = [];
      missing = 0;
    },
  };
}
