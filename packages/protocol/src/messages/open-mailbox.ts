import { fixedBytes, struct } from "../codec.ts";
import { idBytes } from "../ids.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Opens a channel to the mailbox at a rendezvous, which begins with whoever comes first. Numbers are shared with documents' channels. Answered by
 * `mailbox-opened`, or `refused` with `n` 0.
 */
export interface OpenMailbox {
  readonly type: "open-mailbox";
  readonly channel: number;
  /** 16 random bytes, shown by one device and read by the other. Who knows them may come too: what is posted is secret without them. */
  readonly rendezvous: Uint8Array;
}

export const openMailbox: MessageFormat<OpenMailbox> = {
  type: "open-mailbox",
  tag: 11,
  fields: struct<Omit<OpenMailbox, "type">>({ channel, rendezvous: fixedBytes(idBytes) }),
};
