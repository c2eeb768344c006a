/**
 * Real y-websocket on loopback, for tools and tests: any Yjs application connects to `ws://127.0.0.1:port/<document id>`. Whoever can open
 * a connection reads and writes the documents of this peer in clear: it listens on loopback unless told otherwise, and refuses browsers
 * whose page's origin is not listed, since any web page can reach loopback.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { openEditorPipe } from "../editor/peer-pipe.ts";
import type { Peer } from "../peer.ts";

export interface GatewayOptions {
  readonly peer: Pick<Peer, "open">;
  /** 0 for any free one. */
  readonly port?: number;
  readonly host?: string;
  /** Origins of web pages that may connect. None unless told. */
  readonly origins?: readonly string[];
}

export interface Gateway {
  readonly port: number;
  /** For `new WebsocketProvider(url, docId, doc)`. */
  readonly url: string;
  close(): Promise<void>;
}

const messageBytesMax = 64 * 1024 * 1024;
const editorsMax = 256;
const roomPath = /^\/([A-Za-z0-9_-]{1,64})\/?$/;

export async function serveYWebsocket(options: GatewayOptions): Promise<Gateway> {
  const host = options.host ?? "127.0.0.1";
  const origins = new Set(options.origins);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytesMax, perMessageDeflate: false });
  const server = createServer((_request, response) => {
    response.writeHead(426).end();
  });
  const waiting = new Set<Duplex>();

  server.on("upgrade", (request, socket, head) => {
    const room = roomPath.exec((request.url ?? "").split("?")[0] ?? "")?.[1];
    const origin = request.headers.origin;
    if (origin !== undefined && !origins.has(origin)) return refuse(socket, "403 Forbidden");
    if (room === undefined) return refuse(socket, "404 Not Found");
    if (sockets.clients.size + waiting.size >= editorsMax) return refuse(socket, "503 Service Unavailable");
    letIn(request, socket, head, room);
  });

  /** The handshake is answered only when the document is ready: to a provider, open means that there is something to sync with. */
  function letIn(request: IncomingMessage, socket: Duplex, head: Buffer, room: string): void {
    let ws: WebSocket | undefined;
    const gone = (): void => {
      waiting.delete(socket);
      pipe.close(1006, "");
    };
    const handshake = (): void => {
      waiting.delete(socket);
      socket.off("close", gone);
      sockets.handleUpgrade(request, socket, head, (opened) => {
        ws = opened;
        opened.on("error", () => undefined);
        opened.on("message", (data: Buffer) => pipe.send(new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()));
        opened.on("close", () => pipe.close(1006, ""));
      });
    };
    waiting.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", gone);
    const pipe = openEditorPipe(options.peer, room, {
      onOpen: handshake,
      onMessage: (message) => {
        if (ws?.readyState === WebSocket.OPEN) ws.send(message);
      },
      onClose: (code, reason) => {
        if (ws === undefined && !socket.destroyed) handshake();
        if (ws?.readyState === WebSocket.OPEN) ws.close(code === 1006 ? 1001 : code, reason);
      },
    });
  }

  await listen(server, options.port ?? 0, host);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `ws://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: async () => {
      for (const ws of sockets.clients) ws.terminate();
      for (const socket of waiting) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.on("error", () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
