/**
 * When the relay is behind or beside what this device verified (docs/protocol.md, VF-7): find a head that both have, read on from
 * there, then hand back what the relay lost, whoever wrote it. Nothing that was applied is taken back: the document only grows.
 */
import { bytesEqual, emptyHead, framedBytes, limits, toText } from "@skerry/protocol";
import type { RecordHash } from "@skerry/protocol";
import { backoffDelayMs, retryBackoff } from "./backoff.ts";
import type { Down } from "./connection.ts";
import type { DocumentCore } from "./document-core.ts";
import { rebuildAcked, rebuildChains } from "./load.ts";
import { lowerContent, saveMeta } from "./meta.ts";
import { rewindPast } from "./past.ts";
import { release } from "./quarantine.ts";
import { openChannel } from "./reopen.ts";
import { isPassing, missingAtRelay, recheckUnsent, startReplica } from "./send.ts";
import { storedEntry } from "./stored.ts";

/** After handing back, how long sending waits for the records to come into the log before it goes on without. */
const returnMs = 5_000;

/** The relay answered `open`: compares its history with ours at the place that we named. */
export async function onOpened(core: DocumentCore, message: Down<"opened">): Promise<void> {
  const { state } = core;
  state.heardAtMs = core.env.clock.now();
  state.relaySeq = message.head.seq;
  state.refusal = undefined;
  const { lookFrom } = state;
  // A second look is for a relay that has all that we have: first of all it is asked about that.
  if (lookFrom !== undefined && message.head.seq < state.cursor.seq) return openChannel(core);
  const asked = state.recovery?.phase === "search" ? state.recovery.seq : (lookFrom ?? state.cursor.seq);
  const ours = asked === 0 ? undefined : await core.log.chainHashAt(asked);
  if (asked === 0 || (message.atCursor !== undefined && ours !== undefined && bytesEqual(ours, message.atCursor))) {
    if (asked < state.cursor.seq && lookFrom === undefined) await rewind(core, asked);
    if (!(await checkTail(core, message))) return;
    if (state.recovery !== undefined || missingAtRelay(state) > 0) state.recovery = { phase: "reread" };
    return core.changed();
  }
  core.alarm(message.atCursor === undefined ? "rollback" : "fork", asked);
  state.recovery = await nextGuess(core, asked, message);
  await openChannel(core);
}

/** A head that both may have: the relay's own if it is in our past, else galloping backwards. 0, which all have, ends the search. */
async function nextGuess(
  { state, log }: DocumentCore,
  asked: number,
  message: Down<"opened">,
): Promise<{ phase: "search"; seq: number; step: number }> {
  const step = state.recovery?.phase === "search" ? state.recovery.step * 2 : 1;
  if (message.head.seq < asked) {
    const ours = message.head.seq === 0 ? undefined : await log.chainHashAt(message.head.seq);
    if (message.head.seq === 0 || (ours !== undefined && bytesEqual(ours, message.head.chainHash)))
      return { phase: "search", seq: message.head.seq, step };
  }
  return { phase: "search", seq: Math.max(0, Math.min(asked, message.head.seq) - step), step };
}

/** The log goes on from `seq`. What stood after it is kept as lost until it turns up again or was handed back. */
async function rewind(core: DocumentCore, seq: number): Promise<void> {
  const { state, log, store, keys, env } = core;
  env.log("warn", "document.rewind", { from: state.cursor.seq, to: seq });
  for await (const entry of log.read(seq + 1, state.cursor.seq)) {
    const key = toText(entry.recordHash);
    const kind = state.quarantined.get(entry.seq)?.kind;
    const restorable =
      kind === undefined || kind === "foreign-client-id" || kind === "undecryptable" || kind === "oversized" || kind === "not-allowed";
    // Shown twice, it counts as it was taken the first time.
    if (state.lost.get(key)?.restorable !== true) {
      state.lost.set(key, { entry, restorable });
      store.set(keys.lost(key), storedEntry.encode({ ...entry, quarantined: !restorable }));
    }
    log.remove(entry.seq);
    if (kind !== undefined) release(core, entry.seq);
  }
  // A relay may have shown one record twice: what stands before is not lost.
  for await (const entry of log.read(1, seq)) foundInLog(core, entry.recordHash);
  const common = seq === 0 ? undefined : await log.get(seq);
  state.cursor = common === undefined ? emptyHead : { seq, chainHash: common.chainHash };
  if (state.storedHead.seq > seq) state.storedHead = state.cursor;
  lowerContent(state, seq);
  state.ownSeq = Math.min(state.ownSeq, seq);
  state.othersSeq = Math.min(state.othersSeq, seq);
  state.suspects.clear();
  rewindPast(core, seq);
  await rebuildChains(core);
  await rebuildAcked(core);
  saveMeta(core);
}

/** RC-6: what the relay has of our chain, against what we have. False if the channel has to be opened again. */
async function checkTail(core: DocumentCore, message: Down<"opened">): Promise<boolean> {
  const { state } = core;
  if (message.tailN === 0) return true;
  const ours = ownHash(core, message.tailN);
  if (message.tailN < state.n && ours === undefined) return true;
  if (ours !== undefined && bytesEqual(ours, message.tailHash)) return true;
  await startReplica(core);
  await openChannel(core);
  return false;
}

/** Hash of our record `n`, if it is at hand: the last one, one of the outgoing, or the last that stands in the log. */
function ownHash({ state }: DocumentCore, n: number): RecordHash | undefined {
  if (n === state.n) return state.prev;
  const record = state.outgoing.find((one) => one.n === n);
  if (record !== undefined) return record.recordHash;
  const head = state.chains.get(state.replicaId)?.head;
  return head?.n === n ? head.hash : undefined;
}

/** A record has its place in the log: it is not lost (any more). */
export function foundInLog({ state, store, keys }: DocumentCore, recordHash: RecordHash): void {
  if (state.lost.size === 0) return;
  const key = toText(recordHash);
  if (state.lost.delete(key)) store.set(keys.lost(key), undefined);
}

/** We have all that the relay has. What it lacks goes back to it, in the order in which it stood: that keeps every author's own order. */
export async function afterCaughtUp(core: DocumentCore): Promise<void> {
  const { state } = core;
  if (state.recovery === undefined) return;
  const batches = batchesOf(core);
  if (batches.length === 0) return finish(core);
  state.recovery = { phase: "restore", batches };
  sendBatch(core);
}

function batchesOf({ state }: DocumentCore): (readonly string[])[] {
  const batches: string[][] = [];
  let bytes = 0;
  const missing = [...state.lost].filter(([, record]) => record.restorable).sort(([, a], [, b]) => a.entry.seq - b.entry.seq);
  for (const [key, record] of missing) {
    const size = framedBytes(record.entry.record.length);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length >= limits.restoreRecordsMax || bytes + size > limits.frameBytesMax / 2) {
      batches.push([key]);
      bytes = size;
    } else {
      batch.push(key);
      bytes += size;
    }
  }
  return batches;
}

function sendBatch(core: DocumentCore): void {
  const { recovery, lost } = core.state;
  if (recovery?.phase !== "restore") return;
  for (; recovery.batches.length > 0; recovery.batches.shift()) {
    // What somebody else has handed back meanwhile is not lost any more.
    const records = recovery.batches[0]?.flatMap((key) => lost.get(key)?.entry.record ?? []) ?? [];
    if (records.length > 0) return core.channel.send({ type: "restore", records });
  }
  // A later recovery is not ended by the clock of this one.
  core.later(returnMs, () => {
    if (core.state.recovery === recovery) finish(core);
  });
}

export async function onRestored(core: DocumentCore, message: Down<"restored">): Promise<void> {
  const { state, env } = core;
  env.log("info", "document.restored", { admitted: message.admitted });
  if (state.recovery?.phase !== "restore") return;
  state.recovery.batches.shift();
  state.refusals = 0;
  if (missingAtRelay(state) === 0) return finish(core);
  sendBatch(core);
}

/** Some record of the batch was refused. They are tried one by one; what is refused alone is kept here and not offered again. */
export async function onRestoreRefused(core: DocumentCore, message: Down<"refused">): Promise<void> {
  const { state, env } = core;
  env.log("warn", "document.restore-refused", { code: message.code });
  const { recovery } = state;
  if (recovery?.phase !== "restore") return;
  if (isPassing(message.code)) {
    // Nothing is wrong with the records: they are offered again, and nothing of them is given up.
    const delayMs = backoffDelayMs(retryBackoff, state.refusals++, env.random, message.retryAfterMs);
    return void core.later(delayMs, () => {
      if (state.recovery === recovery && state.live) sendBatch(core);
    });
  }
  const [batch = [], ...rest] = recovery.batches;
  if (batch.length > 1) {
    recovery.batches.splice(0, 1, ...batch.map((key) => [key]));
    return sendBatch(core);
  }
  for (const key of batch) keepLost(core, key);
  state.recovery = { phase: "restore", batches: rest };
  if (rest.length === 0) return finish(core);
  sendBatch(core);
}

function keepLost({ state, store, keys }: DocumentCore, key: string): void {
  const record = state.lost.get(key);
  if (record === undefined) return;
  record.restorable = false;
  store.set(keys.lost(key), storedEntry.encode({ ...record.entry, quarantined: true }));
}

/** Called after every page: ends the recovery when the last record that was handed back stands in the log again. */
export function recoveryProgress(core: DocumentCore): void {
  const { recovery } = core.state;
  if (recovery?.phase === "restore" && core.state.live && missingAtRelay(core.state) === 0) finish(core);
}

/** Back to normal: what of ours is in no record of the log is unsent again. */
function finish(core: DocumentCore): void {
  if (core.state.recovery === undefined) return;
  core.state.recovery = undefined;
  recheckUnsent(core);
  core.changed();
}
