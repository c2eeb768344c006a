import { struct } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The channel's mailbox is open. All mails of the other device follow, in the order in which they were posted, and then each as it comes.
 */
export interface MailboxOpened {
  readonly type: "mailbox-opened";
  readonly channel: number;
}

export const mailboxOpened: MessageFormat<MailboxOpened> = {
  type: "mailbox-opened",
  tag: 83,
  fields: struct<Omit<MailboxOpened, "type">>({ channel }),
};
