import { oneOf, struct, utf8, varUint } from "../codec.ts";
import { refusalNumbers } from "../codes.ts";
import type { RefusalCode } from "../codes.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The operation was not appended. `code` says what kind of no it is, `reason` which rule says so, in the rulebook's own word (docs/access.md), or what the
 * operator asks of whoever makes a space (AL-6); empty otherwise. With "stale" somebody else's came first: read on, decide anew.
 */
export interface OperationRefused {
  readonly type: "operation-refused";
  readonly channel: number;
  readonly code: RefusalCode;
  readonly reason: string;
  readonly retryAfterMs: number;
}

export const operationRefused: MessageFormat<OperationRefused> = {
  type: "operation-refused",
  tag: 81,
  fields: struct<Omit<OperationRefused, "type">>({
    channel,
    code: oneOf(refusalNumbers),
    reason: utf8(limits.reasonBytesMax),
    retryAfterMs: varUint(limits.retryAfterMsMax),
  }),
};
