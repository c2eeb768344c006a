/** What an application is told of a space. */
import { accountState, formerMembersOf, liveDevices, membersOf, memberOf, openInvitesOf, settingsOf } from "@skerry/access";
import type { Role as AccessRole, SpaceState } from "@skerry/access";
import { bytesEqual, toText } from "@skerry/protocol";
import type { FormerMember, Member, SpaceInvite, SpaceStatus } from "../client.ts";
import type { People } from "./people.ts";
import type { Space } from "./space.ts";
import { epochBeganAtMs } from "./space-state-times.ts";

export interface StatusParts {
  readonly space: Space;
  readonly people: People | undefined;
  readonly me: Uint8Array;
  readonly ownName: string;
  readonly mayWrite: boolean;
  /** Fragment of an invite's link that was made here, by invite id in text. */
  readonly fragments: ReadonlyMap<string, string>;
}

const rank: Readonly<Record<AccessRole, number>> = { owner: 0, editor: 1, commenter: 2, viewer: 3 };

export function statusOf({ space, people, me, ownName, mayWrite, fragments }: StatusParts): SpaceStatus {
  const state = space.state();
  const settings = state === undefined ? undefined : settingsOf(state);
  return {
    spaceId: toText(space.spaceId),
    standing: space.standing(),
    reason: space.refusal(),
    // Before the relay has taken it, a space is its founder's.
    role: state === undefined ? (space.stored().creation === undefined ? undefined : "owner") : memberOf(state, me)?.role,
    mayWrite,
    members: state === undefined ? [] : members(state, people, me, ownName),
    former: state === undefined ? [] : former(state, people),
    invites: state === undefined ? [] : invites(state, fragments),
    epoch: settings?.epoch ?? 0,
    rotatedAtMs: state === undefined ? 0 : epochBeganAtMs(state),
    rotationDue: settings?.rotationDue ?? false,
    outdated: space.isOutdated(),
    distrusted: space.distrust() !== undefined,
  };
}

const members = (state: SpaceState, people: People | undefined, me: Uint8Array, ownName: string): readonly Member[] =>
  membersOf(state)
    .map(({ accountId, role }): Member => {
      const you = bytesEqual(accountId, me);
      const account = accountState(state, accountId);
      return {
        accountId: toText(accountId),
        role,
        you,
        name: you ? ownName : (people?.name(accountId) ?? ""),
        devices: account === undefined ? 0 : liveDevices(account).length,
        verified: people?.isVerified(accountId) ?? false,
      };
    })
    .toSorted((a, b) => rank[a.role] - rank[b.role] || Number(b.you) - Number(a.you) || a.name.localeCompare(b.name));

const former = (state: SpaceState, people: People | undefined): readonly FormerMember[] =>
  formerMembersOf(state)
    .map(({ accountId, gone }) => ({ accountId: toText(accountId), name: people?.name(accountId) ?? "", gone }))
    .toSorted((a, b) => a.name.localeCompare(b.name) || (a.accountId < b.accountId ? -1 : 1));

const invites = (state: SpaceState, fragments: ReadonlyMap<string, string>): readonly SpaceInvite[] =>
  openInvitesOf(state)
    .map(({ inviteId, role, expiresAtMs, usesLeft }) => {
      const id = toText(inviteId);
      return { inviteId: id, role, expiresAtMs, usesLeft, fragment: fragments.get(id) };
    })
    .toSorted((a, b) => a.expiresAtMs - b.expiresAtMs);
