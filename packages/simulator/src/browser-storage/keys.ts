/** Keys and ranges of IndexedDB: numbers, then strings by UTF-16 code units, then bytes. Dates and arrays as keys are refused. */
export type Key = number | string | Uint8Array;

const rankOf = (key: Key): number => (typeof key === "number" ? 0 : typeof key === "string" ? 1 : 2);

export function compareKeys(a: Key, b: Key): number {
  const ranks = rankOf(a) - rankOf(b);
  if (ranks !== 0) return ranks < 0 ? -1 : 1;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    const shorter = Math.min(a.length, b.length);
    for (let at = 0; at < shorter; at++) if (a[at] !== b[at]) return (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1;
    return Math.sign(a.length - b.length);
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

export const domException = (name: string, message = ""): DOMException => new DOMException(message, name);

/** Throws DataError. */
export function validKey(value: unknown): Key {
  if (typeof value === "string" || (typeof value === "number" && !Number.isNaN(value))) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  throw domException("DataError", "The parameter is not a valid key.");
}

/** As users get it back: bytes as an ArrayBuffer, whatever they were given as. */
export const keyValue = (key: Key): number | string | ArrayBuffer => (key instanceof Uint8Array ? key.slice().buffer : key);

export interface KeyRange {
  readonly lower: Key | undefined;
  readonly upper: Key | undefined;
  readonly lowerOpen: boolean;
  readonly upperOpen: boolean;
  includes(value: unknown): boolean;
}

const ranges = new WeakSet<object>();

function createRange(lower: Key | undefined, upper: Key | undefined, lowerOpen: boolean, upperOpen: boolean): KeyRange {
  const range: KeyRange = {
    lower,
    upper,
    lowerOpen,
    upperOpen,
    includes: (value) => {
      const key = validKey(value);
      const low = lower === undefined ? 1 : compareKeys(key, lower);
      const high = upper === undefined ? -1 : compareKeys(key, upper);
      return (low > 0 || (low === 0 && !lowerOpen)) && (high < 0 || (high === 0 && !upperOpen));
    },
  };
  ranges.add(range);
  return range;
}

const everything = createRange(undefined, undefined, true, true);

function only(value: unknown): KeyRange {
  const key = validKey(value);
  return createRange(key, key, false, false);
}

/** The global `IDBKeyRange`. */
export const keyRanges: {
  only(value: unknown): KeyRange;
  bound(lower: unknown, upper: unknown, lowerOpen?: boolean, upperOpen?: boolean): KeyRange;
  lowerBound(lower: unknown, open?: boolean): KeyRange;
  upperBound(upper: unknown, open?: boolean): KeyRange;
} = {
  only,
  bound: (lower, upper, lowerOpen = false, upperOpen = false) => {
    const [from, to] = [validKey(lower), validKey(upper)];
    const order = compareKeys(from, to);
    if (order > 0 || (order === 0 && (lowerOpen || upperOpen)))
      throw domException("DataError", "The lower key is greater than the upper key.");
    return createRange(from, to, lowerOpen, upperOpen);
  },
  lowerBound: (lower, open = false) => createRange(validKey(lower), undefined, open, true),
  upperBound: (upper, open = false) => createRange(undefined, validKey(upper), true, open),
};

/** What a method takes for "which": a key or a range; nothing, where that is allowed, for all. */
export function rangeOf(query: unknown, allowed: "all" | "some"): KeyRange {
  if (query === undefined || query === null) {
    if (allowed === "all") return everything;
    throw domException("DataError", "No key or key range specified.");
  }
  return typeof query === "object" && ranges.has(query) ? (query as KeyRange) : only(query);
}
