/** Keys and ranges of IndexedDB (section 2.4 and 4.7 of its specification): numbers, then strings by code units, then bytes. */
export type Key = number | string | Uint8Array;

const rankOf = (key: Key): number => (typeof key === "number" ? 0 : typeof key === "string" ? 1 : 2);

export function compareKeys(a: Key, b: Key): number {
  const ranks = rankOf(a) - rankOf(b);
  if (ranks !== 0) return ranks;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return (a[at] ?? 0) - (b[at] ?? 0);
    return a.length - b.length;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

export const domException = (name: string, message = ""): DOMException => new DOMException(message, name);

export function validKey(value: unknown): Key {
  if (typeof value === "string" || (typeof value === "number" && !Number.isNaN(value))) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  throw domException("DataError", "not a valid key");
}

export class VirtualKeyRange {
  readonly lower: Key | undefined;
  readonly upper: Key | undefined;
  readonly lowerOpen: boolean;
  readonly upperOpen: boolean;

  constructor(lower: Key | undefined, upper: Key | undefined, lowerOpen: boolean, upperOpen: boolean) {
    this.lower = lower;
    this.upper = upper;
    this.lowerOpen = lowerOpen;
    this.upperOpen = upperOpen;
  }

  static only(value: unknown): VirtualKeyRange {
    const key = validKey(value);
    return new VirtualKeyRange(key, key, false, false);
  }

  static bound(lower: unknown, upper: unknown, lowerOpen = false, upperOpen = false): VirtualKeyRange {
    const [from, to] = [validKey(lower), validKey(upper)];
    const order = compareKeys(from, to);
    if (order > 0 || (order === 0 && (lowerOpen || upperOpen))) throw domException("DataError", "the range is upside down");
    return new VirtualKeyRange(from, to, lowerOpen, upperOpen);
  }

  static lowerBound(lower: unknown, open = false): VirtualKeyRange {
    return new VirtualKeyRange(validKey(lower), undefined, open, true);
  }

  static upperBound(upper: unknown, open = false): VirtualKeyRange {
    return new VirtualKeyRange(undefined, validKey(upper), true, open);
  }

  includes(value: unknown): boolean {
    const key = validKey(value);
    const low = this.lower === undefined ? 1 : compareKeys(key, this.lower);
    const high = this.upper === undefined ? -1 : compareKeys(key, this.upper);
    return (low > 0 || (low === 0 && !this.lowerOpen)) && (high < 0 || (high === 0 && !this.upperOpen));
  }
}

/** What a method takes for "which": a key, a range, or nothing for all. */
export function rangeOf(query: unknown): VirtualKeyRange {
  if (query === undefined || query === null) return new VirtualKeyRange(undefined, undefined, true, true);
  return query instanceof VirtualKeyRange ? query : VirtualKeyRange.only(query);
}
