import { struct, varUint, wallTimeMs } from "../codec.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Answer to `ping`.
 */
export interface Pong {
  readonly type: "pong";
  readonly id: number;
  readonly timeMs: number;
}

export const pong: MessageFormat<Pong> = {
  type: "pong",
  tag: 74,
  fields: struct<Omit<Pong, "type">>({ id: varUint(0xffffffff), timeMs: wallTimeMs }),
};
