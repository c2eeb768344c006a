/**
 * Values of the relay's LevelDB. LevelDB does not check its table blocks when it reads them, so each row carries its own check:
 *
 *     row   = version (1, = 1) ‖ crc32 (4, big-endian, over key ‖ version ‖ body) ‖ body
 *     entry = chainHash (32) ‖ receivedAtMs (u64) ‖ accessPosition (u64) ‖ record
 *     head  = spaceId (16) ‖ seq (u64) ‖ chainHash (32)
 *     author, tail = seq (u64) ‖ n (u64) ‖ recordHash (32)
 *     operation = hash (32) ‖ receivedAtMs (u64) ‖ operation
 *     access head = position (u64) ‖ hash (32)
 *     note = spaceId (16) ‖ body; nothing once it was deleted
 *
 * The checksum is against accidents of a disk: it covers what the hash chain does not (receive time, signature, index rows) and
 * binds a value to its key. Whoever can write the folder can also forge it; peers verify chains and signatures themselves.
 */
import { hashBytes, idBytes } from "@skerry/protocol";
import type { ChainHash, Entry, RecordHash, SpaceId } from "@skerry/protocol";
import type { AccessLogHead, DocumentInfo, StoredNote } from "../log-store.ts";
import { crc32 } from "./crc.ts";
import { readU64, writeU64 } from "./keys.ts";

export const rowVersion = 1;
const prefixBytes = 5;
const entryFixedBytes = hashBytes + 16;
const headBytes = idBytes + 8 + hashBytes;
const pointerBytes = 16 + hashBytes;
const operationFixedBytes = hashBytes + 8;

/** An entry's row, opened but not yet compared with its neighbours. */
export interface EntryRow extends Entry {
  readonly chainHash: ChainHash;
}

/** Where a record of a replica is. */
export interface Pointer {
  readonly seq: number;
  readonly n: number;
  readonly recordHash: RecordHash;
}

/** Undefined: the row is altered, cut short or of another version. */
export type Opened<T> = T | undefined;

export function encodeEntryRow(key: Uint8Array, entry: Entry, chainHash: ChainHash): Uint8Array {
  const row = new Uint8Array(prefixBytes + entryFixedBytes + entry.record.length);
  row.set(chainHash, prefixBytes);
  writeU64(row, prefixBytes + hashBytes, entry.receivedAtMs);
  writeU64(row, prefixBytes + hashBytes + 8, entry.accessPosition);
  row.set(entry.record, prefixBytes + entryFixedBytes);
  return sealRow(key, row);
}

export function openEntryRow(key: Uint8Array, row: Uint8Array): Opened<EntryRow> {
  const body = openRow(key, row);
  if (body === undefined || body.length < entryFixedBytes) return undefined;
  return {
    chainHash: body.subarray(0, hashBytes) as ChainHash,
    receivedAtMs: readU64(body, hashBytes),
    accessPosition: readU64(body, hashBytes + 8),
    record: body.subarray(entryFixedBytes),
  };
}

export function encodeHeadRow(key: Uint8Array, info: DocumentInfo): Uint8Array {
  const row = new Uint8Array(prefixBytes + headBytes);
  row.set(info.spaceId, prefixBytes);
  writeU64(row, prefixBytes + idBytes, info.head.seq);
  row.set(info.head.chainHash, prefixBytes + idBytes + 8);
  return sealRow(key, row);
}

export function openHeadRow(key: Uint8Array, row: Uint8Array): Opened<DocumentInfo> {
  const body = openRow(key, row);
  if (body === undefined || body.length !== headBytes) return undefined;
  const chainHash = body.subarray(idBytes + 8) as ChainHash;
  return { spaceId: body.subarray(0, idBytes) as SpaceId, head: { seq: readU64(body, idBytes), chainHash } };
}

export function encodePointerRow(key: Uint8Array, pointer: Pointer): Uint8Array {
  const row = new Uint8Array(prefixBytes + pointerBytes);
  writeU64(row, prefixBytes, pointer.seq);
  writeU64(row, prefixBytes + 8, pointer.n);
  row.set(pointer.recordHash, prefixBytes + 16);
  return sealRow(key, row);
}

export function openPointerRow(key: Uint8Array, row: Uint8Array): Opened<Pointer> {
  const body = openRow(key, row);
  if (body === undefined || body.length !== pointerBytes) return undefined;
  return { seq: readU64(body, 0), n: readU64(body, 8), recordHash: body.subarray(16) as RecordHash };
}

/** An operation's row, opened but not yet compared with its neighbours. */
export interface OperationRow {
  readonly hash: Uint8Array;
  readonly receivedAtMs: number;
  readonly operation: Uint8Array;
}

export function encodeOperationRow(key: Uint8Array, { hash, receivedAtMs, operation }: OperationRow): Uint8Array {
  const row = new Uint8Array(prefixBytes + operationFixedBytes + operation.length);
  row.set(hash, prefixBytes);
  writeU64(row, prefixBytes + hashBytes, receivedAtMs);
  row.set(operation, prefixBytes + operationFixedBytes);
  return sealRow(key, row);
}

export function openOperationRow(key: Uint8Array, row: Uint8Array): Opened<OperationRow> {
  const body = openRow(key, row);
  if (body === undefined || body.length < operationFixedBytes) return undefined;
  return { hash: body.slice(0, hashBytes), receivedAtMs: readU64(body, hashBytes), operation: body.slice(operationFixedBytes) };
}

export function encodeAccessHeadRow(key: Uint8Array, { position, hash }: AccessLogHead): Uint8Array {
  const row = new Uint8Array(prefixBytes + 8 + hashBytes);
  writeU64(row, prefixBytes, position);
  row.set(hash, prefixBytes + 8);
  return sealRow(key, row);
}

export function openAccessHeadRow(key: Uint8Array, row: Uint8Array): Opened<AccessLogHead> {
  const body = openRow(key, row);
  if (body === undefined || body.length !== 8 + hashBytes) return undefined;
  return { position: readU64(body, 0), hash: body.slice(8) };
}

/** Null: there is none any more. It stays a row, so that one that vanished is noticed by its copy. */
export function encodeNoteRow(key: Uint8Array, note: StoredNote | null): Uint8Array {
  const row = new Uint8Array(prefixBytes + (note === null ? 0 : idBytes + note.body.length));
  if (note !== null) {
    row.set(note.spaceId, prefixBytes);
    row.set(note.body, prefixBytes + idBytes);
  }
  return sealRow(key, row);
}

export function openNoteRow(key: Uint8Array, row: Uint8Array): Opened<StoredNote | null> {
  const body = openRow(key, row);
  if (body === undefined || body.length === 0) return body && null;
  if (body.length < idBytes) return undefined;
  return { spaceId: body.slice(0, idBytes) as SpaceId, body: body.slice(idBytes) };
}

export function encodeBytesRow(key: Uint8Array, value: Uint8Array): Uint8Array {
  const row = new Uint8Array(prefixBytes + value.length);
  row.set(value, prefixBytes);
  return sealRow(key, row);
}

/** A copy that the caller owns. */
export const openBytesRow = (key: Uint8Array, row: Uint8Array): Opened<Uint8Array> => openRow(key, row)?.slice();

function sealRow(key: Uint8Array, row: Uint8Array): Uint8Array {
  row[0] = rowVersion;
  const sum = checksum(key, row);
  row[1] = sum >>> 24;
  row[2] = (sum >>> 16) & 0xff;
  row[3] = (sum >>> 8) & 0xff;
  row[4] = sum & 0xff;
  return row;
}

/** The body as a plain `Uint8Array` (LevelDB hands out Buffers, whose `slice` shares memory). */
function openRow(key: Uint8Array, row: Uint8Array): Uint8Array | undefined {
  const [version, a = 0, b = 0, c = 0, d = 0] = row;
  if (row.length < prefixBytes || version !== rowVersion) return undefined;
  if (((a << 24) | (b << 16) | (c << 8) | d) >>> 0 !== checksum(key, row)) return undefined;
  return new Uint8Array(row.buffer, row.byteOffset + prefixBytes, row.length - prefixBytes);
}

const checksum = (key: Uint8Array, row: Uint8Array): number => crc32(row.subarray(prefixBytes), crc32(row.subarray(0, 1), crc32(key)));
