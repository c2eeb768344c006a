/**
 * A snapshot of an owner, as others receive it (docs/peer.md, PE-33). Who lacks the past takes it, on the owner's word. Who has the past compares: a snapshot
 * that says something else puts words into others' mouths, and is set aside by name.
 */
import { bytesEqual } from "@skerry/protocol";
import type { DeviceId, SealedRecord, SnapshotPart } from "@skerry/protocol";
import { applyUpdate, getState } from "yjs";
import { compareContent, fitUpdate, isWaiting } from "../yjs-update/index.ts";
import type { UpdateSummary } from "../yjs-update/index.ts";
import { engineOrigin } from "./document-core.ts";
import type { DocumentCore } from "./document-core.ts";
import { notePending } from "./meta.ts";
import { clientsOf } from "./open-record.ts";
import type { OpenedRecord, RecordFault } from "./open-record.ts";
import { isWhole, notePart } from "./past.ts";
import { storedDevice } from "./stored.ts";

/** Whose each client id is of which the part has words; undefined if it says two things of one, or nothing, or speaks of others. */
export function ownersIn({ owners }: SnapshotPart, summary: UpdateSummary): ReadonlyMap<number, DeviceId> | undefined {
  const written = new Set(clientsOf(summary));
  const byClient = new Map<number, DeviceId>();
  for (const { deviceId, clients } of owners) {
    for (const client of clients) {
      if (byClient.has(client) || !written.has(client)) return undefined;
      byClient.set(client, deviceId.slice() as DeviceId);
    }
  }
  return byClient.size === written.size ? byClient : undefined;
}

/** Applies the part if this device needs it. Its author is proven, and may vouch. A part with a fault has changed nothing. */
export function acceptSnapshot(
  core: DocumentCore,
  seq: number,
  { header }: SealedRecord,
  opened: OpenedRecord & { readonly snapshot: SnapshotPart },
): RecordFault | "compared" | undefined {
  const { state, doc } = core;
  const owners = ownersIn(opened.snapshot, opened.summary);
  if (owners === undefined) return "malformed";
  for (const [client, device] of owners) {
    const known = state.clients.ownerOf(client);
    if (known !== undefined && !bytesEqual(known, device)) return "foreign-client-id";
  }
  // What an editor here writes next would count as sent.
  if (opened.summary.structs.some(({ client, to }) => state.ownClients.has(client) && to > getState(doc.store, client)))
    return "foreign-client-id";
  const isNeeded = !isWhole(state);
  const fault = isNeeded ? take(core, seq, opened, owners) : compare(core, opened);
  if (fault !== undefined) return fault;
  notePart(core, seq, header, opened.snapshot);
  return isNeeded ? undefined : "compared";
}

function compare({ doc, state, env }: DocumentCore, { update, summary }: OpenedRecord): RecordFault | undefined {
  const found = compareContent(doc, update, summary);
  // A copy that lacks something itself can't judge what it has not got. What it has it can.
  const lacks = isWaiting(doc) || state.quarantined.size > 0;
  if (found === "more" && lacks) env.log("info", "document.snapshot-unjudged");
  return found === "same" || (found === "more" && lacks) ? undefined : "foreign-client-id";
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
  state.acked.add(summary);
  for (const [client, device] of owners) {
    if (state.clients.claim([client], device).length === 0) continue;
    store.set(keys.client(client), storedDevice.encode(device));
    store.set(keys.expectedClient(client), undefined);
  }
  return undefined;
}
