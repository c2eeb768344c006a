import type { SpaceId } from "@skerry/protocol";
import type { StoredSpace } from "../engine/stored.ts";

/** A space as it is stored before its log was read: one that another device of the account is in, or its home. */
export const followed = (spaceId: SpaceId): StoredSpace => ({ spaceId, creation: undefined, join: undefined, refusal: "", forgotten: [] });
