/** Reading this device's copy of a document, and repairing what a crash left behind (docs/peer.md, PE-3). */
import { recordHashOf } from "@skerry/crypto";
import { decodeRecord, toText } from "@skerry/protocol";
import type { DeviceId } from "@skerry/protocol";
import { applyUpdate, decodeStateVector, encodeStateVector } from "yjs";
import type { Doc } from "yjs";
import { createAckedState, decodeAckedState, fitUpdate } from "../yjs-update/index.ts";
import { createAlarms } from "./alarms.ts";
import { allRows } from "./all-rows.ts";
import { createAuthorChains } from "./author-chains.ts";
import { createClientIds } from "./client-ids.ts";
import { engineOrigin } from "./document-core.ts";
import type { DocumentCore, Outgoing } from "./document-core.ts";
import { notePending } from "./meta.ts";
import { openContent } from "./open-record.ts";
import type { OpenedRecord } from "./open-record.ts";
import { storedAcked, storedAlarms, storedAuthor, storedDevice, storedEntry, storedMeta, storedPast, storedQuarantined } from "./stored.ts";
import type { LogEntry } from "./stored.ts";

/** Everything but the content. Nothing is applied to the doc yet. */
export async function loadState(core: DocumentCore): Promise<void> {
  const { state, store, keys } = core;
  const meta = await store.get(keys.meta);
  if (meta !== undefined) {
    const stored = storedMeta.decode(meta);
    Object.assign(state, stored, { clock: { time: stored.time }, storedHead: stored.cursor });
  }
  const alarms = await store.get(keys.alarms);
  if (alarms !== undefined) state.alarms = createAlarms(storedAlarms.decode(alarms));
  const authors = await allRows(store, keys.authorsFrom, keys.authorsTo);
  state.chains = createAuthorChains(
    authors.map(([, bytes]) => {
      const { replicaId, deviceId, ...head } = storedAuthor.decode(bytes);
      return { replicaId, deviceId, head, loose: [] };
    }),
  );
  const clients = await allRows(store, keys.clientsFrom, keys.clientsTo);
  const expected = await allRows(store, keys.expectedClientsFrom, keys.expectedClientsTo);
  const owner = ([key, bytes]: readonly [string, Uint8Array]): [number, DeviceId] => [numberOf(key), storedDevice.decode(bytes)];
  state.clients = createClientIds(clients.map(owner), expected.map(owner));
  for (const [, bytes] of await allRows(store, keys.quarantineFrom, keys.quarantineTo)) {
    const quarantined = storedQuarantined.decode(bytes);
    state.quarantined.set(quarantined.seq, quarantined);
  }
  const past = await store.get(keys.past);
  if (past !== undefined) state.past = storedPast.decode(past);
  await linkUnproven(core);
  for (const [key, bytes] of await allRows(store, keys.lostFrom, keys.lostTo)) {
    const lost = storedEntry.decode(bytes);
    state.lost.set(key.slice(keys.lostFrom.length), { entry: lost, restorable: !lost.quarantined });
  }
}

/** Records in quarantine for their signature are links all the same: a later signature of their author may vouch for them. */
async function linkUnproven({ state, log }: DocumentCore): Promise<void> {
  for (const { seq, kind } of [...state.quarantined.values()].sort((a, b) => a.seq - b.seq)) {
    if (kind !== "bad-signature") continue;
    const entry = await log.get(seq);
    const record = entry === undefined ? undefined : decodeRecord(entry.record);
    if (entry !== undefined && record?.ok === true) state.chains.add(record.value.header, entry.recordHash, seq);
  }
}

/**
 * After the content store gave what it has: applies the entries that it may lack, then our own records that are on their way, and brings the
 * acked state up to the cursor. Whatever the content store lost, the sealed records hold.
 */
export async function catchUpContent(core: DocumentCore): Promise<void> {
  const { state, doc, store, keys } = core;
  if (!covers(doc, state.contentVector)) state.contentSeq = 0;
  const acked = await store.get(keys.acked);
  const stored = acked === undefined ? undefined : storedAcked.decode(acked);
  const decoded = stored === undefined || stored.seq > state.cursor.seq ? undefined : decodeAckedState(stored.bytes);
  state.acked = decoded?.ok === true ? decoded.value : createAckedState();
  state.ackedSeq = decoded?.ok === true && stored !== undefined ? stored.seq : 0;
  const contents: Pick<OpenedRecord, "update" | "summary">[] = [];
  for await (const [entry, opened] of readContent(core, Math.min(state.contentSeq, state.ackedSeq) + 1)) {
    if (entry.seq > state.contentSeq) contents.push(opened);
    if (entry.seq > state.ackedSeq) state.acked.add(opened.summary);
  }
  for (const [, bytes] of await allRows(store, keys.outgoingFrom, keys.outgoingTo)) {
    const [record, update] = readOutgoing(core, bytes) ?? [];
    if (record === undefined || update === undefined) continue;
    state.outgoing.push(record);
    state.acked.add(record.summary);
    contents.push({ update, summary: record.summary });
  }
  doc.transact(() => {
    for (const { update, summary } of contents) {
      const fitted = fitUpdate(doc, update, summary);
      // It fitted when it was taken; a local store that was bent since then must not stop the document.
      if (fitted.ok) applyUpdate(doc, fitted.value, engineOrigin);
      else core.env.log("error", "document.misfit", { fault: fitted.error });
    }
  }, engineOrigin);
  notePending(core, state.contentSeq + 1);
}

/** The acked state as the log alone gives it, from its start. Dear, and rare: after a rollback, and when a replica ends. */
export async function rebuildAcked(core: DocumentCore): Promise<void> {
  const { state, store, keys } = core;
  state.acked = createAckedState();
  state.ackedSeq = 0;
  store.set(keys.acked, undefined);
  for await (const [, opened] of readContent(core, 1)) state.acked.add(opened.summary);
  for (const record of state.outgoing) state.acked.add(record.summary);
}

/** The entries of the log that count, opened, from `from` up to the cursor. */
export async function* readContent(core: DocumentCore, from: number): AsyncIterable<readonly [LogEntry, OpenedRecord]> {
  for await (const entry of core.log.read(from, core.state.cursor.seq)) {
    if (entry.quarantined) continue;
    const record = decodeRecord(entry.record);
    if (!record.ok) continue;
    const opened = openContent(record.value, core);
    if (opened.ok) yield [entry, opened.value];
  }
}

/** Who wrote what up to the cursor: after a rollback the chains end earlier. Client ids keep their owners. */
export async function rebuildChains(core: DocumentCore): Promise<void> {
  const { state, log, store, keys } = core;
  for (const [key] of await allRows(store, keys.authorsFrom, keys.authorsTo)) store.set(key, undefined);
  state.chains = createAuthorChains();
  for await (const entry of log.read(1, state.cursor.seq)) {
    const record = decodeRecord(entry.record);
    const kind = state.quarantined.get(entry.seq)?.kind;
    if (!record.ok || (kind !== undefined && unlinked.has(kind))) continue;
    const { header } = record.value;
    const fault = state.chains.add(header, entry.recordHash, entry.seq);
    if (fault === undefined && kind !== "bad-signature") state.chains.verified(header.replicaId, entry.recordHash);
  }
  for (const { replicaId, deviceId, head } of state.chains.all()) {
    if (deviceId !== undefined) store.set(keys.author(toText(replicaId)), storedAuthor.encode({ replicaId, deviceId, ...head }));
  }
}

/** Quarantined for what they are, not for what they hold: they never were part of an author chain. */
const unlinked: ReadonlySet<string> = new Set(["bad-chain", "author-fork", "wrong-genesis"]);

function readOutgoing(core: DocumentCore, bytes: Uint8Array): readonly [Outgoing, Uint8Array] | undefined {
  const record = decodeRecord(bytes);
  if (!record.ok) return undefined;
  const opened = openContent(record.value, core);
  if (!opened.ok) return undefined;
  return [
    {
      n: record.value.header.n,
      recordHash: recordHashOf(record.value.hashedBytes),
      bytes,
      summary: opened.value.summary,
      changes: opened.value.summary.empty ? 0 : 1,
      snapshot: opened.value.snapshot,
      sent: false,
      acked: false,
    },
    opened.value.update,
  ];
}

/** True if the doc has at least what the state vector says. */
function covers(doc: Doc, vector: Uint8Array): boolean {
  if (vector.length === 0) return true;
  const has = decodeStateVector(encodeStateVector(doc));
  for (const [client, clock] of decodeStateVector(vector)) if ((has.get(client) ?? 0) < clock) return false;
  return true;
}

const numberOf = (key: string): number => Number.parseInt(key.slice(key.lastIndexOf("/") + 1), 36);
