import { list, struct, varUint } from "../codec.ts";
import { storedOperation } from "../access-entry.ts";
import type { StoredOperation } from "../access-entry.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/** Operations at the positions `from`, `from` + 1, … */
export interface Operations {
  readonly type: "operations";
  readonly channel: number;
  readonly from: number;
  readonly operations: readonly StoredOperation[];
}

export const operations: MessageFormat<Operations> = {
  type: "operations",
  tag: 79,
  fields: struct<Omit<Operations, "type">>({ channel, from: varUint(), operations: list(storedOperation, limits.entriesPerMessageMax) }),
};
