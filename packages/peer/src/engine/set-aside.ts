/**
 * Reading what was set aside (PE-32): who it is from, and the words that it would add. Only what is "not-allowed" is opened: its author is proven, since
 * its place, its author's chain and a signature over it were judged before its author's rights were. Nothing is applied, stored or sent by reading.
 */
import { decodeRecord, toText } from "@skerry/protocol";
import type { DeviceId, SealedRecord } from "@skerry/protocol";
import type { SetAsideAuthor, SetAsidePage, SetAsideRecord } from "../client.ts";
import { startTrial } from "../yjs-update/index.ts";
import { createClientIds } from "./client-ids.ts";
import type { DocumentCore } from "./document-core.ts";
import { clientsOf, openContent } from "./open-record.ts";
import type { OpenedRecord } from "./open-record.ts";

/** Records of one page, and their bytes: whoever floods the log makes pages, not a longer wait. */
const pageRecordsMax = 512;
const pageBytesMax = 4 * 1024 * 1024;

export const nothingSetAside: SetAsidePage = { records: [], words: [], deletes: false, nextSeq: undefined };

/** From `fromSeq` on. `authorOf`: whose device it is, if anybody knows. */
export async function readSetAside(
  core: DocumentCore,
  fromSeq: number,
  authorOf: (deviceId: Uint8Array) => SetAsideAuthor | undefined,
): Promise<SetAsidePage> {
  const { state, log, doc } = core;
  const rows = [...state.quarantined.values()].filter(({ seq }) => seq >= fromSeq).toSorted((a, b) => a.seq - b.seq);
  if (rows.length === 0) return nothingSetAside;
  const trial = startTrial(doc);
  const clients = createClientIds();
  const records: SetAsideRecord[] = [];
  const authors = new Map<string, { readonly author: SetAsideAuthor | undefined; fromMs: number; untilMs: number }>();
  let bytes = 0;
  let nextSeq: number | undefined;

  /** Whose client ids they are binds here as in what counts (VF-4). */
  const take = (device: DeviceId, author: SetAsideAuthor | undefined, { time, update, summary }: OpenedRecord): boolean => {
    const ids = clientsOf(summary);
    if (state.clients.firstForeign(ids, device) !== undefined || clients.firstForeign(ids, device) !== undefined) return false;
    const key = toText(device);
    if (!trial.add(key, update, summary)) return false;
    clients.claim(ids, device);
    const known = authors.get(key) ?? { author, fromMs: time.wallMs, untilMs: time.wallMs };
    known.fromMs = Math.min(known.fromMs, time.wallMs);
    known.untilMs = Math.max(known.untilMs, time.wallMs);
    authors.set(key, known);
    return true;
  };

  for (const { seq, kind, device } of rows) {
    const entry = await log.get(seq);
    if (entry === undefined) continue;
    const record = kind === "not-allowed" ? decoded(entry.record) : undefined;
    const opened = record === undefined ? undefined : openContent(record, core);
    bytes += entry.record.length;
    const isFull = records.length >= pageRecordsMax || (records.length > 0 && bytes > pageBytesMax);
    if (isFull || (opened?.ok === true && !trial.takes(opened.value.summary))) {
      nextSeq = seq;
      break;
    }
    const deviceId = record?.header.deviceId.slice() as DeviceId | undefined;
    const author = deviceId === undefined ? undefined : authorOf(deviceId);
    records.push({
      seq,
      kind,
      device,
      author,
      writtenAtMs: opened?.ok === true ? opened.value.time.wallMs : undefined,
      bytes: entry.record.length,
      isRead: deviceId !== undefined && opened?.ok === true && take(deviceId, author, opened.value),
    });
  }
  const words = [...trial.words()].flatMap(([device, found]) => {
    const who = authors.get(device);
    return who === undefined ? [] : [{ device, ...who, ...found }];
  });
  return { records, words, deletes: trial.deletes(), nextSeq };
}

function decoded(bytes: Uint8Array): SealedRecord | undefined {
  const record = decodeRecord(bytes);
  return record.ok ? record.value : undefined;
}
