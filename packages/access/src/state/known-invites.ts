import { toText } from "@skerry/protocol";
import type { AccountId } from "@skerry/protocol";
import { memberOf } from "./space-state.ts";
import type { Invite, SpaceState } from "./space-state.ts";

/** AC-56: an account that loses rights takes with it the invites that it made and the one that it came by: it knows their links. */
export const endsWith = (space: SpaceState, invite: Invite, accountId: AccountId): boolean =>
  invite.madeBy === toText(accountId) || memberOf(space, accountId)?.cameBy === toText(invite.inviteId);
