/** What people decide in a space, as operations. What is so already needs none: of two owners who do the same, both succeed. */
import { accountState, grantOf, inviteOf, isHere, liveDocumentsOf, memberOf, nobody, roleOf, settingsOf, writes } from "@skerry/access";
import type { InviteId, LesserRole, Reads, Role, SpaceState } from "@skerry/access";
import { sealKeys } from "@skerry/crypto";
import type { InviteKeys } from "@skerry/crypto";
import type { AccountId, DocId } from "@skerry/protocol";
import { cutFor, cutForRotation, fencesIn, isCut } from "./acting.ts";
import type { Acting, Decide, Decision } from "./acting.ts";
import { documentKeysFor } from "./document-keys.ts";

export interface NewInvite {
  readonly keys: InviteKeys;
  /** Of the one document that it is to; undefined if it is to the space. */
  readonly docId: DocId | undefined;
  readonly role: LesserRole;
  readonly reads: Reads;
  readonly expiresAtMs: number;
  readonly uses: number;
  /** 16 bytes, if the keys come of a passphrase too. */
  readonly passphraseSalt: Uint8Array | undefined;
}

export const inviting =
  ({ keys, docId, role, reads, expiresAtMs, uses, passphraseSalt }: NewInvite, acting: Acting): Decide =>
  (state) => {
    const inviteId = keys.inviteId as InviteId;
    if (inviteOf(state, inviteId) !== undefined) return Promise.resolve("nothing-to-do");
    const made = { inviteId, signKey: keys.inviteKey, sealKey: keys.encryptionKey, role, expiresAtMs, uses, passphraseSalt };
    if (docId !== undefined) {
      const given = documentKeysFor(state, acting, docId, { id: inviteId, encryptionKey: keys.encryptionKey });
      return Promise.resolve(given === undefined ? { refusal: "no-key" } : { type: "invite-to-document", ...made, docId, keys: given });
    }
    const { epoch } = settingsOf(state);
    const epochKey = acting.epochKey(epoch);
    if (epochKey === undefined) return Promise.resolve({ refusal: "no-key" });
    const given = readsGivenBy(state, acting, reads);
    const recipients = [{ id: inviteId, encryptionKey: keys.encryptionKey, reads: given }];
    const sealed = sealKeys({ epochKey, spaceId: state.history.spaceId, epoch, recipients, grants: [], random: acting.random });
    return Promise.resolve({
      type: "create-invite",
      ...made,
      reads: given,
      envelope: { ephemeralKey: sealed.ephemeralKey, sealed: sealed.envelopes[0] ?? new Uint8Array() },
    });
  };

/** An owner who reads from some epoch on has no more to give, and says so. */
function readsGivenBy(state: SpaceState, { account }: Acting, wanted: Reads): Reads {
  return memberOf(state, account.state().accountId)?.reads === "from-this-epoch" ? "from-this-epoch" : wanted;
}

export const revokingInvite =
  (inviteId: Uint8Array): Decide =>
  (state) => {
    const invite = inviteOf(state, inviteId);
    if (invite === undefined) return Promise.resolve({ refusal: "no-such-invite" });
    return Promise.resolve(invite.ended ? "nothing-to-do" : { type: "revoke-invite", inviteId: invite.inviteId });
  };

export const changingRole =
  (accountId: AccountId, role: Role, acting: Acting): Decide =>
  async (state) => {
    const now = roleOf(state, accountId);
    if (now === role) return "nothing-to-do";
    if (role === "owner" && !(await hasPast(state, accountId, acting))) return { refusal: "not-prepared" };
    if (!writes(now) || writes(role)) return { type: "change-role", accountId, role, fences: undefined };
    const fences = await fencesIn(state, acting);
    return fences === undefined ? "unready" : { type: "change-role", accountId, role, fences };
  };

export const removing =
  (accountId: AccountId, acting: Acting): Decide =>
  async (state) => {
    if (isGone(state, accountId)) return "nothing-to-do";
    // Whoever is removed may know any link that is about.
    const cut = await cutFor(state, acting, { ...nobody, expelled: [accountId] }, "all-invites");
    return isCut(cut) ? { type: "remove", accountIds: [accountId], cut } : cut;
  };

/** AC-55: a removed account comes back by an owner's word. What the space knows of the account is enough. */
export const readmitting =
  (accountId: AccountId, role: LesserRole, acting: Acting): Decide =>
  (state): Promise<Decision> => {
    if (roleOf(state, accountId) !== undefined) return Promise.resolve("nothing-to-do");
    const account = accountState(state, accountId);
    const { epoch } = settingsOf(state);
    const epochKey = acting.epochKey(epoch);
    if (account === undefined) return Promise.resolve({ refusal: "no-such-member" });
    if (epochKey === undefined) return Promise.resolve({ refusal: "no-key" });
    const reads = readsGivenBy(state, acting, "history");
    const recipients = [{ id: accountId, encryptionKey: account.encryptionKey, reads }];
    const sealed = sealKeys({ epochKey, spaceId: state.history.spaceId, epoch, recipients, grants: [], random: acting.random });
    return Promise.resolve({
      type: "add-member",
      account: { accountId, operations: [] },
      role,
      reads,
      envelope: { ephemeralKey: sealed.ephemeralKey, sealed: sealed.envelopes[0] ?? new Uint8Array() },
    });
  };

/** One document, for an account that the space knows: somebody who was here, or has another document. */
export const granting =
  (accountId: AccountId, docId: DocId, role: LesserRole, acting: Acting): Decide =>
  (state): Promise<Decision> => {
    const account = accountState(state, accountId);
    if (account === undefined) return Promise.resolve({ refusal: "no-such-member" });
    if (roleOf(state, accountId) !== undefined) return Promise.resolve({ refusal: "already-member" });
    const now = grantOf(state, accountId, docId)?.role;
    if (now !== undefined) return Promise.resolve(now === role ? "nothing-to-do" : { refusal: "already-granted" });
    const keys = documentKeysFor(state, acting, docId, { id: accountId, encryptionKey: account.encryptionKey });
    if (keys === undefined) return Promise.resolve({ refusal: "no-key" });
    return Promise.resolve({ type: "grant-document", account: { accountId, operations: [] }, docId, role, keys });
  };

export const revokingGrant =
  (accountId: AccountId, docId: DocId, acting: Acting): Decide =>
  async (state) => {
    const grant = grantOf(state, accountId, docId);
    if (grant === undefined) return "nothing-to-do";
    // Whoever had the document may know any link to it that is about.
    const cut = await cutFor(state, acting, { ...nobody, grant: { accountId, docId } }, { to: docId });
    return isCut(cut) ? { type: "revoke-grant", accountId, docId, cut } : cut;
  };

/** One who was removed may have been given a document since. */
const isGone = (state: SpaceState, accountId: AccountId): boolean =>
  memberOf(state, accountId)?.gone === "removed" && !isHere(state, accountId);

export const leaving =
  (me: AccountId): Decide =>
  (state): Promise<Decision> =>
    Promise.resolve(isHere(state, me) ? { type: "leave" } : "nothing-to-do");

export const handingOver =
  (to: AccountId, me: AccountId, acting: Acting): Decide =>
  async (state): Promise<Decision> => {
    if (roleOf(state, to) === "owner" && roleOf(state, me) !== "owner") return "nothing-to-do";
    if (!(await hasPast(state, to, acting))) return { refusal: "not-prepared" };
    return { type: "transfer-ownership", to, ownRole: "editor", fences: undefined };
  };

/**
 * PE-33: who reads from some epoch on is made an owner when all that was before is shown to them. Owners write what newcomers start from: one who still waits for
 * it can't, and if the others have gone, nobody could.
 */
const hasPast = async (state: SpaceState, accountId: AccountId, acting: Acting): Promise<boolean> => {
  const member = memberOf(state, accountId);
  const hasAll = member === undefined || (member.reads === "history" && member.readsFrom === 1);
  return hasAll || (await acting.prepared(liveDocumentsOf(state).map(({ docId }) => docId)));
};

export const rotating =
  (acting: Acting): Decide =>
  async (state) => {
    const cut = await cutForRotation(state, acting);
    return isCut(cut) ? { type: "rotate", cut } : cut;
  };
