import { struct, varBytes } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Appends one operation to the space's access log, if it is the next (AC-3) and the rulebook allows it. Answered by `operation-acked` or
 * `operation-refused`. `token` is what the operator asks of whoever makes a space here; empty otherwise.
 */
export interface AppendOperation {
  readonly type: "append-operation";
  readonly channel: number;
  readonly operation: Uint8Array;
  readonly token: Uint8Array;
}

export const appendOperation: MessageFormat<AppendOperation> = {
  type: "append-operation",
  tag: 9,
  fields: struct<Omit<AppendOperation, "type">>({
    channel,
    operation: varBytes(limits.operationBytesMax),
    token: varBytes(limits.spaceTokenBytesMax),
  }),
};
