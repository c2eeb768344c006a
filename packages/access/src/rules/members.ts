/** Members and their roles (docs/access.md, AC-24 and AC-30 to AC-34). */
import { bytesEqual } from "@skerry/protocol";
import { accessLimits } from "../limits.ts";
import { refusalFor } from "../refusal.ts";
import { accountOfDevice, accountState, isHere, roleOf, settingsOf } from "../state/space-state.ts";
import { ownerIsLeft } from "./authors.ts";
import { carriedAccount } from "./proposal.ts";
import type { Rule } from "./proposal.ts";

/** AC-30: who is added has no role yet; AC-64: nor has who is given a document alone. */
export const isNoMember: Rule<"add-member" | "accept" | "accept-document" | "grant-document"> = (proposal) =>
  roleOf(proposal.space, carriedAccount(proposal).accountId) === undefined ? undefined : refusalFor("already-member");

/** AC-31: whose role changes is a member. */
export const targetIsMember: Rule<"change-role"> = ({ space, body }) =>
  roleOf(space, body.accountId) === undefined ? refusalFor("no-such-member") : undefined;

/** AC-31: who is to become an owner is a member. */
export const successorIsMember: Rule<"transfer-ownership"> = ({ space, body }) =>
  roleOf(space, body.to) === undefined ? refusalFor("no-such-member") : undefined;

/** AC-31: who is removed has a role or a grant. */
export const targetsAreHere: Rule<"remove"> = ({ space, body }) =>
  body.accountIds.every((accountId) => isHere(space, accountId)) ? undefined : refusalFor("no-such-member");

/** AC-32: a changed role is another one. */
export const roleIsAnother: Rule<"change-role"> = ({ space, body }) =>
  roleOf(space, body.accountId) === body.role ? refusalFor("same-role") : undefined;

/** AC-24, for a role that changes. */
export const changeLeavesOwner: Rule<"change-role"> = ({ space, body }) =>
  body.role === "owner" ? undefined : ownerIsLeft(space, [body.accountId]);

/** AC-24, for a removal. */
export const removalLeavesOwner: Rule<"remove"> = ({ space, body }) => ownerIsLeft(space, body.accountIds);

/** AC-24, for who leaves. */
export const leavingLeavesOwner: Rule<"leave"> = ({ space, signer }) => {
  const account = accountOfDevice(space, signer);
  return account === undefined ? refusalFor("unknown-author") : ownerIsLeft(space, [account.accountId]);
};

/** AC-34: ownership is handed to somebody else. */
export const successorIsAnother: Rule<"transfer-ownership"> = ({ space, body, signer }) => {
  const account = accountOfDevice(space, signer);
  return account !== undefined && bytesEqual(account.accountId, body.to) ? refusalFor("to-oneself") : undefined;
};

/** AC-65: members are bounded. */
export const hasRoomForMember: Rule<"add-member" | "accept"> = ({ space }) =>
  settingsOf(space).members < accessLimits.membersMax ? undefined : refusalFor("space-full");

/** AC-65: so are the accounts that a space ever met. */
export const hasRoomForAccount: Rule<"add-member" | "accept" | "grant-document" | "accept-document"> = ({ space, body }) =>
  accountState(space, body.account.accountId) !== undefined || space.history.accounts.size < accessLimits.accountsMax
    ? undefined
    : refusalFor("space-full");
