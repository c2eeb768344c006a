/**
 * Sending (docs/protocol.md, RC-4 to RC-6, LG-2): what is unsent is derived from the document, sealed, stored, and only then sent. A record
 * that was sent and not answered is sent again byte for byte; the relay knows it by replica and number, so it is in the log once.
 */
import { nextChainHash, logStart, sealRecord, tickLocal } from "@skerry/crypto";
import { assert, bytesEqual, decodeRecord, idBytes, limits, noRecord } from "@skerry/protocol";
import type { RecordKind, RefusalCode, ReplicaId, SnapshotPart } from "@skerry/protocol";
import { createAckedState, deriveUnsent, hasUnsent, splitUpdate, validateUpdate } from "../yjs-update/index.ts";
import { backoffDelayMs, retryBackoff } from "./backoff.ts";
import type { Down } from "./connection.ts";
import type { DocumentCore, DocumentState, Outgoing } from "./document-core.ts";
import { rebuildAcked } from "./load.ts";
import type { EntryPlace } from "./membership.ts";
import { saveAuthor, saveMeta } from "./meta.ts";
import { clientsOf, isFault, snapshotFault } from "./open-record.ts";
import { notePart, weighSnapshots } from "./past.ts";
import { quarantine } from "./quarantine.ts";
import { distrust, openChannel, reopenLater } from "./reopen.ts";
import { dueSnapshot } from "./snapshot.ts";
import { storedDevice } from "./stored.ts";

/** How long changes are gathered before they are sealed. While an ack is outstanding they gather until it comes. */
export const coalesceMs = 50;
/** An answer to a record that is on its way is waited for this long, over a link that answers otherwise; then the channel is opened again. */
const answerMs = 30_000;
/** Bytes of records on their way at one time. */
const windowBytes = 1024 * 1024;
/** Room for header, seal, signature and Padmé's 12 %. */
const updateShare = 0.85;

export const isMine =
  ({ state, identity }: DocumentCore): ((client: number) => boolean) =>
  (client) =>
    state.clients.free(client, identity.device.deviceId);

/** Called for every change of the doc that the engine did not make. */
export function localChange(core: DocumentCore): void {
  const { state, env } = core;
  if (!state.dirty) state.sealAt = env.clock.monotonic() + coalesceMs;
  state.dirty = true;
  state.localChanges++;
}

/** True if there is nothing that the relay has not acknowledged, as far as we know. */
export const isSettled = ({ state }: DocumentCore): boolean =>
  !state.dirty && missingAtRelay(state) === 0 && state.outgoing.every((record) => record.acked);

/** Records that the relay had, lost, and would take back. */
export function missingAtRelay({ lost }: DocumentState): number {
  let count = 0;
  for (const record of lost.values()) if (record.restorable) count++;
  return count;
}

/** Finds out whether the doc holds something that neither the log nor an outgoing record gives. */
export function recheckUnsent(core: DocumentCore): void {
  core.state.dirty = hasUnsent(core.doc, core.state.acked, isMine(core));
  if (!core.state.dirty) core.state.localChanges = 0;
}

/**
 * VF-9: replicas differ at the same head, so something that stands in the log was let in here and not there (a relay may spoil the signature of a
 * stored record, which no hash covers). What this device wrote goes out once more, in new records; whoever has it already is not changed by it.
 */
export function republish(core: DocumentCore): void {
  core.env.log("warn", "document.republish");
  core.state.acked = createAckedState();
  core.state.ackedSeq = 0;
  core.store.set(core.keys.acked, undefined);
  recheckUnsent(core);
  core.changed();
}

/** Seals what is unsent and sends what can be sent. Runs at the end of each batch of the mailbox. */
export async function pump(core: DocumentCore): Promise<void> {
  const { state, env } = core;
  if (
    !state.live ||
    state.halted !== undefined ||
    state.sendHalted !== undefined ||
    state.recovery !== undefined ||
    state.storeError !== undefined
  )
    return;
  const now = env.clock.monotonic();
  if (now < state.sendAt || !core.membership.mayWrite()) return;
  if (state.dirty && state.outgoing.length === 0) {
    if (now < state.sealAt) return wakeToSeal(core, state.sealAt - now);
    sealUnsent(core);
  }
  await weighSnapshots(core);
  if (!state.dirty && state.outgoing.length === 0) {
    const parts = await dueSnapshot(core);
    for (const { update, snapshot } of parts ?? []) seal(core, "update", update, 0, snapshot);
  }
  if (!state.outgoing.some((record) => !record.sent && !record.acked)) return;
  // RC-5: on disk before it is on its way.
  await core.store.commit();
  sendOutgoing(core);
}

function wakeToSeal(core: DocumentCore, delayMs: number): void {
  if (core.state.sealTimer) return;
  core.state.sealTimer = true;
  core.later(delayMs, () => {
    core.state.sealTimer = false;
  });
}

function sendOutgoing(core: DocumentCore): void {
  const { state, channel } = core;
  let onItsWay = 0;
  for (const record of state.outgoing) {
    if (record.acked) continue;
    if (onItsWay > 0 && onItsWay + record.bytes.length > windowBytes) return;
    onItsWay += record.bytes.length;
    if (record.sent) continue;
    record.sent = true;
    channel.send({ type: "append", record: record.bytes });
    watchAnswer(core, record);
  }
}

/** PE-14: something on the way lost it, or the relay forgot it. What was sent is asked for again, and sent again: exactly once is the relay's work. */
function watchAnswer(core: DocumentCore, record: Outgoing): void {
  const { state, channel } = core;
  const number = channel.number();
  core.later(answerMs, () => {
    const waits = state.outgoing.includes(record) && record.sent && !record.acked;
    if (!waits || !state.live || channel.number() !== number) return;
    // On a slow line it may not have left yet.
    if (core.bufferedBytes() > 0) return watchAnswer(core, record);
    core.env.log("warn", "document.unanswered");
    reopenLater(core);
  });
}

function sealUnsent(core: DocumentCore): void {
  const { state, doc } = core;
  state.dirty = false;
  const changes = state.localChanges;
  state.localChanges = 0;
  const unsent = deriveUnsent(doc, state.acked, isMine(core));
  if (unsent === undefined) return core.changed();
  const updateBytesMax = Math.min(
    limits.updateBytesMax,
    Math.floor((state.session?.recordBytesMax ?? limits.recordBytesMax) * updateShare),
  );
  const parts = splitUpdate(unsent.update, updateBytesMax);
  if (!parts.ok) {
    // One value alone is larger than a record: it stays on this device, said plainly, and the rest of the document waits behind it.
    core.env.log("warn", "document.unsplittable");
    state.refusal = "too-large";
    state.sendHalted = "too-large";
    state.dirty = true;
    return core.changed();
  }
  for (const [index, update] of parts.value.entries()) seal(core, "update", update, index === 0 ? Math.max(1, changes) : 0);
  core.changed();
}

/** The next record of our chain, sealed and put among the outgoing. Nothing is durable before the next commit. */
export function seal(core: DocumentCore, kind: RecordKind, update: Uint8Array, changes: number, snapshot?: SnapshotPart): Outgoing {
  const { state, env, identity, membership, keys, store } = core;
  const epoch = membership.currentEpoch();
  const key = core.documentKey(epoch);
  const summary = validateUpdate(update);
  assert(key !== undefined, "no key for the current epoch");
  assert(summary.ok, "an update of our own does not pass the validator");
  state.clock = tickLocal(state.clock, env.clock.now());
  const n = state.n + 1;
  const sealed = sealRecord({
    header: {
      kind,
      docId: core.entry().docId,
      epoch,
      deviceId: identity.device.deviceId,
      replicaId: state.replicaId,
      n,
      prev: state.prev,
      seen: state.cursor,
      accessPosition: membership.position(),
    },
    body: {
      time: state.clock.time,
      certificate: n === 1 ? identity.certificate : undefined,
      update,
      ...(snapshot === undefined ? {} : { snapshot }),
    },
    key,
    device: identity.device,
    random: env.random,
  });
  const record: Outgoing = {
    n,
    recordHash: sealed.recordHash,
    bytes: sealed.bytes,
    summary: summary.value,
    changes,
    snapshot,
    sent: false,
    acked: false,
  };
  state.n = n;
  state.prev = sealed.recordHash;
  state.outgoing.push(record);
  state.acked.add(summary.value);
  store.set(keys.outgoing(n), sealed.bytes);
  saveMeta(core);
  return record;
}

/** The relay acknowledged a record of ours (docs/protocol.md, SE-5: three cases). */
export async function onAcked(core: DocumentCore, message: Down<"acked">): Promise<void> {
  const { state, log } = core;
  if (!bytesEqual(message.replicaId, state.replicaId)) return;
  const record = state.outgoing.find((one) => one.n === message.n);
  if (message.seq <= state.cursor.seq) {
    if (record === undefined) return;
    const known = await log.get(message.seq);
    if (known === undefined || !bytesEqual(known.recordHash, record.recordHash)) distrust(core, "bad-chain", message.seq);
    return;
  }
  if (record === undefined) return;
  if (message.seq > state.cursor.seq + 1) {
    // The entries up to there are on their way: it takes its place when they come.
    record.acked = true;
    return core.changed();
  }
  const decoded = decodeRecord(record.bytes);
  assert(decoded.ok, "an outgoing record does not decode");
  if (state.chains.add(decoded.value.header, record.recordHash, message.seq) !== undefined) return distrust(core, "bad-chain", message.seq);
  state.chains.verified(state.replicaId, record.recordHash);
  saveAuthor(core, state.replicaId);
  placeOwn(core, record, message);
}

/** Our record stands next in the log, and in its author chain: it moves from the outgoing into the log. */
export function placeOwn(
  core: DocumentCore,
  record: Outgoing,
  { receivedAtMs, accessPosition }: { readonly receivedAtMs: number; readonly accessPosition: number },
): void {
  const { state, log, store, keys, identity, env } = core;
  const { deviceId } = identity.device;
  const seq = state.cursor.seq + 1;
  const previous = seq === 1 ? logStart(core.entry().docId) : state.cursor.chainHash;
  const chainHash = nextChainHash(previous, record.recordHash, accessPosition);
  const clients = clientsOf(record.summary);
  const fault = faultOfOwn(core, record, clients, { seq, position: accessPosition, positionBefore: 0 });
  log.put({
    seq,
    chainHash,
    recordHash: record.recordHash,
    receivedAtMs,
    accessPosition,
    quarantined: fault !== undefined,
    record: record.bytes,
  });
  if (isFault(fault)) quarantine(core, seq, fault, deviceId);
  else if (fault !== undefined) env.log("info", "document.snapshot-overtaken");
  else if (record.snapshot !== undefined) noteOwnPart(core, seq, record.bytes, record.snapshot);
  else for (const client of state.clients.claim(clients, deviceId)) store.set(keys.client(client), storedDevice.encode(deviceId));
  state.cursor = { seq, chainHash };
  // Others need not have a snapshot for what was typed here to be with them.
  if (record.snapshot === undefined) state.ownSeq = seq;
  state.gaps = 0;
  state.refusals = 0;
  state.relaySeq = Math.max(state.relaySeq, seq);
  state.outgoing = state.outgoing.filter((one) => one !== record);
  store.set(keys.outgoing(record.n), undefined);
  saveMeta(core);
  if (isSettled(core)) state.syncedAtMs = env.clock.now();
  core.changed();
}

function noteOwnPart(core: DocumentCore, seq: number, bytes: Uint8Array, snapshot: SnapshotPart): void {
  const record = decodeRecord(bytes);
  assert(record.ok, "an outgoing record does not decode");
  notePart(core, seq, record.value.header, snapshot);
}

/** What every other replica refuses of ours, we refuse too: what another device's record claimed first, and what a relay let in that may not be. */
function faultOfOwn(
  { state, identity, membership }: DocumentCore,
  record: Outgoing,
  clients: readonly number[],
  place: EntryPlace,
): "not-allowed" | "foreign-client-id" | "overtaken" | undefined {
  const { deviceId } = identity.device;
  const sealed = membership.hasLog ? decodeRecord(record.bytes) : undefined;
  if (sealed?.ok === true && !membership.counts(deviceId, sealed.value.header.epoch, place)) return "not-allowed";
  if (sealed?.ok === true && record.snapshot !== undefined) return snapshotFault(membership, sealed.value, place);
  return state.clients.firstForeign(clients, deviceId) === undefined ? undefined : "foreign-client-id";
}

/** The relay can't take anything now, whatever it is: the same may be taken later. */
export const isPassing = (code: RefusalCode): boolean =>
  code === "rate-limited" || code === "storage-full" || code === "storage-failed" || code === "damaged-log";

/** An append or restore was refused. What happens next is a matter of the code (protocol/codes.ts), never of its wording. */
export async function onAppendRefused(core: DocumentCore, message: Down<"refused">): Promise<void> {
  const { state, env } = core;
  env.log("info", "document.refused", { code: message.code });
  state.refusal = message.code;
  for (const record of state.outgoing) record.sent = false;
  core.changed();
  switch (message.code) {
    case "rate-limited":
    case "storage-full":
    case "storage-failed":
    case "damaged-log": {
      const delayMs = backoffDelayMs(retryBackoff, state.refusals++, env.random, message.retryAfterMs);
      state.sendAt = env.clock.monotonic() + delayMs;
      core.later(delayMs, () => {});
      return;
    }
    case "chain-gap":
      // Handing back did not help: what comes between is gone for good.
      if (++state.gaps > 2) await startReplica(core);
      return reopenLater(core);
    case "unknown-channel":
    case "no-genesis":
      // Ours or the relay's picture of the log is old: open again, and compare.
      return reopenLater(core);
    case "stale-epoch":
      // PE-20: until the new key is here, sealing anew would be refused anew.
      if (!isSealedAnew(core)) {
        state.sendHalted = message.code;
        return;
      }
      await startReplica(core);
      return reopenLater(core);
    case "chain-fork":
      await startReplica(core);
      return reopenLater(core);
    default:
      state.sendHalted = message.code;
  }
}

/** Whether what is sealed now would be under another epoch than what was refused. Without an access log there is no other: a copy of this profile wrote. */
function isSealedAnew({ state, membership }: DocumentCore): boolean {
  if (!membership.hasLog) return true;
  const oldest = state.outgoing[0];
  const record = oldest === undefined ? undefined : decodeRecord(oldest.bytes);
  return record?.ok !== true || record.value.header.epoch !== membership.currentEpoch();
}

/** PE-20: rights or keys have changed. What was refused for the old ones is tried with the new. */
export async function onMembershipChange(core: DocumentCore): Promise<void> {
  const { state, membership } = core;
  if (!membership.mayRead()) {
    state.live = false;
    core.channel.shut();
    return core.changed();
  }
  await dropSnapshot(core);
  if (state.sendHalted === "stale-epoch" && membership.mayWrite() && isSealedAnew(core)) {
    state.sendHalted = undefined;
    await startReplica(core);
    await openChannel(core);
  } else if (state.sendHalted === "not-allowed" && membership.mayWrite()) {
    state.sendHalted = undefined;
    await openChannel(core);
  } else if (core.channel.number() === undefined) await openChannel(core);
  core.changed();
}

/** Who is no owner any more has no snapshot to send, and nothing to be refused for. */
async function dropSnapshot(core: DocumentCore): Promise<void> {
  const { state, membership, identity } = core;
  const isUseless = state.outgoing.some(({ snapshot, acked }) => snapshot !== undefined && !acked);
  if (!isUseless || membership.vouches(identity.device.deviceId, membership.position())) return;
  await startReplica(core);
  if (state.sendHalted === "not-allowed") state.sendHalted = undefined;
  state.refusal = undefined;
  await openChannel(core);
}

/**
 * RC-6: a new author chain. What was sealed under the old one and is not in the log is sealed anew. Takes effect with the next commit, all of it
 * at once.
 */
export async function startReplica(core: DocumentCore): Promise<void> {
  const { state, env, store, keys } = core;
  if (state.relaySeq === 0 && state.outgoing[0]?.n === 1 && state.cursor.seq === 0) {
    // The genesis record, which share links name, can't be sealed anew. Only a hostile relay gets us here.
    state.sendHalted = "chain-fork";
    return;
  }
  env.log("info", "document.new-replica");
  // Reading the log again takes a while, and somebody may ask meanwhile: what was on its way is unsent, until it is known what the log has of it (PE-8).
  state.dirty ||= state.outgoing.some(({ snapshot }) => snapshot === undefined);
  // Loading put the content of every outgoing record into the doc, and sealing took it from there: dropping the records loses nothing.
  for (const record of state.outgoing) store.set(keys.outgoing(record.n), undefined);
  state.outgoing = [];
  state.replicaId = env.random.bytes(idBytes) as ReplicaId;
  state.n = 0;
  state.prev = noRecord;
  saveMeta(core);
  await rebuildAcked(core);
  recheckUnsent(core);
}
