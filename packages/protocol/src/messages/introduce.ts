import { list, optional, struct, varBytes } from "../codec.ts";
import { accessCursor } from "../access-entry.ts";
import { accountId, spaceId } from "../ids.ts";
import type { AccountId } from "../ids.ts";
import { limits } from "../limits.ts";
import { channel } from "./message.ts";
import type { MessageFormat } from "./message.ts";
import { inviteProof } from "./open-space.ts";
import type { OpenSpace } from "./open-space.ts";

/** What a device says of its account to a relay that may not know it. Whoever sends it may be hostile: the rulebook judges each operation. */
export interface Introduction {
  readonly accountId: AccountId;
  /** The account's log, or its end that the space may lack, oldest first; each at most 4 KiB. By the rulebook's bounds (AC-17) a whole log fits a frame. */
  readonly operations: readonly Uint8Array[];
}

/** `open-space` by a device that the space may not know yet: its account's log says whose it is (docs/protocol.md, AL-8). Answered like `open-space`. */
export interface Introduce extends Omit<OpenSpace, "type">, Introduction {
  readonly type: "introduce";
}

export const introduce: MessageFormat<Introduce> = {
  type: "introduce",
  tag: 15,
  fields: struct<Omit<Introduce, "type">>({
    channel,
    spaceId,
    cursor: accessCursor,
    invite: optional(inviteProof),
    accountId,
    operations: list(varBytes(limits.accountOperationBytesMax), limits.accountOperationsMax),
  }),
};
