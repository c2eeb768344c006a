/**
 * Cheats on messages, one change each. They have no relay key: signed heads stay the honest relay's, or are broken. A relay that also signs what
 * it makes up is in `forgery.ts`. Numbers are those of whatever document a connection opened: with more than one, choose with `only`.
 */
import { bytesEqual, decodeRecord } from "@skerry/protocol";
import type { DeviceId, DocId, DownMessage, Entry, SignedHead, UpMessage } from "@skerry/protocol";
import { chainHashesOf, tailOf } from "./recorded-log.ts";
import type { Tamper, TamperContext, Tamperer } from "./tamper.ts";

export interface NumberedEntry {
  readonly seq: number;
  readonly entry: Entry;
}

/** Flips one bit; `bit` counts from the first bit of the first byte and wraps around. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice();
  const at = (bit >> 3) % Math.max(1, out.length);
  out[at] = (out[at] ?? 0) ^ (1 << (bit & 7));
  return out;
}

/** Which part of a record is damaged; a number counts bits from its beginning. */
export type RecordPart = "version" | "header" | "nonce" | "ciphertext" | "signature" | number;

/** The record with one bit flipped: of the first byte for `version`, else of the last byte of the part. */
export function flipInRecord(record: Uint8Array, part: RecordPart): Uint8Array {
  if (typeof part === "number") return flipBit(record, part);
  const decoded = decodeRecord(record);
  if (!decoded.ok || part === "version") return flipBit(record, 1);
  const { headerBytes, nonce, hashedBytes } = decoded.value;
  const ends = {
    header: headerBytes.length,
    nonce: headerBytes.length + nonce.length,
    ciphertext: hashedBytes.length,
    signature: record.length,
  };
  return flipBit(record, 8 * (ends[part] - 1));
}

/** Rewrites the entries that are shown, one at a time. Others' entries only: an author gets `acked` in the place of its own. */
export const rewriteEntries =
  (rewrite: (item: NumberedEntry, docId: DocId, context: TamperContext) => readonly NumberedEntry[]): Tamper =>
  (context) => ({
    down: (message) => {
      const docId = message.type === "entries" ? context.docIdOf(message.channel) : undefined;
      if (message.type !== "entries" || docId === undefined) return [message];
      const before = message.entries.map((entry, index) => ({ seq: message.from + index, entry }));
      const after = before.flatMap((item) => rewrite(item, docId, context));
      const same =
        after.length === before.length &&
        after.every((item, index) => item.seq === before[index]?.seq && item.entry === before[index].entry);
      return same ? [message] : entriesMessages(message.channel, after);
    },
  });

/** One message for each run of consecutive numbers. */
export function entriesMessages(channel: number, items: readonly NumberedEntry[]): readonly DownMessage[] {
  const runs: { from: number; entries: Entry[] }[] = [];
  for (const { seq, entry } of items) {
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.entries.length === seq) last.entries.push(entry);
    else runs.push({ from: seq, entries: [entry] });
  }
  return runs.map((run) => ({ type: "entries", channel, ...run }));
}

const at = (target: number, change: (item: NumberedEntry, docId: DocId, context: TamperContext) => readonly NumberedEntry[]): Tamper =>
  rewriteEntries((item, docId, context) => (item.seq === target ? change(item, docId, context) : [item]));

const replaceRecord = (item: NumberedEntry, record: Uint8Array): NumberedEntry => ({ ...item, entry: { ...item.entry, record } });

/** Entry `seq` comes with one bit of its record flipped. */
export const flipRecordBit = (seq: number, part: RecordPart): Tamper =>
  at(seq, (item) => [replaceRecord(item, flipInRecord(item.entry.record, part))]);

/** Entry `seq` is missing. `gap`: the numbers show it. `dense`: all later ones are one lower. */
export const dropEntry = (seq: number, numbers: "gap" | "dense"): Tamper =>
  rewriteEntries((item) => {
    if (item.seq === seq) return [];
    return [numbers === "dense" && item.seq > seq ? { ...item, seq: item.seq - 1 } : item];
  });

/** Entry `seq` comes with the record that already stood at `earlier`. */
export const replayEntry = (earlier: number, seq: number): Tamper =>
  at(seq, (item, docId, { logs }) => {
    const old = logs.entry(docId, earlier);
    return [old === undefined ? item : replaceRecord(item, old.record)];
  });

/** Entry `seq` comes with a record of another document. */
export const spliceEntry = (from: DocId, fromSeq: number, seq: number): Tamper =>
  at(seq, (item, docId, { logs }) => {
    const foreign = bytesEqual(from, docId) ? undefined : logs.entry(from, fromSeq);
    return [foreign === undefined ? item : replaceRecord(item, foreign.record)];
  });

/** Entries `seq` and `seq` + 1 change places. What follows the first waits until the second has come. */
export const swapEntries =
  (seq: number): Tamper =>
  (context) => {
    let held: NumberedEntry | undefined;
    let waiting: DownMessage[] = [];
    const swap = rewriteEntries((item) => {
      if (item.seq === seq && held === undefined) {
        held = item;
        return [];
      }
      if (item.seq !== seq + 1 || held === undefined) return [item];
      return [
        { seq, entry: item.entry },
        { seq: seq + 1, entry: held.entry },
      ];
    })(context);
    let channel: number | undefined;
    let done = false;
    return {
      down: (message) => {
        if (done) return [message];
        const out = swap.down?.(message) ?? [message];
        if (message.type === "entries" && held !== undefined) channel = message.channel;
        if (channel === undefined || !("channel" in message) || message.channel !== channel) return out;
        if (message.type === "acked" && message.seq > seq && held !== undefined) {
          // The second is the peer's own: nothing to swap.
          done = true;
          return [...entriesMessages(channel, [held]), ...waiting, message];
        }
        done = message.type === "entries" && message.from + message.entries.length > seq + 1;
        if (message.type === "entries") {
          const released = done ? [...out, ...waiting] : out;
          if (done) waiting = [];
          return released;
        }
        waiting.push(...out);
        return [];
      },
    };
  };

/** A signed head with one thing changed, so that the signature is no longer the relay's over it. */
export const alterHead = (what: "seq" | "chainHash" | "timeMs" | "signature"): Tamper => onHeads((head) => alteredHead(head, what));

export function alteredHead(head: SignedHead, what: "seq" | "chainHash" | "timeMs" | "signature"): SignedHead {
  if (what === "seq" || what === "timeMs") return { ...head, [what]: head[what] + 1 };
  return { ...head, [what]: flipBit(head[what], 100) };
}

/** Rewrites every signed head on its way down. */
export const onHeads =
  (rewrite: (head: SignedHead, context: TamperContext) => SignedHead): Tamper =>
  (context) => ({
    down: (message) =>
      message.type === "caught-up" || message.type === "fresh-head" ? [{ ...message, head: rewrite(message.head, context) }] : [message],
  });

/**
 * Appends go no further and are acked as if they were durable. `seq` is the next that the peer can expect. Without the relay's key the next
 * signed head betrays it; see `forgery.ts` for one that does not.
 */
export const forgeAcks: Tamper = (context) => {
  const heads = new Map<number, { seq: number; timeMs: number }>();
  const reach = (channel: number, seq: number, timeMs: number): void => {
    if (seq >= (heads.get(channel)?.seq ?? 0)) heads.set(channel, { seq, timeMs });
  };
  return {
    up: (message) => {
      const decoded = message.type === "append" ? decodeRecord(message.record) : undefined;
      if (message.type !== "append" || decoded === undefined || !decoded.ok) return [message];
      const { replicaId, n, accessPosition } = decoded.value.header;
      const { seq, timeMs } = heads.get(message.channel) ?? { seq: 0, timeMs: 0 };
      reach(message.channel, seq + 1, timeMs);
      context.toPeer({ type: "acked", channel: message.channel, replicaId, n, seq: seq + 1, receivedAtMs: timeMs, accessPosition });
      return [];
    },
    down: (message) => {
      if (message.type === "opened") reach(message.channel, message.head.seq, 0);
      if (message.type === "caught-up" || message.type === "fresh-head") reach(message.channel, message.head.seq, message.head.timeMs);
      if (message.type === "acked") reach(message.channel, message.seq, message.receivedAtMs);
      if (message.type === "entries")
        reach(message.channel, message.from + message.entries.length - 1, message.entries.at(-1)?.receivedAtMs ?? 0);
      return [message];
    },
  };
};

/**
 * A relay that went back to an earlier state and says so openly: `opened` and `caught-up` are those of a log that ends at `seq`, signed by the honest
 * relay when it did. Needs a signed head of that `seq` in `logs`, else it lets everything pass. For connections made after it is set.
 */
export const rollBack =
  (seq: number): Tamper =>
  (context) => {
    const opens = new Map<number, Extract<UpMessage, { type: "open" }>>();
    /** Channels whose peer knows more than the log that is shown: it is told so and nothing else (SE-4). */
    const silent = new Set<number>();
    const old = (channel: number): { readonly docId: DocId; readonly head: SignedHead } | undefined => {
      const docId = context.docIdOf(channel);
      const head = docId && context.logs.heads(docId).find((signed) => signed.seq === seq);
      return docId && head && { docId, head };
    };
    const up = (message: UpMessage): readonly UpMessage[] => {
      if (message.type === "open") {
        opens.set(message.channel, message);
        silent.delete(message.channel);
      }
      return [message];
    };
    const down = (message: DownMessage): readonly DownMessage[] => {
      const state = "channel" in message ? old(message.channel) : undefined;
      const opening = "channel" in message ? opens.get(message.channel) : undefined;
      if (state === undefined || opening === undefined) return [message];
      const { docId, head } = state;
      if (silent.has(opening.channel) && message.type !== "opened")
        return message.type === "relayed-presence" || message.type === "left" ? [message] : [];
      switch (message.type) {
        case "opened": {
          const left = context.logs.entries(docId).slice(0, seq);
          const { cursor } = opening;
          const atCursor = chainHashesOf(docId, left)[cursor.seq];
          if (atCursor === undefined || (cursor.seq > 0 && !bytesEqual(atCursor, cursor.chainHash))) silent.add(message.channel);
          return [{ ...message, head: { seq, chainHash: head.chainHash }, atCursor, ...tailOf(left, opening.replicaId) }];
        }
        case "entries":
          return entriesMessages(
            message.channel,
            message.entries.map((entry, index) => ({ seq: message.from + index, entry })).filter((item) => item.seq <= seq),
          );
        case "caught-up":
        case "fresh-head":
          return [{ ...message, head }];
        default:
          return [message];
      }
    };
    return { up, down };
  };

/** Tampers with one document's messages and leaves all others alone. */
export const only =
  (docId: DocId, tamper: Tamper): Tamper =>
  (context) => {
    const inner = tamper(context);
    const concerns = (message: UpMessage | DownMessage): boolean => {
      if (message.type === "open") return bytesEqual(message.docId, docId);
      const about = "channel" in message ? context.docIdOf(message.channel) : undefined;
      return about !== undefined && bytesEqual(about, docId);
    };
    return {
      up: (message) => (concerns(message) ? inner.up?.(message) : undefined) ?? [message],
      down: (message) => (concerns(message) ? inner.down?.(message) : undefined) ?? [message],
    };
  };

/** Picks the tamperer of a connection by the device that says hello. */
export const byDevice =
  (choose: (deviceId: DeviceId) => Tamper): Tamper =>
  (context) => {
    let chosen: Tamperer | undefined;
    const tamperer = (): Tamperer => {
      const deviceId = chosen === undefined ? context.deviceId() : undefined;
      if (deviceId !== undefined) chosen = choose(deviceId)(context);
      return chosen ?? {};
    };
    return {
      up: (message) => tamperer().up?.(message) ?? [message],
      down: (message) => tamperer().down?.(message) ?? [message],
    };
  };
