import { optional, struct, varBytes } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The note of the session's device, as the relay has it. A hostile relay may withhold it, alter it, or hand out one that was replaced: only what the key
 * from the device's words opens is to be believed, and its age not even then.
 */
export interface Note {
  readonly type: "note";
  readonly channel: number;
  /** At most 16 KiB. Absent: there is none. */
  readonly body: Uint8Array | undefined;
}

export const note: MessageFormat<Note> = {
  type: "note",
  tag: 86,
  fields: struct<Omit<Note, "type">>({ channel, body: optional(varBytes(limits.noteBytesMax)) }),
};
