/** Second half of verification, for a record whose author is proven: rights, seal, certificate, update, client ids (docs/protocol.md, VF-4 to VF-6). */
import { openRecord, verifyCertificate } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { bytesEqual, decodeCertificate, err, ok } from "@skerry/protocol";
import type { HybridTime, Result, SealedRecord } from "@skerry/protocol";
import type { Alarm } from "../client.ts";
import { validateUpdate } from "../yjs-update/index.ts";
import type { UpdateSummary } from "../yjs-update/index.ts";
import type { ClientIds } from "./client-ids.ts";
import type { EntryPlace, Membership } from "./membership.ts";

export interface OpenedRecord {
  readonly time: HybridTime;
  readonly update: Uint8Array;
  readonly summary: UpdateSummary;
}

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
  return ok({ time: body.value.time, update: body.value.update, summary: summary.value });
}

/** Everything that decides whether the record is applied. `content`: if it was opened already. */
export function admitRecord(
  record: SealedRecord,
  place: EntryPlace,
  clients: ClientIds,
  context: OpenContext,
  content?: Result<OpenedRecord, RecordFault>,
): Result<OpenedRecord, RecordFault> {
  const { deviceId, epoch } = record.header;
  if (!context.membership.counts(deviceId, epoch, place)) return err("not-allowed");
  const opened = content ?? openContent(record, context);
  if (!opened.ok) return opened;
  return clients.firstForeign(clientsOf(opened.value.summary), deviceId) === undefined ? opened : err("foreign-client-id");
}

export const clientsOf = (summary: UpdateSummary): readonly number[] => summary.structs.map((range) => range.client);

/** RC-9: in a replica's first record, and only there. */
function certificateIsRight(record: SealedRecord, bytes: Uint8Array | undefined): boolean {
  if (record.header.n !== 1) return bytes === undefined;
  if (bytes === undefined) return false;
  const certificate = decodeCertificate(bytes);
  return certificate.ok && bytesEqual(certificate.value.deviceId, record.header.deviceId) && verifyCertificate(certificate.value);
}
