/**
 * A snapshot of an owner, as others receive it (docs/peer.md, PE-33). Who lacks the past takes it, on the owner's word. Who has the past compares: a snapshot
 * that says something else puts words into others' mouths, and is set aside by name.
 */
import { bytesEqual, toText } from "@skerry/protocol";
import type { DeviceId, SealedRecord, SnapshotPart } from "@skerry/protocol";
import { applyUpdate } from "yjs";
import { fitUpdate, isWaiting, saysTheSame } from "../yjs-update/index.ts";
import { engineOrigin } from "./document-core.ts";
import type { DocumentCore } from "./document-core.ts";
import { notePending } from "./meta.ts";
import { clientsOf } from "./open-record.ts";
import type { OpenedRecord, RecordFault } from "./open-record.ts";
import { isWhole, notePart } from "./past.ts";
import { storedDevice } from "./stored.ts";

/** Whose each client id is, by what the part says; undefined if it says two things of one. */
export function ownersIn({ owners }: SnapshotPart): ReadonlyMap<number, DeviceId> | undefined {
  const byClient = new Map<number, DeviceId>();
  for (const { deviceId, clients } of owners) {
    for (const client of clients) {
      const known = byClient.get(client);
      if (known !== undefined && !bytesEqual(known, deviceId)) return undefined;
      byClient.set(client, deviceId.slice() as DeviceId);
    }
  }
  return byClient;
}

/** Applies the part if this device needs it. Its author is proven, and may vouch. A part with a fault has changed nothing. */
export function acceptSnapshot(
  core: DocumentCore,
  seq: number,
  { header }: SealedRecord,
  opened: OpenedRecord & { readonly snapshot: SnapshotPart },
): RecordFault | undefined {
  const { state } = core;
  const owners = ownersIn(opened.snapshot);
  const clients = clientsOf(opened.summary);
  if (owners === undefined || clients.some((client) => !owners.has(client))) return "malformed";
  for (const [client, device] of owners) {
    const known = state.clients.ownerOf(client);
    if (known !== undefined && !bytesEqual(known, device)) return "foreign-client-id";
  }
  const fault = isWhole(state) ? compare(core, opened) : take(core, seq, opened, owners);
  if (fault !== undefined) return fault;
  state.acked.add(opened.summary);
  notePart(core, seq, header, opened.snapshot);
  return undefined;
}

function compare({ doc, state, env }: DocumentCore, { update, summary }: OpenedRecord): RecordFault | undefined {
  if (saysTheSame(doc, update, summary)) return undefined;
  const mayJudge = !isWaiting(doc) && state.quarantined.size === 0;
  // A copy that lacks something itself can't judge what it has not got.
  if (!mayJudge) env.log("info", "document.snapshot-unjudged");
  return mayJudge ? "foreign-client-id" : undefined;
}

function take(
  core: DocumentCore,
  seq: number,
  { update, summary }: OpenedRecord,
  owners: ReadonlyMap<number, DeviceId>,
): RecordFault | undefined {
  const { doc, state, store, keys } = core;
  const fitted = fitUpdate(doc, update, summary);
  if (!fitted.ok) return "malformed";
  if (!summary.empty) applyUpdate(doc, fitted.value, engineOrigin);
  notePending(core, seq);
  const byDevice = new Map<string, { readonly device: DeviceId; readonly clients: number[] }>();
  for (const [client, device] of owners) {
    const text = toText(device);
    const known = byDevice.get(text) ?? { device, clients: [] };
    byDevice.set(text, known);
    known.clients.push(client);
  }
  for (const { device, clients } of byDevice.values()) {
    for (const client of state.clients.claim(clients, device)) {
      store.set(keys.client(client), storedDevice.encode(device));
      store.set(keys.expectedClient(client), undefined);
    }
  }
  return undefined;
}
