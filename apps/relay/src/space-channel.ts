/**
 * One space's access log, followed over one connection. Like a document's channel: pages until nothing is left between it and the head, then what
 * is admitted, as it becomes durable.
 */
import { bytesEqual, noRecord } from "@skerry/protocol";
import type { AccessCursor, DownMessage, RefusalCode } from "@skerry/protocol";
import { LogStoreError } from "./log-store.ts";
import { shareMessage } from "./shared-message.ts";
import type { SharedMessage } from "./shared-message.ts";
import type { Space, SpaceReader, SpaceUser } from "./space.ts";
import { retryAfterMs, storeRefusal } from "./store-refusal.ts";

/** The channel's way to its socket. */
export interface SpaceChannelSink {
  send(message: DownMessage): void;
  offer(messages: readonly SharedMessage[], channel: number): boolean;
  requestRead(channel: SpaceChannel): void;
  channelGone(channel: SpaceChannel): void;
  storeFailed(error: unknown): void;
}

export interface SpaceChannel extends SpaceUser {
  readonly number: number;
  readonly space: Space;
  /** Compares the cursor, answers `space-opened`, and starts to read. */
  start(cursor: AccessCursor): Promise<void>;
  readPage(): Promise<void>;
  close(): void;
}

export function createSpaceChannel(number: number, reader: SpaceReader, space: Space, sink: SpaceChannelSink): SpaceChannel {
  let state: "opening" | "stalled" | "reading" | "live" | "closed" = "opening";
  let sent = 0;

  const send = (message: DownMessage): void => {
    if (state !== "closed") sink.send(message);
  };
  const close = (): void => {
    if (state === "closed") return;
    state = "closed";
    space.leave(channel);
  };
  const end = (code: RefusalCode): void => {
    if (state === "closed") return;
    send({ type: "closed", channel: number, code, retryAfterMs: retryAfterMs(code) });
    close();
    sink.channelGone(channel);
  };
  const readOn = (): void => {
    state = "reading";
    sink.requestRead(channel);
  };

  const channel: SpaceChannel = {
    ...reader,
    number,
    space,
    start: async (cursor) => {
      try {
        const atCursor = await space.hashAt(cursor.position);
        if (state !== "opening") return;
        const head = space.head();
        send({ type: "space-opened", channel: number, head, atCursor });
        if (atCursor === undefined || (cursor.position > 0 && !bytesEqual(atCursor, cursor.hash))) {
          state = "stalled";
          return;
        }
        sent = cursor.position;
        if (sent >= head.position) state = "live";
        else readOn();
      } catch (error) {
        if (!(error instanceof LogStoreError)) throw error;
        if (state === "closed") return;
        sink.storeFailed(error);
        const code = storeRefusal(error);
        send({ type: "refused", channel: number, n: 0, code, retryAfterMs: retryAfterMs(code), tailN: 0, tailHash: noRecord });
        close();
        sink.channelGone(channel);
      }
    },
    readPage: async () => {
      if (state !== "reading") return;
      try {
        const operations = await space.page(sent + 1);
        if (state !== "reading") return;
        if (operations.length === 0) throw new LogStoreError("damaged", "operations below the head are missing");
        const page = shareMessage({ type: "operations", channel: 0, from: sent + 1, operations });
        if (sink.offer([page], number)) sent += operations.length;
        if (sent >= space.head().position) state = "live";
        else sink.requestRead(channel);
      } catch (error) {
        if (!(error instanceof LogStoreError)) throw error;
        sink.storeFailed(error);
        end(storeRefusal(error));
      }
    },
    grown: (position, operation, author) => {
      if (state === "live" && sent === position - 1) {
        if (author === channel) send({ type: "operation-acked", channel: number, position, receivedAtMs: operation.receivedAtMs });
        else if (!sink.offer([shareMessage({ type: "operations", channel: 0, from: position, operations: [operation] })], number))
          return readOn();
        sent = position;
      } else if (author === channel) send({ type: "operation-acked", channel: number, position, receivedAtMs: operation.receivedAtMs });
    },
    refused: (code, reason) => send({ type: "operation-refused", channel: number, code, reason, retryAfterMs: retryAfterMs(code) }),
    restored: (position) => send({ type: "operations-restored", channel: number, position }),
    fellBehind: () => {
      if (state === "live") readOn();
    },
    ejected: end,
    close,
  };
  space.join(channel);
  return channel;
}
