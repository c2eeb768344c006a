/** Second half of verification, for a record whose author is proven: rights, seal, certificate, update, client ids (docs/protocol.md, VF-4 to VF-6). */
import { openRecord, verifyCertificate } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { bytesEqual, decodeCertificate, err, ok } from "@skerry/protocol";
import type { HybridTime, Result, SealedRecord, SnapshotPart } from "@skerry/protocol";
import type { Alarm } from "../client.ts";
import { validateUpdate } from "../yjs-update/index.ts";
import type { UpdateSummary } from "../yjs-update/index.ts";
import type { ClientIds } from "./client-ids.ts";
import type { PageFault } from "./judge-page.ts";
import type { EntryPlace, Membership } from "./membership.ts";

export interface OpenedRecord {
  readonly time: HybridTime;
  readonly update: Uint8Array;
  readonly summary: UpdateSummary;
  readonly snapshot: SnapshotPart | undefined;
}

/** PE-33: it counts, and was sealed before the first key that this device was given. */
export type SealedBefore = "sealed-before";
/**
 * PE-33: nothing of it is applied, now or when the log is read again, and it is no reason for an alarm. `overtaken`: a snapshot of a former owner. `compared`: one that
 * this device did not need.
 */
export type Unapplied = "overtaken" | "compared";

export const isFault = (why: RecordFault | Unapplied | PageFault | undefined): why is RecordFault | PageFault =>
  why !== undefined && why !== "overtaken" && why !== "compared";

export type RecordFault = Extract<Alarm["kind"], "not-allowed" | "undecryptable" | "malformed" | "oversized" | "foreign-client-id">;

export interface OpenContext {
  readonly membership: Membership;
  /** Key of the document in an epoch. */
  readonly documentKey: (epoch: number) => Secret | undefined;
}

/** The sealed content, validated, whoever owns its client ids. */
export function openContent(record: SealedRecord, context: OpenContext): Result<OpenedRecord, RecordFault> {
  const key = context.documentKey(record.header.epoch);
  if (key === undefined) return err("undecryptable");
  const body = openRecord(record, key);
  if (!body.ok) return err(body.error === "undecryptable" ? "undecryptable" : "malformed");
  if (!certificateIsRight(record, body.value.certificate)) return err("malformed");
  const summary = validateUpdate(body.value.update);
  if (!summary.ok) return err(summary.error === "too-large" || summary.error.startsWith("too-many") ? "oversized" : "malformed");
  const { time, update, snapshot } = body.value;
  return ok({ time, update, summary: summary.value, snapshot });
}

/** Everything that decides whether the record is applied. `content`: if it was opened already. */
export function admitRecord(
  record: SealedRecord,
  place: EntryPlace,
  clients: ClientIds,
  context: OpenContext,
  content?: Result<OpenedRecord, RecordFault>,
): Result<OpenedRecord | SealedBefore, RecordFault | "overtaken"> {
  const { deviceId, epoch } = record.header;
  const { membership } = context;
  if (!membership.counts(deviceId, epoch, place)) return err("not-allowed");
  if (epoch < membership.firstEpoch()) return ok("sealed-before");
  const opened = content ?? openContent(record, context);
  if (!opened.ok) return opened;
  // Whose the client ids of a snapshot are it says itself, if its author may (accept-snapshot.ts).
  if (opened.value.snapshot !== undefined) {
    const fault = snapshotFault(membership, record, place);
    return fault === undefined ? opened : err(fault);
  }
  return clients.firstForeign(clientsOf(opened.value.summary), deviceId) === undefined ? opened : err("foreign-client-id");
}

/**
 * AC-87. A relay cannot tell a snapshot from other updates, so it takes that of somebody who was an owner when it was written, and is none when it comes: it is
 * good for nothing, and nobody's fault.
 */
export function snapshotFault(
  membership: Membership,
  { header }: SealedRecord,
  { position }: EntryPlace,
): "not-allowed" | "overtaken" | undefined {
  if (membership.vouches(header.deviceId, position)) return undefined;
  return membership.vouches(header.deviceId, header.accessPosition) ? "overtaken" : "not-allowed";
}

export const clientsOf = (summary: UpdateSummary): readonly number[] => summary.structs.map((range) => range.client);

/** RC-9: in a replica's first record, and only there. */
function certificateIsRight(record: SealedRecord, bytes: Uint8Array | undefined): boolean {
  if (record.header.n !== 1) return bytes === undefined;
  if (bytes === undefined) return false;
  const certificate = decodeCertificate(bytes);
  return certificate.ok && bytesEqual(certificate.value.deviceId, record.header.deviceId) && verifyCertificate(certificate.value);
}
