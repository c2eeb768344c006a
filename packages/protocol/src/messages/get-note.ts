import { struct } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Asks for the note of the session's own device. Answered by `note`, or `refused` with `n` 0. The number names the request, among those of channels, and
 * is free again with the answer.
 */
export interface GetNote {
  readonly type: "get-note";
  readonly channel: number;
}

export const getNote: MessageFormat<GetNote> = {
  type: "get-note",
  tag: 14,
  fields: struct<Omit<GetNote, "type">>({ channel }),
};
