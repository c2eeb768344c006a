/** Invites by link (docs/access.md, AC-50 to AC-56). */
import { verifyAcceptProof } from "@skerry/crypto/verify";
import { accessLimits } from "../limits.ts";
import { refusalFor } from "../refusal.ts";
import { inviteOf, memberOf, settingsOf } from "../state/space-state.ts";
import type { Rule } from "./proposal.ts";

/** AC-50: an invite's id is new. */
export const inviteIsNew: Rule<"create-invite"> = ({ space, body }) =>
  inviteOf(space, body.inviteId) === undefined ? undefined : refusalFor("invite-known");

/** AC-51: the invite is there and has not ended. AC-53: it has not been used up. */
export const inviteIsOpen: Rule<"accept" | "revoke-invite"> = ({ space, body }) => {
  const invite = inviteOf(space, body.inviteId);
  if (invite === undefined) return refusalFor("no-such-invite");
  if (invite.usesLeft === 0) return refusalFor("invite-used-up");
  return invite.ended ? refusalFor("invite-ended") : undefined;
};

/** AC-52: the relay received the accept before the invite expired. The only use of the relay's time. */
export const inviteIsInTime: Rule<"accept"> = ({ space, body, receivedAtMs }) =>
  receivedAtMs < (inviteOf(space, body.inviteId)?.expiresAtMs ?? 0) ? undefined : refusalFor("invite-expired");

/** AC-54: the newcomer holds the link: the invite's key signed for this account in this space. */
export const newcomerHoldsLink: Rule<"accept"> = ({ space, body }) => {
  const invite = inviteOf(space, body.inviteId);
  const claim = { spaceId: space.history.spaceId, inviteId: body.inviteId, accountId: body.account.accountId };
  return invite !== undefined && verifyAcceptProof(invite.signKey, claim, body.proof) ? undefined : refusalFor("bad-proof");
};

/** AC-55: a removed account comes back by an owner's word only. */
export const newcomerWasNotRemoved: Rule<"accept"> = ({ space, body }) =>
  memberOf(space, body.account.accountId)?.gone === "removed" ? refusalFor("was-removed") : undefined;

/** AC-65: invites are bounded. */
export const hasRoomForInvite: Rule<"create-invite"> = ({ space }) =>
  settingsOf(space).invites < accessLimits.invitesMax ? undefined : refusalFor("space-full");
