import { struct, varUint } from "../codec.ts";
import { limits } from "../limits.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The relay is about to close the connection; try again after `retryAfterMs`.
 */
export interface Goodbye {
  readonly type: "goodbye";
  readonly retryAfterMs: number;
}

export const goodbye: MessageFormat<Goodbye> = {
  type: "goodbye",
  tag: 77,
  fields: struct<Omit<Goodbye, "type">>({ retryAfterMs: varUint(limits.retryAfterMsMax) }),
};
