import { struct } from "../codec.ts";
import { signedHead } from "../head.ts";
import type { SignedHead } from "../head.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Everything up to `head` was sent. What follows is live.
 */
export interface CaughtUp {
  readonly type: "caught-up";
  readonly channel: number;
  readonly head: SignedHead;
}

export const caughtUp: MessageFormat<CaughtUp> = {
  type: "caught-up",
  tag: 68,
  fields: struct<Omit<CaughtUp, "type">>({ channel, head: signedHead }),
};
