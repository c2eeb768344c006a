import { optional, struct, varUint } from "../codec.ts";
import { head } from "../head.ts";
import type { Head } from "../head.ts";
import { chainHash, recordHash } from "../ids.ts";
import type { ChainHash, RecordHash } from "../ids.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * A channel is open. `head` is the relay's; `atCursor` is its chain hash at the cursor that was sent, absent when its log is shorter;
 * `tail` is the last record of the asked replica that it admitted (n = 0, zero hash: none). Entries after the cursor follow, if `atCursor` agrees.
 */
export interface Opened {
  readonly type: "opened";
  readonly channel: number;
  readonly head: Head;
  readonly atCursor: ChainHash | undefined;
  readonly tailN: number;
  readonly tailHash: RecordHash;
}

export const opened: MessageFormat<Opened> = {
  type: "opened",
  tag: 66,
  fields: struct<Omit<Opened, "type">>({ channel, head, atCursor: optional(chainHash), tailN: varUint(), tailHash: recordHash }),
};
