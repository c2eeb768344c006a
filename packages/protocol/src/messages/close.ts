import { struct } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Closes a channel. Not answered.
 */
export interface Close {
  readonly type: "close";
  readonly channel: number;
}

export const close: MessageFormat<Close> = {
  type: "close",
  tag: 6,
  fields: struct<Omit<Close, "type">>({ channel }),
};
