import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { until } from "./until.test-support.ts";
import { createWsTransport } from "./ws-transport.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Seen {
  readonly frames: Uint8Array[];
  readonly closes: [number, string][];
  open: boolean;
}

function connect(url: string): { link: ReturnType<ReturnType<typeof createWsTransport>["connect"]>; seen: Seen } {
  const seen: Seen = { frames: [], closes: [], open: false };
  const link = createWsTransport().connect(url, {
    onOpen: () => (seen.open = true),
    onFrame: (frame) => seen.frames.push(new Uint8Array(frame)),
    onClose: (code, reason) => seen.closes.push([code, reason]),
  });
  return { link, seen };
}

async function server(onSocket: (socket: WebSocket) => void): Promise<string> {
  const listening = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(listening, "listening");
  listening.on("connection", onSocket);
  cleanups.push(() => {
    for (const client of listening.clients) client.terminate();
    return new Promise((resolve) => listening.close(resolve));
  });
  return `ws://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

describe("ws transport", () => {
  test("SE-7 frames both ways, and the relay's close code arrives once", async () => {
    const url = await server((socket) =>
      socket.on("message", (data: Buffer) => (data[0] === 9 ? socket.close(4401, "no") : socket.send(data))),
    );
    const { link, seen } = connect(url);
    await until("open", () => seen.open);
    link.send(Uint8Array.of(1, 2, 3));
    await until("echo", () => seen.frames.length === 1);
    expect([...(seen.frames[0] ?? [])]).toEqual([1, 2, 3]);
    link.send(Uint8Array.of(9));
    await until("closed", () => seen.closes.length > 0);
    link.close(1000, "");
    link.send(Uint8Array.of(1));
    expect(seen.closes).toEqual([[4401, "no"]]);
  });

  test("SE-7 a port where nobody listens, and no address at all, close with 1006, later than connect returns", async () => {
    const { seen } = connect("ws://127.0.0.1:1");
    expect(seen.closes).toEqual([]);
    await until("closed", () => seen.closes.length > 0);
    const { seen: bad } = connect("not an address");
    expect(bad.closes).toEqual([]);
    await until("closed too", () => bad.closes.length > 0);
    expect([...seen.closes, ...bad.closes].map(([code]) => code)).toEqual([1006, 1006]);
  });

  test("SE-6 closing a link that is half open takes a second, not the 30 s of a closing handshake", async () => {
    const sockets: Socket[] = [];
    const listening = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
    });
    listening.listen(0, "127.0.0.1");
    await once(listening, "listening");
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listening.close(resolve));
    });
    const { link, seen } = connect(`ws://127.0.0.1:${(listening.address() as AddressInfo).port}`);
    await until("accepted", () => sockets.length === 1);
    link.close(1000, "");
    await until("given up", () => seen.closes.length > 0, 5000);
    expect(seen.open).toBe(false);
  });

  test("PR-3 a text frame closes with 4400", async () => {
    const codes: number[] = [];
    const url = await server((socket) => {
      socket.on("close", (code) => codes.push(code));
      socket.send("text");
    });
    const { seen } = connect(url);
    await until("closed", () => seen.closes.length > 0 && codes.length > 0);
    expect(codes).toEqual([4400]);
  });
});
