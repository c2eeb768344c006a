/**
 * A search for canaries in bytes of any origin. It looks for every spelling (`canary.ts`), and again inside whatever can be unpacked: gzip
 * and zlib streams anywhere, raw deflate and brotli at the start of a piece, runs of base64 and hex. `canary-search.test.ts` proves that it is not blind.
 */
import { brotliDecompressSync, constants, inflateRawSync } from "node:zlib";
import { needlesOf } from "./canary.ts";
import type { Canary, Needle } from "./canary.ts";

export interface Finding {
  readonly canary: string;
  readonly form: string;
  /** Where, and what had to be unpacked to see it. */
  readonly place: string;
}

export interface CanarySearch {
  /** Longest spelling, in bytes: whoever searches in chunks lets them overlap by more. */
  readonly longest: number;
  /** Each canary and form is told once for a place. */
  search(place: string, bytes: Uint8Array): readonly Finding[];
}

/** A stream in a stream in a stream. */
const depthMax = 3;
const unpackedBytesMax = 16 * 1024 * 1024;
/** Shorter runs of base64 can't hold a compressed canary. */
const runBytesMin = 40;

export function createCanarySearch(canaries: readonly Canary[]): CanarySearch {
  const needles = canaries.flatMap(needlesOf);
  const index = indexOf(needles);
  const searchIn = (place: string, bytes: Uint8Array, depth: number, found: Map<string, Finding>): void => {
    for (const { canary, form } of index.hits(bytes)) {
      const finding = { canary, form, place };
      found.set(JSON.stringify(finding), finding);
    }
    if (depth >= depthMax) return;
    for (const [how, unpacked] of unpackedOf(bytes)) searchIn(`${place} > ${how}`, unpacked, depth + 1, found);
  };
  return {
    longest: Math.max(0, ...needles.map((needle) => needle.bytes.length)),
    search: (place, bytes) => {
      const found = new Map<string, Finding>();
      searchIn(place, bytes, 0, found);
      return [...found.values()];
    },
  };
}

interface NeedleIndex {
  hits(bytes: Uint8Array): Iterable<Needle>;
}

/** All needles in one pass: a table of their first two bytes, then a map of their first four. */
function indexOf(needles: readonly Needle[]): NeedleIndex {
  const starts = new Uint8Array(0x10000);
  const byFour = new Map<number, Needle[]>();
  for (const needle of needles) {
    const [a = 0, b = 0, c = 0, d = 0] = needle.bytes;
    starts[a | (b << 8)] = 1;
    const key = a | (b << 8) | (c << 16) | (d << 24);
    byFour.set(key, [...(byFour.get(key) ?? []), needle]);
  }
  const isAt = (bytes: Uint8Array, at: number, wanted: Uint8Array): boolean => {
    if (at + wanted.length > bytes.length) return false;
    for (let offset = 4; offset < wanted.length; offset++) if (bytes[at + offset] !== wanted[offset]) return false;
    return true;
  };
  return {
    hits: (bytes) => {
      const found = new Set<Needle>();
      const last = bytes.length - 4;
      for (let at = 0; at <= last; at++) {
        const two = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
        if (starts[two] === 0) continue;
        const candidates = byFour.get(two | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24));
        for (const needle of candidates ?? []) if (isAt(bytes, at, needle.bytes)) found.add(needle);
      }
      return found;
    },
  };
}

function* unpackedOf(bytes: Uint8Array): Iterable<readonly [string, Uint8Array]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const [how, unpack] of wholePackings) {
    const unpacked = attempt(() => unpack(buffer));
    if (unpacked !== undefined) yield [how, unpacked];
  }
  for (const [how, magic, unpack] of streamPackings) {
    for (let at = buffer.indexOf(magic); at >= 0; at = buffer.indexOf(magic, at + 1)) {
      const unpacked = attempt(() => unpack(buffer.subarray(at)));
      if (unpacked !== undefined) yield [`${how} at ${at}`, unpacked];
    }
  }
  yield* decodedRuns(buffer);
}

/** Cut-off streams give what they hold. */
const zlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: unpackedBytesMax };

const wholePackings: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ["raw deflate", (bytes) => inflateRawSync(bytes, zlibOptions)],
  ["brotli", (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: unpackedBytesMax })],
];

/**
 * Headers are skipped and checksums not read: a stream whose end is damaged, or is followed by other bytes, is unpacked too. zlib's second byte says
 * how hard the sender tried; these four are what zlib writes with its usual window.
 */
const streamPackings: readonly (readonly [string, Buffer, (bytes: Buffer) => Buffer])[] = [
  ["gzip", Buffer.from([0x1f, 0x8b, 0x08]), (bytes) => inflateRawSync(bytes.subarray(gzipHeaderBytes(bytes)), zlibOptions)],
  ...[0x01, 0x5e, 0x9c, 0xda].map(
    (level) => ["zlib", Buffer.from([0x78, level]), (bytes: Buffer) => inflateRawSync(bytes.subarray(2), zlibOptions)] as const,
  ),
];

/** RFC 1952 §2.3: extra field, name, comment and header checksum, each if its flag is set. */
function gzipHeaderBytes(bytes: Buffer): number {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + bytes.readUInt16LE(at);
  for (const flag of [8, 16]) if ((flags & flag) !== 0) at = bytes.indexOf(0, at) + 1;
  return (flags & 2) === 0 ? at : at + 2;
}

function attempt(run: () => Buffer): Buffer | undefined {
  try {
    const unpacked = run();
    return unpacked.length === 0 ? undefined : unpacked;
  } catch {
    // Not such a stream.
    return undefined;
  }
}

const base64Characters: Uint8Array = characterTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");

function characterTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Only for what stands compressed in them: canaries spelled in base64 or hex are needles of their own. */
function* decodedRuns(buffer: Buffer): Iterable<readonly [string, Uint8Array]> {
  let start = 0;
  for (let at = 0; at <= buffer.length; at++) {
    if (at < buffer.length && base64Characters[buffer[at] as number] === 1) continue;
    if (at - start >= runBytesMin) {
      const run = buffer.toString("latin1", start, at);
      if (/^[0-9a-fA-F]+$/.test(run)) yield [`hex at ${start}`, Buffer.from(run, "hex")];
      else if (mayHoldStream(run)) yield [`base64 at ${start}`, Buffer.from(run, "base64url")];
    }
    start = at + 1;
  }
}

/** A run is decoded from its start, so a stream in it stands there. Starts of gzip and zlib, and short runs for raw deflate and brotli. */
const mayHoldStream = (run: string): boolean => run.length <= 4096 || /^(H4sI|e[AFJN])/.test(run);
