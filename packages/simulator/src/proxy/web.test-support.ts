/** A WebSocket echo server that also answers HTTP, and clients that keep what they got. */
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { startChaosProxy } from "./chaos-proxy.ts";
import type { ChaosProxy, ChaosProxyOptions } from "./chaos-proxy.ts";
import { createPrng } from "../prng.ts";
import { until } from "./net.test-support.ts";

export interface Web {
  readonly port: number;
  /** Messages that arrived, of all clients, as text or `hex:…`. */
  readonly received: string[];
  /** The requests of upgrades. */
  readonly upgrades: IncomingMessage[];
  readonly pings: string[];
  readonly sockets: WebSocket[];
}

const shown = (data: Buffer, binary: boolean): string => (binary ? `hex:${data.toString("hex")}` : data.toString());

/** Sends back what it gets, unless told to be silent. */
export async function startWeb(options: { readonly silent?: boolean; readonly deflate?: boolean } = {}): Promise<Web> {
  const web: Web = { port: 0, received: [], upgrades: [], pings: [], sockets: [] };
  const http = createServer((request, response) => {
    if (request.method === "POST") request.pipe(response);
    else response.end("a page");
  });
  const server = new WebSocketServer({ server: http, perMessageDeflate: options.deflate === true ? { threshold: 0 } : false });
  server.on("connection", (socket, request) => {
    web.upgrades.push(request);
    web.sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("ping", (data: Buffer) => void web.pings.push(data.toString()));
    socket.on("message", (data: Buffer, binary) => {
      web.received.push(shown(data, binary));
      if (options.silent !== true) socket.send(data, { binary });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    http.closeAllConnections();
    http.close();
  });
  return { ...web, port: (http.address() as AddressInfo).port };
}

export async function startProxy(upstreamPort: number, options: Partial<ChaosProxyOptions> = {}): Promise<ChaosProxy> {
  const proxy = await startChaosProxy({ upstreamPort, random: createPrng(1n), ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

export interface Client {
  readonly socket: WebSocket;
  readonly received: string[];
  readonly closes: number[];
}

export async function openSocket(url: string, deflate = false): Promise<Client> {
  const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: deflate ? { threshold: 0 } : false });
  onTestFinished(() => socket.terminate());
  const received: string[] = [];
  const closes: number[] = [];
  socket.on("message", (data: Buffer, binary) => void received.push(shown(data, binary)));
  socket.on("close", (code) => void closes.push(code));
  socket.on("error", () => undefined);
  await until(() => expect(socket.readyState).toBe(WebSocket.OPEN));
  return { socket, received, closes };
}

/** Sends texts and waits until the proxy has seen them all: what has not arrived by then was held back or lost. */
export async function sendAll(proxy: ChaosProxy, { socket }: Client, texts: readonly (string | Uint8Array)[]): Promise<void> {
  const before = proxy.stats.messagesUp;
  for (const text of texts) socket.send(text);
  await until(() => expect(proxy.stats.messagesUp).toBe(before + texts.length));
}
