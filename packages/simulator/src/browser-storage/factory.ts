/**
 * IndexedDB as one process sees it, in virtual time: connections, transactions and requests, as far as the peer's adapters, y-indexeddb and lib0
 * use them (Indexed Database API 3.0). A transaction costs few events: one that runs its requests, one that looks whether callbacks asked for
 * more, one that commits, one that tells.
 */
import type { Process } from "../world/process.ts";
import { VirtualTarget } from "./events.ts";
import { compareKeys, domException, rangeOf, validKey } from "./keys.ts";
import type { Key } from "./keys.ts";
import { findRow, placeOf, sizeOf, spanOf } from "./rows.ts";
import type { Row, Store } from "./rows.ts";
import type { Committed, LiveDatabase, OriginAccess } from "./origin.ts";

export interface Connection {
  readonly process: Process;
  /** Ended by something else than its owner. `tell`: it hears "close". */
  sever(tell: boolean): void;
  abortTransactions(): void;
}

export interface Transaction {
  readonly stores: readonly string[];
  readonly writes: boolean;
  start(): void;
}

class VirtualRequest extends VirtualTarget {
  result: unknown = undefined;
  error: DOMException | null = null;
  readyState: "pending" | "done" = "pending";
  transaction: VirtualTransaction | null = null;
}

/** Values go in and come out as copies. */
function cloned(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype ? { ...value } : value;
}

type Mode = "readonly" | "readwrite" | "versionchange";

class VirtualTransaction extends VirtualTarget implements Transaction {
  readonly db: VirtualDatabase;
  readonly mode: Mode;
  readonly durability: string;
  readonly stores: readonly string[];
  readonly writes: boolean;
  error: DOMException | null = null;
  #state: "waiting" | "running" | "committing" | "finished" = "waiting";
  #explicit = false;
  #queue: { readonly request: VirtualRequest; readonly run: () => unknown }[] = [];
  readonly #undo: (() => void)[] = [];
  readonly #changes: Committed[] = [];
  readonly #access: OriginAccess;

  constructor(db: VirtualDatabase, access: OriginAccess, stores: readonly string[], mode: Mode, durability: string) {
    super();
    this.db = db;
    this.mode = mode;
    this.durability = durability;
    this.stores = stores;
    this.writes = mode !== "readonly";
    this.#access = access;
  }

  objectStore(name: string): VirtualStore {
    if (this.#state === "finished") throw domException("InvalidStateError", "the transaction has finished");
    if (!this.stores.includes(name)) throw domException("NotFoundError", "the store is not in the transaction's scope");
    return new VirtualStore(this, name, () => {
      const store = this.db.live.stores.get(name);
      if (store === undefined) throw domException("NotFoundError", "there is no such store");
      return store;
    });
  }

  /** Asked by stores. */
  enqueue(request: VirtualRequest, run: () => unknown): VirtualRequest {
    if (this.#state === "finished" || this.#state === "committing" || this.#explicit)
      throw domException("TransactionInactiveError", "the transaction takes no more requests");
    request.transaction = this;
    request.readyState = "pending";
    this.#queue.push({ request, run });
    return request;
  }

  changed(change: Committed, undo: () => void): void {
    this.#changes.push(change);
    this.#undo.push(undo);
  }

  start(): void {
    if (this.#state !== "waiting") return;
    this.#state = "running";
    this.db.later(0.05 + this.#access.random.float() * 0.5, "idb run", () => this.#run());
  }

  #run(): void {
    if (this.#state !== "running") return;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { request, run } = next;
      try {
        if (this.#access.faults.failReads) throw domException("UnknownError", "the storage can't be read");
        request.result = run();
        request.error = null;
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        request.readyState = "done";
        request.result = undefined;
        request.error = error;
        if (!request.dispatch("error") && this.#isOpen()) this.#abort(error);
        continue;
      }
      request.readyState = "done";
      request.dispatch("success");
      if (!this.#isOpen()) return;
    }
    if (!this.#isOpen()) return;
    if (this.#explicit) return this.#commit();
    // Promises that the callbacks resolved may ask for more: they have run by then.
    this.db.later(0, "idb idle", () => {
      if (!this.#isOpen()) return;
      if (this.#queue.length > 0) this.#run();
      else this.#commit();
    });
  }

  #isOpen(): boolean {
    return this.#state === "running";
  }

  #commit(): void {
    this.#state = "committing";
    if (!this.writes || (this.#changes.length === 0 && this.mode !== "versionchange")) return this.#finish("complete");
    const strict = this.durability === "strict";
    const latencyMs = strict ? 1 + this.#access.random.float() * 6 : 0.2 + this.#access.random.float();
    this.db.later(latencyMs, "idb commit", () => {
      if (this.#state !== "committing" || !this.db.process.act("idb commit")) return;
      const { faults } = this.#access;
      if (this.#changes.some(({ value }) => value !== undefined) && this.#access.bytes() > faults.quotaBytes)
        return this.#abort(domException("QuotaExceededError", "the storage is full"));
      if (faults.abortCommits > 0 && this.#access.random.chance(faults.abortCommits))
        return this.#abort(domException("UnknownError", "the commit failed"));
      const undo = [...this.#undo];
      this.#undo.length = 0;
      this.#access.committed(this.#changes, () => undo.reverse().forEach((each) => each()), strict);
      this.db.later(0.02, "idb complete", () => this.#finish("complete"));
    });
  }

  #finish(how: "complete" | "abort"): void {
    if (this.#state === "finished") return;
    this.#state = "finished";
    this.db.finished(this);
    this.dispatch(how);
  }

  commit(): void {
    if (this.#state === "finished" || this.#state === "committing") throw domException("InvalidStateError", "the transaction has finished");
    this.#explicit = true;
  }

  abort(): void {
    if (this.#state === "finished" || this.#state === "committing") throw domException("InvalidStateError", "the transaction has finished");
    this.#abort(null);
  }

  #abort(error: DOMException | null): void {
    if (this.#state === "finished") return;
    this.#rollBack();
    this.error = error;
    const waiting = this.#queue;
    this.#queue = [];
    this.#state = "finished";
    this.db.finished(this);
    this.db.later(0.02, "idb abort", () => {
      for (const { request } of waiting) {
        request.readyState = "done";
        request.error = domException("AbortError", "the transaction was aborted");
        request.dispatch("error");
      }
      this.dispatch("abort");
    });
  }

  #rollBack(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo.length = 0;
    this.#changes.length = 0;
  }

  /** The connection is gone. */
  severed(tell: boolean): void {
    if (this.#state === "finished") return;
    if (tell) return this.#abort(domException("AbortError", "the connection was closed"));
    this.#rollBack();
    this.#state = "finished";
    this.db.finished(this);
  }
}

class VirtualStore {
  readonly transaction: VirtualTransaction;
  readonly name: string;
  readonly #store: () => Store;

  constructor(transaction: VirtualTransaction, name: string, store: () => Store) {
    this.transaction = transaction;
    this.name = name;
    this.#store = store;
  }

  #ask(run: () => unknown): VirtualRequest {
    return this.transaction.enqueue(new VirtualRequest(), run);
  }

  #write(run: () => unknown): VirtualRequest {
    if (!this.transaction.writes) throw domException("ReadOnlyError", "the transaction only reads");
    return this.#ask(run);
  }

  #set(key: Key, value: unknown): void {
    const store = this.#store();
    const at = placeOf(store.rows, key);
    const old = store.rows[at];
    const replaces = old !== undefined && compareKeys(old.key, key) === 0;
    store.rows.splice(at, replaces ? 1 : 0, { key, value });
    const grown = sizeOf(value) - (replaces ? sizeOf(old.value) : 0);
    this.transaction.db.changeBytes(grown);
    this.transaction.changed({ database: this.transaction.db.name, store: this.name, key, value }, () => {
      const place = placeOf(store.rows, key);
      store.rows.splice(place, 1, ...(replaces ? [old] : []));
      this.transaction.db.changeBytes(-grown);
    });
  }

  #remove(from: number, to: number): void {
    const store = this.#store();
    const gone = store.rows.splice(from, to - from);
    for (const { key, value } of gone) {
      this.transaction.db.changeBytes(-sizeOf(value));
      this.transaction.changed({ database: this.transaction.db.name, store: this.name, key, value: undefined }, () => {
        store.rows.splice(placeOf(store.rows, key), 0, { key, value });
        this.transaction.db.changeBytes(sizeOf(value));
      });
    }
  }

  #put(value: unknown, key: unknown, replace: boolean): VirtualRequest {
    const kept = cloned(value);
    const given = key === undefined ? undefined : validKey(key);
    if (given === undefined && !this.#store().autoIncrement) throw domException("DataError", "a value without a key");
    return this.#write(() => {
      const store = this.#store();
      const used = given ?? store.nextKey++;
      if (typeof used === "number" && used >= store.nextKey) store.nextKey = Math.floor(used) + 1;
      if (!replace && findRow(store.rows, used) !== undefined) throw domException("ConstraintError", "the key exists");
      this.#set(used, kept);
      return used;
    });
  }

  #span(query: unknown, count = 0): readonly Row[] {
    const { rows } = this.#store();
    const [from, to] = spanOf(rows, rangeOf(query));
    return rows.slice(from, count > 0 ? Math.min(to, from + count) : to);
  }

  add(value: unknown, key?: unknown): VirtualRequest {
    return this.#put(value, key, false);
  }
  put(value: unknown, key?: unknown): VirtualRequest {
    return this.#put(value, key, true);
  }
  get(query: unknown): VirtualRequest {
    return this.#ask(() => cloned(this.#span(query, 1)[0]?.value));
  }
  getKey(query: unknown): VirtualRequest {
    return this.#ask(() => this.#span(query, 1)[0]?.key);
  }
  getAll(query?: unknown, count?: number): VirtualRequest {
    return this.#ask(() => this.#span(query, count).map(({ value }) => cloned(value)));
  }
  getAllKeys(query?: unknown, count?: number): VirtualRequest {
    return this.#ask(() => this.#span(query, count).map(({ key }) => key));
  }
  count(query?: unknown): VirtualRequest {
    return this.#ask(() => this.#span(query).length);
  }
  delete(query: unknown): VirtualRequest {
    const range = rangeOf(query);
    return this.#write(() => {
      const [from, to] = spanOf(this.#store().rows, range);
      this.#remove(from, to);
      return undefined;
    });
  }
  clear(): VirtualRequest {
    return this.#write(() => {
      this.#remove(0, this.#store().rows.length);
      return undefined;
    });
  }
  openCursor(query?: unknown, direction = "next"): VirtualRequest {
    return this.#cursor(query, direction, true);
  }
  openKeyCursor(query?: unknown, direction = "next"): VirtualRequest {
    return this.#cursor(query, direction, false);
  }

  #cursor(query: unknown, direction: string, values: boolean): VirtualRequest {
    const range = rangeOf(query);
    const back = direction.startsWith("prev");
    const request = new VirtualRequest();
    const step = (after: Key | undefined, skip: number) => (): unknown => {
      const span = this.#span(range).filter(
        ({ key }) => after === undefined || (back ? compareKeys(key, after) < 0 : compareKeys(key, after) > 0),
      );
      const row = (back ? span.reverse() : span)[skip];
      if (row === undefined) return null;
      const next = (count: number): void => void this.transaction.enqueue(request, step(row.key, count));
      return {
        key: row.key,
        primaryKey: row.key,
        ...(values ? { value: cloned(row.value) } : {}),
        continue: () => next(0),
        advance: (count: number) => next(count - 1),
      };
    };
    return this.transaction.enqueue(request, step(undefined, 0));
  }
}

class VirtualDatabase extends VirtualTarget implements Connection {
  readonly process: Process;
  readonly live: LiveDatabase;
  readonly #access: OriginAccess;
  #closed = false;
  /** While it is being upgraded. */
  upgrade: VirtualTransaction | undefined;

  constructor(process: Process, live: LiveDatabase, access: OriginAccess) {
    super();
    this.process = process;
    this.live = live;
    this.#access = access;
    live.connections.add(this);
  }

  get name(): string {
    return this.live.name;
  }
  get version(): number {
    return this.live.version;
  }
  get objectStoreNames(): readonly string[] & { contains(name: string): boolean } {
    const names = [...this.live.stores.keys()].sort();
    return Object.assign(names, { contains: (name: string) => names.includes(name) });
  }

  later(delayMs: number, label: string, run: () => void): void {
    this.process.later(delayMs * this.#access.faults.slow, label, run);
  }
  changeBytes(by: number): void {
    this.#access.changeBytes(by);
  }

  createObjectStore(name: string, options: { readonly autoIncrement?: boolean } = {}): VirtualStore {
    const { upgrade } = this;
    if (upgrade === undefined) throw domException("InvalidStateError", "stores are made while upgrading only");
    if (this.live.stores.has(name)) throw domException("ConstraintError", "the store exists");
    this.live.stores.set(name, { autoIncrement: options.autoIncrement === true, nextKey: 1, rows: [] });
    (upgrade.stores as string[]).push(name);
    upgrade.changed({ database: this.name, store: name, key: "", value: undefined }, () => void this.live.stores.delete(name));
    return upgrade.objectStore(name);
  }

  transaction(
    names: string | readonly string[],
    mode: Mode = "readonly",
    options: { readonly durability?: string } = {},
  ): VirtualTransaction {
    if (this.#closed) throw domException("InvalidStateError", "the connection is closed");
    const stores = typeof names === "string" ? [names] : [...names];
    if (stores.length === 0) throw domException("InvalidAccessError", "no stores");
    for (const name of stores) if (!this.live.stores.has(name)) throw domException("NotFoundError", "there is no such store");
    return this.begin(stores, mode, options.durability ?? "default");
  }

  begin(stores: readonly string[], mode: Mode, durability: string): VirtualTransaction {
    const transaction = new VirtualTransaction(this, this.#access, stores, mode, durability);
    this.live.transactions.push(transaction);
    startThoseThatMay(this.live);
    return transaction;
  }

  finished(transaction: VirtualTransaction): void {
    const at = this.live.transactions.indexOf(transaction);
    if (at >= 0) this.live.transactions.splice(at, 1);
    startThoseThatMay(this.live);
  }

  close(): void {
    this.#closed = true;
    this.live.connections.delete(this);
  }

  abortTransactions(): void {
    for (const transaction of [...this.live.transactions]) if (isOf(transaction, this)) transaction.severed(true);
  }

  sever(tell: boolean): void {
    this.close();
    for (const transaction of [...this.live.transactions]) if (isOf(transaction, this)) transaction.severed(tell);
    if (tell) this.later(0.1, "idb close", () => this.dispatch("close"));
  }
}

const isOf = (transaction: Transaction, db: VirtualDatabase): transaction is VirtualTransaction =>
  transaction instanceof VirtualTransaction && transaction.db === db;

/** In the order of their making; those that write run alone in their stores. */
function startThoseThatMay(live: LiveDatabase): void {
  const written = new Set<string>();
  const read = new Set<string>();
  for (const transaction of [...live.transactions]) {
    const { stores, writes } = transaction;
    const free = stores.every((name) => !written.has(name) && !(writes && read.has(name)));
    for (const name of stores) (writes ? written : read).add(name);
    if (free) transaction.start();
  }
}

export function createFactory(process: Process, access: OriginAccess): unknown {
  const later = (delayMs: number, label: string, run: () => void): void => void process.later(delayMs * access.faults.slow, label, run);
  const fail = (request: VirtualRequest, error: DOMException): void => {
    request.readyState = "done";
    request.error = error;
    request.dispatch("error");
  };
  const succeed = (request: VirtualRequest, result: unknown): void => {
    request.readyState = "done";
    request.result = result;
    request.dispatch("success");
  };

  /** Others are asked to close; those that do not are waited for. */
  const whenAlone = (request: VirtualRequest, live: LiveDatabase, run: () => void): void => {
    for (const connection of [...live.connections])
      if (connection instanceof VirtualDatabase) connection.later(0.1, "idb versionchange", () => connection.dispatch("versionchange"));
    let told = false;
    const look = (): void => {
      if (live.connections.size === 0 && live.transactions.length === 0) return run();
      if (!told) request.dispatch("blocked");
      told = true;
      later(20, "idb blocked", look);
    };
    later(1, "idb alone?", look);
  };

  const open = (name: string, wanted?: number): VirtualRequest => {
    const request = new VirtualRequest();
    later(0.3 + access.random.float() * 2, "idb open", () => {
      const { failOpen } = access.faults;
      if (failOpen !== undefined) return fail(request, domException(failOpen, "the database can't be opened"));
      const live: LiveDatabase = access.databases.get(name) ?? {
        name,
        version: 0,
        stores: new Map(),
        connections: new Set(),
        transactions: [],
      };
      const version = wanted ?? Math.max(1, live.version);
      if (version < live.version) return fail(request, domException("VersionError", "the database is newer"));
      if (version === live.version) return succeed(request, new VirtualDatabase(process, live, access));
      const upgrade = (): void => {
        if (!process.act("idb create")) return;
        access.databases.set(name, live);
        const before = live.version;
        live.version = version;
        const db = new VirtualDatabase(process, live, access);
        const transaction = db.begin([...live.stores.keys()], "versionchange", "default");
        db.upgrade = transaction;
        request.result = db;
        request.transaction = transaction;
        transaction.addEventListener("complete", () => {
          db.upgrade = undefined;
          succeed(request, db);
        });
        transaction.addEventListener("abort", () => {
          live.version = before;
          db.close();
          fail(request, domException("AbortError", "the upgrade was aborted"));
        });
        // A process that dies in the middle leaves what was there before.
        process.onKill(() => {
          if (db.upgrade === undefined) return;
          live.version = before;
          if (before === 0) access.databases.delete(name);
        });
        request.dispatch("upgradeneeded");
      };
      if (live.connections.size === 0) upgrade();
      else whenAlone(request, live, upgrade);
    });
    return request;
  };

  const deleteDatabase = (name: string): VirtualRequest => {
    const request = new VirtualRequest();
    later(0.3 + access.random.float() * 2, "idb delete", () => {
      const live = access.databases.get(name);
      if (live === undefined) return succeed(request, undefined);
      whenAlone(request, live, () => {
        if (!process.act("idb delete")) return;
        access.databases.delete(name);
        for (const { rows } of live.stores.values()) for (const row of rows) access.changeBytes(-sizeOf(row.value));
        succeed(request, undefined);
      });
    });
    return request;
  };

  return { open, deleteDatabase, cmp: (a: unknown, b: unknown) => Math.sign(compareKeys(validKey(a), validKey(b))) };
}
