/** What an append may do, decided from heads and tails in memory. Pure; the disk comes before (loading) and after (writing). */
import { nextChainHash } from "@skerry/crypto/verify";
import { assert, bytesEqual, hashBytes, idBytes, limits, signatureBytes } from "@skerry/protocol";
import type { ChainHash } from "@skerry/protocol";
import type { DocumentInfo, LogAppend } from "../log-store.ts";
import { mapKey } from "./keys.ts";
import type { Pointer } from "./rows.ts";

/** What is known of the documents that a group of appends touches. Null: known to be absent. */
export interface Known {
  readonly heads: Map<string, DocumentInfo | null>;
  readonly tails: Map<string, Pointer | null>;
}

export const emptyKnown = (): Known => ({ heads: new Map(), tails: new Map() });

export const tailMapKey = (append: LogAppend): string => mapKey(append.docId) + mapKey(append.replicaId);

/**
 * Applies a batch to `known`, all or nothing. Returns why it conflicts, or undefined. Compares not only `seq` but the chain hash,
 * so that a caller whose head is of another history never appends to this one, and `n`, so that no record is stored twice (LG-2).
 * `startOf` is `logStart`.
 */
export function planAppend(known: Known, batch: readonly LogAppend[], startOf: (append: LogAppend) => ChainHash): string | undefined {
  const heads = new Map<string, DocumentInfo>();
  const tails = new Map<string, Pointer>();
  for (const append of batch) {
    const docKey = mapKey(append.docId);
    const tailKey = tailMapKey(append);
    const info = heads.get(docKey) ?? known.heads.get(docKey) ?? undefined;
    const spaceId = info?.spaceId ?? append.spaceId;
    if (append.seq !== (info?.head.seq ?? 0) + 1) return "seq does not follow the head";
    if (spaceId === undefined) return "a new document without a space";
    const chainHash = nextChainHash(info?.head.chainHash ?? startOf(append), append.recordHash, append.entry.accessPosition);
    if (!bytesEqual(chainHash, append.chainHash)) return "the chain hash does not follow the head";
    const tail = tails.get(tailKey) ?? known.tails.get(tailKey) ?? undefined;
    if (append.n !== (tail?.n ?? 0) + 1) return "n does not follow the replica's last record";
    heads.set(docKey, { spaceId, head: { seq: append.seq, chainHash: append.chainHash } });
    tails.set(tailKey, { seq: append.seq, n: append.n, recordHash: append.recordHash });
  }
  for (const [key, info] of heads) known.heads.set(key, info);
  for (const [key, tail] of tails) known.tails.set(key, tail);
  return undefined;
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
