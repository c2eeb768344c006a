/**
 * Keys of the relay's LevelDB, all binary. LevelDB sorts by bytes, so numbers are big-endian (u64) and tables are contiguous.
 *
 *     00 ‖ name                              format row ("format") and nothing else
 *     01 ‖ name (UTF-8)                      meta: small values of the relay
 *     02 ‖ docId (16)                        head: space, seq, chain hash
 *     03 ‖ docId (16) ‖ replicaId (16) ‖ n   author: where a replica's record is, and its hash
 *     04 ‖ docId (16) ‖ seq                  entry
 *     05 ‖ docId (16) ‖ replicaId (16)       tail: the last record of a replica
 *     06 ‖ key                               second copy of a row of table 00, 01, 08 or 09, far from the first
 *     07 ‖ spaceId (16) ‖ position           operation of a space's access log
 *     08 ‖ spaceId (16)                      access head: position and hash of the last operation
 *     09 ‖ deviceId (32)                     note that a device left
 *
 * One damaged block can hide all rows in it, which are neighbours. The order keeps rows that vouch for each other apart: entries
 * between author rows and tails, author rows between heads and entries.
 */
import { assert, idBytes } from "@skerry/protocol";
import type { DeviceId, DocId, ReplicaId, SpaceId } from "@skerry/protocol";

const u64Bytes = 8;
const tables = { format: 0, meta: 1, head: 2, author: 3, entry: 4, tail: 5, copy: 6, operation: 7, accessHead: 8, note: 9 } as const;

export const metaNameBytesMax = 256;

export const formatKey: Uint8Array = keyOf(tables.format, [new TextEncoder().encode("format")]);

export function metaKey(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  assert(bytes.length > 0 && bytes.length <= metaNameBytesMax, "meta name is empty or too long");
  return keyOf(tables.meta, [bytes]);
}

export const copyKey = (key: Uint8Array): Uint8Array => keyOf(tables.copy, [key]);

export const headKey = (docId: DocId): Uint8Array => keyOf(tables.head, [docId]);
export const entryKey = (docId: DocId, seq: number): Uint8Array => keyOf(tables.entry, [docId], seq);
export const authorKey = (docId: DocId, replicaId: ReplicaId, n: number): Uint8Array => keyOf(tables.author, [docId, replicaId], n);
export const tailKey = (docId: DocId, replicaId: ReplicaId): Uint8Array => keyOf(tables.tail, [docId, replicaId]);

export const operationKey = (spaceId: SpaceId, position: number): Uint8Array => keyOf(tables.operation, [spaceId], position);
export const accessHeadKey = (spaceId: SpaceId): Uint8Array => keyOf(tables.accessHead, [spaceId]);
export const positionOfOperationKey = (key: Uint8Array): number => readU64(key, 1 + idBytes);

export const noteKey = (deviceId: DeviceId): Uint8Array => keyOf(tables.note, [deviceId]);

export const seqOfEntryKey = (key: Uint8Array): number => readU64(key, 1 + idBytes);
/** A copy, and no Buffer: LevelDB hands out Buffers, whose `slice` shares memory. */
export const docIdOfKey = (key: Uint8Array): DocId => Uint8Array.from(key.subarray(1, 1 + idBytes)) as DocId;

/** All keys of the head table, and of the entry table: every document has a row in the first and rows in the second. */
export const headTable: KeyRange = { gte: Uint8Array.of(tables.head), lt: Uint8Array.of(tables.head + 1) };
export const entryTable: KeyRange = { gte: Uint8Array.of(tables.entry), lt: Uint8Array.of(tables.entry + 1) };

export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** Greater than every entry key of the document, and not greater than any of the next one's. */
export function afterEntriesOf(docId: DocId): Uint8Array {
  const key = new Uint8Array(1 + idBytes + u64Bytes + 1).fill(0xff);
  key[0] = tables.entry;
  key.set(docId, 1);
  return key;
}

/** Greater than every operation key of the space, and not greater than any of the next one's. */
export function afterOperationsOf(spaceId: SpaceId): Uint8Array {
  const key = new Uint8Array(1 + idBytes + u64Bytes + 1).fill(0xff);
  key[0] = tables.operation;
  key.set(spaceId, 1);
  return key;
}

/** A short string that stands for a few bytes (an id, a key) in a `Map`. Strings sort as their bytes do. */
export const mapKey = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** The order of LevelDB's keys, as `Array.prototype.sort` wants it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function keyOf(table: number, parts: readonly Uint8Array[], number?: number): Uint8Array {
  let length = 1;
  for (const part of parts) length += part.length;
  const key = new Uint8Array(number === undefined ? length : length + u64Bytes);
  key[0] = table;
  let offset = 1;
  for (const part of parts) {
    key.set(part, offset);
    offset += part.length;
  }
  if (number !== undefined) writeU64(key, offset, number);
  return key;
}

/** Numbers above 2^53 - 1 do not exist here; two 32-bit halves are much cheaper than a BigInt. */
export function writeU64(bytes: Uint8Array, offset: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, "not an unsigned safe integer");
  const high = Math.floor(value / 0x1_0000_0000);
  for (let index = 0, rest = high; index < 4; index++, rest >>>= 8) bytes[offset + 3 - index] = rest & 0xff;
  for (let index = 0, rest = value >>> 0; index < 4; index++, rest >>>= 8) bytes[offset + 7 - index] = rest & 0xff;
}

/** NaN when the bytes are not there or hold no safe integer: a comparison with it is false, so damage never passes. */
export function readU64(bytes: Uint8Array, offset: number): number {
  let value = 0;
  for (let index = 0; index < u64Bytes; index++) value = value * 256 + (bytes[offset + index] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}
