/** `IDBDatabase`: one connection of one process. */
import type { Process } from "../world/process.ts";
import { createHub, dispatch, handlersFor, present } from "./events.ts";
import type { EventInit, Hub } from "./events.ts";
import { domException } from "./keys.ts";
import { settleLive } from "./live.ts";
import type { LiveConnection, LiveDatabase, OriginAccess } from "./live.ts";
import { createTransaction, dispatchIn, nameList } from "./transaction.ts";
import type { RequestState } from "./request.ts";
import type { Mode, TransactionCore } from "./transaction.ts";

export interface ConnectionCore extends LiveConnection {
  readonly hub: Hub;
  close(): void;
  /** Runs a version change, which `opening` hears of. */
  upgrade(opening: RequestState, init: EventInit, onEnd: (how: "complete" | "abort") => void): void;
}

const handlers = handlersFor("abort", "close", "error", "versionchange");

export function createConnection(process: Process, access: OriginAccess, live: LiveDatabase, opened: number): ConnectionCore {
  const hub = createHub();
  const before = access.database(live.name);
  let version = opened;
  let names = new Set(before?.stores.keys());
  let closed = false;
  let upgrading: TransactionCore | undefined;

  const close = (): void => {
    closed = true;
    settleLive(live);
  };
  const fire = (init: EventInit): void => dispatch(hub, init, { ...dispatchIn(process), ended: () => undefined });
  const begin = (
    scope: Set<string>,
    mode: Mode,
    durability: "default" | "relaxed" | "strict",
    onEnd: (how: "complete" | "abort") => void,
  ): TransactionCore => createTransaction({ access, live, connection: core, connectionHub: hub, scope, mode, durability, version, onEnd });

  function upgradeOf(): TransactionCore {
    if (upgrading === undefined) throw domException("InvalidStateError", "The database is not running a version change transaction.");
    if (!upgrading.active()) throw domException("TransactionInactiveError", "The transaction is not active.");
    return upgrading;
  }

  const core: ConnectionCore = {
    process,
    hub,
    close,
    closing: () => closed,
    versionChange: (oldVersion, newVersion) =>
      access.later(process, 0.1, "idb versionchange", () => {
        if (!closed) fire({ type: "versionchange", oldVersion, newVersion });
      }),
    sever: (tell) => {
      // Code of a dead process may run to the end of its turn: it sees nothing.
      closed = tell;
      live.connections.delete(core);
      for (const transaction of [...live.transactions]) if (transaction.connection === core) transaction.sever(tell);
      if (tell) access.later(process, 0.1, "idb close", () => fire({ type: "close" }));
      settleLive(live);
    },
    upgrade: (opening, init, onEnd) => {
      const transaction = begin(new Set(names), "versionchange", "default", (how) => {
        upgrading = undefined;
        if (how === "abort") {
          names = new Set(before?.stores.keys());
          version = before?.version ?? 0;
          close();
        }
        onEnd(how);
      });
      upgrading = transaction;
      opening.succeed(hub.self);
      opening.transaction = transaction.hub.self;
      transaction.beginUpgrade(opening, init);
    },
  };

  present(hub, handlers, {
    name: live.name,
    get version() {
      return version;
    },
    get objectStoreNames() {
      return nameList(names);
    },
    close,
    createObjectStore: (name: string, options: { readonly autoIncrement?: boolean; readonly keyPath?: unknown } = {}) => {
      const transaction = upgradeOf();
      if (names.has(name)) throw domException("ConstraintError", "An object store with the specified name already exists.");
      if (options.keyPath !== undefined && options.keyPath !== null)
        throw domException("NotSupportedError", "Key paths are not simulated.");
      names.add(name);
      return transaction.addStore(name, options.autoIncrement === true);
    },
    deleteObjectStore: (name: string) => {
      const transaction = upgradeOf();
      if (!names.delete(name)) throw domException("NotFoundError", "The specified object store was not found.");
      transaction.removeStore(name);
    },
    transaction: (
      stores: string | Iterable<string>,
      mode: Mode = "readonly",
      options: { readonly durability?: "default" | "relaxed" | "strict" } = {},
    ) => {
      if (upgrading !== undefined) throw domException("InvalidStateError", "A version change transaction is running.");
      if (closed) throw domException("InvalidStateError", "The database connection is closing.");
      const scope = new Set(typeof stores === "string" ? [stores] : stores);
      for (const name of scope)
        if (!names.has(name)) throw domException("NotFoundError", "One of the specified object stores was not found.");
      if (scope.size === 0) throw domException("InvalidAccessError", "The storeNames parameter was empty.");
      if (mode !== "readonly" && mode !== "readwrite") throw new TypeError("The mode provided is not one of 'readonly' or 'readwrite'.");
      return begin(scope, mode, options.durability ?? "default", () => undefined).hub.self;
    },
  });
  live.connections.add(core);
  return core;
}
