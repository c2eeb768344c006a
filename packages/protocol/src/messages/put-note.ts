import { struct, varBytes } from "../codec.ts";
import { spaceId } from "../ids.ts";
import type { SpaceId } from "../ids.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Leaves a note at the relay, which only a session of the same device gets back; the one that it left before is gone then. Answered by `note-kept`, or
 * `refused` with `n` 0. The number names the request, among those of channels, and is free again with the answer.
 */
export interface PutNote {
  readonly type: "put-note";
  readonly channel: number;
  /** A space with an access log here, in which the device's account has a role: strangers leave nothing. */
  readonly spaceId: SpaceId;
  /** Opaque to the relay, which may be hostile; at most 16 KiB. */
  readonly body: Uint8Array;
}

export const putNote: MessageFormat<PutNote> = {
  type: "put-note",
  tag: 13,
  fields: struct<Omit<PutNote, "type">>({ channel, spaceId, body: varBytes(limits.noteBytesMax) }),
};
