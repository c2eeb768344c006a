import { oneOf, struct, varUint } from "../codec.ts";
import { recordHash } from "../ids.ts";
import type { RecordHash } from "../ids.ts";
import { refusalNumbers } from "../codes.ts";
import type { RefusalCode } from "../codes.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";

/**
 * An append, restore, open, mail or note was not done. `n` is the record's number for an append, a mail's place among those of its channel, else 0.
 * `tailN` and `tailHash` name the last record of the replica that the relay has.
 */
export interface Refused {
  readonly type: "refused";
  readonly channel: number;
  readonly n: number;
  readonly code: RefusalCode;
  readonly retryAfterMs: number;
  readonly tailN: number;
  readonly tailHash: RecordHash;
}

export const refused: MessageFormat<Refused> = {
  type: "refused",
  tag: 70,
  fields: struct<Omit<Refused, "type">>({
    channel,
    n: varUint(),
    code: oneOf(refusalNumbers),
    retryAfterMs: varUint(limits.retryAfterMsMax),
    tailN: varUint(),
    tailHash: recordHash,
  }),
};
