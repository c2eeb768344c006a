/**
 * Who may do what, as the relay asks it (design §7). Membership comes behind this interface; nothing else in the relay
 * knows what a role is. The answer carries the access-log position that an admitted record is chained under (LG-1).
 */
import type { DeviceId, RefusalCode, SpaceId } from "@skerry/protocol";

export type Act = "open" | "append" | "restore" | "presence";

export interface AccessRequest {
  readonly act: Act;
  readonly deviceId: DeviceId;
  /** Epoch and position that a record or presence names; 0 for `open`. */
  readonly epoch: number;
  readonly accessPosition: number;
}

export type AccessAnswer = { readonly allowed: true; readonly position: number } | { readonly allowed: false; readonly code: RefusalCode };

/** The state of one space's access log. Answers at once: it is asked for every record. */
export interface SpaceAccess {
  may(request: AccessRequest): AccessAnswer;
}

export interface Access {
  /** Loads what is needed to answer for a space. Rejects with a `LogStoreError`. */
  space(spaceId: SpaceId): Promise<SpaceAccess>;
}
