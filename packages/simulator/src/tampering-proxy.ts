/**
 * A relay that cheats, for tests: it stands before an honest one, ends the WebSocket on both sides, decodes every message and lets a script change,
 * drop, add and answer them. Plain HTTP passes through, so that the web app can be loaded from it. `tamperers.ts` has the cheats that work on
 * messages, `forgery.ts` those of a relay that keeps its lies consistent.
 */
import { createServer, request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeDown, decodeFrame, decodeUp, encodeDown, encodeFrame, encodeUp, framedBytes, limits } from "@skerry/protocol";
import type { DeviceId, DocId, DownMessage, Result, UpMessage } from "@skerry/protocol";
import WebSocket, { WebSocketServer } from "ws";
import { createLogRecorder, createOwnAppends } from "./recorded-log.ts";
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

export interface TamperingProxyOptions {
  readonly upstreamPort: number;
  /** Default 127.0.0.1. */
  readonly upstreamHost?: string;
  /** Default 0: any. */
  readonly port?: number;
  /** Default `honest`. */
  readonly tamper?: Tamper;
}

export interface TamperingStats {
  framesUp: number;
  framesDown: number;
  /** Frames that did not leave as they came. A test that expects a cheat to be noticed checks that there was one. */
  changedUp: number;
  changedDown: number;
  /** Frames that do not decode; they pass unchanged. */
  undecodable: number;
}

export interface TamperingProxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** For new connections, and, from the next message on, for those that are open. */
  setTamper(tamper: Tamper): void;
  /** Closes every connection on both sides. Default 4501, as a relay that restarts. Returns how many there were. */
  dropConnections(code?: number): number;
  connections(): number;
  readonly logs: RecordedLogs;
  readonly stats: Readonly<TamperingStats>;
  /** Idempotent. */
  close(): Promise<void>;
}

const host = "127.0.0.1";

export async function startTamperingProxy(options: TamperingProxyOptions): Promise<TamperingProxy> {
  const upstream = { host: options.upstreamHost ?? host, port: options.upstreamPort };
  const logs = createLogRecorder();
  const stats: TamperingStats = { framesUp: 0, framesDown: 0, changedUp: 0, changedDown: 0, undecodable: 0 };
  const bridges = new Set<Bridge>();
  let tamper = options.tamper ?? honest;
  let nextConnection = 1;

  const http = createServer((incoming, response) => passHttp(upstream, incoming, response));
  const sockets = new WebSocketServer({ server: http, maxPayload: limits.frameBytesMax, perMessageDeflate: false });
  sockets.on("connection", (peer, incoming) => {
    const bridge = createBridge({
      peer,
      relay: connectRelay(upstream, incoming),
      connection: nextConnection++,
      path: incoming.url ?? "/",
      logs,
      stats,
      onClosed: () => bridges.delete(bridge),
    });
    bridge.setTamper(tamper);
    bridges.add(bridge);
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen({ host, port: options.port ?? 0, backlog: 4096 }, resolve);
  });
  const { port } = http.address() as AddressInfo;

  let closing: Promise<void> | undefined;
  const dropConnections = (code = 4501): number => {
    const all = [...bridges];
    for (const bridge of all) bridge.close(code);
    return all.length;
  };
  return {
    port,
    url: `http://${host}:${port}`,
    setTamper: (next) => {
      tamper = next;
      for (const bridge of bridges) bridge.setTamper(next);
    },
    dropConnections,
    connections: () => bridges.size,
    logs,
    stats,
    close: () =>
      (closing ??= new Promise<void>((resolve) => {
        for (const bridge of bridges) bridge.terminate();
        sockets.close();
        http.close(() => resolve());
        http.closeAllConnections();
      })),
  };
}

interface Upstream {
  readonly host: string;
  readonly port: number;
}

function passHttp(upstream: Upstream, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = incoming;
  const onward = request({ ...upstream, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  incoming.pipe(onward);
}

/** Same path, and the headers by which a relay judges who connects: `Host` and `Origin`. */
function connectRelay(upstream: Upstream, incoming: IncomingMessage): WebSocket {
  const { host: hostHeader, origin, "user-agent": agent } = incoming.headers;
  const headers = Object.fromEntries(
    Object.entries({ host: hostHeader, origin, "user-agent": agent }).filter((entry) => entry[1] !== undefined),
  );
  return new WebSocket(`ws://${upstream.host}:${upstream.port}${incoming.url ?? "/"}`, {
    headers: headers as Record<string, string>,
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
  });
}

interface BridgeParts {
  readonly peer: WebSocket;
  readonly relay: WebSocket;
  readonly connection: number;
  readonly path: string;
  readonly logs: LogRecorder;
  readonly stats: TamperingStats;
  readonly onClosed: () => void;
}

interface Bridge {
  setTamper(tamper: Tamper): void;
  close(code: number): void;
  terminate(): void;
}

function createBridge(parts: BridgeParts): Bridge {
  const { peer, relay, connection, path, logs, stats } = parts;
  const observer = createObserver(logs);
  const early: Uint8Array[] = [];
  const sendUp = (frame: Uint8Array): void => {
    if (relay.readyState === WebSocket.CONNECTING) early.push(frame);
    else relay.send(frame, ignoreError);
  };
  const sendDown = (frame: Uint8Array): void => peer.send(frame, ignoreError);
  const context: TamperContext = {
    connection,
    path,
    deviceId: observer.deviceId,
    docIdOf: observer.docIdOf,
    logs,
    toPeer: (message) => sendDown(encodeFrame([encodeDown(message)])),
    toRelay: (message) => sendUp(encodeFrame([encodeUp(message)])),
  };
  let tamperer: Tamperer = {};

  peer.on("message", (data) => {
    stats.framesUp++;
    const bytes = bytesOf(data);
    const frames = rewrite(bytes, decodeUp, encodeUp, (message) => {
      observer.up(message);
      return tamperer.up?.(message);
    });
    if (frames === undefined) stats.undecodable++;
    else if (frames !== unchanged) stats.changedUp++;
    for (const frame of frames === undefined || frames === unchanged ? [bytes] : frames) sendUp(frame);
  });
  relay.on("message", (data) => {
    stats.framesDown++;
    const bytes = bytesOf(data);
    const frames = rewrite(bytes, decodeDown, encodeDown, (message) => {
      observer.down(message);
      return tamperer.down?.(message);
    });
    if (frames === undefined) stats.undecodable++;
    else if (frames !== unchanged) stats.changedDown++;
    for (const frame of frames === undefined || frames === unchanged ? [bytes] : frames) sendDown(frame);
  });
  relay.on("open", () => {
    for (const frame of early.splice(0)) relay.send(frame, ignoreError);
  });

  const end = (other: WebSocket, code: number, reason: Buffer): void => {
    parts.onClosed();
    // 1005 and 1006 are never sent: they say that no code came, and that the connection broke.
    if (code === 1005) other.close();
    else if (code === 1006 || code === 1015) other.terminate();
    else other.close(code, reason);
  };
  peer.on("close", (code, reason) => end(relay, code, reason));
  relay.on("close", (code, reason) => end(peer, code, reason));
  // An error is followed by `close`.
  peer.on("error", ignoreError);
  relay.on("error", ignoreError);

  return {
    setTamper: (tamper) => (tamperer = tamper(context)),
    close: (code) => {
      peer.close(code);
      relay.close();
    },
    terminate: () => {
      peer.terminate();
      relay.terminate();
    },
  };
}

const ignoreError = (): void => undefined;

const bytesOf = (data: WebSocket.RawData): Uint8Array =>
  data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(Array.isArray(data) ? Buffer.concat(data) : data);

/** No message was touched: the frame leaves byte for byte as it came. */
const unchanged: readonly Uint8Array[] = [];

/** Undefined if the frame or one of its messages does not decode. */
function rewrite<Message>(
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

interface Observer {
  up(message: UpMessage): void;
  down(message: DownMessage): void;
  deviceId(): DeviceId | undefined;
  docIdOf(channel: number): DocId | undefined;
}

/** Follows one connection: who it is, which documents it opened, and what the relay truly said of them. */
function createObserver(logs: LogRecorder): Observer {
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
