import { struct, varBytes } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Posts a mail into the channel's mailbox, for the other device. Answered only if it is not taken: by `refused`, whose `n` counts the mails that came
 * over the channel, from 1. The same bytes of the same device again are passed over.
 */
export interface PostMail {
  readonly type: "post-mail";
  readonly channel: number;
  /** Opaque to the relay; at most 80 KiB. */
  readonly body: Uint8Array;
}

export const postMail: MessageFormat<PostMail> = {
  type: "post-mail",
  tag: 12,
  fields: struct<Omit<PostMail, "type">>({ channel, body: varBytes(limits.mailBytesMax) }),
};
