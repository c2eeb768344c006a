import { fixedBytes, optional, struct } from "../codec.ts";
import { accessCursor } from "../access-entry.ts";
import type { AccessCursor } from "../access-entry.ts";
import { idBytes, signature, spaceId } from "../ids.ts";
import type { Signature, SpaceId } from "../ids.ts";
import type { Codec } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/** Who is invited and not yet a member may read the log to find the invite in it (docs/crypto.md, CR-27). */
export interface InviteProof {
  /** 16 bytes. */
  readonly inviteId: Uint8Array;
  /** Of the invite's key, for this device. */
  readonly signature: Signature;
}

export const inviteProof: Codec<InviteProof> = struct<InviteProof>({ inviteId: fixedBytes(idBytes), signature });

/**
 * Opens a channel for a space's access log, from a cursor. Numbers are shared with documents' channels.
 */
export interface OpenSpace {
  readonly type: "open-space";
  readonly channel: number;
  readonly spaceId: SpaceId;
  readonly cursor: AccessCursor;
  readonly invite: InviteProof | undefined;
}

export const openSpace: MessageFormat<OpenSpace> = {
  type: "open-space",
  tag: 8,
  fields: struct<Omit<OpenSpace, "type">>({ channel, spaceId, cursor: accessCursor, invite: optional(inviteProof) }),
};
