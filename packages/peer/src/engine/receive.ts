/** Receiving (docs/protocol.md, VF-1 to VF-8): every entry is placed, judged, opened and only then applied; the cursor never passes what was not judged. */
import { tickRemote, verifyHead, verifyRecord } from "@skerry/crypto";
import { bytesEqual, decodeRecord, toText } from "@skerry/protocol";
import type { DeviceId, Entry, Head, SealedRecord, SignedHead } from "@skerry/protocol";
import { applyUpdate } from "yjs";
import { fitUpdate } from "../yjs-update/index.ts";
import { acceptSnapshot, ownersIn } from "./accept-snapshot.ts";
import { createAuthorChains } from "./author-chains.ts";
import type { Down } from "./connection.ts";
import { engineOrigin } from "./document-core.ts";
import type { DocumentCore } from "./document-core.ts";
import { judgePage, placePage } from "./judge-page.ts";
import type { JudgedItem, PageItem, PageJudgement } from "./judge-page.ts";
import { lowerContent, notePending, saveAuthor, saveMeta } from "./meta.ts";
import { admitRecord, clientsOf, isFault, openContent } from "./open-record.ts";
import type { OpenedRecord, RecordFault, SealedBefore } from "./open-record.ts";
import { passOver, savePast, weighSnapshots } from "./past.ts";
import { quarantine, release } from "./quarantine.ts";
import { afterCaughtUp, foundInLog, recoveryProgress } from "./recovery.ts";
import { distrust } from "./reopen.ts";
import { lookAgainLater } from "./second-look.ts";
import { isSettled, placeOwn, startReplica } from "./send.ts";
import { storedDevice, storedEvidence } from "./stored.ts";

/** Records that looked bad once and are waited for a second time. */
const suspectsMax = 256;

export async function onEntries(core: DocumentCore, message: Down<"entries">): Promise<void> {
  const { state, log } = core;
  if (state.halted !== undefined) return;
  state.heardAtMs = core.env.clock.now();
  const cursor = state.cursor.seq;
  const known = Math.min(message.entries.length, Math.max(0, cursor + 1 - message.from));
  const last = message.entries[known - 1];
  // SE-5: what we have may come again, as it is.
  if (last !== undefined) {
    const ours = await log.get(message.from + known - 1);
    if (ours === undefined || !bytesEqual(withoutSignature(ours.record), withoutSignature(last.record))) {
      return distrust(core, "fork", message.from + known - 1);
    }
  }
  if (state.lookFrom !== undefined) await lookAgain(core, message.from, message.entries.slice(0, known));
  if (message.from > cursor + 1) return distrust(core, "bad-chain", cursor + 1);
  if (known < message.entries.length) await receivePage(core, message.entries.slice(known));
}

const withoutSignature = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, -64);

async function receivePage(core: DocumentCore, entries: readonly Entry[]): Promise<void> {
  const { state } = core;
  const page = placePage(core.entry().docId, state.cursor, entries);
  const putBack = state.chains.checkpoint(replicasOf(page));
  const judgement = judgePage(page, {
    docId: core.entry().docId,
    genesis: core.entry().genesis,
    chains: state.chains,
    each: state.live,
    isOurs: (recordHash) => state.outgoing.some((record) => bytesEqual(record.recordHash, recordHash)),
    isAccepted: (item) => state.suspects.has(suspectKey(item)),
  });
  if (judgement.items.some((item) => item.fault === "wrong-genesis")) return refuseLog(core);
  let opened: Awaited<ReturnType<typeof openPage>>;
  try {
    opened = await openPage(core, judgement.items);
    for (const seq of judgement.released) await applyReleased(core, seq);
  } catch (error) {
    // Nothing of the page is taken: it is asked for again.
    putBack();
    throw error;
  }
  let copied = false;
  let positionBefore = await lastPosition(core, state.cursor.seq);
  core.doc.transact(() => {
    for (const item of judgement.items) {
      copied ||= isCopy(core, item);
      take(core, item, positionBefore, opened.get(item.seq));
      positionBefore = item.entry.accessPosition;
    }
  }, engineOrigin);
  await weighSnapshots(core);
  for (const item of judgement.items) await compareSeen(core, item);
  for (const replica of replicasOf(judgement.items)) saveAuthor(core, replica);
  if (judgement.items.length > 0) {
    state.relaySeq = Math.max(state.relaySeq, state.cursor.seq);
    state.missing = false;
    saveMeta(core);
  }
  if (judgement.cut !== undefined) suspect(core, judgement.cut);
  // RC-6: somebody continues our chain: this profile has a copy.
  if (copied) await startReplica(core);
  recoveryProgress(core);
  core.changed();
}

/** Access position of our entry at `seq`. Without an access log all are 0. */
async function lastPosition({ log, membership }: DocumentCore, seq: number): Promise<number> {
  return membership.hasLog && seq > 0 ? ((await log.get(seq))?.accessPosition ?? 0) : 0;
}

/** Opens what others wrote, before anything of it is taken, and stores whose it is. */
async function openPage(core: DocumentCore, items: readonly JudgedItem[]): Promise<ReadonlyMap<number, ReturnType<typeof openContent>>> {
  const page = new Map<number, ReturnType<typeof openContent>>();
  for (const { seq, entry, record, fault } of items) {
    if (record === undefined || fault !== undefined || bytesEqual(record.header.deviceId, core.identity.device.deviceId)) continue;
    const opened = openContent(record, core);
    page.set(seq, opened);
    noteOwner(core, record, opened, entry.accessPosition);
  }
  await storeOwners(core);
  return page;
}

/**
 * The content store makes an update durable at once, the owner of its client ids comes with the commit after it. Dying in between, and then not finding the
 * record in the log any more, this device would take another's words for its own, and sign them (VF-4). So whose they are is durable first (PE-15).
 */
function noteOwner(
  { state, store, keys, membership }: DocumentCore,
  record: SealedRecord,
  opened: ReturnType<typeof openContent>,
  position: number,
): void {
  // Who may not vouch (AC-87) has no say in whose others' words are.
  if (opened.ok && opened.value.snapshot !== undefined && !membership.vouches(record.header.deviceId, position)) return;
  for (const [client, device] of opened.ok ? ownersOf(record, opened.value) : []) {
    // What an editor here writes under is this device's, whoever names it.
    if (state.ownClients.has(client) || !state.clients.expect(client, device)) continue;
    store.set(keys.expectedClient(client), storedDevice.encode(device));
    state.ownersDue = true;
  }
}

function ownersOf({ header }: SealedRecord, { summary, snapshot }: OpenedRecord): Iterable<readonly [client: number, device: DeviceId]> {
  if (snapshot !== undefined) return ownersIn(snapshot, summary) ?? [];
  const device = header.deviceId.slice() as DeviceId;
  return clientsOf(summary).map((client) => [client, device] as const);
}

/** While this device can't store, what others write is shown as far as it is known whose it is; what is new waits for the store. */
async function storeOwners({ state, store }: DocumentCore): Promise<void> {
  if (state.ownersDue) await store.commit();
  state.ownersDue = false;
}

/** RC-7: another log under this document's id. Nothing of it is taken, and nothing is sent into it. */
function refuseLog(core: DocumentCore): void {
  const { state, channel } = core;
  core.alarm("wrong-genesis", 1);
  state.halted = "wrong-genesis";
  state.chains = createAuthorChains();
  channel.shut();
  core.changed();
}

const suspectKey = (item: PageItem): string => `${item.seq}:${toText(item.recordHash)}:${toText(item.entry.record.slice(-64))}`;

function suspect(core: DocumentCore, { item, fault }: NonNullable<PageJudgement["cut"]>): void {
  const { suspects } = core.state;
  if (suspects.size >= suspectsMax) suspects.clear();
  suspects.add(suspectKey(item));
  distrust(core, fault, item.seq, item.record?.header.deviceId);
}

const replicasOf = (items: readonly PageItem[]): Iterable<SealedRecord["header"]["replicaId"]> =>
  new Map(
    items.flatMap(({ record }) => (record === undefined ? [] : [[toText(record.header.replicaId), record.header.replicaId] as const])),
  ).values();

/** A record in our replica's name that we did not make, at least not in this copy of the store. */
function isCopy({ state }: DocumentCore, { record, recordHash, fault }: JudgedItem): boolean {
  if (record === undefined || fault !== undefined || !bytesEqual(record.header.replicaId, state.replicaId)) return false;
  if (state.outgoing.some((one) => bytesEqual(one.recordHash, recordHash))) return false;
  return record.header.n > state.n || state.outgoing.some((one) => one.n === record.header.n);
}

/** The entry takes its place in our log, applied or quarantined. */
function take(core: DocumentCore, item: JudgedItem, positionBefore: number, content: ReturnType<typeof openContent> | undefined): void {
  const { state, log, identity } = core;
  const { seq, entry, recordHash, chainHash, record } = item;
  const own = state.outgoing.find((one) => bytesEqual(one.recordHash, recordHash));
  foundInLog(core, recordHash);
  if (own !== undefined && item.fault === undefined) return placeOwn(core, own, entry);
  const place = { seq, position: entry.accessPosition, positionBefore };
  const opened = record === undefined || item.fault !== undefined ? undefined : admitRecord(record, place, state.clients, core, content);
  const fault =
    item.fault ??
    (record !== undefined && opened?.ok === true
      ? accept(core, seq, record, opened.value)
      : opened?.ok === false
        ? opened.error
        : undefined);
  log.put({
    seq,
    chainHash,
    recordHash,
    receivedAtMs: entry.receivedAtMs,
    accessPosition: entry.accessPosition,
    quarantined: fault !== undefined,
    record: entry.record,
  });
  state.cursor = { seq, chainHash };
  if (isFault(fault)) quarantine(core, seq, fault, record?.header.deviceId);
  if (record === undefined || fault !== undefined) return;
  if (bytesEqual(record.header.deviceId, identity.device.deviceId)) state.ownSeq = Math.max(state.ownSeq, seq);
}

/**
 * Applies what a record holds, if the document can take it: what the validator could not know alone, `fitUpdate` asks the document. A record
 * that does not fit has changed nothing.
 */
function accept(
  core: DocumentCore,
  seq: number,
  record: SealedRecord,
  opened: OpenedRecord | SealedBefore,
): RecordFault | "compared" | undefined {
  const { state, env, store, keys, doc } = core;
  if (opened === "sealed-before") {
    passOver(core, seq);
    return undefined;
  }
  const { snapshot } = opened;
  if (snapshot !== undefined) {
    state.clock = tickRemote(state.clock, opened.time, env.clock.now());
    return acceptSnapshot(core, seq, record, { ...opened, snapshot });
  }
  const fitted = fitUpdate(doc, opened.update, opened.summary);
  if (!fitted.ok) return "malformed";
  // First of all: should Yjs throw after all, nothing counts this record as applied.
  if (!opened.summary.empty) applyUpdate(doc, fitted.value, engineOrigin);
  notePending(core, seq);
  const device = record.header.deviceId.slice() as DeviceId;
  for (const client of state.clients.claim(clientsOf(opened.summary), device)) {
    store.set(keys.client(client), storedDevice.encode(device));
    store.set(keys.expectedClient(client), undefined);
  }
  state.clock = tickRemote(state.clock, opened.time, env.clock.now());
  state.acked.add(opened.summary);
  return undefined;
}

/** A later signature of its author vouches for what was quarantined for its own. */
async function applyReleased(core: DocumentCore, seq: number): Promise<void> {
  const entry = await core.log.get(seq);
  const record = entry === undefined ? undefined : decodeRecord(entry.record);
  if (entry === undefined || record?.ok !== true) return;
  const content = openContent(record.value, core);
  if (!bytesEqual(record.value.header.deviceId, core.identity.device.deviceId)) {
    noteOwner(core, record.value, content, entry.accessPosition);
    await storeOwners(core);
  }
  const place = { seq, position: entry.accessPosition, positionBefore: await lastPosition(core, seq - 1) };
  const opened = admitRecord(record.value, place, core.state.clients, core, content);
  release(core, seq);
  const fault = opened.ok ? accept(core, seq, record.value, opened.value) : opened.error;
  if (isFault(fault)) return quarantine(core, seq, fault, record.value.header.deviceId);
  if (fault !== undefined) return;
  core.log.put({ ...entry, quarantined: false });
  // The content store may be ahead of this entry, and lack it all the same.
  lowerContent(core.state, seq - 1);
  core.state.ackedSeq = Math.min(core.state.ackedSeq, seq - 1);
}

/** PE-33: keys of earlier epochs have come, for somebody who was let in again. What was passed over is taken after all. */
export async function takePassed(core: DocumentCore): Promise<void> {
  const { state, membership, log } = core;
  const { passedSeq, readsFrom } = state.past;
  const from = membership.firstEpoch();
  if (passedSeq === 0 || from === 0 || from >= readsFrom) return;
  // What is still before the first key stays passed over.
  let still = 0;
  for await (const entry of log.read(1, passedSeq)) {
    const record = entry.quarantined ? undefined : decodeRecord(entry.record);
    if (record?.ok !== true || record.value.header.epoch >= readsFrom) continue;
    if (record.value.header.epoch < from) still = entry.seq;
    else await applyReleased(core, entry.seq);
  }
  await weighSnapshots(core);
  // Last, and with how far the content store is behind: a device that dies amid it does all of it again.
  savePast(core, { passedSeq: still, readsFrom: still === 0 ? 0 : from });
  saveMeta(core);
}

/** PE-16: entries that we have, as the relay shows them now. A good signature in the place of a spoiled one releases what it vouches for. */
async function lookAgain(core: DocumentCore, from: number, entries: readonly Entry[]): Promise<void> {
  const { state, log } = core;
  for (const [index, { record }] of entries.entries()) {
    const seq = from + index;
    if (state.quarantined.get(seq)?.kind !== "bad-signature") continue;
    const ours = await log.get(seq);
    const decoded = decodeRecord(record);
    if (ours === undefined || !decoded.ok || !bytesEqual(withoutSignature(ours.record), withoutSignature(record))) continue;
    if (!verifyRecord(decoded.value, ours.recordHash)) continue;
    const { replicaId } = decoded.value.header;
    log.put({ ...ours, record: record.slice() });
    // Verified last: if this device can't store now, they are released by the next look.
    for (const each of state.chains.branchTo(replicaId, ours.recordHash)) await applyReleased(core, each.seq);
    state.chains.verified(replicaId, ours.recordHash);
    saveAuthor(core, replicaId);
    saveMeta(core);
  }
}

/** VF-8: the author names the head that it was shown. */
async function compareSeen(core: DocumentCore, { seq, record, fault }: JudgedItem): Promise<void> {
  if (record === undefined || fault !== undefined) return;
  const { seen, deviceId } = record.header;
  if (seen.seq === 0 || bytesEqual(deviceId, core.identity.device.deviceId)) return;
  if (seen.seq >= seq) return core.alarm("fork", seq, deviceId);
  await compareHead(core, seen, deviceId, undefined);
}

/**
 * Compares a head that another device, or a share link, names with our own history. One that agrees counts as "that device has it"; one beyond ours
 * waits until we get there.
 */
export async function compareHead(
  core: DocumentCore,
  head: Head,
  deviceId: DeviceId | undefined,
  signed: SignedHead | undefined,
): Promise<boolean> {
  const { state, log, store, keys, env } = core;
  if (head.seq === 0 || head.seq > state.cursor.seq) return false;
  const ours = await log.chainHashAt(head.seq);
  if (ours === undefined) return false;
  if (!bytesEqual(ours, head.chainHash)) {
    core.alarm("fork", head.seq, deviceId);
    store.set(keys.evidence(head.seq), storedEvidence.encode({ atMs: env.clock.now(), ours: state.signedHead, theirs: signed }));
    return false;
  }
  if (deviceId !== undefined && !bytesEqual(deviceId, core.identity.device.deviceId) && head.seq > state.othersSeq) {
    state.othersSeq = head.seq;
    core.changed();
  }
  return true;
}

/** True if the relay's signature is good and the head is of this document and ours. Otherwise the channel is opened again. */
async function checkSignedHead(core: DocumentCore, head: SignedHead): Promise<boolean> {
  const { state, log } = core;
  const { session } = state;
  if (session === undefined) return false;
  const genuine = bytesEqual(head.relayKey, session.relayKey) && bytesEqual(head.docId, core.entry().docId) && verifyHead(head);
  const ours = head.seq === 0 ? undefined : await log.chainHashAt(head.seq);
  const agrees =
    head.seq === 0 ? state.cursor.seq === 0 : head.seq <= state.cursor.seq && ours !== undefined && bytesEqual(ours, head.chainHash);
  if (genuine && agrees) return true;
  if (genuine && ours !== undefined) keepEvidence(core, head);
  distrust(core, "bad-chain", head.seq);
  return false;
}

/** Two answers of the relay that contradict each other. */
export function keepEvidence({ store, keys, state, env }: DocumentCore, theirs: SignedHead): void {
  store.set(keys.evidence(theirs.seq), storedEvidence.encode({ atMs: env.clock.now(), ours: state.signedHead, theirs: own(theirs) }));
}

/** Out of the frame that it came in. */
const own = (head: SignedHead): SignedHead => ({
  relayKey: head.relayKey.slice() as SignedHead["relayKey"],
  docId: head.docId.slice() as SignedHead["docId"],
  seq: head.seq,
  chainHash: head.chainHash.slice() as SignedHead["chainHash"],
  timeMs: head.timeMs,
  signature: head.signature.slice() as SignedHead["signature"],
});

export async function onCaughtUp(core: DocumentCore, message: Down<"caught-up">): Promise<void> {
  const { state, env } = core;
  if (state.halted !== undefined || state.live) return;
  if (message.head.seq !== state.cursor.seq) return distrust(core, "bad-chain", message.head.seq);
  if (!(await checkSignedHead(core, message.head))) return;
  noteHead(core, message.head);
  await compareLink(core);
  if (message.head.seq === 0 && state.outgoing[0]?.n !== 1) state.missing = true;
  state.live = true;
  await afterCaughtUp(core);
  lookAgainLater(core);
  state.refusal = undefined;
  state.readError = undefined;
  if (isSettled(core)) state.syncedAtMs = env.clock.now();
  saveMeta(core);
  core.changed();
}

export async function onFreshHead(core: DocumentCore, message: Down<"fresh-head">): Promise<void> {
  if (core.state.halted === undefined && (await checkSignedHead(core, message.head))) noteHead(core, message.head);
}

function noteHead(core: DocumentCore, head: SignedHead): void {
  const { state } = core;
  state.heardAtMs = core.env.clock.now();
  state.relaySeq = Math.max(state.relaySeq, head.seq);
  if (head.seq > 0 && (state.signedHead === undefined || head.seq >= state.signedHead.seq)) state.signedHead = own(head);
  saveMeta(core);
}

/** VF-7: the share link names a head that the inviter had verified. */
async function compareLink(core: DocumentCore): Promise<void> {
  const { state } = core;
  const { linkHead } = core.entry();
  if (state.linkHeadChecked || linkHead.seq === 0) return;
  if (linkHead.seq > state.cursor.seq) return core.alarm("rollback", linkHead.seq);
  state.linkHeadChecked = true;
  await compareHead(core, linkHead, undefined, undefined);
  saveMeta(core);
}
