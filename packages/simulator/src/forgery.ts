/**
 * The careful cheat: a relay that shows a history of its own making, with dense numbers, chain hashes that fit and heads signed with the real
 * relay's key. All that a peer can check against one answer of the relay is consistent; what betrays it are the records (signatures, author chains,
 * documents), the peer's own past, and other peers.
 *
 * The forger reads the honest log from the start, applies `edit` to it, and answers the peer from the result.
 */
import { signHead } from "@skerry/crypto/verify";
import type { RelayIdentity } from "@skerry/crypto/verify";
import { assert, bytesEqual, decodeRecord, emptyHead, limits, toText } from "@skerry/protocol";
import type { ChainHash, DocId, DownMessage, Entry, SignedHead, UpMessage } from "@skerry/protocol";
import { chainHashesOf, createOwnAppends, tailOf } from "./recorded-log.ts";
import type { Tamper } from "./tamper.ts";
import { entriesMessages, flipInRecord } from "./tamperers.ts";
import type { RecordPart } from "./tamperers.ts";

/**
 * From the honest log (index 0 is entry 1) to the one that is shown. Pure. What it made of a shorter log is the beginning of what it makes
 * of a longer one; otherwise it rewrites the past, which a live channel isn't shown until it is opened again.
 */
export type Edit = (log: readonly Entry[], docId: DocId) => readonly Entry[];

export interface ForgeryOptions {
  /** The key of the relay that is impersonated. */
  readonly identity: RelayIdentity;
  readonly edit?: Edit;
  /** True: the peers' appends go no further than the forger, which acks them. */
  readonly swallowAppends?: boolean;
}

/** One false history, the same for all connections that it is given to. A fork is two forgeries (`byDevice`). */
export interface Forgery {
  readonly tamper: Tamper;
  /** For channels that are opened from now on; live ones go on if the new history continues theirs. */
  setEdit(edit: Edit): void;
  /** What is shown of a document now. */
  shown(docId: DocId): readonly Entry[];
}

/** The ready-made edits. Numbers are the honest log's. */
export const edits = {
  none: ((log) => log) as Edit,
  flipRecordBit:
    (seq: number, part: RecordPart): Edit =>
    (log) =>
      log.map((entry, index) => (index + 1 === seq ? { ...entry, record: flipInRecord(entry.record, part) } : entry)),
  drop:
    (seq: number): Edit =>
    (log) =>
      log.filter((_, index) => index + 1 !== seq),
  /** Entries `seq` and `seq` + 1 change places. The first is withheld until there is the second. */
  swap:
    (seq: number): Edit =>
    (log) => {
      const [first, second] = [log[seq - 1], log[seq]];
      return first === undefined || second === undefined
        ? log.slice(0, seq - 1)
        : [...log.slice(0, seq - 1), second, first, ...log.slice(seq + 1)];
    },
  /** The record of entry `earlier` comes once more, as a new entry right after entry `seq`. */
  replay:
    (earlier: number, seq: number): Edit =>
    (log) => {
      const old = log[earlier - 1];
      return old === undefined || log.length < seq ? log : [...log.slice(0, seq), old, ...log.slice(seq)];
    },
  /** A foreign entry (of another document, say) comes right after entry `seq`. */
  splice:
    (foreign: Entry, seq: number): Edit =>
    (log) =>
      log.length < seq ? log : [...log.slice(0, seq), foreign, ...log.slice(seq)],
  /** The log as it was at `seq`, and nothing after it, ever. */
  freeze:
    (seq: number): Edit =>
    (log) =>
      log.slice(0, seq),
  /** A relay that went back to `seq` when it stood at `when`, and went on from there. */
  rollBack:
    (seq: number, when: number): Edit =>
    (log) => [...log.slice(0, seq), ...log.slice(when)],
} as const;

/** An entry of the honest log, or one that only the forger has. */
interface Item {
  readonly entry: Entry;
  readonly honestSeq: number | undefined;
}

interface Channel {
  readonly open: Extract<UpMessage, { type: "open" }>;
  /** Entries of the honest log that it has told over this channel. */
  seen: number;
  /** Entries of the false one that were shown, once live. */
  sent: number;
  live: boolean;
  lastHead: SignedHead | undefined;
}

export function createForgery(options: ForgeryOptions): Forgery {
  const { identity, swallowAppends = false } = options;
  const histories = new Map<string, Item[]>();
  let edit = options.edit ?? edits.none;

  const historyOf = (docId: DocId): Item[] => {
    const key = toText(docId);
    const found = histories.get(key) ?? [];
    histories.set(key, found);
    return found;
  };
  const honestLength = (history: readonly Item[]): number =>
    history.reduce((count, item) => count + (item.honestSeq === undefined ? 0 : 1), 0);
  const addHonest = (docId: DocId, seq: number, entry: Entry): void => {
    const history = historyOf(docId);
    const length = honestLength(history);
    assert(seq <= length + 1, "the honest relay left a gap");
    if (seq === length + 1) history.push({ entry: { ...entry, record: entry.record.slice() }, honestSeq: seq });
  };
  const shownTo = (docId: DocId, seen: number): readonly Entry[] =>
    edit(
      historyOf(docId)
        .filter((item) => item.honestSeq === undefined || item.honestSeq <= seen)
        .map((item) => item.entry),
      docId,
    );
  /** Number of a record in the shown log, 0 if it is not in it. */
  const shownSeq = (shown: readonly Entry[], record: Uint8Array): number =>
    shown.findIndex((entry) => bytesEqual(entry.record, record)) + 1;

  const tamper: Tamper = (context) => {
    const channels = new Map<number, Channel>();
    const appends = createOwnAppends();

    const headOf = (channel: Channel, like: SignedHead, length: number): SignedHead => {
      const { docId } = channel.open;
      const hashes = chainHashesOf(docId, shownTo(docId, channel.seen));
      return signHead(identity, { docId, seq: length, chainHash: at(hashes, length), timeMs: like.timeMs });
    };

    /** What is new in a live channel. `own` was just acked by the honest relay: it stands as `acked` in its place. */
    const flush = (channel: Channel, own?: Extract<DownMessage, { type: "acked" }>, record?: Uint8Array): readonly DownMessage[] => {
      if (!channel.live) return [];
      const shown = shownTo(channel.open.docId, channel.seen);
      const out: DownMessage[] = [];
      const place = own !== undefined && record !== undefined ? shownSeq(shown, record) : 0;
      for (let seq = channel.sent + 1; seq <= shown.length; seq++) {
        const entry = at(shown, seq - 1);
        if (own !== undefined && seq === place) out.push({ ...own, seq });
        else out.push({ type: "entries", channel: channel.open.channel, from: seq, entries: [entry] });
      }
      if (own !== undefined && place > 0 && place <= channel.sent) out.push({ ...own, seq: place });
      channel.sent = Math.max(channel.sent, shown.length);
      return out;
    };

    /** All that an honest relay says after `open`, of the false log. */
    const answerOpen = (channel: Channel, head: SignedHead): readonly DownMessage[] => {
      const { open } = channel;
      const shown = shownTo(open.docId, channel.seen);
      const hashes = chainHashesOf(open.docId, shown);
      const atCursor = open.cursor.seq === 0 ? open.cursor.chainHash : hashes[open.cursor.seq];
      const opened: DownMessage = {
        type: "opened",
        channel: open.channel,
        head: { seq: shown.length, chainHash: at(hashes, shown.length) },
        atCursor,
        ...tailOf(shown, open.replicaId),
      };
      // SE-4: if the peer's past is another than ours, it decides what to do.
      if (atCursor === undefined || (open.cursor.seq > 0 && !bytesEqual(atCursor, open.cursor.chainHash))) return [opened];
      channel.live = true;
      channel.sent = shown.length;
      const rest = shown.slice(open.cursor.seq).map((entry, index) => ({ seq: open.cursor.seq + 1 + index, entry }));
      return [
        opened,
        ...batches(open.channel, rest),
        { type: "caught-up", channel: open.channel, head: headOf(channel, head, shown.length) },
      ];
    };

    const swallow = (message: Extract<UpMessage, { type: "append" }>, channel: Channel): readonly UpMessage[] => {
      const decoded = decodeRecord(message.record);
      if (!decoded.ok || !channel.live) return [message];
      const { replicaId, n, accessPosition } = decoded.value.header;
      const history = historyOf(channel.open.docId);
      const entry: Entry = { receivedAtMs: channel.lastHead?.timeMs ?? 0, accessPosition, record: message.record.slice() };
      if (!history.some((item) => bytesEqual(item.entry.record, message.record))) history.push({ entry, honestSeq: undefined });
      const ack = {
        type: "acked",
        channel: message.channel,
        replicaId,
        n,
        seq: 0,
        receivedAtMs: entry.receivedAtMs,
        accessPosition,
      } as const;
      for (const answer of flush(channel, ack, message.record)) context.toPeer(answer);
      return [];
    };

    return {
      up: (message) => {
        const channel = "channel" in message ? channels.get(message.channel) : undefined;
        if (message.type === "open") {
          const open = { ...message, cursor: { ...message.cursor, chainHash: message.cursor.chainHash.slice() as ChainHash } };
          channels.set(message.channel, { open, seen: 0, sent: 0, live: false, lastHead: undefined });
          return [{ ...message, cursor: emptyHead }];
        }
        if (message.type === "close") channels.delete(message.channel);
        if (message.type === "append") {
          if (swallowAppends && channel !== undefined) return swallow(message, channel);
          appends.add(message);
        }
        return [message];
      },
      down: (message) => {
        const channel = "channel" in message ? channels.get(message.channel) : undefined;
        if (channel === undefined) return [message];
        const { docId } = channel.open;
        switch (message.type) {
          case "opened":
            return [];
          case "entries":
            message.entries.forEach((entry, index) => addHonest(docId, message.from + index, entry));
            channel.seen = Math.max(channel.seen, message.from + message.entries.length - 1);
            return flush(channel);
          case "acked": {
            const record = appends.take(message);
            // Without the record (acked twice) there is nothing to show; in the past of an unfinished opening, all comes whole.
            if (record === undefined) return [];
            if (message.seq === honestLength(historyOf(docId)) + 1) addHonest(docId, message.seq, { ...message, record });
            if (message.seq === channel.seen + 1) channel.seen = message.seq;
            if (channel.live) return flush(channel, message, record);
            const place = shownSeq(shownTo(docId, channel.seen), record);
            return place === 0 ? [] : [{ ...message, seq: place }];
          }
          case "caught-up":
            channel.lastHead = message.head;
            return channel.live ? [] : answerOpen(channel, message.head);
          case "fresh-head":
            channel.lastHead = message.head;
            return channel.live ? [{ ...message, head: headOf(channel, message.head, channel.sent) }] : [];
          case "closed":
            channels.delete(message.channel);
            return [message];
          default:
            return [message];
        }
      },
    };
  };

  return {
    tamper,
    setEdit: (next) => (edit = next),
    shown: (docId) => shownTo(docId, Number.POSITIVE_INFINITY),
  };
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  assert(found !== undefined, "beyond the shown log");
  return found;
}

/** Entries in messages as large as a relay sends them, so that none is over a limit. */
function batches(channel: number, items: readonly { readonly seq: number; readonly entry: Entry }[]): readonly DownMessage[] {
  const out: DownMessage[] = [];
  let batch: (typeof items)[number][] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length >= limits.entriesPerMessageMax || (bytes > 0 && bytes + item.entry.record.length > limits.entriesBytesSoft)) {
      out.push(...entriesMessages(channel, batch));
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.entry.record.length;
  }
  return [...out, ...entriesMessages(channel, batch)];
}
