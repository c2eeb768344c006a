/** What connections ask a space (design §7). Nothing else in the relay knows what a role is: the rulebook does (`@skerry/access`, docs/access.md). */
import type { DeviceId, DocId, RecordHash, RefusalCode, SpaceId } from "@skerry/protocol";

export type AccessRequest =
  | { readonly act: "open"; readonly deviceId: DeviceId; readonly docId: DocId }
  | { readonly act: "presence"; readonly deviceId: DeviceId; readonly docId: DocId }
  /** Leaving a note under this space (NT-2)… */
  | { readonly act: "put-note"; readonly deviceId: DeviceId }
  /** …and getting back one that was left under it (NT-3). */
  | { readonly act: "get-note"; readonly deviceId: DeviceId }
  | {
      readonly act: "append" | "restore";
      /** The record's author, who for `restore` is not who sends it. */
      readonly deviceId: DeviceId;
      readonly docId: DocId;
      /** Epoch and position that the record names. */
      readonly epoch: number;
      readonly accessPosition: number;
      /** Of a genesis record. */
      readonly genesis: RecordHash | undefined;
      /** Where in the log it is to stand, if that is known: beyond a fence nothing comes back (AC-85). */
      readonly seq?: number;
      /** Of `restore`: the position of the entry before it (AC-80). */
      readonly notBefore?: number;
    };

/** The position is the one that the entry is chained under (LG-1). */
export type AccessAnswer = { readonly allowed: true; readonly position: number } | { readonly allowed: false; readonly code: RefusalCode };

export interface SpaceAccess {
  readonly spaceId: SpaceId;
  /** Answers at once: it is asked for every record. */
  may(request: AccessRequest): AccessAnswer;
  /** Calls back after each change of rights, in the turn in which it became durable. Returns what ends that. */
  watch(listener: () => void): () => void;
}
