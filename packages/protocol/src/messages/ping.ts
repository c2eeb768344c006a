import { struct, varUint } from "../codec.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Asks for a `pong`.
 */
export interface Ping {
  readonly type: "ping";
  readonly id: number;
}

export const ping: MessageFormat<Ping> = {
  type: "ping",
  tag: 7,
  fields: struct<Omit<Ping, "type">>({ id: varUint(0xffffffff) }),
};
