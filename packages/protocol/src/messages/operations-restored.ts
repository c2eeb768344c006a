import { struct, varUint } from "../codec.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/** The operations that were handed back are durable; `position` is that of the log's last one now. */
export interface OperationsRestored {
  readonly type: "operations-restored";
  readonly channel: number;
  readonly position: number;
}

export const operationsRestored: MessageFormat<OperationsRestored> = {
  type: "operations-restored",
  tag: 82,
  fields: struct<Omit<OperationsRestored, "type">>({ channel, position: varUint() }),
};
