/** What a document is to its channels and they to it. */
import type { RelayIdentity } from "@skerry/crypto/verify";
import type {
  ChainHash,
  Clock,
  DocId,
  Entry,
  Head,
  RecordHash,
  RefusalCode,
  ReplicaId,
  SealedRecord,
  SignedHead,
  SpaceId,
} from "@skerry/protocol";
import type { LogStore } from "./log-store.ts";
import type { SharedMessage } from "./shared-message.ts";

/** What a channel is to its document. None of these may throw or call back into the document. */
export interface DocumentUser {
  readonly connectionId: number;
  readonly spaceId: SpaceId;
  committed(commit: Commit): void;
  /** Answers to its own requests, out of the order of the log. */
  acked(ack: Ack): void;
  refused(refusal: Refusal): void;
  restored(admitted: number): void;
  freshHead(message: SharedMessage): void;
  /** The log grew without a `committed`: read on from it. */
  fellBehind(): void;
  /** Dropped if the socket has no room. */
  presence(message: SharedMessage): void;
  left(connectionId: number): void;
  /** The document has no more to do with this channel. */
  ejected(code: RefusalCode): void;
}

export interface Ack {
  readonly replicaId: ReplicaId;
  readonly n: number;
  readonly seq: number;
  readonly receivedAtMs: number;
  readonly accessPosition: number;
}

export interface Refusal {
  readonly n: number;
  readonly code: RefusalCode;
  readonly retryAfterMs: number;
  readonly tailN: number;
  readonly tailHash: RecordHash;
}

export interface CommittedEntry extends Ack {
  readonly entry: Entry;
  /** Channels that asked for this record by `append`. */
  readonly askedBy: readonly DocumentUser[];
}

/** Entries that have just become durable. */
export interface Commit {
  readonly from: number;
  readonly entries: readonly CommittedEntry[];
  /** All of `entries` as messages, encoded when first asked for. */
  messages(): readonly SharedMessage[];
  /** Every channel in some `askedBy`. */
  readonly authors: ReadonlySet<DocumentUser>;
}

export interface AppendRequest {
  readonly kind: "append";
  readonly user: DocumentUser;
  readonly record: SealedRecord;
  readonly bytes: Uint8Array;
  readonly accessPosition: number;
  /** Set if the request is only to be answered, in its turn and with the tail of its chain: it was refused before it came here. */
  readonly refuse?: { readonly code: RefusalCode; readonly retryAfterMs: number };
  /** The request was answered, or needs no answer any more. Calling it twice does nothing. */
  done(): void;
}

export interface RestoredRecord {
  readonly record: SealedRecord;
  readonly bytes: Uint8Array;
  readonly accessPosition: number;
  /** Asked when its place is known: the access position that it gets there, if it may stand there. `notBefore`: that of the entry before it. */
  placeAt(seq: number, notBefore: number): number | undefined;
}

export interface RestoreRequest {
  readonly kind: "restore";
  readonly user: DocumentUser;
  readonly records: readonly RestoredRecord[];
  done(): void;
}

export interface DocumentEnv {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly identity: RelayIdentity;
  readonly endOfTurn: (run: () => void) => void;
  /** A write to the store failed; for the relay's state of health. */
  readonly storeFailed: (error: unknown) => void;
  /** Nothing is under way any more. */
  readonly idle: (document: Document) => void;
  /** An invariant broke or another writer was seen: forget this document. Its users have been ejected. */
  readonly broken: (document: Document, error: unknown) => void;
}

export interface Page {
  readonly upTo: number;
  readonly message: SharedMessage;
}

export interface Document {
  readonly docId: DocId;
  /** Durable. */
  head(): Head;
  /** Undefined while the log is empty. */
  spaceId(): SpaceId | undefined;
  signedHead(): SignedHead;
  chainHashAt(seq: number): Promise<ChainHash | undefined>;
  /** Durable end of a replica's chain. */
  tail(replicaId: ReplicaId): Promise<{ readonly n: number; readonly hash: RecordHash }>;
  /** Durable entries from `from` ≤ head on. Undefined if there is none. Rejects with a `LogStoreError`. */
  page(from: number): Promise<Page | undefined>;
  users(): ReadonlySet<DocumentUser>;
  join(user: DocumentUser): void;
  leave(user: DocumentUser): void;
  /** The store works again after a failed write: it may hold more than this document knows of. */
  recheck(): void;
  submit(request: AppendRequest | RestoreRequest): void;
  /** The durable head, once everything that was submitted before is stored or refused. Rejects if the document breaks up. */
  barrier(): Promise<Head>;
  isBusy(): boolean;
}
