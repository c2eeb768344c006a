import { struct } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The note is on the relay's disk, at the level stated in `welcome`.
 */
export interface NoteKept {
  readonly type: "note-kept";
  readonly channel: number;
}

export const noteKept: MessageFormat<NoteKept> = {
  type: "note-kept",
  tag: 85,
  fields: struct<Omit<NoteKept, "type">>({ channel }),
};
