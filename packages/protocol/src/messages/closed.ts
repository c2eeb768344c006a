import { oneOf, struct, varUint } from "../codec.ts";
import { refusalNumbers } from "../codes.ts";
import type { RefusalCode } from "../codes.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The relay closes one channel (a damaged log, a lost right). The connection and other channels stay.
 */
export interface Closed {
  readonly type: "closed";
  readonly channel: number;
  readonly code: RefusalCode;
  readonly retryAfterMs: number;
}

export const closed: MessageFormat<Closed> = {
  type: "closed",
  tag: 76,
  fields: struct<Omit<Closed, "type">>({ channel, code: oneOf(refusalNumbers), retryAfterMs: varUint(limits.retryAfterMsMax) }),
};
