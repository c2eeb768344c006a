/** Writes the effects of one operation into a history, at the operation's position. Keeps the counts of `Settings` true by itself. */
import { assert, toText } from "@skerry/protocol";
import type { AccountId } from "@skerry/protocol";
import type { AccountState } from "../account/state.ts";
import type { Cut, Fence } from "../format/space-body.ts";
import type { LinkHash } from "../ids.ts";
import { writes } from "../roles.ts";
import type { Role } from "../roles.ts";
import {
  accountOfDevice,
  documentOf,
  firstEpochFor,
  grantsOf,
  historyUpTo,
  inviteOf,
  memberOf,
  roleOf,
  openInvitesOf,
  settingsOf,
} from "./space-state.ts";
import type { DocumentState, Grant, Invite, Member, Settings, SpaceHistory, SpaceState } from "./space-state.ts";
import { cameBy, endsWith } from "./known-invites.ts";
import { entryAt, setAt, setEntryAt } from "./timeline.ts";

export interface Draft {
  /** The space as it is with what was written so far. */
  readonly state: SpaceState;
  set(change: Partial<Settings>): void;
  setAccount(account: AccountState): void;
  setMember(member: Member): void;
  setInvite(invite: Invite): void;
  setGrant(grant: Grant): void;
  setDocument(document: DocumentState): void;
  setFences(fences: readonly Fence[]): void;
}

/** Counts start at zero, everything else is set by `create`. */
export type FirstSettings = Omit<Settings, "owners" | "members" | "invites" | "grants" | "documents">;

/** `state` undefined: the first operation, with `first` as settings. */
export function newDraft(history: SpaceHistory, position: number, hash: LinkHash, timeMs: number, first?: FirstSettings): Draft {
  assert(history.hashes.length === position - 1, "operations are written in order");
  history.hashes.push(hash);
  history.times.push(timeMs);
  const state: SpaceState = { history, position };
  if (first !== undefined) setAt(history.settings, position, { ...first, owners: 0, members: 0, invites: 0, grants: 0, documents: 0 });

  const set = (change: Partial<Settings>): void => setAt(history.settings, position, { ...settingsOf(state), ...change });
  const count = (name: "owners" | "members" | "invites" | "grants" | "documents", before: boolean, after: boolean): void => {
    if (before !== after) set({ [name]: settingsOf(state)[name] + (after ? 1 : -1) });
  };

  return {
    state,
    set: (change) => {
      set(change);
      if (change.commitment !== undefined) setEntryAt(history.commitments, toText(change.commitment), position, true);
    },
    setAccount: (account) => {
      const text = toText(account.accountId);
      setEntryAt(history.accounts, text, position, account);
      for (const device of account.devices.keys()) {
        if (entryAt(history.deviceAccounts, device, position) === undefined) setEntryAt(history.deviceAccounts, device, position, text);
      }
    },
    setMember: (member) => {
      const before = roleOf(state, member.accountId);
      setEntryAt(history.members, toText(member.accountId), position, member);
      count("owners", before === "owner", member.role === "owner");
      count("members", before !== undefined, member.role !== undefined);
    },
    setInvite: (invite) => {
      const before = inviteOf(state, invite.inviteId);
      setEntryAt(history.invites, toText(invite.inviteId), position, invite);
      count("invites", before?.ended === false, !invite.ended);
    },
    setGrant: (grant) => {
      const [account, document] = [toText(grant.accountId), toText(grant.docId)];
      const grants = history.grants.get(account) ?? new Map();
      const before = entryAt(grants, document, position) as Grant | undefined;
      setEntryAt(grants, document, position, grant);
      history.grants.set(account, grants);
      count("grants", before?.role !== undefined, grant.role !== undefined);
    },
    setDocument: (document) => {
      const before = documentOf(state, document.docId);
      setEntryAt(history.documents, toText(document.docId), position, document);
      count("documents", before?.deleted === false, !document.deleted);
    },
    setFences: (fences) => {
      history.cuts.push(position);
      for (const { docId, seq } of fences) {
        const text = toText(docId);
        if (entryAt(history.fences, text, position) !== seq) setEntryAt(history.fences, text, position, seq);
      }
    },
  };
}

/** A history to which the operation after `state` can be written: `state`'s own, unless another operation stands there already. */
export const historyAfter = ({ history, position }: SpaceState): SpaceHistory =>
  history.hashes.length === position ? history : historyUpTo(history, position);

/** AC-56. */
export function endInvitesKnownTo(draft: Draft, accountId: AccountId): void {
  for (const invite of openInvitesOf(draft.state)) {
    if (endsWith(draft.state, invite, accountId)) draft.setInvite({ ...invite, ended: true });
  }
}

/** AC-56, for one grant. */
export function endInviteOf(draft: Draft, grant: Grant): void {
  for (const invite of openInvitesOf(draft.state)) if (cameBy(grant, invite)) draft.setInvite({ ...invite, ended: true });
}

/** AC-64: from now on its role says what it may do. If that is less than it could in some document, a fence is due there, which comes with the next key. */
export function endGrants(draft: Draft, accountId: AccountId, role: Role): void {
  for (const grant of grantsOf(draft.state, accountId)) {
    draft.setGrant({ ...grant, role: undefined });
    if (writes(grant.role) && !writes(role)) draft.set({ rotationDue: true });
  }
}

/** An account is not here any more: its role, grants and invites end. A guest who was removed from the space once does not undo that by leaving (AC-55). */
export function expel(draft: Draft, accountId: AccountId, gone: "left" | "removed"): void {
  endInvitesKnownTo(draft, accountId);
  const member = memberOf(draft.state, accountId);
  for (const grant of grantsOf(draft.state, accountId)) draft.setGrant({ ...grant, role: undefined, revoked: gone === "removed" });
  draft.setMember({
    accountId: accountId.slice() as AccountId,
    role: undefined,
    gone: member?.gone === "removed" ? "removed" : gone,
    reads: member?.reads ?? "from-this-epoch",
    readsFrom: member?.readsFrom ?? settingsOf(draft.state).epoch,
    cameBy: undefined,
    keyDue: false,
  });
}

/** AC-45: an envelope for the account has come, by which all its devices read. */
export function endKeyDue(draft: Draft, accountId: AccountId): void {
  const member = memberOf(draft.state, accountId);
  if (member?.keyDue === true) draft.setMember({ ...member, keyDue: false, readsFrom: firstEpochFor(draft.state, member.reads) });
}

/** The new epoch and the fences of a cut. What was due is done with it. */
export function carryOut(draft: Draft, { fences, rekey }: Cut, signer: Uint8Array): void {
  for (const inviteId of rekey.endedInvites) {
    const invite = inviteOf(draft.state, inviteId);
    if (invite !== undefined) draft.setInvite({ ...invite, ended: true });
  }
  draft.setFences(fences);
  draft.set({ epoch: rekey.epoch, commitment: rekey.commitment.slice(), rotationDue: false });
  const author = accountOfDevice(draft.state, signer);
  // AC-46: such an owner has no history key to seal under the new one.
  if (author !== undefined && memberOf(draft.state, author.accountId)?.reads === "from-this-epoch")
    draft.set({ historyFrom: rekey.epoch - 1 });
  for (const { accountId } of rekey.members) endKeyDue(draft, accountId);
}
