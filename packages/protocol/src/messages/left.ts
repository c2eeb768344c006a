import { struct, varUint } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * A connection left the channel: its presence is over.
 */
export interface Left {
  readonly type: "left";
  readonly channel: number;
  readonly connectionId: number;
}

export const left: MessageFormat<Left> = {
  type: "left",
  tag: 72,
  fields: struct<Omit<Left, "type">>({ channel, connectionId: varUint() }),
};
