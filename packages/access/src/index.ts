/** @skerry/access: who may do what. A pure function of a space's log, for relays and peers alike. Rules with numbers: docs/access.md. */
export { applyAccount, applyAccountOperations } from "./account/apply.ts";
export { isLiveDevice, liveDevices } from "./account/state.ts";
export type { AccountDevice, AccountState } from "./account/state.ts";
export { applySpace, createSpaceState, restoreSpaceState } from "./apply.ts";
export type { AccountBodies, AccountBody, ConsentingDevice } from "./format/account-body.ts";
export { decodeAccessEntry, encodeAccessEntry } from "./format/entry.ts";
export type { AccessEntry } from "./format/entry.ts";
export { compareBytes } from "./format/lists.ts";
export {
  decodeAccountOperation,
  decodeSpaceOperation,
  encodeUnsignedAccountOperation,
  encodeUnsignedSpaceOperation,
  joinOperation,
} from "./format/operation.ts";
export type { AccountOperation, SpaceOperation, UnsignedOperation } from "./format/operation.ts";
export { sealedKeyBytes } from "./format/space-body.ts";
export type { CarriedAccount, Cut, DocumentKeys, Fence, KeyEnvelope, Reads, Rekey, SpaceBodies, SpaceBody } from "./format/space-body.ts";
export { noOperation } from "./ids.ts";
export type { InviteId, LinkHash } from "./ids.ts";
export { judgeEntry, judgeGenesis, judgeSnapshot, newestFenceIn } from "./judge-entry.ts";
export type { EntryClaim } from "./judge-entry.ts";
export { accessLimits } from "./limits.ts";
export { reasons } from "./refusal.ts";
export type { Reason, Refusal, RuleId } from "./refusal.ts";
export { outranks, writes } from "./roles.ts";
export { entitledAfter, nobody } from "./rules/keys.ts";
export type { Entitled, Losers } from "./rules/keys.ts";
export type { LesserRole, Role } from "./roles.ts";
export {
  accessHeadAt,
  accountOfDevice,
  accountState,
  documentOf,
  documentRights,
  formerMembersOf,
  grantOf,
  grantsOf,
  inviteOf,
  isHere,
  keysDue,
  liveDocumentsOf,
  memberOf,
  membersOf,
  openInvitesOf,
  readersFrom,
  roleOf,
  settingsOf,
  stateAt,
} from "./state/space-state.ts";
export type {
  AccessHead,
  DocumentRights,
  DocumentState,
  Grant,
  Invite,
  Member,
  Settings,
  SpaceHistory,
  SpaceState,
} from "./state/space-state.ts";
export { accessVersion } from "./version.ts";
