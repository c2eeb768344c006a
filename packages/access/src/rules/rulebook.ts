/**
 * The rulebook of a space: for each operation, the rules that it has to keep, in the order in which they are asked. Who may say it comes first, what
 * costs signatures last. Read with effects.ts, which says what an operation changes.
 */
import type { Refusal } from "../refusal.ts";
import {
  carriedAccountIsValid,
  devicesAreOfOneAccount,
  keysFromOwnAccountOrOwner,
  newsFromOwnAccountOrOwner,
  signedByCarriedDevice,
  signedByKnownDevice,
  signedByOwner,
  signedByWriter,
  signerIsHere,
} from "./authors.ts";
import {
  documentIsNew,
  documentIsThere,
  earlierKeysFit,
  hasRoomForDocument,
  hasRoomForGrant,
  invitedDocumentIsThere,
  invitedIsNotGranted,
  isGranted,
  isNotGranted,
} from "./documents.ts";
import {
  documentWasNotTakenAway,
  hasRoomForInvite,
  inviteIsInTime,
  inviteIsNew,
  inviteIsOpen,
  inviteIsToDocument,
  inviteIsToSpace,
  newcomerHoldsLink,
  newcomerWasNotRemoved,
} from "./invites.ts";
import {
  changeIsFenced,
  grantEndIsWhole,
  keysAreDue,
  newsAreCutByOwner,
  removalIsWhole,
  rotationIsWhole,
  steppingDownIsFenced,
} from "./keys.ts";
import {
  changeLeavesOwner,
  hasRoomForAccount,
  hasRoomForMember,
  isNoMember,
  leavingLeavesOwner,
  removalLeavesOwner,
  roleIsAnother,
  successorIsAnother,
  successorIsMember,
  targetIsMember,
  targetsAreHere,
} from "./members.ts";
import { newsAreNews } from "./news.ts";
import type { Proposal, Rule, SpaceBodyType } from "./proposal.ts";

type Rulebook = { readonly [Type in Exclude<SpaceBodyType, "create">]: readonly Rule<Type>[] };

export const rulebook: Rulebook = {
  "add-member": [signedByOwner, hasRoomForMember, hasRoomForAccount, carriedAccountIsValid, devicesAreOfOneAccount, isNoMember],
  "change-role": [signedByOwner, targetIsMember, roleIsAnother, changeLeavesOwner, changeIsFenced],
  remove: [signedByOwner, targetsAreHere, removalLeavesOwner, removalIsWhole],
  leave: [signedByKnownDevice, signerIsHere, leavingLeavesOwner],
  "transfer-ownership": [signedByOwner, successorIsMember, successorIsAnother, steppingDownIsFenced],
  rotate: [signedByOwner, rotationIsWhole],
  "deliver-keys": [keysFromOwnAccountOrOwner, keysAreDue],
  "create-invite": [signedByOwner, inviteIsNew, hasRoomForInvite],
  "revoke-invite": [signedByOwner, inviteIsOpen],
  "invite-to-document": [signedByOwner, documentIsThere, inviteIsNew, hasRoomForInvite, earlierKeysFit],
  "accept-document": [
    inviteIsOpen,
    inviteIsInTime,
    inviteIsToDocument,
    invitedDocumentIsThere,
    newcomerHoldsLink,
    newcomerWasNotRemoved,
    documentWasNotTakenAway,
    earlierKeysFit,
    hasRoomForGrant,
    hasRoomForAccount,
    carriedAccountIsValid,
    devicesAreOfOneAccount,
    signedByCarriedDevice,
    isNoMember,
    invitedIsNotGranted,
  ],
  accept: [
    inviteIsOpen,
    inviteIsInTime,
    inviteIsToSpace,
    newcomerHoldsLink,
    newcomerWasNotRemoved,
    hasRoomForMember,
    hasRoomForAccount,
    carriedAccountIsValid,
    devicesAreOfOneAccount,
    signedByCarriedDevice,
    isNoMember,
  ],
  "grant-document": [
    signedByOwner,
    documentIsThere,
    earlierKeysFit,
    hasRoomForGrant,
    hasRoomForAccount,
    carriedAccountIsValid,
    devicesAreOfOneAccount,
    isNoMember,
    isNotGranted,
  ],
  "revoke-grant": [signedByOwner, isGranted, grantEndIsWhole],
  "create-document": [signedByWriter, documentIsNew, hasRoomForDocument],
  "delete-document": [signedByOwner, documentIsThere],
  "set-retention": [signedByOwner],
  "move-relay": [signedByOwner],
  "account-news": [newsAreNews, carriedAccountIsValid, devicesAreOfOneAccount, newsFromOwnAccountOrOwner, newsAreCutByOwner],
};

/** The first refusal of the rules for one kind, or none. */
export function judge<Type extends Exclude<SpaceBodyType, "create">>(type: Type, proposal: Proposal<Type>): Refusal | undefined {
  const rules: readonly Rule<Type>[] = rulebook[type];
  for (const rule of rules) {
    const refusal = rule(proposal);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
