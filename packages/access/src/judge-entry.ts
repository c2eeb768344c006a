/** Whether an entry of a document's log counts (docs/access.md, AC-80 to AC-87). */
import { bytesEqual, err, ok, toText } from "@skerry/protocol";
import type { DeviceId, DocId, RecordHash, Result } from "@skerry/protocol";
import { refusalFor, refused } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { writes } from "./roles.ts";
import { valueAt, entryAt, countUpTo } from "./state/timeline.ts";
import type { Timeline } from "./state/timeline.ts";
import type { SpaceHistory, SpaceState } from "./state/space-state.ts";

export interface EntryClaim {
  readonly docId: DocId;
  readonly seq: number;
  readonly deviceId: DeviceId;
  /** Epoch that the record is sealed under. */
  readonly epoch: number;
  /** Position in the space's log that the entry was admitted under. */
  readonly position: number;
  /** Position of the entry before it in the same log; 0 for the first. */
  readonly positionBefore: number;
}

/**
 * Judges by the state at the entry's position, and by what the log says since. `state` is the newest that the caller has: with a later one, an
 * entry that counted may be void (`beyond-fence`), never the other way round. O(log n), times the changes to the author's own rights since.
 */
export function judgeEntry(state: SpaceState, claim: EntryClaim): Result<true, Refusal> {
  const { history } = state;
  const { position } = claim;
  // AC-80
  if (!Number.isSafeInteger(position) || position < 1 || position > state.position) return refused("unknown-position");
  if (position < claim.positionBefore) return refused("position-went-back");
  // AC-86
  const settings = valueAt(history.settings, position);
  if (settings === undefined || settings.readOnlySince !== undefined) return refused("space-read-only");
  // AC-81
  const docId = toText(claim.docId);
  const document = entryAt(history.documents, docId, position);
  if (document === undefined) return refused("not-in-this-space");
  if (document.deleted) return refused("deleted-before");
  // AC-82
  const deviceId = toText(claim.deviceId);
  const accountId = entryAt(history.deviceAccounts, deviceId, position);
  if (accountId === undefined) return refused("unknown-device");
  if (isRevoked(history, accountId, deviceId, position)) return refused("revoked-device");
  // AC-83
  if (!mayWriteAt(history, accountId, deviceId, docId, position)) return refused("may-not-write");
  // AC-84
  // The first record of a document is named by its hash in the space's log, so it can't be sealed anew when a rotation comes between.
  const isEarlierGenesis = claim.seq === 1 && claim.epoch >= 1 && claim.epoch < settings.epoch;
  if (claim.epoch !== settings.epoch && !isEarlierGenesis) return refused("wrong-epoch");
  // AC-85: beyond its fence nothing of a loser counts, but what the space's log names itself.
  if (claim.seq === 1) return ok(true);
  const fence = fenceAfter(state, accountId, deviceId, docId, position);
  return fence !== undefined && claim.seq > fence ? err(refusalFor("beyond-fence")) : ok(true);
}

/** AC-87: a snapshot repeats what others wrote: an owner's counts. For an entry that counts, at the position that it was admitted under. */
export function judgeSnapshot({ history }: SpaceState, deviceId: DeviceId, position: number): Result<true, Refusal> {
  const accountId = entryAt(history.deviceAccounts, toText(deviceId), position);
  const role = accountId === undefined ? undefined : entryAt(history.members, accountId, position)?.role;
  return role === "owner" ? ok(true) : refused("may-not-vouch");
}

/** AC-81: the first record of a document's log is the one that the space's log names. */
export function judgeGenesis(state: SpaceState, docId: DocId, genesis: RecordHash): Result<true, Refusal> {
  const document = entryAt(state.history.documents, toText(docId), state.position);
  if (document === undefined) return refused("not-in-this-space");
  return bytesEqual(document.genesis, genesis) ? ok(true) : refused("wrong-genesis");
}

const isRevoked = (history: SpaceHistory, accountId: string, deviceId: string, position: number): boolean =>
  entryAt(history.accounts, accountId, position)?.devices.get(deviceId)?.revoked !== false;

const mayWriteAt = (history: SpaceHistory, accountId: string, deviceId: string, docId: string, position: number): boolean => {
  if (isRevoked(history, accountId, deviceId, position)) return false;
  const grants = history.grants.get(accountId);
  return (
    writes(entryAt(history.members, accountId, position)?.role) || (grants !== undefined && writes(entryAt(grants, docId, position)?.role))
  );
};

/**
 * The fence that ends what the device wrote from `position` on: that of the first cut at or after the moment when it lost the right to write there.
 * Undefined while it has lost nothing, or no owner has cut since.
 */
function fenceAfter(state: SpaceState, accountId: string, deviceId: string, docId: string, position: number): number | undefined {
  const { history } = state;
  const grants = history.grants.get(accountId)?.get(docId);
  const changes = [history.accounts.get(accountId), history.members.get(accountId), grants]
    .flatMap((timeline) => changesAfter(timeline, position, state.position))
    .sort((a, b) => a - b);
  const lost = changes.find((change) => !mayWriteAt(history, accountId, deviceId, docId, change));
  if (lost === undefined) return undefined;
  const cut = history.cuts[countUpTo(history.cuts, lost - 1)];
  return cut === undefined || cut > state.position ? undefined : entryAt(history.fences, docId, cut);
}

/** The last operation up to this state that set fences, if one of them is in the document, and where. */
export function newestFenceIn(state: SpaceState, docId: DocId): { readonly position: number; readonly seq: number } | undefined {
  const { history } = state;
  const position = history.cuts[countUpTo(history.cuts, state.position) - 1];
  const seq = position === undefined ? undefined : entryAt(history.fences, toText(docId), position);
  return position === undefined || seq === undefined ? undefined : { position, seq };
}

function changesAfter(timeline: Timeline<unknown> | undefined, after: number, upTo: number): readonly number[] {
  if (timeline === undefined) return [];
  return timeline.positions.slice(countUpTo(timeline.positions, after), countUpTo(timeline.positions, upTo));
}
