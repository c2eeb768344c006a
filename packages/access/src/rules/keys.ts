/** Epochs, envelopes and fences (docs/access.md, AC-40 to AC-45). Contents are sealed: the rules check for whom, not what. */
import { bytesEqual, toText } from "@skerry/protocol";
import type { AccountId, DocId } from "@skerry/protocol";
import { compareBytes } from "../format/lists.ts";
import type { Cut, Fence } from "../format/space-body.ts";
import type { InviteId } from "../ids.ts";
import { refusalFor } from "../refusal.ts";
import type { Refusal } from "../refusal.ts";
import { writes } from "../roles.ts";
import {
  accountOfDevice,
  accountState,
  grantOf,
  grantsOf,
  liveDocumentsOf,
  memberOf,
  membersOf,
  openInvitesOf,
  roleOf,
  settingsOf,
} from "../state/space-state.ts";
import type { Grant, Invite, Member, SpaceState } from "../state/space-state.ts";
import { cameBy, endsWith } from "../state/known-invites.ts";
import { entryAt } from "../state/timeline.ts";
import { isOwner } from "./authors.ts";
import { carriedAccount } from "./proposal.ts";
import type { Proposal, Rule } from "./proposal.ts";

/** Who loses what by the operation that a cut belongs to. */
export interface Losers {
  /** These lose everything. */
  readonly expelled: readonly AccountId[];
  /** These keep their place, but a device of theirs goes: the links that it knew end. */
  readonly devicesLost: readonly AccountId[];
  readonly grant: { readonly accountId: AccountId; readonly docId: DocId } | undefined;
}
export const nobody: Losers = { expelled: [], devicesLost: [], grant: undefined };

/** AC-40 to AC-44 for a cut, after which those who lose something are gone. */
const cutIsWhole = (space: SpaceState, cut: Cut, losers: Losers): Refusal | undefined =>
  epochIsNext(space, cut) ??
  keyIsNew(space, cut) ??
  endedInvitesAreOpen(space, cut) ??
  recipientsAreTheEntitled(space, cut, losers) ??
  fencesAreWhole(space, cut.fences);

/** AC-40: epochs are numbered without gaps. */
const epochIsNext = (space: SpaceState, { rekey }: Cut): Refusal | undefined =>
  rekey.epoch === settingsOf(space).epoch + 1 ? undefined : refusalFor("epoch-not-next");

/** AC-44: a new epoch has a key that no epoch had. */
const keyIsNew = ({ history, position }: SpaceState, { rekey }: Cut): Refusal | undefined =>
  entryAt(history.commitments, toText(rekey.commitment), position) === undefined ? undefined : refusalFor("key-reused");

/** AC-51: an invite that ends with the cut was open. */
const endedInvitesAreOpen = (space: SpaceState, { rekey }: Cut): Refusal | undefined => {
  const open = new Set(openInvitesOf(space).map((invite) => toText(invite.inviteId)));
  return rekey.endedInvites.every((inviteId) => open.has(toText(inviteId))) ? undefined : refusalFor("no-such-invite");
};

/** AC-41: one envelope for each member, open invite and grant that is left after the operation, and none for anybody else. */
function recipientsAreTheEntitled(space: SpaceState, { rekey }: Cut, losers: Losers): Refusal | undefined {
  const { members, invites, grants } = entitledAfter(space, losers, rekey.endedInvites);
  const exact =
    sameSet(
      members.map((member) => toText(member.accountId)),
      rekey.members.map((envelope) => toText(envelope.accountId)),
    ) &&
    sameSet(
      invites.map((invite) => toText(invite.inviteId)),
      rekey.invites.map((envelope) => toText(envelope.inviteId)),
    ) &&
    sameSet(grants.map(grantKey), rekey.grants.map(grantKey));
  return exact ? undefined : refusalFor("wrong-recipients");
}

const grantKey = (held: { readonly accountId: AccountId; readonly docId: DocId }): string =>
  `${toText(held.accountId)} ${toText(held.docId)}`;

export interface Entitled {
  readonly members: readonly Member[];
  readonly invites: readonly Invite[];
  readonly grants: readonly Grant[];
}

/** AC-41: who is left after a cut, and so gets the new key. For those who make one, in the order in which their envelopes stand. */
export function entitledAfter(space: SpaceState, { expelled, devicesLost, grant }: Losers, endedInvites: readonly InviteId[]): Entitled {
  const gone = new Set(expelled.map(toText));
  const ended = new Set(endedInvites.map(toText));
  const lost = grant === undefined ? undefined : grantOf(space, grant.accountId, grant.docId);
  return {
    members: membersOf(space)
      .filter((member) => !gone.has(toText(member.accountId)))
      .toSorted((a, b) => compareBytes(a.accountId, b.accountId)),
    invites: openInvitesOf(space)
      .filter(
        (invite) =>
          !ended.has(toText(invite.inviteId)) &&
          ![...expelled, ...devicesLost].some((accountId) => endsWith(space, invite, accountId)) &&
          !(lost !== undefined && cameBy(lost, invite)),
      )
      .toSorted((a, b) => compareBytes(a.inviteId, b.inviteId)),
    grants: grantsOf(space)
      .filter(
        ({ accountId, docId }) =>
          !gone.has(toText(accountId)) &&
          !(grant !== undefined && bytesEqual(grant.accountId, accountId) && bytesEqual(grant.docId, docId)),
      )
      .toSorted((a, b) => compareBytes(a.accountId, b.accountId) || compareBytes(a.docId, b.docId)),
  };
}

/** AC-42: fences stand in all documents that are not deleted, and in no other. */
const fencesAreWhole = (space: SpaceState, fences: readonly Fence[]): Refusal | undefined =>
  sameSet(
    liveDocumentsOf(space).map((document) => toText(document.docId)),
    fences.map((fence) => toText(fence.docId)),
  )
    ? undefined
    : refusalFor("wrong-fences");

/** Neither list has anything twice. */
const sameSet = (wanted: readonly string[], given: readonly string[]): boolean => {
  if (wanted.length !== given.length) return false;
  const set = new Set(given);
  return wanted.every((item) => set.has(item));
};

export const removalIsWhole: Rule<"remove"> = ({ space, body }) => cutIsWhole(space, body.cut, { ...nobody, expelled: body.accountIds });
export const rotationIsWhole: Rule<"rotate"> = ({ space, body }) => cutIsWhole(space, body.cut, nobody);
export const grantEndIsWhole: Rule<"revoke-grant"> = ({ space, body }) =>
  cutIsWhole(space, body.cut, { ...nobody, grant: { accountId: body.accountId, docId: body.docId } });

/** AC-43: fences come with the loss of the right to write, and only then. */
function fencesIfWritingEnds(space: SpaceState, ends: boolean, fences: readonly Fence[] | undefined): Refusal | undefined {
  if (fences === undefined) return ends ? refusalFor("cut-missing") : undefined;
  return ends ? fencesAreWhole(space, fences) : refusalFor("cut-uncalled");
}

/** AC-43, for a role that changes. */
export const changeIsFenced: Rule<"change-role"> = ({ space, body }) =>
  fencesIfWritingEnds(space, writes(roleOf(space, body.accountId)) && !writes(body.role), body.fences);

/** AC-43, for an owner who steps down. */
export const steppingDownIsFenced: Rule<"transfer-ownership"> = ({ space, body }) =>
  fencesIfWritingEnds(space, !writes(body.ownRole), body.fences);

/** Whether the carried operations revoke a device that the space took for good. */
export function revokesDevice(proposal: Proposal<"account-news">): boolean {
  const before = accountState(proposal.space, proposal.body.account.accountId);
  const after = carriedAccount(proposal);
  return [...(before?.devices ?? [])].some(([id, device]) => !device.revoked && after.devices.get(id)?.revoked === true);
}

/**
 * AC-43: an owner who tells that a device was revoked makes the cut at once. Anybody else cannot: keys are dealt out by owners. A device that the news themselves
 * bring need not: until they are in force it reads no document, and cannot say where fences stand.
 */
export const newsAreCutByOwner: Rule<"account-news"> = (proposal) => {
  const { space, body } = proposal;
  const revokes = revokesDevice(proposal);
  if (body.cut === undefined) return revokes && isOwner(proposal) ? refusalFor("cut-missing") : undefined;
  if (!revokes || !(isOwner(proposal) || isOwnerAfter(proposal))) return refusalFor("cut-uncalled");
  return cutIsWhole(space, body.cut, { ...nobody, devicesLost: [body.account.accountId] });
};

/** A device that the news themselves add speaks for its account, which may be an owner's. */
const isOwnerAfter = ({ space, body, signer, carried }: Proposal<"account-news">): boolean =>
  accountOfDevice(space, signer) === undefined &&
  carriedAccount({ carried }).devices.has(toText(signer)) &&
  roleOf(space, body.account.accountId) === "owner";

/** AC-45: an envelope of its own is due to a member who came by a link. */
export const keysAreDue: Rule<"deliver-keys"> = ({ space, body }) =>
  body.members.every(({ accountId }) => memberOf(space, accountId)?.keyDue === true) ? undefined : refusalFor("keys-not-due");
