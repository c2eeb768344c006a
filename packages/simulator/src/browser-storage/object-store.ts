/** `IDBObjectStore` without key paths and indexes. */
import { createCursor } from "./cursor.ts";
import type { Direction } from "./cursor.ts";
import type { Hub } from "./events.ts";
import { domException, keyValue, rangeOf, validKey } from "./keys.ts";
import type { Key, KeyRange } from "./keys.ts";
import { createRequest } from "./request.ts";
import type { RequestState } from "./request.ts";
import { hasRow, putRow, removeRows, spanOf } from "./rows.ts";
import type { Row, StoreState, WorkingStore } from "./rows.ts";
import { cloned } from "./values.ts";

/** What a transaction lends to its stores. */
export interface StoreParts {
  readonly transactionHub: Hub;
  readonly writes: boolean;
  active(): boolean;
  deleted(): boolean;
  read(): StoreState;
  edit(): WorkingStore;
  /** `bytes` of a value that was put. */
  changed(key: Key, value: unknown, bytes: number): void;
  enqueue(request: RequestState, reads: boolean, run: () => unknown): void;
  nextKey(store: WorkingStore): number;
}

export function createObjectStore(name: string, parts: StoreParts): object {
  function check(writing: boolean): void {
    if (parts.deleted()) throw domException("InvalidStateError", "The object store has been deleted.");
    if (!parts.active()) throw domException("TransactionInactiveError", "The transaction is not active.");
    if (writing && !parts.writes) throw domException("ReadOnlyError", "The transaction is read-only.");
  }

  function ask(reads: boolean, run: () => unknown): object {
    const request = createRequest(self, parts.transactionHub.self, parts.transactionHub);
    parts.enqueue(request, reads, run);
    return request.hub.self;
  }

  function span(range: KeyRange, count = 0): readonly Row[] {
    const { rows } = parts.read();
    const [from, to] = spanOf(rows, range);
    return rows.slice(from, count > 0 ? Math.min(to, from + count) : to);
  }

  function write(row: Row): void {
    parts.changed(row.key, row.value, putRow(parts.edit(), row));
  }

  function remove(range: KeyRange): undefined {
    // Also if nothing is there to remove: a strict transaction that completes has flushed what came before it.
    for (const { key } of removeRows(parts.edit(), range)) parts.changed(key, undefined, 0);
    return undefined;
  }

  function store(value: unknown, key: unknown, replace: boolean): object {
    check(true);
    const { autoIncrement } = parts.read();
    if (key === undefined && !autoIncrement) throw domException("DataError", "The object store has no key generator and no key was given.");
    const given = key === undefined ? undefined : validKey(key);
    const kept = cloned(value);
    return ask(false, () => {
      const used = given ?? parts.nextKey(parts.edit());
      if (!replace && hasRow(parts.read().rows, used)) throw domException("ConstraintError", "The key exists in the object store.");
      if (autoIncrement && typeof given === "number") {
        const working = parts.edit();
        working.nextKey = Math.max(working.nextKey, Math.floor(given) + 1);
      }
      write({ key: used, value: kept });
      return keyValue(used);
    });
  }

  function reading(query: unknown, allowed: "all" | "some", run: (range: KeyRange) => unknown): object {
    check(false);
    const range = rangeOf(query, allowed);
    return ask(true, () => run(range));
  }

  function cursor(query: unknown, direction: Direction, withValues: boolean): object {
    check(false);
    const request = createRequest(self, parts.transactionHub.self, parts.transactionHub);
    createCursor({
      source: self,
      request,
      range: rangeOf(query, "all"),
      direction,
      withValues,
      rows: () => parts.read().rows,
      check,
      enqueue: (run) => parts.enqueue(request, true, run),
      put: (key, value) =>
        ask(false, () => {
          write({ key, value });
          return keyValue(key);
        }),
      remove: (key) => ask(false, () => remove(rangeOf(key, "some"))),
    });
    return request.hub.self;
  }

  const self: object = {
    name,
    keyPath: null,
    get autoIncrement() {
      return parts.read().autoIncrement;
    },
    transaction: parts.transactionHub.self,
    add: (value: unknown, key?: unknown) => store(value, key, false),
    put: (value: unknown, key?: unknown) => store(value, key, true),
    get: (query: unknown) => reading(query, "some", (range) => cloned(span(range, 1)[0]?.value)),
    getKey: (query: unknown) =>
      reading(query, "some", (range) => {
        const row = span(range, 1)[0];
        return row === undefined ? undefined : keyValue(row.key);
      }),
    getAll: (query?: unknown, count?: number) => reading(query, "all", (range) => span(range, count).map(({ value }) => cloned(value))),
    getAllKeys: (query?: unknown, count?: number) => reading(query, "all", (range) => span(range, count).map(({ key }) => keyValue(key))),
    count: (query?: unknown) =>
      reading(query, "all", (range) => {
        const [from, to] = spanOf(parts.read().rows, range);
        return to - from;
      }),
    delete: (query: unknown) => {
      check(true);
      const range = rangeOf(query, "some");
      return ask(false, () => remove(range));
    },
    clear: () => {
      check(true);
      return ask(false, () => remove(rangeOf(undefined, "all")));
    },
    openCursor: (query?: unknown, direction: Direction = "next") => cursor(query, direction, true),
    openKeyCursor: (query?: unknown, direction: Direction = "next") => cursor(query, direction, false),
  };
  return self;
}
