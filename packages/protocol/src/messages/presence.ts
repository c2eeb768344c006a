import { struct, varBytes } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * A sealed presence envelope for everyone else in the channel. Never stored, never answered.
 */
export interface Presence {
  readonly type: "presence";
  readonly channel: number;
  readonly envelope: Uint8Array;
}

export const presence: MessageFormat<Presence> = {
  type: "presence",
  tag: 5,
  fields: struct<Omit<Presence, "type">>({ channel, envelope: varBytes(limits.presenceBytesMax) }),
};
