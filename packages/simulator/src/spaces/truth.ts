/** What a space's access log says, read from the relay's disk past all of its code: what everybody has to agree on. */
import {
  accountOfDevice,
  accountState,
  applySpace,
  createSpaceState,
  documentOf,
  documentRights,
  grantOf,
  grantsOf,
  isHere,
  keysDue,
  liveDocumentsOf,
  memberOf,
  membersOf,
  settingsOf,
  stateAt,
} from "@skerry/access";
import type { AccountState, Role, SpaceState } from "@skerry/access";
import { bytesFromText, docIdFromText, toText } from "@skerry/protocol";
import type { DeviceId, DocId, SpaceId } from "@skerry/protocol";
import { entriesIn, operationsIn } from "@skerry/relay/core";
import type { DiskRow } from "../disk/virtual-level.ts";
import { epochMs } from "../world/world.ts";
import { readRoles } from "./role-model.ts";
import type { RoleModel } from "./role-model.ts";

export interface Truth {
  readonly state: SpaceState;
  readonly epoch: number;
  readonly roles: ReadonlyMap<string, Role>;
  /** Documents that were given alone: role by document, by account, in text. */
  readonly grants: ReadonlyMap<string, ReadonlyMap<string, Role>>;
  readonly documents: readonly string[];
  /** Entries of each document's log, by document id in text. */
  readonly seqs: ReadonlyMap<string, number>;
  /** What the second reading says. */
  readonly model: RoleModel;
  /** Accounts that came by a link and have no envelope yet. */
  readonly keysDue: number;
}

/** Undefined while the relay has nothing of the space. Throws if its log breaks the rules. */
export function truthOn(all: Iterable<DiskRow>, spaceId: SpaceId): Truth | undefined {
  const rows = [...all];
  let state: SpaceState | undefined;
  const entries = operationsIn(spaceId, rows);
  for (const entry of entries) {
    const applied = state === undefined ? createSpaceState(spaceId, entry) : applySpace(state, entry);
    if (!applied.ok) throw new Error(`operation ${entry.position} breaks ${applied.error.rule} (${applied.error.reason})`);
    state = applied.value;
  }
  if (state === undefined) return undefined;
  return {
    state,
    epoch: settingsOf(state).epoch,
    roles: new Map(membersOf(state).map(({ accountId, role }) => [toText(accountId), role])),
    grants: grantsIn(state),
    seqs: new Map(liveDocumentsOf(state).map(({ docId }) => [toText(docId), entriesIn(docId, rows).length])),
    documents: liveDocumentsOf(state)
      .map(({ docId }) => toText(docId))
      .toSorted(),
    model: readRoles(entries.map(({ operation }) => operation)),
    keysDue: keysDue(state).length,
  };
}

function grantsIn(state: SpaceState): ReadonlyMap<string, ReadonlyMap<string, Role>> {
  const grants = new Map<string, Map<string, Role>>();
  for (const { accountId, docId, role } of grantsOf(state)) {
    if (role === undefined) continue;
    const ofAccount = grants.get(toText(accountId)) ?? new Map<string, Role>();
    grants.set(toText(accountId), ofAccount.set(toText(docId), role));
  }
  return grants;
}

/** A member, or somebody who has a document at least. */
export const isIn = ({ roles, grants }: Truth, accountId: string): boolean => roles.has(accountId) || grants.has(accountId);

/** When, on the world's clock, an account was in for the first time. */
export function firstInAt(truth: Truth, accountId: string): number {
  const { position } = truth.state;
  let first = 1;
  while (first < position && !isHere(stateAt(truth.state, first), idOf(accountId))) first++;
  return timeAt(truth, first);
}

/** When, on the world's clock, the log's operation at this position came. */
export const timeAt = ({ state }: Truth, position: number): number => (state.history.times[position - 1] ?? 0) - epochMs;

/** Documents of the space that the account has: all that there are, or those that it was given. */
export const documentsOf = ({ roles, grants, documents }: Truth, accountId: string): readonly string[] =>
  roles.has(accountId) ? documents : documents.filter((docId) => grants.get(accountId)?.has(docId) === true);

export function mayWriteIn({ roles, grants }: Truth, accountId: string, docId: string): boolean {
  const held = [roles.get(accountId), grants.get(accountId)?.get(docId)];
  return held.includes("owner") || held.includes("editor");
}

/** Of an account or a device: both are 32 bytes. */
const idOf = (text: string): DeviceId => {
  const bytes = bytesFromText(text);
  if (!bytes.ok) throw new Error("an id that is none");
  return bytes.value as DeviceId;
};

/** Whether the device could write in the document at any moment from `atMs` (of the world) on. */
export function couldWriteSince({ state }: Truth, deviceId: string, docId: string, atMs: number): boolean {
  const id = docIdFromText(docId);
  if (!id.ok) return false;
  for (let position = 1; position <= state.position; position++) {
    const lastsUntil = state.history.times[position] ?? Number.POSITIVE_INFINITY;
    // The relay's clock has whole milliseconds.
    if (lastsUntil < epochMs + Math.floor(atMs)) continue;
    const then = stateAt(state, position);
    if (!isRevokedIn(then, deviceId) && documentRights(then, idOf(deviceId), id.value).write) return true;
  }
  return false;
}

export const isAnnounced = ({ state }: Truth, docId: string): boolean => {
  const id = docIdFromText(docId);
  return id.ok && documentOf(state, id.value) !== undefined;
};

/**
 * The first epoch that an account must not know that was removed for good: begun by the cut that removed it. And when, on the world's clock. Who left before, and
 * was a guest until then, might open every link that was still about (docs/access.md, AC-56). What it was given alone since changes nothing. Undefined if it
 * was never a member, or is one.
 */
export function closedFrom({ state }: Truth, accountId: string): { readonly epoch: number; readonly atMs: number } | undefined {
  const isOut = (position: number): boolean => {
    const member = memberOf(stateAt(state, position), idOf(accountId));
    return member?.role === undefined && member?.gone === "removed";
  };
  if (!isOut(state.position)) return undefined;
  let removedAt = state.position;
  while (removedAt > 1 && isOut(removedAt - 1)) removedAt--;
  return { epoch: settingsOf(stateAt(state, removedAt)).epoch, atMs: (state.history.times[removedAt - 1] ?? 0) - epochMs };
}

/** Whether a device was revoked, as far as the space has heard. */
export const isRevokedIn = (state: SpaceState, deviceId: string): boolean =>
  accountOfDevice(state, idOf(deviceId))?.devices.get(deviceId)?.revoked === true;

/** The first epoch that a device must not know that was revoked, as the space heard; and when it heard of it. */
export function closedForDevice({ state }: Truth, deviceId: string): { readonly epoch: number; readonly atMs: number } | undefined {
  if (!isRevokedIn(state, deviceId)) return undefined;
  let revokedAt = state.position;
  while (revokedAt > 1 && isRevokedIn(stateAt(state, revokedAt - 1), deviceId)) revokedAt--;
  // What the space learns with its first operation: then there was no epoch before.
  const before = revokedAt === 1 ? 0 : settingsOf(stateAt(state, revokedAt - 1)).epoch;
  return { epoch: before + 1, atMs: (state.history.times[revokedAt - 1] ?? 0) - epochMs };
}

/** An account as a space knows it. */
export const accountIn = ({ state }: Truth, accountId: string): AccountState | undefined => accountState(state, idOf(accountId));

const hasDocument = (then: SpaceState, accountId: string, docId: DocId): boolean =>
  memberOf(then, idOf(accountId))?.role !== undefined || grantOf(then, idOf(accountId), docId) !== undefined;

/** Since when, on the world's clock, an account has not got a document that it had: undefined if it has it. `never` if it never had it. */
export function documentLostAt({ state }: Truth, accountId: string, docId: string): number | "never" | undefined {
  const id = docIdFromText(docId);
  if (!id.ok) return "never";
  for (let position = state.position; position >= 1; position--) {
    if (!hasDocument(stateAt(state, position), accountId, id.value)) continue;
    const lostAt = state.history.times[position];
    return lostAt === undefined ? undefined : lostAt - epochMs;
  }
  return "never";
}

/** Never anything but a guest, at most. */
export function wasNeverMember({ state }: Truth, accountId: string): boolean {
  for (let position = 1; position <= state.position; position++)
    if (memberOf(stateAt(state, position), idOf(accountId))?.role !== undefined) return false;
  return true;
}

/** At some time a member who reads everything: one who founded the space, was let in again by an owner, or came by such a link. */
export function wasGivenHistory({ state }: Truth, accountId: string): boolean {
  for (let position = 1; position <= state.position; position++) {
    const member = memberOf(stateAt(state, position), idOf(accountId));
    if (member?.role !== undefined && member.reads === "history") return true;
  }
  return false;
}
