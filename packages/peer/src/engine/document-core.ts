/** What the parts of one document's engine share: receiving, sending, recovering, presence. All run inside the document's mailbox. */
import type { HybridClock, Secret } from "@skerry/crypto";
import type { DeviceId, Head, RecordHash, ReplicaId, SignedHead, SnapshotPart, StateHash } from "@skerry/protocol";
import type { Doc } from "yjs";
import type { Alarm } from "../client.ts";
import type { EditorHub } from "../editor-hub.ts";
import type { Env, StoreErrorCode } from "../ports.ts";
import type { AckedState, UpdateSummary } from "../yjs-update/index.ts";
import type { Alarms } from "./alarms.ts";
import type { AuthorChains } from "./author-chains.ts";
import type { ClientIds } from "./client-ids.ts";
import type { Channel, Session } from "./connection.ts";
import type { Identity } from "./identity.ts";
import type { DocumentKeys } from "./keys.ts";
import type { LocalLog } from "./local-log.ts";
import type { Membership } from "./membership.ts";
import type { LibraryEntry, LogEntry, Past, Quarantined } from "./stored.ts";
import type { WriteBehind } from "./write-behind.ts";

/** A record of ours that is sealed and stored, and not in the log as far as we know. */
export interface Outgoing {
  readonly n: number;
  readonly recordHash: RecordHash;
  readonly bytes: Uint8Array;
  readonly summary: UpdateSummary;
  /** Local changes that it carries, for display. */
  readonly changes: number;
  /** It is a part of a snapshot (PE-33): nothing in it is new. */
  readonly snapshot: SnapshotPart | undefined;
  /** Under the open channel number. */
  sent: boolean;
  /** The relay has it at a place that we have not read up to yet. */
  acked: boolean;
}

/** A record that stood in the log until the relay rolled back. */
export interface LostRecord {
  readonly entry: LogEntry;
  /** False if the relay would refuse it, or has. It is kept for people. */
  restorable: boolean;
}

/** `search`: looking for the last common head. `reread`: reading on from it. `restore`: handing back. */
export type Recovery =
  | { readonly phase: "search"; readonly seq: number; readonly step: number }
  | { readonly phase: "reread" }
  | { readonly phase: "restore"; readonly batches: (readonly string[])[] };

export interface DocumentState {
  cursor: Head;
  /** The last cursor that was committed: what this device tells others that it has (PS-5). */
  storedHead: Head;
  replicaId: ReplicaId;
  n: number;
  prev: RecordHash;
  clock: HybridClock;
  contentSeq: number;
  contentVector: Uint8Array;
  /**
   * The first entry since which Yjs waits for something that is not there. The content store is given no update before it comes, so its mark stays
   * before this entry (PE-17).
   */
  pendingFrom: number | undefined;
  /** How often `contentSeq` was lowered: a mark that was taken before says nothing any more. */
  contentLowered: number;
  signedHead: SignedHead | undefined;
  ownSeq: number;
  othersSeq: number;
  syncedAtMs: number;
  heardAtMs: number;
  linkHeadChecked: boolean;
  chains: AuthorChains;
  clients: ClientIds;
  /** Whose some client ids are has still to become durable before words under them are taken (PE-15). */
  ownersDue: boolean;
  /** Client ids that this device's editors wrote under since it was opened. */
  readonly ownClients: Set<number>;
  /** What the log and our outgoing records give. */
  acked: AckedState;
  /** The entry as of which the acked state was last stored. */
  ackedSeq: number;
  outgoing: Outgoing[];
  readonly lost: Map<string, LostRecord>;
  readonly quarantined: Map<number, Quarantined>;
  past: Past;
  /** Snapshots whose last part came, to be compared with the log. */
  readonly ended: { readonly seq: number; readonly seen: Head; readonly epoch: number }[];
  /** When the snapshot that is due may be written, by the monotonic clock; undefined while none is. */
  snapshotAt: number | undefined;
  /** The highest epoch for which a snapshot is known to stand in the log; 0 if none is. */
  snapshotIsThere: number;
  alarms: Alarms;
  /** Records that looked bad once: sequence number and hash of the whole bytes. */
  readonly suspects: Set<string>;
  /** Where the open channel reads again from, before the cursor, for a second look at spoiled signatures (PE-16). */
  lookFrom: number | undefined;
  /** Second looks since the start; a timer for the next one runs. */
  looks: number;
  lookTimer: boolean;
  /** The doc may hold changes that no sealed record covers. */
  dirty: boolean;
  localChanges: number;
  /** Monotonic time from which the next record may be sealed: coalescing. */
  sealAt: number;
  /** A timer for it runs. */
  sealTimer: boolean;
  /** Monotonic time from which appends may be sent again after a refusal. */
  sendAt: number;
  session: Session | undefined;
  /** Caught up, and getting what is new. */
  live: boolean;
  /** A reason for which this log is not written to or read until the next connection. */
  halted: string | undefined;
  /** A refusal after which nothing is sent until the next connection; receiving goes on. */
  sendHalted: string | undefined;
  recovery: Recovery | undefined;
  relaySeq: number;
  refusal: string | undefined;
  /** Wrong answers in a row. */
  failures: number;
  failedAt: number;
  /** Refusals in a row that say "later". */
  refusals: number;
  /** The last commit failed. */
  storeError: StoreErrorCode | undefined;
  /** Something could not be read; until the next catch-up. */
  readError: StoreErrorCode | undefined;
  /** The relay has nothing of this document. */
  missing: boolean;
  /** Refusals in a row because the relay lacks an earlier record of ours. */
  gaps: number;
  /** Monotonic time of the doc's last change. */
  changedAt: number;
  /** Of the state at the cursor, while nothing is unsent. */
  stateHash: StateHash | undefined;
}

export interface DocumentCore {
  readonly env: Env;
  readonly identity: Identity;
  readonly keys: DocumentKeys;
  readonly store: WriteBehind;
  readonly log: LocalLog;
  readonly membership: Membership;
  readonly doc: Doc;
  readonly hub: EditorHub;
  readonly channel: Channel;
  readonly entry: () => LibraryEntry;
  readonly state: DocumentState;
  readonly documentKey: (epoch: number) => Secret | undefined;
  readonly presenceKey: (epoch: number) => Secret | undefined;
  /** Bytes of this device that wait for the network. */
  readonly bufferedBytes: () => number;
  /** Runs later, in the mailbox. Returns a cancel. */
  readonly later: (delayMs: number, run: () => void | Promise<void>) => () => void;
  readonly alarm: (kind: Alarm["kind"], seq: number, device?: Uint8Array) => void;
  /** A device other than this one shows its person under this name: a claim. */
  readonly heard: (deviceId: DeviceId, name: string) => void;
  /** Status may have changed: tell whoever watches. */
  readonly changed: () => void;
}

/** Origin of what the engine applies to the doc. */
export const engineOrigin: { readonly name: string } = { name: "skerry" };
