/**
 * A document's time before the keys that this device has, and the snapshots in its log (docs/peer.md, PE-33). Who reads from an epoch on passes over what was
 * sealed before, and has the document once a snapshot shows all of that.
 */
import { bytesEqual, decodeRecord } from "@skerry/protocol";
import type { Head, RecordHeader, SnapshotPart } from "@skerry/protocol";
import type { DocumentCore } from "./document-core.ts";
import { partialsMax, storedPast } from "./stored.ts";
import type { PartialSnapshot, Past } from "./stored.ts";

export const noPast: Past = { passedSeq: 0, readsFrom: 0, hereSeq: 0, shownSeq: 0, shownEpoch: 0, shownAt: 0, partials: [] };

export function savePast({ state, store, keys }: DocumentCore, change: Partial<Past>): void {
  state.past = { ...state.past, ...change };
  store.set(keys.past, storedPast.encode(state.past));
}

/** This device has all of the document that it may have. */
export const isWhole = ({ past }: DocumentCore["state"]): boolean => past.passedSeq <= past.hereSeq;

/** The entry counts, and is not for this device. */
export function passOver(core: DocumentCore, seq: number): void {
  const { past } = core.state;
  // Who left and came back by another link begins later than before: all that was passed over was sealed before the later of them.
  savePast(core, { passedSeq: Math.max(past.passedSeq, seq), readsFrom: Math.max(past.readsFrom, core.membership.firstEpoch()) });
}

/**
 * A part of a snapshot that counts stands in the log at `seq`. Its parts follow each other in their author's chain and name one head; others' records may
 * stand between. `weighSnapshots` comes after it, before the next commit.
 */
export function notePart(core: DocumentCore, seq: number, header: RecordHeader, { part, isLast }: SnapshotPart): void {
  const { past, ended } = core.state;
  const { n, epoch } = header;
  const seen: Head = { seq: header.seen.seq, chainHash: header.seen.chainHash.slice() as Head["chainHash"] };
  const replicaId = header.replicaId.slice() as PartialSnapshot["replicaId"];
  const others = past.partials.filter((one) => !bytesEqual(one.replicaId, replicaId));
  const before = past.partials.find((one) => bytesEqual(one.replicaId, replicaId));
  const goesOn = part === 0 || (before?.n === n - 1 && before.parts === part && before.seenSeq === seen.seq);
  if (goesOn && isLast) ended.push({ seq, seen, epoch });
  const partials = goesOn && !isLast ? [...others.slice(1 - partialsMax), { replicaId, n, parts: part + 1, seenSeq: seen.seq }] : others;
  if (part > 0 || !isLast) savePast(core, { partials });
}

/** Which snapshots that are whole by now show this log: one that was handed back to a relay may name a head of a history that was lost (RC-8). */
export async function weighSnapshots(core: DocumentCore): Promise<void> {
  const { state, log } = core;
  for (let one = state.ended[0]; one !== undefined; one = state.ended[0]) {
    const { seq, seen, epoch } = one;
    const ours = seen.seq === 0 ? undefined : await log.chainHashAt(seen.seq);
    // Only now: if this device can't read, it is weighed with the next.
    state.ended.shift();
    if (seen.seq >= seq || ours === undefined || !bytesEqual(ours, seen.chainHash)) continue;
    const { past } = state;
    savePast(core, {
      ...(past.passedSeq > 0 ? { hereSeq: Math.max(past.hereSeq, seen.seq) } : {}),
      ...(seen.seq > past.shownSeq || epoch > past.shownEpoch ? { shownSeq: seen.seq, shownEpoch: epoch, shownAt: seq } : {}),
    });
  }
}

/** The relay has lost what stood after `seq`. What was taken from a snapshot stays. */
export function rewindPast(core: DocumentCore, seq: number): void {
  const { past } = core.state;
  const isLost = past.shownAt > seq;
  core.state.snapshotIsThere = 0;
  core.state.ended.length = 0;
  savePast(core, {
    passedSeq: Math.min(past.passedSeq, seq),
    partials: [],
    ...(isLost ? { shownSeq: 0, shownEpoch: 0, shownAt: 0 } : {}),
  });
}

/**
 * The last entry that was sealed before `epoch`. Epochs never decrease along a log (AC-80, AC-84), but for entries that do not count; if those mislead the
 * search, a snapshot is written once more.
 */
export async function lastBefore({ log, state }: DocumentCore, epoch: number): Promise<number> {
  let [low, high] = [0, state.cursor.seq];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const entry = await log.get(middle);
    const record = entry === undefined ? undefined : decodeRecord(entry.record);
    if (record?.ok === true && record.value.header.epoch < epoch) low = middle;
    else high = middle - 1;
  }
  return low;
}
