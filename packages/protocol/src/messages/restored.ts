import { struct, varUint } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * How many of the restored records were new to the relay. All are durable.
 */
export interface Restored {
  readonly type: "restored";
  readonly channel: number;
  readonly admitted: number;
}

export const restored: MessageFormat<Restored> = {
  type: "restored",
  tag: 75,
  fields: struct<Omit<Restored, "type">>({ channel, admitted: varUint() }),
};
