/**
 * `IDBTransaction`. One event of the process runs what was asked for, as long as nobody listens to the answers; an answer that somebody heard ends the
 * event, so that promises run before the next one, as they do in a browser. One event writes, one tells.
 */
import type { Process } from "../world/process.ts";
import { createHub, dispatch, handlersFor, present } from "./events.ts";
import type { DispatchParts, EventInit, Hub, Outcome } from "./events.ts";
import { domException } from "./keys.ts";
import type { Key } from "./keys.ts";
import { endTransaction, startTransactions } from "./live.ts";
import type { Committed, DatabaseState, LiveConnection, LiveDatabase, LiveTransaction, OriginAccess } from "./live.ts";
import { createObjectStore } from "./object-store.ts";
import type { StoreParts } from "./object-store.ts";
import type { RequestState } from "./request.ts";
import { workOn } from "./rows.ts";
import type { StoreState, WorkingStore } from "./rows.ts";

export type Mode = "readonly" | "readwrite" | "versionchange";

export interface TransactionParts {
  readonly access: OriginAccess;
  readonly live: LiveDatabase;
  readonly connection: LiveConnection;
  readonly connectionHub: Hub;
  readonly scope: Set<string>;
  readonly mode: Mode;
  readonly durability: "default" | "relaxed" | "strict";
  /** Version that a version change leads to. */
  readonly version: number;
  /** After its last event. */
  readonly onEnd: (how: "complete" | "abort") => void;
}

export interface TransactionCore extends LiveTransaction {
  readonly hub: Hub;
  active(): boolean;
  addStore(name: string, autoIncrement: boolean): object;
  removeStore(name: string): void;
  /** A version change begins at once, with the event that tells of it. */
  beginUpgrade(opening: RequestState, init: EventInit): void;
}

const maxKey = 2 ** 53;
/** From an answer to the next. */
const roundTripMs = 0.05;
const handlers = handlersFor("abort", "complete", "error");
const errorInit: EventInit = { type: "error", bubbles: true, cancelable: true };

export function createTransaction(parts: TransactionParts): TransactionCore {
  const { access, live, connection, scope, mode } = parts;
  const { process } = connection;
  const hub = createHub(parts.connectionHub);
  const writes = mode !== "readonly";
  const edits = new Map<string, WorkingStore | undefined>();
  const changes: Committed[] = [];
  const objectStores = new Map<string, object>();
  let putBytes = 0;
  let phase: "waiting" | "running" | "committing" | "ended" = "waiting";
  let commitAsked = false;
  let isActive = true;
  let activeTurn = access.turn();
  let error: DOMException | null = null;
  let queue: { readonly request: RequestState; readonly reads: boolean; readonly run: () => unknown }[] = [];

  const later = (delayMs: number, label: string, run: () => void): void => access.later(process, delayMs, label, run);
  const active = (): boolean => isActive && !commitAsked && (phase === "waiting" || phase === "running") && access.turn() === activeTurn;
  const activate = (): void => {
    isActive = true;
    activeTurn = access.turn();
  };

  function storeOf(name: string): StoreState {
    const state = edits.has(name) ? edits.get(name) : access.database(live.name)?.stores.get(name);
    // Deleted behind its back: only by what aborts this transaction.
    if (state === undefined) throw domException("UnknownError", "The object store is gone.");
    return state;
  }

  function editOf(name: string): WorkingStore {
    const edited = edits.get(name);
    if (edited !== undefined) return edited;
    const made = workOn(storeOf(name));
    edits.set(name, made);
    return made;
  }

  const storeParts = (name: string): StoreParts => ({
    transactionHub: hub,
    writes,
    active,
    deleted: () => edits.has(name) && edits.get(name) === undefined,
    read: () => storeOf(name),
    edit: () => editOf(name),
    changed: (key: Key, value: unknown, bytes: number) => {
      putBytes += bytes;
      changes.push({ database: live.name, store: name, key, value });
    },
    enqueue: (request, reads, run) => void queue.push({ request, reads, run }),
    nextKey: (store) => {
      if (store.nextKey > maxKey) throw domException("ConstraintError", "The key generator has no more keys.");
      return store.nextKey++;
    },
  });

  function storeNamed(name: string): object {
    const known = objectStores.get(name);
    if (known !== undefined) return known;
    const made = createObjectStore(name, storeParts(name));
    objectStores.set(name, made);
    return made;
  }

  const fire = (target: Hub, init: EventInit, ended: (outcome: Outcome) => void, before?: () => void): void =>
    dispatch(target, init, { ...dispatchIn(process), ...(before === undefined ? {} : { before }), ended });

  function run(): void {
    isActive = false;
    while (phase === "running") {
      const next = queue.shift();
      if (next === undefined) return commit();
      const { request, reads } = next;
      let failure: DOMException | undefined;
      try {
        if (reads && access.faults.failReads) throw domException("UnknownError", "The storage can't be read.");
        request.succeed(next.run());
      } catch (thrown) {
        if (!(thrown instanceof DOMException)) throw thrown;
        failure = thrown;
        request.fail(failure);
      }
      let quiet = false;
      const answered = (outcome: Outcome): void => {
        quiet = !outcome.heard;
        after(outcome, failure);
      };
      fire(request.hub, failure === undefined ? { type: "success" } : errorInit, answered, activate);
      if (!quiet) return;
    }
  }

  /** Promises that the listeners settled come before anything else. */
  function after(outcome: Outcome, failure: DOMException | undefined): void {
    if (outcome.thrown) abortWith(domException("AbortError", "A listener threw."));
    else if (failure !== undefined && !outcome.prevented) abortWith(failure);
    else if (outcome.heard && phase === "running") later(roundTripMs, "idb next", run);
  }

  function commit(): void {
    phase = "committing";
    if (edits.size === 0 && mode !== "versionchange") {
      finish();
      return tell();
    }
    const strict = parts.durability === "strict";
    later(strict ? 1 + access.random.float() * 7 : 0.3 + access.random.float() * 1.7, "idb commit", () => {
      if (phase !== "committing" || !process.act("idb commit")) return;
      const failure = access.commitFailure(putBytes);
      if (failure !== undefined) return abortWith(failure);
      access.commit(process, live.name, committedState(), changes, strict);
      finish();
      later(0.02 + access.random.float() * 0.08, "idb complete", tell);
    });
  }

  function committedState(): DatabaseState {
    const before = access.database(live.name);
    const stores = new Map(before?.stores);
    for (const [name, store] of edits) {
      if (store === undefined) stores.delete(name);
      else stores.set(name, store);
    }
    return { version: mode === "versionchange" ? parts.version : (before?.version ?? parts.version), stores };
  }

  function finish(): void {
    phase = "ended";
    isActive = false;
    endTransaction(live, core);
  }

  function tell(): void {
    fire(hub, { type: "complete" }, () => parts.onEnd("complete"));
  }

  function abortWith(reason: DOMException | null): void {
    if (phase === "ended") return;
    error = reason;
    const waiting = queue;
    queue = [];
    finish();
    const tellNext = (): void => {
      const next = waiting.shift();
      if (next === undefined) return fire(hub, { type: "abort", bubbles: true }, () => parts.onEnd("abort"));
      next.request.fail(domException("AbortError", "The transaction was aborted."));
      fire(next.request.hub, errorInit, ({ heard }) => {
        if (heard) process.later(0, "idb next", tellNext);
        else tellNext();
      });
    };
    later(0.02, "idb abort", tellNext);
  }

  const core: TransactionCore = {
    scope,
    writes,
    connection,
    hub,
    active,
    start: () => {
      if (phase !== "waiting") return;
      phase = "running";
      later(0.1 + access.random.float() * 0.4, "idb run", run);
    },
    beginUpgrade: (opening, init) => {
      phase = "running";
      fire(
        opening.hub,
        init,
        ({ thrown }) => {
          if (thrown) abortWith(domException("AbortError", "A listener threw."));
          else process.later(0, "idb next", run);
        },
        activate,
      );
    },
    sever: (toTell) => {
      if (phase === "ended") return;
      if (toTell) return abortWith(domException("AbortError", "The connection was closed."));
      queue = [];
      finish();
    },
    addStore: (name, autoIncrement) => {
      edits.set(name, { autoIncrement, nextKey: 1, rows: [], bytes: 0 });
      scope.add(name);
      objectStores.delete(name);
      return storeNamed(name);
    },
    removeStore: (name) => {
      for (const { key } of storeOf(name).rows) changes.push({ database: live.name, store: name, key, value: undefined });
      edits.set(name, undefined);
      scope.delete(name);
    },
  };

  present(hub, handlers, {
    db: parts.connectionHub.self,
    mode,
    durability: parts.durability,
    get error() {
      return error;
    },
    get objectStoreNames() {
      return nameList(scope);
    },
    objectStore: (name: string) => {
      if (phase === "ended" || commitAsked) throw domException("InvalidStateError", "The transaction has finished.");
      if (!scope.has(name)) throw domException("NotFoundError", "The specified object store was not found.");
      return storeNamed(name);
    },
    commit: () => {
      if (!active()) throw domException("InvalidStateError", "The transaction is not active.");
      commitAsked = true;
    },
    abort: () => {
      if (phase === "ended" || phase === "committing" || commitAsked)
        throw domException("InvalidStateError", "The transaction has finished.");
      abortWith(null);
    },
  });
  if (process.alive()) {
    live.transactions.add(core);
    if (mode !== "versionchange") startTransactions(live);
  }
  return core;
}

/** What listeners throw is an uncaught error of the process. */
export const dispatchIn = (process: Process): Pick<DispatchParts, "soon" | "onThrown"> => ({
  soon: (run) => void process.later(0, "idb next", run),
  onThrown: (error) =>
    void process.later(0, "uncaught", () => {
      throw error;
    }),
});

/** A `DOMStringList`. */
export function nameList(names: Iterable<string>): readonly string[] & { contains(name: string): boolean } {
  const sorted = [...names].sort();
  return Object.assign(sorted, { contains: (name: string) => sorted.includes(name), item: (index: number) => sorted[index] ?? null });
}
