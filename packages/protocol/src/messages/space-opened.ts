import { optional, struct } from "../codec.ts";
import { accessCursor, accessHash } from "../access-entry.ts";
import type { AccessCursor } from "../access-entry.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * A space's channel is open. `head` is the relay's; `atCursor` the hash at the position that was sent, absent when its log is shorter. Operations
 * after the cursor follow if `atCursor` agrees, and then whatever is admitted.
 */
export interface SpaceOpened {
  readonly type: "space-opened";
  readonly channel: number;
  readonly head: AccessCursor;
  readonly atCursor: Uint8Array | undefined;
}

export const spaceOpened: MessageFormat<SpaceOpened> = {
  type: "space-opened",
  tag: 78,
  fields: struct<Omit<SpaceOpened, "type">>({ channel, head: accessCursor, atCursor: optional(accessHash) }),
};
