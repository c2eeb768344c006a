/**
 * One address in front of a relay, whose `/sync` goes through a chaos proxy while pages and scripts do not: what an installed app is like, which
 * starts without a network. A browser profile opened again behind it finds the same origin, and so its storage.
 */
import { createServer, request } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { createPrng, startChaosProxy } from "@skerry/simulator";
import type { ChaosProxy } from "@skerry/simulator";

export interface Front {
  readonly url: string;
  /** Carries sync connections and nothing else. */
  readonly sync: ChaosProxy;
  close(): Promise<void>;
}

export async function startFront(relayPort: number): Promise<Front> {
  const sync = await startChaosProxy({ upstreamPort: relayPort, random: createPrng(7n) });
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A `close` follows, and ends the other side.
    socket.on("error", () => undefined);
    return socket;
  };
  const server = createServer((asked, answer) => {
    const { method, url, headers } = asked;
    const passed = request({ host: "127.0.0.1", port: relayPort, method, path: url, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  server.on("connection", track);
  server.on("upgrade", (asked, socket: Socket, head) => {
    const there = track(connect({ host: "127.0.0.1", port: sync.port, noDelay: true }));
    const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
    for (let index = 0; index < asked.rawHeaders.length; index += 2)
      lines.push(`${asked.rawHeaders[index]}: ${asked.rawHeaders[index + 1]}`);
    there.write(`${lines.join("\r\n")}\r\n\r\n`);
    there.write(head);
    socket.setNoDelay(true);
    socket.pipe(there);
    there.pipe(socket);
    socket.once("close", () => there.destroy());
    there.once("close", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sync,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await sync.close();
    },
  };
}
