import { list, struct, varUint } from "../codec.ts";
import { entry } from "../entry.ts";
import type { Entry } from "../entry.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Entries with the sequence numbers `from`, `from` + 1, …
 */
export interface Entries {
  readonly type: "entries";
  readonly channel: number;
  readonly from: number;
  readonly entries: readonly Entry[];
}

export const entries: MessageFormat<Entries> = {
  type: "entries",
  tag: 67,
  fields: struct<Omit<Entries, "type">>({ channel, from: varUint(), entries: list(entry, limits.entriesPerMessageMax) }),
};
