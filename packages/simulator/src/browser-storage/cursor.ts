/** `IDBCursor` and `IDBCursorWithValue`: one object that its request gives again and again. */
import { compareKeys, domException, keyValue, validKey } from "./keys.ts";
import type { Key, KeyRange } from "./keys.ts";
import type { RequestState } from "./request.ts";
import { spanOf } from "./rows.ts";
import type { Row } from "./rows.ts";
import { cloned } from "./values.ts";

export type Direction = "next" | "nextunique" | "prev" | "prevunique";

export interface CursorParts {
  readonly source: object;
  readonly request: RequestState;
  readonly range: KeyRange;
  readonly direction: Direction;
  readonly withValues: boolean;
  rows(): readonly Row[];
  /** Throws if the transaction takes no requests, or no writes. */
  check(writing: boolean): void;
  enqueue(run: () => unknown): void;
  put(key: Key, value: unknown): object;
  remove(key: Key): object;
}

export function createCursor(parts: CursorParts): void {
  const { direction, range, request } = parts;
  if (!["next", "nextunique", "prev", "prevunique"].includes(direction)) throw new TypeError(`${direction} is not a cursor direction`);
  const back = direction.startsWith("prev");
  let at: Row | undefined;
  /** Between an answer and the next question. */
  let ready = false;

  function step(skip: number, to: Key | undefined): unknown {
    const rows = parts.rows();
    const [from, end] = spanOf(rows, range);
    let left = skip;
    for (let index = back ? end - 1 : from; back ? index >= from : index < end; index += back ? -1 : 1) {
      const row = rows[index] as Row;
      const past = (than: Key): number => compareKeys(row.key, than) * (back ? -1 : 1);
      if ((at !== undefined && past(at.key) <= 0) || (to !== undefined && past(to) < 0)) continue;
      if (left-- > 0) continue;
      at = row;
      ready = true;
      return self;
    }
    return null;
  }

  function goOn(skip: number, to: Key | undefined): void {
    ready = false;
    request.again();
    parts.enqueue(() => step(skip, to));
  }

  function position(writing: boolean): Row {
    parts.check(writing);
    if (!ready || at === undefined) throw domException("InvalidStateError", "The cursor is being iterated or has iterated past its end.");
    return at;
  }

  const self: object = {
    source: parts.source,
    direction,
    request: request.hub.self,
    get key() {
      return at === undefined ? undefined : keyValue(at.key);
    },
    get primaryKey() {
      return at === undefined ? undefined : keyValue(at.key);
    },
    continue: (key?: unknown) => {
      const { key: here } = position(false);
      const to = key === undefined ? undefined : validKey(key);
      if (to !== undefined && compareKeys(to, here) * (back ? -1 : 1) <= 0)
        throw domException("DataError", "The key is not ahead of the cursor.");
      goOn(0, to);
    },
    advance: (count: number) => {
      if (!(count > 0)) throw new TypeError("A count argument with value 0 was supplied, must be greater than 0.");
      position(false);
      goOn(count - 1, undefined);
    },
    update: (value: unknown) => parts.put(position(true).key, cloned(value)),
    delete: () => parts.remove(position(true).key),
  };
  if (parts.withValues) {
    let of: Row | undefined;
    let value: unknown;
    Object.defineProperty(self, "value", {
      get: () => {
        if (of !== at) value = cloned(at?.value);
        of = at;
        return value;
      },
    });
  }
  parts.enqueue(() => step(0, undefined));
}
