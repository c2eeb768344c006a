import { struct, varBytes } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Appends one record of the sender's own. Answered by `acked` or `refused`.
 */
export interface Append {
  readonly type: "append";
  readonly channel: number;
  readonly record: Uint8Array;
}

export const append: MessageFormat<Append> = {
  type: "append",
  tag: 3,
  fields: struct<Omit<Append, "type">>({ channel, record: varBytes(limits.recordBytesMax) }),
};
