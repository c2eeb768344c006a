/** WebSockets of the relay: the upgrade at `/sync` with all that is decided before a session begins, and `ws` as a `Wire`. */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { closeCodes, limits } from "@skerry/protocol";
import type { Clock, CloseReason } from "@skerry/protocol";
import { createAddresses } from "./addresses.ts";
import type { Config } from "./config.ts";
import type { Wire } from "./connection.ts";
import type { Log } from "./log.ts";
import { isOriginAllowed } from "./origin.ts";
import type { Relay } from "./relay.ts";

/** The one path of the sync protocol. Nothing secret is ever in a URL. */
export const syncPath = "/sync";

/** Fragments that one message may come in. Browsers and `ws` send one. */
const fragmentsMax = 16;
const chunksMax = 4096;
/** How long a peer has to answer a close before the socket is cut. */
const closeTimeoutMs = 2_000;

/** Sockets of one address that are no sessions: the web app's files, and those about to be turned away with a reason. */
const socketsBeyondSessions = 64;

interface AcceptedSocket {
  readonly atMs: number;
  readonly cancel: () => void;
}

export interface Sockets {
  /** Cuts whatever is still open. */
  destroy(): void;
}

const wireOf = (ws: WebSocket): Wire => ({
  send: (frame, sent) => ws.send(frame, sent),
  bufferedBytes: () => ws.bufferedAmount,
  pause: () => ws.pause(),
  resume: () => ws.resume(),
  close: (code, reason) => {
    ws.close(code, reason);
    // A paused socket would never hear the answer.
    ws.resume();
  },
});

export function attachSockets(server: Server, env: { config: Config; clock: Clock; log: Log; relay: Relay }): Sockets {
  const { config, clock, log, relay } = env;
  const addresses = createAddresses(clock, config.connectionsPerAddressMax, config.handshakesPerSecond, config.handshakesBurst);
  const rawSockets = createAddresses(clock, config.connectionsPerAddressMax + socketsBeyondSessions, 1, 1);
  const accepted = new WeakMap<Duplex, AcceptedSocket>();
  const sockets = new Set<Socket>();
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytesMax,
    perMessageDeflate: false,
    maxFragments: fragmentsMax,
    maxBufferedChunks: chunksMax,
    maxPendingAutoPongs: 4,
    clientTracking: false,
    closeTimeout: closeTimeoutMs,
    // We speak no subprotocol: a client that insists on one is told so by its absence.
    handleProtocols: () => false,
  } as ConstructorParameters<typeof WebSocketServer>[0]);

  /** From accept to a request there is no one else to watch the clock: Node's own timeouts are checked only now and then. */
  const onConnection = (socket: Socket): void => {
    const address = socket.remoteAddress ?? "";
    // Behind a proxy every socket has the proxy's address.
    if (!config.trustProxy && !rawSockets.enter(address)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    const cancel = clock.schedule(limits.handshakeMs, () => socket.destroy());
    accepted.set(socket, { atMs: clock.monotonic(), cancel });
    socket.once("close", () => {
      sockets.delete(socket);
      rawSockets.leave(address);
      cancel();
    });
  };

  const addressOf = (request: IncomingMessage): string => {
    const forwarded = config.trustProxy ? request.headers["x-forwarded-for"] : undefined;
    const last = (Array.isArray(forwarded) ? forwarded.join(",") : forwarded)?.split(",").at(-1)?.trim();
    return last ?? request.socket.remoteAddress ?? "";
  };

  /** Browsers see no HTTP status of a failed upgrade, but they see a close code: so the upgrade is completed first. */
  const turnAway = (ws: WebSocket, reason: CloseReason): void => {
    log("debug", "connection-refused", { reason });
    ws.on("error", () => ws.terminate());
    ws.close(closeCodes[reason], reason);
  };

  const begin = (ws: WebSocket, request: IncomingMessage, acceptedMsAgo: number): void => {
    if (
      !isOriginAllowed(request.headers.origin, request.headers.host, { origins: config.origins, allowMissing: config.allowMissingOrigin })
    ) {
      return turnAway(ws, "origin-refused");
    }
    const address = addressOf(request);
    if (!addresses.mayHandshake(address)) return turnAway(ws, "rate-exceeded");
    if (relay.connections() >= config.connectionsMax || !addresses.enter(address)) return turnAway(ws, "too-many-connections");
    const connection = relay.accept(wireOf(ws), acceptedMsAgo);
    ws.on("message", (data, isBinary) => {
      // "nodebuffer" is the default: a message is one Buffer.
      if (isBinary && data instanceof Uint8Array) connection.receive(data);
      else connection.close("protocol-error");
    });
    // `ws` closes by itself after a protocol violation, with 1002, 1009 and the like; "close" follows.
    ws.on("error", (error) =>
      log("debug", "socket-error", { connection: connection.id, error: "code" in error ? String(error.code) : error.name }),
    );
    ws.on("close", () => {
      addresses.leave(address);
      connection.gone();
    });
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const known = accepted.get(socket);
    known?.cancel();
    const [path] = (request.url ?? "").split("?", 1);
    if (path !== syncPath) {
      socket.on("error", () => socket.destroy());
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const acceptedMsAgo = known === undefined ? 0 : clock.monotonic() - known.atMs;
    wss.handleUpgrade(request, socket, head, (ws) => begin(ws, request, acceptedMsAgo));
  };

  server.on("connection", onConnection);
  server.on("request", (request: IncomingMessage) => accepted.get(request.socket)?.cancel());
  server.on("upgrade", onUpgrade);
  return {
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
