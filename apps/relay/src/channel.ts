/**
 * One open document of one connection (SE-3 to SE-5). Live channels are given what becomes durable; a channel that is not live reads pages from
 * the log, one at a time and only while the socket takes them, until nothing is left between it and the head.
 */
import { bytesEqual, limits, noRecord } from "@skerry/protocol";
import type { DownMessage, Head, RefusalCode, ReplicaId, SpaceId } from "@skerry/protocol";
import type { Ack, Commit, Document, DocumentUser, Refusal } from "./document-types.ts";
import { chunkEntries } from "./entry-chunks.ts";
import { LogStoreError } from "./log-store.ts";
import type { SharedMessage } from "./shared-message.ts";
import { retryAfterMs, storeRefusal } from "./store-refusal.ts";

/** A channel's way to its socket. */
export interface ChannelSink {
  /** Small answers: always taken. */
  send(message: DownMessage): void;
  /** Takes messages if the socket's buffer has room for them; otherwise nothing, and `channel.drained` is called later. */
  offer(messages: readonly SharedMessage[], channel: number): boolean;
  /** Calls `readPage` when it is this channel's turn and the socket has room. */
  requestRead(channel: Channel): void;
  /** The document let the channel go, or it failed. */
  channelGone(channel: Channel): void;
  storeFailed(error: unknown): void;
}

export interface Channel extends DocumentUser {
  readonly number: number;
  readonly document: Document;
  /** Whether its peer ever sent presence here, so that others have to hear of its end. */
  hasPresence: boolean;
  /** Compares the cursor, answers `opened`, and starts to read. */
  start(cursor: Head, replicaId: ReplicaId): Promise<void>;
  readPage(): Promise<void>;
  close(): void;
}

type ChannelState =
  | "opening"
  /** The peer's cursor is not in our log: it has to decide (SE-4). */
  | "stalled"
  | "reading"
  | "live"
  | "closed";

export function createChannel(number: number, connectionId: number, spaceId: SpaceId, document: Document, sink: ChannelSink): Channel {
  let state: ChannelState = "opening";
  /** Last sequence number that was sent. */
  let sentSeq = 0;

  const send = (message: DownMessage): void => {
    if (state !== "closed") sink.send(message);
  };
  const answer = (refusal: Refusal): void => send({ type: "refused", channel: number, ...refusal });
  const acked = ({ replicaId, n, seq, receivedAtMs, accessPosition }: Ack): void =>
    send({ type: "acked", channel: number, replicaId, n, seq, receivedAtMs, accessPosition });

  const leave = (): void => {
    if (state === "closed") return;
    state = "closed";
    document.leave(channel);
  };
  const end = (code: RefusalCode): void => {
    send({ type: "closed", channel: number, code, retryAfterMs: retryAfterMs(code) });
    leave();
    sink.channelGone(channel);
  };

  const readOn = (): void => {
    state = "reading";
    sink.requestRead(channel);
  };
  const goLive = (): void => {
    state = "live";
    send({ type: "caught-up", channel: number, head: document.signedHead() });
  };

  /** Entries in order of `seq`, with `acked` in the place of those that this channel appended. */
  const sendOwnView = (commit: Commit): void => {
    let run: Commit["entries"][number][] = [];
    const flush = (): void => {
      const first = run[0];
      if (first === undefined) return;
      for (const { from, entries } of chunkEntries(
        run.map(({ entry }) => entry),
        first.seq,
      )) {
        send({ type: "entries", channel: number, from, entries });
      }
      run = [];
    };
    for (const committed of commit.entries) {
      if (committed.askedBy.includes(channel)) {
        flush();
        acked(committed);
      } else run.push(committed);
    }
    flush();
  };

  const committed = (commit: Commit): void => {
    const isAuthor = commit.authors.has(channel);
    if (state === "live") {
      // An author's view holds no more than the whole batch does: offering nothing asks whether there is room at all.
      const taken = isAuthor ? sink.offer([], number) : sink.offer(commit.messages(), number);
      if (taken) {
        if (isAuthor) sendOwnView(commit);
        sentSeq = commit.from + commit.entries.length - 1;
        return;
      }
      readOn();
    }
    if (isAuthor) for (const entry of commit.entries) if (entry.askedBy.includes(channel)) acked(entry);
  };

  const readPage = async (): Promise<void> => {
    if (state !== "reading") return;
    try {
      if (sentSeq >= document.head().seq) return goLive();
      const page = await document.page(sentSeq + 1);
      if (state !== "reading") return;
      // The port promises an entry here or an error; nothing at all would have us ask for ever.
      if (page === undefined) throw new LogStoreError("damaged", "entries below the head are missing", { seq: sentSeq + 1 });
      if (sink.offer([page.message], number)) sentSeq = page.upTo;
      if (sentSeq >= document.head().seq) goLive();
      else sink.requestRead(channel);
    } catch (error) {
      if (!(error instanceof LogStoreError)) throw error;
      sink.storeFailed(error);
      end(storeRefusal(error));
    }
  };

  const start = async (cursor: Head, replicaId: ReplicaId): Promise<void> => {
    try {
      const [atCursor, tail] = await Promise.all([document.chainHashAt(cursor.seq), document.tail(replicaId)]);
      if (state !== "opening") return;
      const head = document.head();
      send({ type: "opened", channel: number, head, atCursor, tailN: tail.n, tailHash: tail.hash });
      if (atCursor === undefined || (cursor.seq > 0 && !bytesEqual(atCursor, cursor.chainHash))) {
        state = "stalled";
        return;
      }
      sentSeq = cursor.seq;
      if (sentSeq >= head.seq) goLive();
      else readOn();
    } catch (error) {
      if (!(error instanceof LogStoreError)) throw error;
      if (state === "closed") return;
      sink.storeFailed(error);
      const code = storeRefusal(error);
      answer({ n: 0, code, retryAfterMs: retryAfterMs(code), tailN: 0, tailHash: noRecord });
      leave();
      sink.channelGone(channel);
    }
  };

  const channel: Channel = {
    number,
    connectionId,
    spaceId,
    document,
    hasPresence: false,
    start,
    readPage,
    committed,
    acked,
    refused: answer,
    restored: (admitted) => send({ type: "restored", channel: number, admitted }),
    freshHead: (message) => {
      if (state === "live") sink.offer([message], number);
    },
    fellBehind: () => {
      if (state === "live") readOn();
    },
    presence: (message) => {
      if (state !== "closed") sink.offer([message], number);
    },
    left: (id) => send({ type: "left", channel: number, connectionId: id }),
    ejected: (code) => {
      if (state !== "closed") end(code);
    },
    close: leave,
  };
  document.join(channel);
  return channel;
}

/** Bytes of pages that one connection may have under way in its buffer while catching up. */
export const readAheadBytes: number = 4 * limits.entriesBytesSoft;
