/**
 * What a space's log says at one position. A state is immutable: a view, at its position, of a history that only grows. So all states of one log
 * together cost what the log's changes cost, and the state at an earlier position is there for judging entries (judge-entry.ts).
 */
import { assert, toText } from "@skerry/protocol";
import type { AccountId, DeviceId, DocId, RecordHash, RelayKey, SpaceId } from "@skerry/protocol";
import type { AccountState } from "../account/state.ts";
import type { Reads } from "../format/space-body.ts";
import { noOperation } from "../ids.ts";
import type { InviteId, LinkHash } from "../ids.ts";
import { writes } from "../roles.ts";
import type { LesserRole, Role } from "../roles.ts";
import { entriesAt, entryAt, newTimeline, timelineUpTo, timelinesUpTo, valueAt } from "./timeline.ts";
import type { Timeline, Timelines } from "./timeline.ts";

export interface Member {
  readonly accountId: AccountId;
  /** Undefined for an account that was here and is not any more. */
  readonly role: Role | undefined;
  /** Why it is not here any more. A removed account comes back by an owner's word only (AC-55). */
  readonly gone: "left" | "removed" | undefined;
  readonly reads: Reads;
  /** The epoch from which its account has keys: 1 for history, unless the chain of old keys ends before (`historyFrom`). */
  readonly readsFrom: number;
  /** The invite that it came by, in text. */
  readonly cameBy: string | undefined;
  /** It holds the epoch's key by its invite alone: an envelope for the account is due, so that its other devices get it (AC-45). */
  readonly keyDue: boolean;
}

export interface Invite {
  readonly inviteId: InviteId;
  readonly signKey: Uint8Array;
  readonly sealKey: Uint8Array;
  /** The one document that it is to; undefined if it is to the space. */
  readonly docId: DocId | undefined;
  readonly role: LesserRole;
  readonly reads: Reads;
  readonly expiresAtMs: number;
  readonly usesLeft: number;
  readonly passphraseSalt: Uint8Array | undefined;
  /** Account of the owner who made it, in text. */
  readonly madeBy: string;
  readonly ended: boolean;
}

export interface Grant {
  readonly accountId: AccountId;
  readonly docId: DocId;
  /** Undefined once it has ended. */
  readonly role: LesserRole | undefined;
  /** An owner took it away: it comes back by an owner's word only (AC-55). */
  readonly revoked: boolean;
  /** The invite that it came by, in text. */
  readonly cameBy: string | undefined;
}

export interface DocumentState {
  readonly docId: DocId;
  readonly genesis: RecordHash;
  readonly deleted: boolean;
}

/** What there is one of, and the counts that bounds are held against. */
export interface Settings {
  readonly epoch: number;
  readonly commitment: Uint8Array;
  /** The first epoch that the history key in use leads back to: 1, until an owner makes an epoch who reads from one on (AC-46). */
  readonly historyFrom: number;
  /** Somebody left, or a device or link was revoked, who knows the epoch's key: an owner is to rotate. Writing goes on meanwhile. */
  readonly rotationDue: boolean;
  readonly retentionDays: number;
  readonly relayKey: RelayKey;
  readonly sealedAddress: Uint8Array;
  /** Position of the first operation that this version does not know (AC-70). */
  readonly readOnlySince: number | undefined;
  readonly owners: number;
  readonly members: number;
  readonly invites: number;
  readonly grants: number;
  readonly documents: number;
}

/** Everything that a log ever said, by position. Grows in place; only `draft.ts` writes to it. */
export interface SpaceHistory {
  readonly spaceId: SpaceId;
  /** Of the entry at position `n`, at index `n - 1`. */
  readonly hashes: LinkHash[];
  readonly times: number[];
  readonly settings: Timeline<Settings>;
  /** By account id in text. */
  readonly accounts: Timelines<AccountState>;
  readonly members: Timelines<Member>;
  /** Account of a device, by device id in text. */
  readonly deviceAccounts: Timelines<string>;
  /** By invite id in text. */
  readonly invites: Timelines<Invite>;
  /** By document id in text. */
  readonly documents: Timelines<DocumentState>;
  /** By account in text, then document in text. */
  readonly grants: Map<string, Timelines<Grant>>;
  /** Commitments of all epochs, in text: no key comes back. */
  readonly commitments: Timelines<true>;
  /** Positions of operations with fences, and by document the `seq` of its fences where it differs from the one before. */
  readonly cuts: number[];
  readonly fences: Timelines<number>;
}

export interface SpaceState {
  readonly history: SpaceHistory;
  /** Operations applied. The first has position 1. */
  readonly position: number;
}

export const newHistory = (spaceId: SpaceId): SpaceHistory => ({
  spaceId: spaceId.slice() as SpaceId,
  hashes: [],
  times: [],
  settings: newTimeline(),
  accounts: new Map(),
  members: new Map(),
  deviceAccounts: new Map(),
  invites: new Map(),
  documents: new Map(),
  grants: new Map(),
  commitments: new Map(),
  cuts: [],
  fences: new Map(),
});

/** A history of its own, up to `position`: for a state that gets another successor than the one it has. */
export const historyUpTo = (history: SpaceHistory, position: number): SpaceHistory => ({
  spaceId: history.spaceId,
  hashes: history.hashes.slice(0, position),
  times: history.times.slice(0, position),
  settings: timelineUpTo(history.settings, position),
  accounts: timelinesUpTo(history.accounts, position),
  members: timelinesUpTo(history.members, position),
  deviceAccounts: timelinesUpTo(history.deviceAccounts, position),
  invites: timelinesUpTo(history.invites, position),
  documents: timelinesUpTo(history.documents, position),
  grants: new Map([...history.grants].map(([account, grants]) => [account, timelinesUpTo(grants, position)])),
  commitments: timelinesUpTo(history.commitments, position),
  cuts: history.cuts.filter((cut) => cut <= position),
  fences: timelinesUpTo(history.fences, position),
});

/** Place in a space's log. What `prev` of the next operation names. */
export interface AccessHead {
  readonly position: number;
  readonly hash: LinkHash;
}

/** The head at a position that was applied, or of the empty log at 0. */
export function accessHeadAt({ history, position }: SpaceState, at: number = position): AccessHead | undefined {
  if (at === 0) return { position: 0, hash: noOperation };
  const hash = at <= position ? history.hashes[at - 1] : undefined;
  return hash === undefined ? undefined : { position: at, hash };
}

export const lastTimeMs = ({ history, position }: SpaceState): number => history.times[position - 1] ?? 0;

export function settingsOf({ history, position }: SpaceState): Settings {
  const settings = valueAt(history.settings, position);
  assert(settings !== undefined, "a space has settings from its first operation on");
  return settings;
}

/** The same space as it was after the operation at `position`. */
export function stateAt(state: SpaceState, position: number): SpaceState {
  assert(position >= 1 && position <= state.position, "a position that was applied");
  return { history: state.history, position };
}

/** Account of a device that the space knows, revoked or not. */
export function accountOfDevice({ history, position }: SpaceState, deviceId: Uint8Array): AccountState | undefined {
  const account = entryAt(history.deviceAccounts, toText(deviceId), position);
  return account === undefined ? undefined : entryAt(history.accounts, account, position);
}

export const accountState = ({ history, position }: SpaceState, accountId: Uint8Array): AccountState | undefined =>
  entryAt(history.accounts, toText(accountId), position);

/** The member, also one that is gone. */
export const memberOf = ({ history, position }: SpaceState, accountId: Uint8Array): Member | undefined =>
  entryAt(history.members, toText(accountId), position);

export const roleOf = (state: SpaceState, accountId: Uint8Array): Role | undefined => memberOf(state, accountId)?.role;

export const inviteOf = ({ history, position }: SpaceState, inviteId: Uint8Array): Invite | undefined =>
  entryAt(history.invites, toText(inviteId), position);

export const documentOf = ({ history, position }: SpaceState, docId: Uint8Array): DocumentState | undefined =>
  entryAt(history.documents, toText(docId), position);

/** A grant that holds: not revoked, and its document not deleted. */
export function grantOf(state: SpaceState, accountId: Uint8Array, docId: Uint8Array): Grant | undefined {
  const grants = state.history.grants.get(toText(accountId));
  const grant = grants === undefined ? undefined : entryAt(grants, toText(docId), state.position);
  return grant?.role !== undefined && documentOf(state, docId)?.deleted === false ? grant : undefined;
}

/** All accounts with a role. */
export const membersOf = ({ history, position }: SpaceState): readonly (Member & { readonly role: Role })[] =>
  [...entriesAt(history.members, position)].flatMap(([, member]) => (member.role === undefined ? [] : [{ ...member, role: member.role }]));

/** All accounts that had a role and have none any more. */
export const formerMembersOf = ({ history, position }: SpaceState): readonly (Member & { readonly gone: "left" | "removed" })[] =>
  [...entriesAt(history.members, position)].flatMap(([, member]) =>
    member.role === undefined && member.gone !== undefined ? [{ ...member, gone: member.gone }] : [],
  );

/** All invites that an accept could still name: neither revoked nor used up. One of them may have expired, which only a time can tell. */
export const openInvitesOf = ({ history, position }: SpaceState): readonly Invite[] =>
  [...entriesAt(history.invites, position)].flatMap(([, invite]) => (invite.ended ? [] : [invite]));

export const liveDocumentsOf = ({ history, position }: SpaceState): readonly DocumentState[] =>
  [...entriesAt(history.documents, position)].flatMap(([, document]) => (document.deleted ? [] : [document]));

/** Whether an owner took this document away from the account, and nobody gave it back. */
export function isGrantRevoked({ history, position }: SpaceState, accountId: Uint8Array, docId: Uint8Array): boolean {
  const grants = history.grants.get(toText(accountId));
  return grants !== undefined && entryAt(grants, toText(docId), position)?.revoked === true;
}

/** All grants that hold, of one account or of all. */
export function grantsOf(state: SpaceState, accountId?: Uint8Array): readonly Grant[] {
  const { history, position } = state;
  const own = accountId === undefined ? undefined : history.grants.get(toText(accountId));
  const all = accountId === undefined ? [...history.grants.values()] : own === undefined ? [] : [own];
  return all.flatMap((grants) =>
    [...entriesAt(grants, position)].flatMap(([, grant]) => (grantOf(state, grant.accountId, grant.docId) === undefined ? [] : [grant])),
  );
}

/** The same of one account with those that have ended: by what links it has come is not forgotten with them. */
export function grantsEverOf({ history, position }: SpaceState, accountId: Uint8Array): readonly Grant[] {
  const grants = history.grants.get(toText(accountId));
  return grants === undefined ? [] : [...entriesAt(grants, position)].map(([, grant]) => grant);
}

/** Whether an account has a role, or a grant of one document at least. */
export const isHere = (state: SpaceState, accountId: Uint8Array): boolean =>
  roleOf(state, accountId) !== undefined || grantsOf(state, accountId).length > 0;

/** Accounts whose envelope is due: they joined by a link. */
export const keysDue = (state: SpaceState): readonly AccountId[] =>
  membersOf(state).flatMap((member) => (member.keyDue ? [member.accountId] : []));

/** Where somebody begins to read who gets a key now (AC-46). */
export const firstEpochFor = (state: SpaceState, reads: Reads): number =>
  reads === "history" ? settingsOf(state).historyFrom : settingsOf(state).epoch;

/**
 * The highest epoch from which somebody reads who does not read from the first on (AC-46): a member who is here, or whoever has a link to the space that is
 * open, or still waits for an envelope; and once the chain of old keys ends somewhere, guests, whose keys go no further back. 0 if there is nobody.
 */
export function readersFrom(state: SpaceState): number {
  const { historyFrom, grants } = settingsOf(state);
  const open = openInvitesOf(state);
  const newcomers = open.flatMap(({ docId, reads }) => (docId === undefined ? [firstEpochFor(state, reads)] : []));
  const members = membersOf(state).map(({ reads, readsFrom, keyDue }) => (keyDue ? firstEpochFor(state, reads) : readsFrom));
  const guests = grants > 0 || open.some(({ docId }) => docId !== undefined) ? [historyFrom] : [];
  return [...newcomers, ...members, ...guests].reduce((highest, from) => (from > 1 ? Math.max(highest, from) : highest), 0);
}

export interface DocumentRights {
  readonly read: boolean;
  readonly write: boolean;
}

/** What a device may do with a document now. For the relay's `open`, `append` and presence. */
export function documentRights(state: SpaceState, deviceId: DeviceId, docId: DocId): DocumentRights {
  const account = accountOfDevice(state, deviceId);
  if (account?.devices.get(toText(deviceId))?.revoked !== false) return { read: false, write: false };
  if (documentOf(state, docId)?.deleted !== false) return { read: false, write: false };
  const member = roleOf(state, account.accountId);
  const grant = grantOf(state, account.accountId, docId)?.role;
  return {
    read: member !== undefined || grant !== undefined,
    write: settingsOf(state).readOnlySince === undefined && (writes(member) || writes(grant)),
  };
}
