/**
 * A relay that cheats, for tests: it stands before an honest one, ends the WebSocket on both sides, decodes every message and lets a script change,
 * drop, add and answer them. Plain HTTP passes through, so that the web app can be loaded from it. `tamperers.ts` has the cheats that work on
 * messages, `forgery.ts` those of a relay that keeps its lies consistent.
 */
import { createServer, request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeDown, decodeUp, encodeDown, encodeFrame, encodeUp, limits } from "@skerry/protocol";
import WebSocket, { WebSocketServer } from "ws";
import { createLogRecorder } from "./recorded-log.ts";
import type { LogRecorder, RecordedLogs } from "./recorded-log.ts";
import { createObserver, honest, rewrite, unchanged } from "./tamper.ts";
import type { Tamper, TamperContext, Tamperer } from "./tamper.ts";

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
