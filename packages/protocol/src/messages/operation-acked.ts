import { struct, varUint, wallTimeMs } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The operation that was sent is durable at this position. To an author that is caught up it comes in the operation's place; to one that is not it comes
 * at once, and the operation again in its place.
 */
export interface OperationAcked {
  readonly type: "operation-acked";
  readonly channel: number;
  readonly position: number;
  readonly receivedAtMs: number;
}

export const operationAcked: MessageFormat<OperationAcked> = {
  type: "operation-acked",
  tag: 80,
  fields: struct<Omit<OperationAcked, "type">>({ channel, position: varUint(), receivedAtMs: wallTimeMs }),
};
