import { list, struct, varBytes } from "../codec.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Hands records of any author back to a relay that lost them, in author-chain order. The relay verifies each signature.
 * Answered by `restored` or `refused`.
 */
export interface Restore {
  readonly type: "restore";
  readonly channel: number;
  readonly records: readonly Uint8Array[];
}

export const restore: MessageFormat<Restore> = {
  type: "restore",
  tag: 4,
  fields: struct<Omit<Restore, "type">>({ channel, records: list(varBytes(limits.recordBytesMax), limits.restoreRecordsMax) }),
};
