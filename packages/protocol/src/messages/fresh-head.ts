import { struct } from "../codec.ts";
import { signedHead } from "../head.ts";
import type { SignedHead } from "../head.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * A freshly signed head of a live channel.
 */
export interface FreshHead {
  readonly type: "fresh-head";
  readonly channel: number;
  readonly head: SignedHead;
}

export const freshHead: MessageFormat<FreshHead> = {
  type: "fresh-head",
  tag: 73,
  fields: struct<Omit<FreshHead, "type">>({ channel, head: signedHead }),
};
