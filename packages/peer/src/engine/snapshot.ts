/**
 * Writing a snapshot (docs/peer.md, PE-33): the document as the log gives it up to a head, with the owner of each client id, for those who can't read what came
 * before. A duty of owners' devices: each waits a moment, so that they do not all write it at once.
 */
import type { Random, SnapshotPart } from "@skerry/protocol";
import { limits, toText } from "@skerry/protocol";
import type { DeviceId } from "@skerry/protocol";
import { Doc, applyUpdate } from "yjs";
import {
  createAckedState,
  deriveUnsent,
  disableFormatCleanup,
  fitUpdate,
  hasUnsent,
  isWaiting,
  recordLimits,
  splitUpdate,
  validateUpdate,
} from "../yjs-update/index.ts";
import { backoffDelayMs } from "./backoff.ts";
import type { DocumentCore } from "./document-core.ts";
import { readContent, rebuildAcked } from "./load.ts";
import { clientsOf } from "./open-record.ts";
import { isWhole, lastBefore } from "./past.ts";

/** How long one waits for another owner's device to do it. */
const jitter = { baseMs: 1_500, capMs: 1_500 };
/** What Yjs holds back may come into place by then; then the snapshot is written without it. */
const waitingMs = 60_000;
/** Bytes of a record that the owners of its client ids may take, and of one of them. */
const ownersBytes = 80 * 1024;
const ownerBytes = 40;

export interface NewPart {
  readonly update: Uint8Array;
  readonly snapshot: SnapshotPart;
}

/** A snapshot is due, as far as this device can tell. */
export const isSnapshotDue = ({ state, membership }: DocumentCore): boolean => {
  const from = membership.snapshotFrom();
  return from > 0 && from > state.snapshotIsThere && isWhole(state);
};

/** The parts of the snapshot that is to be written now, if one is. Nothing of this device's is unsent. */
export async function dueSnapshot(core: DocumentCore): Promise<readonly NewPart[] | undefined> {
  const { state, env, membership } = core;
  if (!isSnapshotDue(core) || state.cursor.seq < state.relaySeq || state.cursor.seq === 0) return undefined;
  const from = membership.snapshotFrom();
  const { past } = state;
  const last = await lastBefore(core, from);
  if (last === 0 || (past.shownEpoch >= from && past.shownSeq >= last)) {
    state.snapshotIsThere = from;
    state.snapshotAt = undefined;
    core.changed();
    return undefined;
  }
  const now = env.clock.monotonic();
  if (state.snapshotAt === undefined) {
    const delayMs = delay(env.random) + (isWaiting(core.doc) ? waitingMs : 0);
    state.snapshotAt = now + delayMs;
    core.later(delayMs, () => {});
    return undefined;
  }
  if (now < state.snapshotAt) return undefined;
  state.snapshotAt = undefined;
  return parts(core);
}

const delay = (random: Random): number => 100 + backoffDelayMs(jitter, 0, random);

async function parts(core: DocumentCore): Promise<readonly NewPart[] | undefined> {
  const { state, env } = core;
  const doc = await documentOfLog(core);
  const update = deriveUnsent(doc, createAckedState(), () => true)?.update ?? nothing;
  const recordBytesMax = state.session?.recordBytesMax ?? limits.recordBytesMax;
  const room = Math.min(ownersBytes, Math.floor(recordBytesMax / 4));
  const updateBytesMax = Math.min(limits.updateBytesMax, Math.floor(recordBytesMax * 0.85)) - room;
  const split = splitUpdate(update, updateBytesMax, { ...recordLimits, clientsMax: Math.floor(room / ownerBytes) });
  if (!split.ok) {
    // One value alone is larger than a record of this relay.
    env.log("warn", "document.snapshot-unsplittable");
    state.snapshotIsThere = core.membership.snapshotFrom();
    return undefined;
  }
  return split.value.map((piece, index) => ({
    update: piece,
    snapshot: { part: index, isLast: index === split.value.length - 1, owners: ownersOf(core, piece) },
  }));
}

const nothing: Uint8Array = Uint8Array.of(0, 0);

/**
 * What the log gives at the cursor. This device's document may hold more: what was void when it was taken (PE-22), and what was edited in this moment. Then the
 * log is read again, from its start.
 */
async function documentOfLog(core: DocumentCore): Promise<Doc> {
  const { state, doc } = core;
  if ([...state.quarantined.values()].some(({ kind }) => kind === "not-allowed")) await rebuildAcked(core);
  if (!hasUnsent(doc, state.acked, () => true)) return doc;
  const copy = new Doc({ gc: true });
  disableFormatCleanup(copy);
  for await (const [, { update, summary }] of readContent(core, 1)) {
    const fitted = fitUpdate(copy, update, summary);
    if (fitted.ok) applyUpdate(copy, fitted.value);
  }
  return copy;
}

function ownersOf({ state }: DocumentCore, update: Uint8Array): SnapshotPart["owners"] {
  const summary = validateUpdate(update);
  const byDevice = new Map<string, { readonly deviceId: DeviceId; readonly clients: number[] }>();
  for (const client of new Set(summary.ok ? clientsOf(summary.value) : [])) {
    const deviceId = state.clients.ownerOf(client);
    if (deviceId === undefined) continue;
    const known = byDevice.get(toText(deviceId)) ?? { deviceId, clients: [] };
    byDevice.set(toText(deviceId), known);
    known.clients.push(client);
  }
  return [...byDevice.values()];
}
