/**
 * The port behind which a relay keeps its logs. One conformance and fault suite (`storage/log-store.test-conformance.ts`) runs against every
 * adapter. The contract: what `append` resolved is durable; what `read` returns is exactly what was appended, or an error.
 */
import type { ChainHash, DeviceId, DocId, Entry, Head, RecordHash, ReplicaId, SpaceId } from "@skerry/protocol";

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

/** The end of a space's access log. `hash` is that of its last entry (docs/access.md, AC-5). */
export interface AccessLogHead {
  /** 1 or more. */
  readonly position: number;
  readonly hash: Uint8Array;
}

/** One operation of a space's access log. The caller has judged it (`@skerry/access`); the store compares the position and keeps the bytes. */
export interface AccessAppend {
  readonly spaceId: SpaceId;
  /** Must be the stored head's position + 1: compare-and-append (AC-3). */
  readonly position: number;
  readonly operation: Uint8Array;
  readonly receivedAtMs: number;
  /** Over the operation and the time (`accessEntryHash`), 32 bytes. */
  readonly hash: Uint8Array;
}

export interface StoredAccessEntry {
  readonly position: number;
  readonly operation: Uint8Array;
  readonly receivedAtMs: number;
  readonly hash: Uint8Array;
}

export interface DocumentInfo {
  readonly spaceId: SpaceId;
  readonly head: Head;
}

/** What a device left for itself: opaque, at most 16 KiB. */
export interface StoredNote {
  /** Under which it was allowed to. */
  readonly spaceId: SpaceId;
  readonly body: Uint8Array;
}

/** Stable codes of `LogStoreError`. `damaged` names document or space and `seq`, of a note nothing; the others concern the whole store. */
export type LogStoreErrorCode = "damaged" | "conflict" | "full" | "io" | "closed" | "locked";

export class LogStoreError extends Error {
  override readonly name = "LogStoreError";
  readonly code: LogStoreErrorCode;
  /** The damaged document. Not in `message`, which may be logged. Undefined if the damage is not of one document. */
  readonly docId: DocId | undefined;
  /** The space whose access log is damaged. */
  readonly spaceId: SpaceId | undefined;
  /** Sequence number at which a damaged log stops being readable; 1 if its head or its index cannot be trusted. */
  readonly seq: number | undefined;
  constructor(
    code: LogStoreErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly docId?: DocId | undefined; readonly spaceId?: SpaceId; readonly seq?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.docId = options.docId;
    this.spaceId = options.spaceId;
    this.seq = options.seq;
  }
}

export interface LogStore {
  /**
   * Appends all or nothing, durably. Calls that arrive in one turn, or while a write is under way, share one fsync (group commit);
   * each caller's batch stays atomic, and one caller's failure does not fail another's batch.
   *
   * Rejects with
   * - `conflict`: `seq`, chain hash or `n` do not follow what is stored; another writer was first. Nothing was written. Read head and
   *   tail again.
   * - `damaged`, `closed`, `locked`: nothing was written.
   * - `full`, `io`: the store was failing already (nothing was written), or this write failed and its outcome is unknown until the store
   *   has recovered, which it does by itself. It is invisible until then; from then on, or from a restart on, either all of the call is
   *   there, durably, or nothing ever will be. That is harmless under LG-2: say "not stored, send again", keep nothing that
   *   was derived from the failed call, and look every resent record up (`tail`, `find`) before appending it: one that surfaced gets
   *   its old `seq`. Appending it a second time rejects with `conflict`.
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
  /** Appends one operation, durably, in the same groups as `append` and with the same errors; a damaged access log rejects with `damaged`. */
  appendAccess(append: AccessAppend): Promise<void>;
  /** Undefined for a space without an access log. */
  accessHead(spaceId: SpaceId): Promise<AccessLogHead | undefined>;
  /**
   * Operations from `from` on, in order, at most `entriesMax` and about `bytesMax` (at least one if there is one), each hashed anew. Rejects with
   * `damaged` at the first that is missing or altered: a space is never served by half of its rules.
   */
  readAccess(spaceId: SpaceId, from: number, entriesMax: number, bytesMax: number): Promise<readonly StoredAccessEntry[]>;
  /**
   * Keeps the device's note, durably, in place of the one before (also of a damaged one), in the same groups as `append`. Rejects with `full`, `io`,
   * `closed` or `locked`, as `append` does: after a failed write it is this note, whole, or the one before.
   */
  putNote(deviceId: DeviceId, note: StoredNote): Promise<void>;
  /** Undefined if there is none. A copy that the caller owns. Rejects with `damaged` if it is altered; other notes are not affected. */
  note(deviceId: DeviceId): Promise<StoredNote | undefined>;
  /** Durable when resolved. Idempotent; rejects as `putNote` does. */
  deleteNote(deviceId: DeviceId): Promise<void>;
  /** All documents, for the operator and for checks at start. */
  documents(): AsyncIterable<DocId>;
  /** Small values of the relay itself (its signing key). Durable when resolved. */
  getMeta(name: string): Promise<Uint8Array | undefined>;
  putMeta(name: string, value: Uint8Array): Promise<void>;
  /**
   * Calls back each time the store works again after a failed write: what had an unknown outcome shows from now on, or never will (ST-12), and
   * nobody may resend it.
   */
  onRecovery(listener: () => void): void;
  /** Idempotent. Waits for writes under way. */
  close(): Promise<void>;
}
