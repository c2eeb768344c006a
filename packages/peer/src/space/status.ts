/** What an application is told of a space. */
import {
  accountState,
  formerMembersOf,
  grantOf,
  grantsOf,
  isHere,
  liveDevices,
  memberOf,
  membersOf,
  openInvitesOf,
  settingsOf,
} from "@skerry/access";
import type { Reads as AccessReads, Role as AccessRole, SpaceState } from "@skerry/access";
import { bytesEqual, toText } from "@skerry/protocol";
import type { AccountId, DocId } from "@skerry/protocol";
import type { FormerMember, Guest, Member, Reads, SpaceInvite, SpaceStatus } from "../client.ts";
import type { People } from "./people.ts";
import type { Space } from "./space.ts";
import { epochBeganAtMs } from "./epoch-began.ts";

export interface StatusParts {
  readonly space: Space;
  readonly people: People | undefined;
  readonly docId: DocId;
  readonly me: Uint8Array;
  readonly ownName: string;
  readonly mayWrite: boolean;
  /** Fragment of an invite's link that was made here, by invite id in text. */
  readonly fragments: ReadonlyMap<string, string>;
}

const rank: Readonly<Record<AccessRole, number>> = { owner: 0, editor: 1, commenter: 2, viewer: 3 };

export function statusOf({ space, people, docId, me, ownName, mayWrite, fragments }: StatusParts): SpaceStatus {
  const state = space.state();
  const settings = state === undefined ? undefined : settingsOf(state);
  return {
    spaceId: toText(space.spaceId),
    standing: space.standing(docId),
    reason: space.refusal(),
    passphraseGiven: space.standing(docId) !== "member" && space.stored().join?.passphraseKey !== undefined,
    // Before the relay has taken it, a space is its founder's.
    role: state === undefined ? (space.stored().creation === undefined ? undefined : "owner") : memberOf(state, me)?.role,
    grant: state === undefined ? undefined : grantOf(state, me, docId)?.role,
    mayWrite,
    members: state === undefined ? [] : members(state, people, me, ownName),
    former: state === undefined ? [] : former(state, people),
    documents: Math.max(1, settings?.documents ?? 0),
    guests: state === undefined ? [] : guests(state, docId, people, me, ownName),
    invites: state === undefined ? [] : invites(state, docId, fragments),
    epoch: settings?.epoch ?? 0,
    rotatedAtMs: state === undefined ? 0 : epochBeganAtMs(state),
    rotationDue: settings?.rotationDue ?? false,
    outdated: space.isOutdated(),
    distrusted: space.distrust() !== undefined,
  };
}

const personOf = (
  state: SpaceState,
  accountId: AccountId,
  people: People | undefined,
  me: Uint8Array,
  ownName: string,
): Omit<Member, "role" | "reads"> => {
  const you = bytesEqual(accountId, me);
  const account = accountState(state, accountId);
  return {
    accountId: toText(accountId),
    you,
    name: you ? ownName : (people?.name(accountId) ?? ""),
    devices: account === undefined ? 0 : liveDevices(account).length,
    verified: people?.isVerified(accountId) ?? false,
  };
};

const guests = (state: SpaceState, docId: DocId, people: People | undefined, me: Uint8Array, ownName: string): readonly Guest[] =>
  grantsOf(state)
    .flatMap(({ accountId, docId: granted, role }): readonly Guest[] =>
      role === undefined || !bytesEqual(granted, docId)
        ? []
        : [{ ...personOf(state, accountId, people, me, ownName), role, reads: "history" }],
    )
    .toSorted((a, b) => Number(b.you) - Number(a.you) || a.name.localeCompare(b.name));

const members = (state: SpaceState, people: People | undefined, me: Uint8Array, ownName: string): readonly Member[] =>
  membersOf(state)
    .map(({ accountId, role, reads }): Member => ({ ...personOf(state, accountId, people, me, ownName), role, reads: readsOf(reads) }))
    .toSorted((a, b) => rank[a.role] - rank[b.role] || Number(b.you) - Number(a.you) || a.name.localeCompare(b.name));

const readsOf = (reads: AccessReads): Reads => (reads === "history" ? "history" : "from-now-on");

const former = (state: SpaceState, people: People | undefined): readonly FormerMember[] =>
  formerMembersOf(state)
    // Who has a document still, or again, is a guest.
    .filter(({ accountId }) => !isHere(state, accountId))
    .map(({ accountId, gone }) => ({ accountId: toText(accountId), name: people?.name(accountId) ?? "", gone }))
    .toSorted((a, b) => a.name.localeCompare(b.name) || (a.accountId < b.accountId ? -1 : 1));

const invites = (state: SpaceState, docId: DocId, fragments: ReadonlyMap<string, string>): readonly SpaceInvite[] =>
  openInvitesOf(state)
    .map(({ inviteId, docId: to, role, reads, expiresAtMs, usesLeft, passphraseSalt }) => {
      const id = toText(inviteId);
      const scope = to === undefined ? "space" : bytesEqual(to, docId) ? "document" : "other-document";
      const needsPassphrase = passphraseSalt !== undefined;
      return {
        inviteId: id,
        role,
        scope,
        reads: readsOf(reads),
        expiresAtMs,
        usesLeft,
        needsPassphrase,
        fragment: fragments.get(id),
      } as const;
    })
    .toSorted((a, b) => a.expiresAtMs - b.expiresAtMs);
