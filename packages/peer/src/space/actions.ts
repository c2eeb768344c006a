/** What people decide in a space, as operations. What is so already needs none: of two owners who do the same, both succeed. */
import { accountState, inviteOf, memberOf, nobody, roleOf, settingsOf, writes } from "@skerry/access";
import type { InviteId, LesserRole, Role, SpaceState } from "@skerry/access";
import { sealKeys } from "@skerry/crypto";
import type { InviteKeys } from "@skerry/crypto";
import type { AccountId } from "@skerry/protocol";
import { cutFor, fencesIn, isCut } from "./acting.ts";
import type { Acting, Decide, Decision } from "./acting.ts";

export interface NewInvite {
  readonly keys: InviteKeys;
  readonly role: LesserRole;
  readonly expiresAtMs: number;
  readonly uses: number;
}

export const inviting =
  ({ keys, role, expiresAtMs, uses }: NewInvite, acting: Acting): Decide =>
  (state) => {
    const inviteId = keys.inviteId as InviteId;
    if (inviteOf(state, inviteId) !== undefined) return Promise.resolve("nothing-to-do");
    const { epoch } = settingsOf(state);
    const epochKey = acting.epochKey(epoch);
    if (epochKey === undefined) return Promise.resolve({ refusal: "no-key" });
    const recipients = [{ id: inviteId, encryptionKey: keys.encryptionKey }];
    const sealed = sealKeys({ epochKey, spaceId: state.history.spaceId, epoch, recipients, grants: [], random: acting.random });
    return Promise.resolve({
      type: "create-invite",
      inviteId,
      signKey: keys.inviteKey,
      sealKey: keys.encryptionKey,
      role,
      reads: "history",
      expiresAtMs,
      uses,
      passphraseSalt: undefined,
      envelope: { ephemeralKey: sealed.ephemeralKey, sealed: sealed.envelopes[0] ?? new Uint8Array() },
    });
  };

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
    const recipients = [{ id: accountId, encryptionKey: account.encryptionKey }];
    const sealed = sealKeys({ epochKey, spaceId: state.history.spaceId, epoch, recipients, grants: [], random: acting.random });
    return Promise.resolve({
      type: "add-member",
      account: { accountId, operations: [] },
      role,
      reads: "history",
      envelope: { ephemeralKey: sealed.ephemeralKey, sealed: sealed.envelopes[0] ?? new Uint8Array() },
    });
  };

const isGone = (state: SpaceState, accountId: AccountId): boolean => memberOf(state, accountId)?.gone === "removed";

export const leaving =
  (me: AccountId): Decide =>
  (state): Promise<Decision> =>
    Promise.resolve(roleOf(state, me) === undefined ? "nothing-to-do" : { type: "leave" });

export const handingOver =
  (to: AccountId, me: AccountId): Decide =>
  (state): Promise<Decision> => {
    if (roleOf(state, to) === "owner" && roleOf(state, me) !== "owner") return Promise.resolve("nothing-to-do");
    return Promise.resolve({ type: "transfer-ownership", to, ownRole: "editor", fences: undefined });
  };

export const rotating =
  (acting: Acting): Decide =>
  async (state) => {
    const cut = await cutFor(state, acting, nobody);
    return isCut(cut) ? { type: "rotate", cut } : cut;
  };
