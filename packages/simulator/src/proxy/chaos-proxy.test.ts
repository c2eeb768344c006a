import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { webSocketMessages } from "./capture.ts";
import { startChaosProxy } from "./chaos-proxy.ts";
import type { ChaosProxy, ChaosProxyOptions } from "./chaos-proxy.ts";
import { faults, randomFault } from "./fault.ts";
import { laneBufferBytesMax } from "./lane.ts";
import { dial, startTcpServer, until } from "./net.test-support.ts";
import type { Tcp, TcpServer } from "./net.test-support.ts";
import { createPrng } from "../prng.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function startProxy(upstreamPort: number, options: Partial<ChaosProxyOptions> = {}): Promise<ChaosProxy> {
  const proxy = await startChaosProxy({ upstreamPort, random: createPrng(1n), captureBytesMax: 1_000_000, ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A client and the server's end of its connection, through a proxy. */
async function connected(kind: "echo" | "silent" = "silent"): Promise<{ proxy: ChaosProxy; server: TcpServer; client: Tcp; remote: Tcp }> {
  const server = await startTcpServer(kind);
  const proxy = await startProxy(server.port);
  const client = dial(proxy.port);
  const remote = await until(() => {
    const first = server.sockets[0];
    if (first === undefined) throw new Error("not connected");
    return first;
  });
  return { proxy, server, client, remote };
}

/** What the proxy has been handed, whether or not it passed it on: what is not on the other side then does not come. */
const handed = (proxy: ChaosProxy, direction: "up" | "down"): string =>
  (proxy.capture?.streams() ?? [])
    .filter((stream) => stream.direction === direction)
    .map((stream) => Buffer.from(stream.bytes).toString("latin1"))
    .join();

describe("without a fault", () => {
  test("bytes pass unchanged in both directions, and an end passes after them", async () => {
    const { proxy, client } = await connected("echo");
    const bytes = createPrng(3n).bytes(3_000_000);
    client.socket.end(bytes);
    await until(() => expect(client.ended()).toBe(true));
    expect(sha256(client.received())).toBe(sha256(bytes));
    expect(proxy.stats).toMatchObject({ accepted: 1, reset: 0, bytesUp: bytes.length, bytesDown: bytes.length });
    await until(() => expect(proxy.connections()).toEqual([]));
  });

  test("a reset of one side resets the other", async () => {
    const { proxy, client, remote } = await connected();
    remote.socket.resetAndDestroy();
    await until(() => expect(client.error()).toBe("ECONNRESET"));
    expect(proxy.connections()).toEqual([]);
  });

  test("a relay that is not there: the client is reset, and the next one gets through once it is", async () => {
    const server = await startTcpServer("echo");
    const proxy = await startProxy(server.port);
    await server.close();
    const client = dial(proxy.port);
    await until(() => expect(client.error()).toBe("ECONNRESET"));
    expect(proxy.stats.upstreamFailed).toBe(1);
    await startTcpServer("echo", server.port);
    const next = dial(proxy.port);
    next.socket.write("back");
    await until(() => expect(next.text()).toBe("back"));
  });
});

describe("cuts", () => {
  test("a held cut delivers everything later, in order", async () => {
    const { proxy, client, remote } = await connected();
    client.socket.write("a");
    await until(() => expect(remote.text()).toBe("a"));
    await proxy.set(faults.cut("hold"));
    client.socket.write("b");
    remote.socket.write("x");
    await until(() => expect([handed(proxy, "up"), handed(proxy, "down")]).toEqual(["ab", "x"]));
    client.socket.write("c");
    await until(() => expect(handed(proxy, "up")).toBe("abc"));
    expect([remote.text(), client.text()]).toEqual(["a", ""]);
    await proxy.heal();
    await until(() => expect([remote.text(), client.text()]).toEqual(["abc", "x"]));
    expect(proxy.stats).toMatchObject({ reset: 0, droppedUp: 0, droppedDown: 0 });
  });

  test.each(["up", "down"] as const)("a one-way cut (%s) leaves the other way open", async (cut) => {
    const { proxy, client, remote } = await connected();
    await proxy.set(cut === "up" ? faults.cutUp() : faults.cutDown());
    const [stuck, free] = cut === "up" ? [client, remote] : [remote, client];
    stuck.socket.write("stuck");
    await until(() => expect(handed(proxy, cut)).toBe("stuck"));
    free.socket.write("free");
    await until(() => expect(stuck.text()).toBe("free"));
    expect(free.text()).toBe("");
    await proxy.heal();
    await until(() => expect(free.text()).toBe("stuck"));
  });

  test("a dropping cut loses bytes silently, and a connection that lost some is reset when it heals", async () => {
    const { proxy, server, client, remote } = await connected();
    await proxy.set(faults.cut("drop"));
    client.socket.write("lost");
    await until(() => expect(proxy.stats.droppedUp).toBe(4));
    expect([client.closed(), remote.closed(), proxy.connections()[0]?.lostBytes]).toEqual([false, false, true]);
    await proxy.heal();
    await until(() => expect([client.error(), remote.error()]).toEqual(["ECONNRESET", "ECONNRESET"]));
    expect(remote.text()).toBe("");
    dial(proxy.port).socket.write("again");
    await until(() => expect(server.sockets[1]?.text()).toBe("again"));
  });

  test("a dropping cut in which nothing was sent breaks nothing", async () => {
    const { proxy, client, remote } = await connected();
    await proxy.set(faults.cut("drop"));
    await proxy.heal();
    client.socket.write("whole");
    await until(() => expect(remote.text()).toBe("whole"));
  });

  test("what was held is lost when the cut begins to drop", async () => {
    const { proxy, client, remote } = await connected();
    await proxy.set(faults.cutUp("hold"));
    client.socket.write("held");
    await until(() => expect(handed(proxy, "up")).toBe("held"));
    await proxy.set(faults.cutUp("drop"));
    expect(proxy.stats.droppedUp).toBe(4);
    await proxy.heal();
    await until(() => expect(remote.error()).toBe("ECONNRESET"));
    expect(remote.text()).toBe("");
  });

  test.each([
    ["hold", "end", undefined],
    ["hold", "reset", "ECONNRESET"],
    ["drop", "end", undefined],
    ["drop", "reset", "ECONNRESET"],
  ] as const)("over a link that is cut (%s) nobody is told of an %s until it heals", async (bytes, how, error) => {
    const { proxy, client, remote } = await connected();
    await proxy.set(faults.cut(bytes));
    if (how === "end") remote.socket.end();
    else remote.socket.resetAndDestroy();
    await until(() => expect(proxy.connections()).toMatchObject([{ clientEnded: false, relayEnded: true }]));
    expect([client.closed(), client.ended(), client.error()]).toEqual([false, false, undefined]);
    await proxy.heal();
    await until(() => expect([client.closed() || client.ended(), client.error()]).toEqual([true, error]));
  });

  test("a connection made over a cut link reaches the relay when it heals", async () => {
    const server = await startTcpServer("echo");
    const proxy = await startProxy(server.port);
    await proxy.set(faults.cut());
    const client = dial(proxy.port);
    client.socket.write("early");
    await until(() => expect(handed(proxy, "up")).toBe("early"));
    expect(server.sockets).toHaveLength(0);
    await proxy.heal();
    await until(() => expect(client.text()).toBe("early"));
  });

  test("healing can drop all connections instead", async () => {
    const { proxy, client } = await connected();
    await proxy.set(faults.cut());
    await proxy.heal("drop");
    await until(() => expect(client.error()).toBe("ECONNRESET"));
    expect(proxy.connections()).toEqual([]);
  });

  test("a cut holds a bounded number of bytes; the rest waits at the sender and nothing is lost", async () => {
    const server = await startTcpServer("silent");
    const proxy = await startProxy(server.port, { captureBytesMax: 4_000_000 });
    const client = dial(proxy.port);
    await until(() => expect(server.sockets).toHaveLength(1));
    await proxy.set(faults.cut());
    const bytes = createPrng(4n).bytes(2_000_000);
    client.socket.write(bytes);
    const held = (): number => (proxy.capture?.streams() ?? []).reduce((sum, stream) => sum + stream.bytes.length, 0);
    await until(() => expect(held()).toBeGreaterThanOrEqual(laneBufferBytesMax));
    // Turns enough to read all of it, were the proxy reading.
    for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(held()).toBeLessThan(laneBufferBytesMax + 128 * 1024);
    await proxy.heal();
    await until(() => expect(server.sockets[0]?.receivedBytes()).toBe(bytes.length));
    expect(sha256(server.sockets[0]?.received() ?? bytes.subarray(1))).toBe(sha256(bytes));
  });
});

describe("connections", () => {
  test("dropConnections resets or ends them now; new ones are accepted", async () => {
    const { proxy, client, server } = await connected("echo");
    expect(proxy.dropConnections()).toBe(1);
    await until(() => expect(client.error()).toBe("ECONNRESET"));
    const next = dial(proxy.port);
    await until(() => expect(server.sockets).toHaveLength(2));
    expect(proxy.dropConnections("end")).toBe(1);
    await until(() => expect([next.ended(), next.error()]).toEqual([true, undefined]));
    expect(proxy.dropConnections()).toBe(0);
  });

  test("refuse: nobody listens, connections that are there stay; healed, the same port listens again", async () => {
    const { proxy, client, remote } = await connected();
    await proxy.set({ newConnections: "refuse" });
    const refused = dial(proxy.port);
    await until(() => expect(refused.error()).toBe("ECONNREFUSED"));
    client.socket.write("still here");
    await until(() => expect(remote.text()).toBe("still here"));
    await proxy.heal();
    const accepted = dial(proxy.port);
    await until(() => expect(accepted.socket.readyState).toBe("open"));
  });

  test("reset: new connections are accepted and reset", async () => {
    const { proxy, client } = await connected();
    await proxy.set({ newConnections: "reset" });
    const reset = dial(proxy.port);
    await until(() => expect(reset.error()).toBe("ECONNRESET"));
    expect(client.closed()).toBe(false);
  });

  test("hang: new connections get no answer, and a reset when healed", async () => {
    const server = await startTcpServer("echo");
    const proxy = await startProxy(server.port);
    await proxy.set({ newConnections: "hang" });
    const client = dial(proxy.port);
    client.socket.write("anyone?");
    await until(() => expect(proxy.connections()).toMatchObject([{ halfOpen: true }]));
    expect([server.sockets.length, client.text(), client.closed()]).toEqual([0, "", false]);
    await proxy.heal();
    await until(() => expect(client.error()).toBe("ECONNRESET"));
  });

  test("half open: the relay's side breaks and the client is not told until healed", async () => {
    const { proxy, client, remote } = await connected();
    expect(proxy.halfOpen()).toBe(1);
    await until(() => expect(remote.error()).toBe("ECONNRESET"));
    client.socket.write("into the void");
    await until(() => expect(client.socket.writableLength).toBe(0));
    expect([client.closed(), client.ended()]).toEqual([false, false]);
    await proxy.heal();
    await until(() => expect(client.error()).toBe("ECONNRESET"));
  });

  test("more than connectionsMax are reset", async () => {
    const server = await startTcpServer("echo");
    const proxy = await startProxy(server.port, { connectionsMax: 1 });
    const first = dial(proxy.port);
    await until(() => expect(server.sockets).toHaveLength(1));
    const second = dial(proxy.port);
    await until(() => expect(second.error()).toBe("ECONNRESET"));
    expect(first.closed()).toBe(false);
  });

  test("close ends everything, twice too", async () => {
    const { proxy, client } = await connected();
    await proxy.set(faults.cut());
    await Promise.all([proxy.close(), proxy.close()]);
    await until(() => expect(client.closed()).toBe(true));
    const late = dial(proxy.port);
    await until(() => expect(late.error()).toBe("ECONNREFUSED"));
    await proxy.heal();
    const later = dial(proxy.port);
    await until(() => expect(later.error()).toBe("ECONNREFUSED"));
  });
});

describe("slow links", () => {
  test("delay and jitter hold bytes back that long and never reorder them", async () => {
    const { proxy, client } = await connected("echo");
    await proxy.set(faults.delay(150, 100));
    const sent = performance.now();
    for (let index = 0; index < 10; index++) {
      client.socket.write(`${index};`);
      await until(() => expect(handed(proxy, "up")).toContain(`${index};`));
    }
    await until(() => expect(client.text()).toBe("0;1;2;3;4;5;6;7;8;9;"));
    expect(performance.now() - sent).toBeGreaterThanOrEqual(300);
  });

  test("bandwidth: bytes take their time", async () => {
    const { proxy, client, remote } = await connected();
    await proxy.set(faults.bandwidth(200_000));
    const start = performance.now();
    client.socket.write(new Uint8Array(40_000));
    await until(() => expect(remote.received().length).toBe(40_000));
    // 200 ms, but for the last piece, which is on its way before its time is over.
    expect(performance.now() - start).toBeGreaterThan(150);
  });

  test("slices: pieces of one byte", async () => {
    const { proxy, client, remote } = await connected();
    await proxy.set(faults.slice(1));
    let pieces = 0;
    remote.socket.on("data", () => pieces++);
    const bytes = createPrng(5n).bytes(2_000);
    client.socket.write(bytes);
    await until(() => expect(remote.received().length).toBe(bytes.length));
    expect(sha256(remote.received())).toBe(sha256(bytes));
    // The kernel may join some of them again.
    expect(pieces).toBeGreaterThan(20);
  });
});

describe("HTTP and WebSocket", () => {
  async function startWeb(): Promise<number> {
    const http = createServer((_, response) => response.end("a page"));
    const sockets = new WebSocketServer({ server: http });
    sockets.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      http.close();
    });
    return (http.address() as AddressInfo).port;
  }

  const openSocket = async (proxy: ChaosProxy): Promise<{ socket: WebSocket; messages: string[]; closes: number[] }> => {
    const socket = new WebSocket(proxy.url.replace("http", "ws"));
    onTestFinished(() => socket.terminate());
    const messages: string[] = [];
    const closes: number[] = [];
    socket.on("message", (data: Buffer) => void messages.push(data.toString()));
    socket.on("close", (code) => void closes.push(code));
    socket.on("error", () => undefined);
    await until(() => expect(socket.readyState).toBe(WebSocket.OPEN));
    return { socket, messages, closes };
  };

  test("a page and a socket come through, also byte by byte", async () => {
    const proxy = await startProxy(await startWeb());
    await proxy.set(faults.slice(1));
    expect(await (await fetch(proxy.url)).text()).toBe("a page");
    const { socket, messages } = await openSocket(proxy);
    socket.send("x".repeat(1_000));
    await until(() => expect(messages).toEqual(["x".repeat(1_000)]));
  });

  test("a socket over a cut link stays open and gets its messages afterwards; a reset closes it with 1006", async () => {
    const proxy = await startProxy(await startWeb());
    const { socket, messages, closes } = await openSocket(proxy);
    await proxy.set(faults.cut());
    const before = handed(proxy, "up").length;
    socket.send("later");
    await until(() => expect(handed(proxy, "up").length).toBeGreaterThan(before));
    expect([messages, closes, socket.readyState]).toEqual([[], [], WebSocket.OPEN]);
    await proxy.heal();
    await until(() => expect(messages).toEqual(["later"]));
    proxy.dropConnections();
    await until(() => expect(closes).toEqual([1006]));
  });

  test("a capture has what was sent, masked as clients do it, and its messages unmasked", async () => {
    const proxy = await startProxy(await startWeb());
    const { socket, messages } = await openSocket(proxy);
    const texts = ["canary-6b1f", "y".repeat(200) + "canary-6b1f", "z".repeat(70_000)];
    for (const text of texts) socket.send(text);
    await until(() => expect(messages).toEqual(texts));
    const streams = proxy.capture?.streams() ?? [];
    const [up, down] = ["up", "down"].map(
      (direction) => streams.find((stream) => stream.direction === direction)?.bytes ?? new Uint8Array(0),
    );
    if (up === undefined || down === undefined) throw new Error("no capture");
    expect(Buffer.from(up).includes("canary-6b1f")).toBe(false);
    expect(Buffer.from(down).includes("canary-6b1f")).toBe(true);
    for (const stream of [up, down]) expect(webSocketMessages(stream).map((message) => Buffer.from(message).toString())).toEqual(texts);
    expect(Buffer.concat([...webSocketMessages(up.subarray(0, up.length - 60_000))]).includes("zzz")).toBe(true);
    expect(webSocketMessages(new Uint8Array(100))).toEqual([]);
    expect(proxy.capture?.overflowed()).toBe(false);
    proxy.capture?.clear();
    expect(proxy.capture?.streams()).toEqual([]);
  });

  test("a capture that is full says so", async () => {
    const server = await startTcpServer("silent");
    const proxy = await startProxy(server.port, { captureBytesMax: 5 });
    const client = dial(proxy.port);
    client.socket.write("12345");
    await until(() => expect(handed(proxy, "up")).toBe("12345"));
    expect(proxy.capture?.overflowed()).toBe(false);
    client.socket.write("6");
    await until(() => expect(proxy.capture?.overflowed()).toBe(true));
    expect(handed(proxy, "up")).toBe("12345");
  });
});

test("random faults are the same for the same seed, and every kind comes up", () => {
  const draw = (seed: bigint): string[] => {
    const random = createPrng(seed);
    return Array.from({ length: 400 }, () => JSON.stringify(randomFault(random)));
  };
  expect(draw(1n)).toEqual(draw(1n));
  expect(draw(1n)).not.toEqual(draw(2n));
  const all = draw(3n).join();
  for (const word of ["hold", "drop", "refuse", "reset", "hang", "delayMs", "jitterMs", "bytesPerSecond", "sliceBytes"])
    expect(all).toContain(word);
  expect(draw(3n).filter((fault) => fault === "{}").length).toBeGreaterThan(60);
});
