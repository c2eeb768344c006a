import { refuse } from "./fault.ts";
import { clientMax, clockMax } from "./limits.ts";

/** Length in UTF-16 code units of the UTF-8 in `bytes[from, to)`, or -1 if it is malformed: as strict as `TextDecoder` with `fatal`. */
export function utf16Length(bytes: Uint8Array, from: number, to: number): number {
  let units = 0;
  let at = from;
  while (at < to) {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      at += 1;
      units += 1;
      continue;
    }
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || at + more >= to) return -1;
    const second = bytes[at + 1] ?? 0;
    // The second byte decides on overlong spellings (E0, F0), surrogates (ED) and what lies beyond Unicode (F4).
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return -1;
    for (let next = at + 2; next <= at + more; next++) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return -1;
    at += more + 1;
    units += more === 3 ? 2 : 1;
  }
  return units;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const protoKey = new TextEncoder().encode("__proto__");

/** Walks bytes without building what they describe. Every method throws only `Fault`, and never reads outside of `bytes`. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly depthMax: number;
  at = 0;

  constructor(bytes: Uint8Array, depthMax: number) {
    this.bytes = bytes;
    this.depthMax = depthMax;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) return refuse("truncated");
    this.at += 1;
    return value;
  }

  /** lib0's base-128 integer, shortest spelling, at most 2^32-1. */
  uint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > clientMax) return refuse("clock-overflow");
      if (byte < 0x80) return byte === 0 && factor > 1 ? refuse("not-canonical") : value;
      factor *= 128;
      // Five bytes carry 35 bits.
      if (factor > 2 ** 28) return refuse("clock-overflow");
    }
  }

  /** A clock, or a length: at most 2^31-1. */
  clock(): number {
    const value = this.uint();
    return value > clockMax ? refuse("clock-overflow") : value;
  }

  /** A length that is not zero. */
  length(): number {
    const value = this.clock();
    return value === 0 ? refuse("bad-struct") : value;
  }

  /** A count of things that take at least `bytesEach` bytes each. */
  count(bytesEach: number): number {
    const value = this.uint();
    return value * bytesEach > this.remaining ? refuse("truncated") : value;
  }

  skip(count: number): void {
    if (count > this.remaining) refuse("truncated");
    this.at += count;
  }

  /** Length-prefixed bytes. Returns where they start; `at` is where they end. */
  blob(): number {
    const length = this.uint();
    const start = this.at;
    this.skip(length);
    return start;
  }

  /** Length-prefixed UTF-8. Returns its length in UTF-16 code units. */
  text(): number {
    const start = this.blob();
    const units = utf16Length(this.bytes, start, this.at);
    return units < 0 ? refuse("bad-text") : units;
  }

  /** A name that ends up as a key somewhere. */
  key(): void {
    const start = this.blob();
    if (utf16Length(this.bytes, start, this.at) < 0) refuse("bad-text");
    if (this.at - start === protoKey.length && protoKey.every((byte, index) => byte === this.bytes[start + index])) refuse("bad-key");
  }

  /** A name as a string: for the few that have to be counted. */
  name(): string {
    const before = this.at;
    this.key();
    const end = this.at;
    this.at = before;
    const start = this.blob();
    return decoder.decode(this.bytes.subarray(start, end));
  }

  /** One JSON text: what Yjs hands to `JSON.parse`. `undefinedAllowed`: ContentJSON writes undefined as that word. */
  json(undefinedAllowed: boolean): void {
    const start = this.blob();
    const end = this.at;
    if (utf16Length(this.bytes, start, end) < 0) refuse("bad-text");
    this.jsonDepth(start, end);
    const text = decoder.decode(this.bytes.subarray(start, end));
    if (undefinedAllowed && text === "undefined") return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      refuse("bad-json");
    }
    // A key can also be spelt with escapes, so what was parsed is searched, but only where there is any suspicion.
    if (text.includes("__proto__") || text.includes("\\u")) refuseProtoKeys(value);
  }

  private jsonDepth(start: number, end: number): void {
    let depth = 0;
    let quoted = false;
    for (let at = start; at < end; at++) {
      const byte = this.bytes[at];
      if (quoted) {
        if (byte === 0x5c) at += 1;
        else if (byte === 0x22) quoted = false;
      } else if (byte === 0x22) quoted = true;
      else if (byte === 0x5b || byte === 0x7b) {
        depth += 1;
        if (depth > this.depthMax) refuse("too-deep");
      } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    }
  }

  /** lib0's signed integer, as `readVarInt` takes it: at most 2^53-1 on either side, shortest spelling. */
  private varInt(): void {
    let byte = this.byte();
    let value = byte & 0x3f;
    let factor = 64;
    while (byte >= 0x80) {
      byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER || factor > 2 ** 48) refuse("bad-value");
      if (byte === 0) refuse("not-canonical");
      factor *= 128;
    }
  }

  /** One value of lib0's `writeAny`, nested at most `depthMax` levels. Returns its type byte. */
  any(depth = 0): number {
    const type = this.byte();
    switch (type) {
      case 127: // undefined
      case 126: // null
      case 121: // false
      case 120: // true
        return type;
      case 125:
        this.varInt();
        return type;
      case 124:
        this.skip(4);
        return type;
      case 123:
      case 122:
        this.skip(8);
        return type;
      case 119:
        this.text();
        return type;
      case 116:
        this.blob();
        return type;
      case 118:
      case 117: {
        if (depth >= this.depthMax) refuse("too-deep");
        const count = this.count(type === 118 ? 2 : 1);
        for (let index = 0; index < count; index++) {
          if (type === 118) this.key();
          this.any(depth + 1);
        }
        return type;
      }
      default:
        return refuse("bad-value");
    }
  }
}

/** Recursion is bounded: the text was checked for depth before it was parsed. */
function refuseProtoKeys(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    if (key === "__proto__") refuse("bad-key");
    refuseProtoKeys((value as Record<string, unknown>)[key]);
  }
}
