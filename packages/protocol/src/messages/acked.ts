import { struct, varUint, wallTimeMs } from "../codec.ts";
import { replicaId } from "../ids.ts";
import type { ReplicaId } from "../ids.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The sender's record `n` of the channel's replica is durable as entry `seq`. In a live channel it stands in the place of that entry,
 * in the order of `seq`; otherwise (resent, or still catching up) the entry itself comes too.
 */
export interface Acked {
  readonly type: "acked";
  readonly channel: number;
  readonly replicaId: ReplicaId;
  readonly n: number;
  readonly seq: number;
  readonly receivedAtMs: number;
  readonly accessPosition: number;
}

export const acked: MessageFormat<Acked> = {
  type: "acked",
  tag: 69,
  fields: struct<Omit<Acked, "type">>({
    channel,
    replicaId,
    n: varUint(),
    seq: varUint(),
    receivedAtMs: wallTimeMs,
    accessPosition: varUint(),
  }),
};
