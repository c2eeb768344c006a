/** What an append may do, decided from heads and tails in memory. Pure; the disk comes before (loading) and after (writing). */
import { logStart, nextChainHash } from "@skerry/crypto/verify";
import { assert, bytesEqual, err, hashBytes, idBytes, keyBytes, limits, ok, signatureBytes } from "@skerry/protocol";
import type { DeviceId, RecordHash, Result, SpaceId } from "@skerry/protocol";
import type { AccessAppend, AccessLogHead, DocumentInfo, LogAppend, StoredNote } from "../log-store.ts";
import { mapKey } from "./keys.ts";
import type { Pointer } from "./rows.ts";

/** What is known of the documents and access logs that a group of appends touches. Null: known to be absent. */
export interface Known {
  readonly heads: Map<string, DocumentInfo | null>;
  readonly tails: Map<string, Pointer | null>;
  /** By space. */
  readonly access: Map<string, AccessLogHead | null>;
}

export const emptyKnown = (): Known => ({ heads: new Map(), tails: new Map(), access: new Map() });

export const tailMapKey = (append: LogAppend): string => mapKey(append.docId) + mapKey(append.replicaId);

/**
 * What heads and tails a batch leads to, all or nothing, or why it conflicts. Compares not only `seq` but the chain hash, so that a
 * caller whose head is of another history never appends to this one, and `n`, so that no record is stored twice (LG-2).
 */
export function planAppend(known: Known, batch: readonly LogAppend[]): Result<Known, string> {
  const { heads, tails, access } = emptyKnown();
  for (const append of batch) {
    const docKey = mapKey(append.docId);
    const tailKey = tailMapKey(append);
    const info = heads.get(docKey) ?? known.heads.get(docKey) ?? undefined;
    const spaceId = info?.spaceId ?? (append.spaceId?.slice() as SpaceId | undefined);
    if (append.seq !== (info?.head.seq ?? 0) + 1) return err("seq does not follow the head");
    if (spaceId === undefined) return err("a new document without a space");
    const chainHash = nextChainHash(info?.head.chainHash ?? logStart(append.docId), append.recordHash, append.entry.accessPosition);
    if (!bytesEqual(chainHash, append.chainHash)) return err("the chain hash does not follow the head");
    const tail = tails.get(tailKey) ?? known.tails.get(tailKey) ?? undefined;
    if (append.n !== (tail?.n ?? 0) + 1) return err("n does not follow the replica's last record");
    heads.set(docKey, { spaceId, head: { seq: append.seq, chainHash } });
    tails.set(tailKey, { seq: append.seq, n: append.n, recordHash: append.recordHash.slice() as RecordHash });
  }
  return ok({ heads, tails, access });
}

/** The same for one operation of an access log (AC-3). */
export function planAccess(known: Known, { spaceId, position, hash }: AccessAppend): Result<Known, string> {
  const key = mapKey(spaceId);
  if (position !== (known.access.get(key)?.position ?? 0) + 1) return err("the position does not follow the access log's head");
  const news = emptyKnown();
  news.access.set(key, { position, hash: hash.slice() });
  return ok(news);
}

export function learn(known: Known, news: Known): void {
  for (const [key, info] of news.heads) known.heads.set(key, info);
  for (const [key, tail] of news.tails) known.tails.set(key, tail);
  for (const [key, head] of news.access) known.access.set(key, head);
}

/** The caller is our own relay: what does not fit a row is a bug, and must not reach the writer loop. */
export function assertAppend(append: LogAppend): void {
  const { docId, seq, entry, recordHash, chainHash, replicaId, n, spaceId } = append;
  const counts = [seq, n, entry.receivedAtMs, entry.accessPosition];
  assert(counts.every((count) => Number.isSafeInteger(count) && count >= 0) && seq >= 1 && n >= 1, "append: bad number");
  assert(docId.length === idBytes && replicaId.length === idBytes && (spaceId?.length ?? idBytes) === idBytes, "append: bad id");
  assert(recordHash.length === hashBytes && chainHash.length === hashBytes, "append: bad hash");
  assert(entry.record.length > signatureBytes && entry.record.length <= limits.recordBytesMax, "append: bad record length");
}

export function assertAccessAppend({ spaceId, position, operation, receivedAtMs, hash }: AccessAppend): void {
  assert(Number.isSafeInteger(position) && position >= 1, "append: bad position");
  assert(Number.isSafeInteger(receivedAtMs) && receivedAtMs >= 0, "append: bad time");
  assert(spaceId.length === idBytes && hash.length === hashBytes, "append: bad id or hash");
  assert(operation.length > signatureBytes && operation.length <= limits.operationBytesMax, "append: bad operation length");
}

export function assertNote(deviceId: DeviceId, note?: StoredNote): void {
  assert(deviceId.length === keyBytes && (note?.spaceId.length ?? idBytes) === idBytes, "note: bad id");
  assert((note?.body.length ?? 0) <= limits.noteBytesMax, "note: too long");
}
