import { struct, varBytes, varUint } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Someone else's presence. `connectionId` is the relay's name for the connection it came over.
 */
export interface RelayedPresence {
  readonly type: "relayed-presence";
  readonly channel: number;
  readonly connectionId: number;
  readonly envelope: Uint8Array;
}

export const relayedPresence: MessageFormat<RelayedPresence> = {
  type: "relayed-presence",
  tag: 71,
  fields: struct<Omit<RelayedPresence, "type">>({ channel, connectionId: varUint(), envelope: varBytes(limits.presenceBytesMax) }),
};
