/** Test support: makes appends whose hashes link, for any `LogStore`. Records are random bytes: a store never looks inside. */
import { createHash } from "node:crypto";
import { logStart, nextChainHash, recordHashOf } from "@skerry/crypto/verify";
import { signatureBytes } from "@skerry/protocol";
import type { ChainHash, DeviceId, DocId, Head, ReplicaId, SpaceId } from "@skerry/protocol";
import type { AccessAppend, LogAppend, LogStore, StoredNote } from "../log-store.ts";
import { accessHashOf } from "../access-hash.ts";

/** `length` bytes that depend on `label` only. */
export function bytesOf(label: string, length: number): Uint8Array {
  const hash = createHash("shake256", { outputLength: length }).update(label).digest();
  return new Uint8Array(hash);
}

export const docIdOf = (label: string): DocId => bytesOf(`doc ${label}`, 16) as DocId;
export const replicaIdOf = (label: string): ReplicaId => bytesOf(`replica ${label}`, 16) as ReplicaId;
export const spaceIdOf = (label: string): SpaceId => bytesOf(`space ${label}`, 16) as SpaceId;

export const deviceIdOf = (label: string): DeviceId => bytesOf(`device ${label}`, 32) as DeviceId;

/** The bytes of a note say whose it is, and which. */
export const noteOf = (device: string, count: number, length = 100): StoredNote => ({
  spaceId: spaceIdOf(`of note ${count}`),
  body: bytesOf(`note ${count} of ${device}`, length),
});

export interface NextAppend {
  readonly docId: DocId;
  readonly replicaId: ReplicaId;
  readonly n: number;
  readonly record: Uint8Array;
  readonly receivedAtMs?: number;
  readonly accessPosition?: number;
}

/** The append that follows `head` (undefined: the document is new). */
export function appendAfter(head: Head | undefined, next: NextAppend): LogAppend {
  const { docId, replicaId, n, record, receivedAtMs = 1_700_000_000_000 + n, accessPosition = 0 } = next;
  const previous: ChainHash = head?.chainHash ?? logStart(docId);
  const recordHash = recordHashOf(record.subarray(0, record.length - signatureBytes));
  const append: LogAppend = {
    docId,
    seq: (head?.seq ?? 0) + 1,
    entry: { receivedAtMs, accessPosition, record },
    recordHash,
    chainHash: nextChainHash(previous, recordHash, accessPosition),
    replicaId,
    n,
  };
  return head === undefined ? { ...append, spaceId: spaceIdOf("home") } : append;
}

export const headAfter = (append: LogAppend): Head => ({ seq: append.seq, chainHash: append.chainHash });

/** `count` appends of one replica, each after the one before. */
export function run(docId: DocId, replicaId: ReplicaId, count: number, after?: { readonly head: Head; readonly n: number }): LogAppend[] {
  const appends: LogAppend[] = [];
  let head = after?.head;
  for (let n = (after?.n ?? 0) + 1; appends.length < count; n++) {
    const append = appendAfter(head, { docId, replicaId, n, record: recordOf(replicaId, n) });
    appends.push(append);
    head = headAfter(append);
  }
  return appends;
}

/** The bytes of a replica's record `n`: 65 to 464 bytes. */
export function recordOf(replicaId: ReplicaId, n: number): Uint8Array {
  const label = `record ${Buffer.from(replicaId).toString("hex")} ${n}`;
  return bytesOf(label, 65 + (bytesOf(label, 2)[1] ?? 0) + ((n * 37) % 145));
}

/** Everything that a store says about a document, in one comparable value; checks on the way that its answers agree. */
export async function wholeLog(store: LogStore, docId: DocId): Promise<{ readonly seq: number; readonly records: readonly string[] }> {
  const info = await store.info(docId);
  const records: string[] = [];
  for (let from = 1; from <= (info?.head.seq ?? 0);) {
    const page = await store.read(docId, from, 100, 1_000_000);
    if (page.length === 0) throw new Error(`an empty page at ${from}`);
    for (const entry of page) {
      if (entry.seq !== from++) throw new Error(`a hole at ${entry.seq}`);
      records.push(Buffer.from(entry.record).toString("hex"));
    }
  }
  return { seq: info?.head.seq ?? 0, records };
}

/** An operation at a place in a space's access log. A store never looks inside. */
export function operationAfter(spaceId: SpaceId, position: number, label: string): AccessAppend {
  const operation = bytesOf(`operation ${position} ${label}`, 200 + position);
  const receivedAtMs = 1_700_000_000_000 + position;
  return { spaceId, position, operation, receivedAtMs, hash: accessHashOf(operation, receivedAtMs) };
}

export const operationsOf = (spaceId: SpaceId, count: number): readonly AccessAppend[] =>
  Array.from({ length: count }, (_, index) => operationAfter(spaceId, index + 1, Buffer.from(spaceId).toString("hex")));
