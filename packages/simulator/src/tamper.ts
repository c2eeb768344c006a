/**
 * A relay that cheats, as a script of messages: what the tampering proxy (between real processes) and the simulated network have in common. A script
 * changes, drops, adds and answers messages; `tamperers.ts` has cheats on single messages, `forgery.ts` those that keep their lies consistent.
 */
import { decodeFrame, encodeFrame, framedBytes, limits } from "@skerry/protocol";
import type { DeviceId, DocId, DownMessage, Result, UpMessage } from "@skerry/protocol";
import { createOwnAppends } from "./recorded-log.ts";
import type { LogRecorder, RecordedLogs } from "./recorded-log.ts";

export interface TamperContext {
  /** 1, 2, … in the order of connecting. */
  readonly connection: number;
  /** Path and query of the request. */
  readonly path: string;
  /** Undefined before `hello`. */
  deviceId(): DeviceId | undefined;
  /** The document of a channel that the peer opened over this connection. */
  docIdOf(channel: number): DocId | undefined;
  /** What the honest relay has shown to anyone through this proxy. */
  readonly logs: RecordedLogs;
  /** Sends a message of one's own, past the tamperer. */
  toPeer(message: DownMessage): void;
  toRelay(message: UpMessage): void;
}

/** What becomes of each message: itself, others, or nothing. A direction that is not given passes unchanged. */
export interface Tamperer {
  up?(message: UpMessage): readonly UpMessage[];
  down?(message: DownMessage): readonly DownMessage[];
}

/** Makes the tamperer of one connection. What is to outlive a connection is kept outside of it. */
export type Tamper = (context: TamperContext) => Tamperer;

export const honest: Tamper = () => ({});

/** No message was touched: the frame leaves byte for byte as it came. */
export const unchanged: readonly Uint8Array[] = [];

/** Undefined if the frame or one of its messages does not decode. */
export function rewrite<Message>(
  frame: Uint8Array,
  decode: (bytes: Uint8Array) => Result<Message, unknown>,
  encode: (message: Message) => Uint8Array,
  tamper: (message: Message) => readonly Message[] | undefined,
): readonly Uint8Array[] | undefined {
  const parts = decodeFrame(frame);
  if (!parts.ok) return undefined;
  const messages: Message[] = [];
  for (const part of parts.value) {
    const message = decode(part);
    if (!message.ok) return undefined;
    messages.push(message.value);
  }
  let touched = false;
  const out: Message[] = [];
  for (const message of messages) {
    const instead = tamper(message) ?? [message];
    if (instead.length !== 1 || instead[0] !== message) touched = true;
    out.push(...instead);
  }
  return touched ? packFrames(out.map(encode)) : unchanged;
}

/** As few frames as hold these messages (PR-5). */
export function packFrames(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let pending: Uint8Array[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (pending.length > 0) frames.push(encodeFrame(pending));
    pending = [];
    bytes = 0;
  };
  for (const message of messages) {
    const size = framedBytes(message.length);
    if (bytes + size > limits.frameBytesMax || pending.length === limits.frameMessagesMax) flush();
    pending.push(message);
    bytes += size;
  }
  flush();
  return frames;
}

export interface Observer {
  up(message: UpMessage): void;
  down(message: DownMessage): void;
  deviceId(): DeviceId | undefined;
  docIdOf(channel: number): DocId | undefined;
}

/** Follows one connection: who it is, which documents it opened, and what the relay truly said of them. */
export function createObserver(logs: LogRecorder): Observer {
  const channels = new Map<number, DocId>();
  const appends = createOwnAppends();
  let deviceId: DeviceId | undefined;
  return {
    deviceId: () => deviceId,
    docIdOf: (channel) => channels.get(channel),
    up: (message) => {
      if (message.type === "hello") deviceId = message.deviceId;
      if (message.type === "open") channels.set(message.channel, message.docId);
      if (message.type === "append") appends.add(message);
    },
    down: (message) => {
      if (message.type === "caught-up" || message.type === "fresh-head") logs.addHead(message.head);
      const docId = "channel" in message ? channels.get(message.channel) : undefined;
      if (docId === undefined) return;
      if (message.type === "entries") message.entries.forEach((entry, index) => logs.addEntry(docId, message.from + index, entry));
      if (message.type !== "acked") return;
      const record = appends.take(message);
      if (record !== undefined) logs.addEntry(docId, message.seq, { ...message, record });
    },
  };
}
