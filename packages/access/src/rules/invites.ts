/** Invites by link (docs/access.md, AC-50 to AC-56). */
import { verifyAcceptProof } from "@skerry/crypto/verify";
import { accessLimits } from "../limits.ts";
import { refusalFor } from "../refusal.ts";
import { inviteOf, isGrantRevoked, memberOf, settingsOf } from "../state/space-state.ts";
import type { Rule } from "./proposal.ts";

/** AC-50: an invite's id is new. */
export const inviteIsNew: Rule<"create-invite" | "invite-to-document"> = ({ space, body }) =>
  inviteOf(space, body.inviteId) === undefined ? undefined : refusalFor("invite-known");

/** AC-51: the invite is there and has not ended. AC-53: it has not been used up. */
export const inviteIsOpen: Rule<"accept" | "accept-document" | "revoke-invite"> = ({ space, body }) => {
  const invite = inviteOf(space, body.inviteId);
  if (invite === undefined) return refusalFor("no-such-invite");
  if (invite.usesLeft === 0) return refusalFor("invite-used-up");
  return invite.ended ? refusalFor("invite-ended") : undefined;
};

/** AC-52: the relay received the accept before the invite expired. The only use of the relay's time. */
export const inviteIsInTime: Rule<"accept" | "accept-document"> = ({ space, body, receivedAtMs }) =>
  receivedAtMs < (inviteOf(space, body.inviteId)?.expiresAtMs ?? 0) ? undefined : refusalFor("invite-expired");

/** AC-54: the newcomer holds the link: the invite's key signed for this account in this space. */
export const newcomerHoldsLink: Rule<"accept" | "accept-document"> = ({ space, body }) => {
  const invite = inviteOf(space, body.inviteId);
  const claim = { spaceId: space.history.spaceId, inviteId: body.inviteId, accountId: body.account.accountId };
  return invite !== undefined && verifyAcceptProof(invite.signKey, claim, body.proof) ? undefined : refusalFor("bad-proof");
};

/** AC-55: a removed account comes back by an owner's word only. */
export const newcomerWasNotRemoved: Rule<"accept" | "accept-document"> = ({ space, body }) =>
  memberOf(space, body.account.accountId)?.gone === "removed" ? refusalFor("was-removed") : undefined;

/** AC-55, for the one document: what an owner took away comes back by an owner's word only. */
export const documentWasNotTakenAway: Rule<"accept-document"> = ({ space, body }) => {
  const docId = inviteOf(space, body.inviteId)?.docId;
  return docId !== undefined && isGrantRevoked(space, body.account.accountId, docId) ? refusalFor("was-removed") : undefined;
};

/** AC-57: an invite is to the space or to one document, and accepted as what it is. */
export const inviteIsToSpace: Rule<"accept"> = ({ space, body }) =>
  inviteOf(space, body.inviteId)?.docId === undefined ? undefined : refusalFor("wrong-invite");
export const inviteIsToDocument: Rule<"accept-document"> = ({ space, body }) =>
  inviteOf(space, body.inviteId)?.docId === undefined ? refusalFor("wrong-invite") : undefined;

/** AC-65: invites are bounded. */
export const hasRoomForInvite: Rule<"create-invite" | "invite-to-document"> = ({ space }) =>
  settingsOf(space).invites < accessLimits.invitesMax ? undefined : refusalFor("space-full");
