/**
 * Who may write and read a document, and which key seals it (design §7), as the engine asks it. A document that is shared by a link with its key answers
 * always the same (`link-membership.ts`); one in a space with an access log, by that log (`space/log-membership.ts`).
 */
import type { Secret } from "@skerry/crypto";
import type { DeviceId } from "@skerry/protocol";

/** Where a record stands. */
export interface EntryPlace {
  readonly seq: number;
  /** Position in the access log that the relay admitted it under, and of the entry before it (0 for the first). */
  readonly position: number;
  readonly positionBefore: number;
}

export interface Membership {
  /** Rights may change, and entries may wait for the access log. */
  readonly hasLog: boolean;
  /** The epoch in use, as far as this device knows. The first is 1; 0 while nothing is known. */
  currentEpoch(): number;
  /** The document's key of an epoch, undefined if this device was not given it. Asked once: whoever asks keeps it. */
  documentKey(epoch: number): Secret | undefined;
  /** The first epoch of which this device has the document's key: what was sealed before is not for it (PE-33). 0 if it has none. */
  firstEpoch(): number;
  /** Somebody reads from this epoch on, and this device is to see to it that there is a snapshot to start from (PE-33); 0 if nobody does, or it may not. */
  snapshotFrom(): number;
  /** Whether a snapshot of `device` counts at this position of the access log (AC-87). */
  vouches(device: DeviceId, position: number): boolean;
  /** Whether a record of `device`, sealed under `epoch`, counts in its place. */
  counts(device: DeviceId, epoch: number, place: EntryPlace): boolean;
  /** Whether presence of `device` is to be shown. */
  mayBePresent(device: DeviceId, epoch: number): boolean;
  /**
   * The newest operation that set a fence in this document, by its position, and the fence: what stood beyond it may be void since (AC-85). Undefined while
   * there is none.
   */
  newestFence(): { readonly position: number; readonly seq: number } | undefined;
  /**
   * The access log is read to what the relay had of it when this connection began: until then no entry is judged. Its author may have lost the right to write
   * while this device was away, and have the relay store what is backdated (AC-85).
   */
  isCurrent(): boolean;
  /** The access log is known up to there: until then an entry can't be judged. */
  knows(position: number): boolean;
  /** Position in the access log that this device has applied. */
  position(): number;
  /** The relay would let this device read. */
  mayRead(): boolean;
  /** What this device writes now counts, and it has the key to seal it. */
  mayWrite(): boolean;
  /** Why not, if that is no passing state. */
  refusal(): "not-allowed" | undefined;
  /** Calls back after each change of any answer. Returns what ends that. */
  watch(listener: () => void): () => void;
}
