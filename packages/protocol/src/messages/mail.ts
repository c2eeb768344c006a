import { struct, varBytes } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * A mail of another device, whom nobody has vouched for, through a relay that may have made it up: docs/crypto.md (CR-24) says what a receiver may believe.
 */
export interface Mail {
  readonly type: "mail";
  readonly channel: number;
  /** At most 80 KiB. */
  readonly body: Uint8Array;
}

export const mail: MessageFormat<Mail> = {
  type: "mail",
  tag: 84,
  fields: struct<Omit<Mail, "type">>({ channel, body: varBytes(limits.mailBytesMax) }),
};
