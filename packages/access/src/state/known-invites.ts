import { toText } from "@skerry/protocol";
import type { AccountId } from "@skerry/protocol";
import { grantsEverOf, memberOf } from "./space-state.ts";
import type { Grant, Invite, SpaceState } from "./space-state.ts";

/** AC-56: an account that loses rights takes with it the invites that it made and those that it came by: it knows their links. */
export const endsWith = (space: SpaceState, invite: Invite, accountId: AccountId): boolean =>
  invite.madeBy === toText(accountId) ||
  memberOf(space, accountId)?.cameBy === toText(invite.inviteId) ||
  grantsEverOf(space, accountId).some((grant) => cameBy(grant, invite));

/** AC-56, for a grant alone: its holder keeps what else it has. */
export const cameBy = (grant: Grant, invite: Invite): boolean => grant.cameBy === toText(invite.inviteId);
