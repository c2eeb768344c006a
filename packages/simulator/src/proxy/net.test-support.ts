/** Small real servers and clients for the tests of the proxies. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { onTestFinished, vi } from "vitest";

/** Waits until `check` no longer throws; its last error fails the test. */
export const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

export interface TcpServer {
  readonly port: number;
  /** Connections ever accepted, in order. */
  readonly sockets: readonly Tcp[];
  close(): Promise<void>;
}

/** A socket that keeps what it received and how it ended. */
export interface Tcp {
  readonly socket: Socket;
  received(): Buffer;
  receivedBytes(): number;
  text(): string;
  ended(): boolean;
  closed(): boolean;
  /** Code of its error, if it had one. */
  error(): string | undefined;
}

export function watch(socket: Socket): Tcp {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let ended = false;
  let closed = false;
  let error: string | undefined;
  socket.on("data", (chunk: Uint8Array) => {
    chunks.push(chunk);
    bytes += chunk.length;
  });
  socket.on("end", () => (ended = true));
  socket.on("close", () => (closed = true));
  socket.on("error", (cause: NodeJS.ErrnoException) => (error = cause.code));
  onTestFinished(() => void socket.destroy());
  const received = (): Buffer => Buffer.concat(chunks);
  return {
    socket,
    received,
    receivedBytes: () => bytes,
    text: () => received().toString("latin1"),
    ended: () => ended,
    closed: () => closed,
    error: () => error,
  };
}

/** `echo` sends back all it gets and ends when the other side does. */
export async function startTcpServer(kind: "echo" | "silent", port = 0): Promise<TcpServer> {
  const sockets: Tcp[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(watch(socket));
    if (kind === "echo") socket.pipe(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, resolve);
  });
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const done = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const { socket } of sockets) socket.destroy();
    await done;
  };
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, sockets, close };
}

export const dial = (port: number): Tcp => watch(connect({ host: "127.0.0.1", port, noDelay: true }));
