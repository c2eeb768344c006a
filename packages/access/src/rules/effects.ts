/** What each operation of a space changes, once the rulebook has let it pass. */
import { toText } from "@skerry/protocol";
import type { AccountId, DocId, RecordHash } from "@skerry/protocol";
import type { SpaceBodies } from "../format/space-body.ts";
import type { InviteId } from "../ids.ts";
import { outranks } from "../roles.ts";
import type { Role } from "../roles.ts";
import { carryOut, endGrants, endInviteOf, endInvitesKnownTo, endKeyDue, expel } from "../state/draft.ts";
import type { Draft } from "../state/draft.ts";
import { accountOfDevice, documentOf, firstEpochFor, grantOf, grantsOf, inviteOf, memberOf, openInvitesOf } from "../state/space-state.ts";
import type { Invite, Member, SpaceState } from "../state/space-state.ts";
import { carriedAccount } from "./proposal.ts";
import type { Proposal } from "./proposal.ts";
import { revokesDevice } from "./keys.ts";

type Effect<Type extends keyof SpaceBodies> = (draft: Draft, proposal: Proposal<Type>) => void;
type Effects = { readonly [Type in Exclude<keyof SpaceBodies, "create">]: Effect<Type> };

/** A role that changes. Who may do less than before loses the invites whose links it knows (AC-56). */
function setRole(draft: Draft, accountId: AccountId, role: Role): void {
  const member = memberOf(draft.state, accountId);
  if (member === undefined) return;
  if (outranks(member.role, role)) endInvitesKnownTo(draft, accountId);
  draft.setMember({ ...member, role });
}

const newMember = (state: SpaceState, accountId: AccountId, role: Role, { reads, cameBy }: Pick<Member, "reads" | "cameBy">): Member => ({
  accountId,
  role,
  gone: undefined,
  reads,
  readsFrom: firstEpochFor(state, reads),
  cameBy,
  // Who comes by a link knows the key by that alone.
  keyDue: cameBy !== undefined,
});

function addInvite(
  draft: Draft,
  { space, body, signer }: Pick<Proposal<"create-invite" | "invite-to-document">, "space" | "body" | "signer">,
  to: Pick<Invite, "docId" | "reads">,
): void {
  const maker = accountOfDevice(space, signer);
  if (maker === undefined) return;
  draft.setInvite({
    ...to,
    inviteId: body.inviteId.slice() as InviteId,
    signKey: body.signKey.slice(),
    sealKey: body.sealKey.slice(),
    role: body.role,
    expiresAtMs: body.expiresAtMs,
    usesLeft: body.uses,
    passphraseSalt: body.passphraseSalt?.slice(),
    madeBy: toText(maker.accountId),
    ended: false,
  });
}

function useInvite(draft: Draft, invite: Invite): void {
  const usesLeft = invite.usesLeft - 1;
  draft.setInvite({ ...invite, usesLeft, ended: usesLeft === 0 });
}

export const effects: Effects = {
  "add-member": (draft, proposal) => {
    const account = carriedAccount(proposal);
    draft.setAccount(account);
    draft.setMember(newMember(draft.state, account.accountId, proposal.body.role, { reads: proposal.body.reads, cameBy: undefined }));
    endGrants(draft, account.accountId, proposal.body.role);
  },
  "change-role": (draft, { body }) => {
    setRole(draft, body.accountId, body.role);
    if (body.fences !== undefined) draft.setFences(body.fences);
  },
  remove: (draft, { body, signer }) => {
    for (const accountId of body.accountIds) expel(draft, accountId, "removed");
    carryOut(draft, body.cut, signer);
  },
  leave: (draft, { space, signer }) => {
    const account = accountOfDevice(space, signer);
    if (account === undefined) return;
    expel(draft, account.accountId, "left");
    draft.set({ rotationDue: true });
  },
  "transfer-ownership": (draft, { space, body, signer }) => {
    const from = accountOfDevice(space, signer);
    if (from === undefined) return;
    setRole(draft, body.to, "owner");
    setRole(draft, from.accountId, body.ownRole);
    if (body.fences !== undefined) draft.setFences(body.fences);
  },
  rotate: (draft, { body, signer }) => carryOut(draft, body.cut, signer),
  "deliver-keys": (draft, { body }) => {
    for (const { accountId } of body.members) endKeyDue(draft, accountId);
  },
  "create-invite": (draft, proposal) => addInvite(draft, proposal, { docId: undefined, reads: proposal.body.reads }),
  "invite-to-document": (draft, proposal) => addInvite(draft, proposal, { docId: proposal.body.docId.slice() as DocId, reads: "history" }),
  "revoke-invite": (draft, { body }) => {
    const invite = inviteOf(draft.state, body.inviteId);
    if (invite !== undefined) draft.setInvite({ ...invite, ended: true });
    // Whoever has the link may hold the epoch's key.
    draft.set({ rotationDue: true });
  },
  accept: (draft, proposal) => {
    const invite = inviteOf(draft.state, proposal.body.inviteId);
    if (invite === undefined) return;
    const account = carriedAccount(proposal);
    draft.setAccount(account);
    useInvite(draft, invite);
    draft.setMember(newMember(draft.state, account.accountId, invite.role, { reads: invite.reads, cameBy: toText(invite.inviteId) }));
    endGrants(draft, account.accountId, invite.role);
  },
  "accept-document": (draft, proposal) => {
    const invite = inviteOf(draft.state, proposal.body.inviteId);
    if (invite?.docId === undefined) return;
    const { accountId } = carriedAccount(proposal);
    draft.setAccount(carriedAccount(proposal));
    useInvite(draft, invite);
    draft.setGrant({ accountId, docId: invite.docId, role: invite.role, revoked: false, cameBy: toText(invite.inviteId) });
  },
  "grant-document": (draft, proposal) => {
    const account = carriedAccount(proposal);
    draft.setAccount(account);
    const docId = proposal.body.docId.slice() as DocId;
    draft.setGrant({ accountId: account.accountId, docId, role: proposal.body.role, revoked: false, cameBy: undefined });
  },
  "revoke-grant": (draft, { body, signer }) => {
    const grant = grantOf(draft.state, body.accountId, body.docId);
    if (grant === undefined) return;
    endInviteOf(draft, grant);
    draft.setGrant({ ...grant, role: undefined, revoked: true });
    carryOut(draft, body.cut, signer);
  },
  "create-document": (draft, { body }) =>
    draft.setDocument({ docId: body.docId.slice() as DocId, genesis: body.genesis.slice() as RecordHash, deleted: false }),
  "delete-document": (draft, { body }) => {
    const document = documentOf(draft.state, body.docId);
    if (document === undefined) return;
    // Its grants end with it, and the invites to it.
    for (const invite of openInvitesOf(draft.state)) {
      if (invite.docId !== undefined && toText(invite.docId) === toText(body.docId)) draft.setInvite({ ...invite, ended: true });
    }
    for (const grant of grantsOf(draft.state)) {
      if (toText(grant.docId) === toText(body.docId)) draft.setGrant({ ...grant, role: undefined });
    }
    draft.setDocument({ ...document, deleted: true });
  },
  "set-retention": (draft, { body }) => draft.set({ retentionDays: body.retentionDays }),
  "move-relay": (draft, { body }) =>
    draft.set({ relayKey: body.relay.relayKey.slice() as typeof body.relay.relayKey, sealedAddress: body.relay.sealedAddress.slice() }),
  "account-news": (draft, proposal) => {
    const account = carriedAccount(proposal);
    const revokes = revokesDevice(proposal);
    draft.setAccount(account);
    if (!revokes) return;
    endInvitesKnownTo(draft, account.accountId);
    if (proposal.body.cut === undefined) draft.set({ rotationDue: true });
    else carryOut(draft, proposal.body.cut, proposal.signer);
  },
};

/** The first operation: one owner, one epoch, no document. */
export function create(draft: Draft, body: SpaceBodies["create"], account: Parameters<Draft["setAccount"]>[0]): void {
  draft.setAccount(account);
  draft.setMember(newMember(draft.state, account.accountId, "owner", { reads: "history", cameBy: undefined }));
  draft.set({ commitment: body.commitment.slice() });
}
