import { list, struct, varBytes, varUint } from "../codec.ts";
import { storedOperation } from "../access-entry.ts";
import type { StoredOperation } from "../access-entry.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * Hands the operations at positions `from`, `from` + 1, … back to a relay that lost them, with the times at which it had received them: each next one names
 * that time (AC-5). The relay judges each anew. Answered by `operations-restored` or `operation-refused`.
 */
export interface RestoreOperations {
  readonly type: "restore-operations";
  readonly channel: number;
  readonly from: number;
  readonly operations: readonly StoredOperation[];
  /** As in `append-operation`: for a space that the relay knows nothing of any more. */
  readonly token: Uint8Array;
}

export const restoreOperations: MessageFormat<RestoreOperations> = {
  type: "restore-operations",
  tag: 10,
  fields: struct<Omit<RestoreOperations, "type">>({
    channel,
    from: varUint(),
    operations: list(storedOperation, limits.restoreRecordsMax),
    token: varBytes(limits.spaceTokenBytesMax),
  }),
};
