/**
 * Who may write, and which key seals (design §7), as the engine asks it. Today a document is shared by its link; the access log of a
 * space will answer the same questions without any format changing.
 */
import type { Secret } from "@skerry/crypto";
import type { DeviceId } from "@skerry/protocol";

export interface Membership {
  /** The epoch that new records are sealed under. The first is 1. */
  currentEpoch(): number;
  /** Content key of an epoch, undefined if this device was not given it. */
  epochKey(epoch: number): Secret | undefined;
  /** Whether a record of `device`, sealed under `epoch` and admitted at access-log position `position`, counts. */
  mayWrite(device: DeviceId, epoch: number, position: number): boolean;
  /** Position in the access log that this device has applied. */
  position(): number;
}
