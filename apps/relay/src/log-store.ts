/**
 * The port behind which a relay keeps its logs. One conformance and fault suite (`log-store.conformance.ts`) runs against every
 * adapter. The contract: what `append` resolved is durable; what `read` returns is exactly what was appended, or an error.
 */
import type { ChainHash, DocId, Entry, Head, RecordHash, ReplicaId, SpaceId } from "@skerry/protocol";

/** One entry to be written. The caller has computed `seq` and `chainHash` from the head it knows; the store compares. */
export interface LogAppend {
  readonly docId: DocId;
  /** Must be the stored head's `seq` + 1 (counting earlier appends of the same call): compare-and-append. */
  readonly seq: number;
  readonly entry: Entry;
  readonly recordHash: RecordHash;
  readonly chainHash: ChainHash;
  readonly replicaId: ReplicaId;
  readonly n: number;
  /** Only with `seq` 1: the space that the new document belongs to. */
  readonly spaceId?: SpaceId;
}

export interface StoredEntry extends Entry {
  readonly seq: number;
  readonly recordHash: RecordHash;
  readonly chainHash: ChainHash;
}

/** The last record of a replica that a log holds. */
export interface ChainTail {
  readonly n: number;
  readonly recordHash: RecordHash;
}

export interface DocumentInfo {
  readonly spaceId: SpaceId;
  readonly head: Head;
}

/** Stable codes of `LogStoreError`. `damaged` names document and `seq`; the others concern the whole store. */
export type LogStoreErrorCode = "damaged" | "conflict" | "full" | "io" | "closed" | "locked";

export class LogStoreError extends Error {
  override readonly name = "LogStoreError";
  readonly code: LogStoreErrorCode;
  /** Sequence number at which a damaged log stops being readable. */
  readonly seq: number | undefined;
  constructor(code: LogStoreErrorCode, message: string, options: { readonly cause?: unknown; readonly seq?: number } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.seq = options.seq;
  }
}

export interface LogStore {
  /**
   * Appends all or nothing, durably. Calls that arrive while a write is under way, or within about 2 ms, share one fsync (group
   * commit); each caller's batch stays atomic, and one caller's conflict does not fail another's batch.
   * Rejects with `conflict` (another writer was first: read the head again), `full`, `io`, `damaged` or `closed`. After a rejection
   * nothing of the call is visible, now or after a crash. A store recovers from `full` and `io` by itself once it can.
   */
  append(batch: readonly LogAppend[]): Promise<void>;
  /** Undefined for a document that was never appended to. Rejects with `damaged` if head and last entry disagree. */
  info(docId: DocId): Promise<DocumentInfo | undefined>;
  /**
   * Entries from `from` on, in order, at most `entriesMax` and about `bytesMax` (at least one entry if there is one). Verified: dense,
   * record hash and chain hash recomputed. Rejects with `damaged` at the first entry that is missing or altered.
   */
  read(docId: DocId, from: number, entriesMax: number, bytesMax: number): Promise<readonly StoredEntry[]>;
  /** Chain hash at `seq` ≥ 1, undefined beyond the head. */
  chainHashAt(docId: DocId, seq: number): Promise<ChainHash | undefined>;
  /** The last record of a replica, undefined if there is none. */
  tail(docId: DocId, replicaId: ReplicaId): Promise<ChainTail | undefined>;
  /** Where a replica's record `n` is, and its hash. Undefined if it is not there. */
  find(docId: DocId, replicaId: ReplicaId, n: number): Promise<{ readonly seq: number; readonly recordHash: RecordHash } | undefined>;
  /** All documents, for the operator and for checks at start. */
  documents(): AsyncIterable<DocId>;
  /** Small values of the relay itself (its signing key). Durable when resolved. */
  getMeta(name: string): Promise<Uint8Array | undefined>;
  putMeta(name: string, value: Uint8Array): Promise<void>;
  /** Idempotent. Waits for writes under way. */
  close(): Promise<void>;
}
