/** Who may sign what in a space (docs/access.md, AC-20 to AC-26). */
import { bytesEqual, toText } from "@skerry/protocol";
import { isLiveDevice } from "../account/state.ts";
import type { AccountState } from "../account/state.ts";
import { refusalFor } from "../refusal.ts";
import type { Refusal } from "../refusal.ts";
import { writes } from "../roles.ts";
import { accountOfDevice, isHere, roleOf, settingsOf } from "../state/space-state.ts";
import type { SpaceState } from "../state/space-state.ts";
import { entryAt } from "../state/timeline.ts";
import { carriedAccount } from "./proposal.ts";
import type { CarryingType, Proposal, Rule, SpaceBodyType } from "./proposal.ts";

type Signed = Pick<Proposal<SpaceBodyType>, "space" | "signer">;

/** AC-20: the signer is a device that the space knows, and it is not revoked. */
export function signedByKnownDevice({ space, signer }: Signed): Refusal | undefined {
  const account = accountOfDevice(space, signer);
  if (account === undefined) return refusalFor("unknown-author");
  return isLiveDevice(account, signer) ? undefined : refusalFor("revoked-author");
}

/** AC-20, where the operation brings its author's account along: a device of it that is not revoked by what is brought. */
export function signedByCarriedDevice(proposal: Proposal<"accept" | "accept-document">): Refusal | undefined {
  return isSignedBy(carriedAccount(proposal), proposal.signer);
}

export function isSignedBy(account: AccountState, signer: Uint8Array): Refusal | undefined {
  const device = account.devices.get(toText(signer));
  if (device === undefined) return refusalFor("unknown-author");
  return device.revoked ? refusalFor("revoked-author") : undefined;
}

export function isOwner({ space, signer }: Signed): boolean {
  const account = accountOfDevice(space, signer);
  return account !== undefined && isLiveDevice(account, signer) && roleOf(space, account.accountId) === "owner";
}

/** AC-21: owners alone decide who is here and who holds which key. */
export const signedByOwner = (proposal: Signed): Refusal | undefined =>
  signedByKnownDevice(proposal) ?? (isOwner(proposal) ? undefined : refusalFor("not-an-owner"));

/** AC-22: owners and editors create documents. */
export const signedByWriter: Rule<"create-document"> = (proposal) => {
  const refusal = signedByKnownDevice(proposal);
  if (refusal !== undefined) return refusal;
  const account = accountOfDevice(proposal.space, proposal.signer);
  return account !== undefined && writes(roleOf(proposal.space, account.accountId)) ? undefined : refusalFor("may-not-create");
};

/** AC-23: news of an account come from a device of it, as it is after the news, or from an owner. */
export const newsFromOwnAccountOrOwner: Rule<"account-news"> = (proposal) => {
  const account = carriedAccount(proposal);
  if (isSignedBy(account, proposal.signer) === undefined) return undefined;
  if (account.devices.has(toText(proposal.signer))) return refusalFor("revoked-author");
  return signedByKnownDevice(proposal) ?? (isOwner(proposal) ? undefined : refusalFor("not-own-account"));
};

/** AC-23: keys that are due are delivered to the own account, or by an owner to anybody. */
export const keysFromOwnAccountOrOwner: Rule<"deliver-keys"> = (proposal) => {
  const refusal = signedByKnownDevice(proposal);
  if (refusal !== undefined) return refusal;
  const own = accountOfDevice(proposal.space, proposal.signer);
  const onlyOwn = proposal.body.members.every(({ accountId }) => own !== undefined && bytesEqual(own.accountId, accountId));
  return onlyOwn || isOwner(proposal) ? undefined : refusalFor("not-own-account");
};

/** AC-24: a space is never without an owner. */
export function ownerIsLeft(space: SpaceState, losing: readonly Uint8Array[]): Refusal | undefined {
  const lost = losing.filter((accountId) => roleOf(space, accountId) === "owner").length;
  return lost === 0 || settingsOf(space).owners > lost ? undefined : refusalFor("last-owner");
}

/** AC-25: what is carried of an account's log follows what the space knows of it, and keeps to the rules of account logs. */
export const carriedAccountIsValid = ({ carried }: Proposal<CarryingType>): Refusal | undefined => {
  const account = carried();
  return account.ok ? undefined : account.error;
};

/** AC-26: in one space a device belongs to one account. */
export const devicesAreOfOneAccount = (proposal: Proposal<CarryingType>): Refusal | undefined => {
  const { history, position } = proposal.space;
  const account = carriedAccount(proposal);
  const own = toText(account.accountId);
  for (const device of account.devices.keys()) {
    const elsewhere = entryAt(history.deviceAccounts, device, position);
    if (elsewhere !== undefined && elsewhere !== own) return refusalFor("device-elsewhere");
  }
  return undefined;
};

/** AC-33: who leaves has a role or a grant. */
export const signerIsHere: Rule<"leave"> = ({ space, signer }) => {
  const account = accountOfDevice(space, signer);
  if (account === undefined) return refusalFor("unknown-author");
  return isHere(space, account.accountId) ? undefined : refusalFor("nothing-to-leave");
};
