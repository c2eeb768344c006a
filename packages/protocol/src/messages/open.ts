import { struct } from "../codec.ts";
import { head } from "../head.ts";
import type { Head } from "../head.ts";
import { docId, replicaId, spaceId } from "../ids.ts";
import type { DocId, ReplicaId, SpaceId } from "../ids.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Opens a channel for a document, from a cursor. `replicaId` asks for the tail of the sender's own author chain.
 */
export interface Open {
  readonly type: "open";
  readonly channel: number;
  readonly spaceId: SpaceId;
  readonly docId: DocId;
  readonly cursor: Head;
  readonly replicaId: ReplicaId;
}

export const open: MessageFormat<Open> = {
  type: "open",
  tag: 2,
  fields: struct<Omit<Open, "type">>({ channel, spaceId, docId, cursor: head, replicaId }),
};
