/** `IDBDatabase`: one connection of one process. */
import type { Process } from "../world/process.ts";
import { createHub, dispatch } from "./events.ts";
import type { Hub, Outcome } from "./events.ts";
import { domException } from "./keys.ts";
import { settleLive } from "./live.ts";
import type { LiveConnection, LiveDatabase, OriginAccess } from "./live.ts";
import { createTransaction, nameList } from "./transaction.ts";
import type { Mode, TransactionCore } from "./transaction.ts";

export interface ConnectionCore extends LiveConnection {
  readonly hub: Hub;
  close(): void;
  /** Runs a version change; `announce` tells of it. */
  upgrade(announce: (transaction: TransactionCore) => Outcome, onEnd: (how: "complete" | "abort") => void): void;
}

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
  const report = (outcome: Outcome): void => {
    for (const one of outcome.thrown)
      process.later(0, "uncaught", () => {
        throw one;
      });
  };
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
        if (!closed) report(dispatch(hub, { type: "versionchange", oldVersion, newVersion }));
      }),
    sever: (tell) => {
      // Code of a dead process may run to the end of its turn: it sees nothing.
      closed = tell;
      live.connections.delete(core);
      for (const transaction of [...live.transactions]) if (transaction.connection === core) transaction.sever(tell);
      if (tell) access.later(process, 0.1, "idb close", () => report(dispatch(hub, { type: "close" })));
      settleLive(live);
    },
    upgrade: (announce, onEnd) => {
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
      transaction.beginUpgrade(() => announce(transaction));
    },
  };

  hub.self = {
    name: live.name,
    get version() {
      return version;
    },
    get objectStoreNames() {
      return nameList(names);
    },
    onabort: null,
    onclose: null,
    onerror: null,
    onversionchange: null,
    addEventListener: hub.add,
    removeEventListener: hub.remove,
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
  };
  live.connections.add(core);
  return core;
}
