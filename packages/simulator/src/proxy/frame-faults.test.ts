/** Every frame fault, over a real WebSocket server and client. */
import { describe, expect, test } from "vitest";
import WebSocket from "ws";
import { createPrng } from "../prng.ts";
import { faults } from "./fault.ts";
import type { ChaosProxy, ChaosProxyOptions } from "./chaos-proxy.ts";
import type { FrameRule, OneShot } from "./frame-rules.ts";
import { until } from "./net.test-support.ts";
import { openSocket, sendAll, startProxy, startWeb } from "./web.test-support.ts";
import type { Client, Web } from "./web.test-support.ts";

const letters = ["a", "b", "c", "d"];

async function stage(options: Partial<ChaosProxyOptions> = {}): Promise<{ web: Web; proxy: ChaosProxy; client: Client }> {
  const web = await startWeb({ silent: true });
  const proxy = await startProxy(web.port, options);
  return { web, proxy, client: await openSocket(proxy.url) };
}

/** Sends upward, then one more that nothing hits: when it is there, so is all that comes. */
async function arrivedUp(rules: readonly FrameRule[] | OneShot, texts: readonly string[] = letters): Promise<string[]> {
  const { web, proxy, client } = await stage();
  if ("do" in rules) proxy.once(rules);
  else await proxy.set(faults.framesUp(...rules));
  await sendAll(proxy, client, texts);
  await proxy.heal();
  client.socket.send("end");
  await until(() => expect(web.received).toContain("end"));
  expect(client.closes).toEqual([]);
  return web.received.slice(0, web.received.indexOf("end"));
}

async function arrivedDown(rules: readonly FrameRule[] | OneShot, texts: readonly string[] = letters): Promise<string[]> {
  const { web, proxy, client } = await stage();
  if ("do" in rules) proxy.once(rules);
  else await proxy.set(faults.framesDown(...rules));
  for (const text of texts) web.sockets[0]?.send(text);
  await until(() => expect(proxy.stats.messagesDown).toBe(texts.length));
  await proxy.heal();
  web.sockets[0]?.send("end");
  await until(() => expect(client.received).toContain("end"));
  expect(client.closes).toEqual([]);
  return client.received.slice(0, client.received.indexOf("end"));
}

/** The same fault upward (masked) and downward (not masked). */
const both = [
  ["up", arrivedUp],
  ["down", arrivedDown],
] as const;

describe.each(both)("CX-4 each fault does what its name says (%s)", (direction, arrived) => {
  test("CX-4 drop: the next message never arrives, those after it do", async () => {
    expect(await arrived({ do: "drop", direction })).toEqual(["b", "c", "d"]);
  });

  test("CX-4 duplicate: the next message arrives twice", async () => {
    expect(await arrived({ do: "duplicate", direction })).toEqual(["a", "a", "b", "c", "d"]);
  });

  test("CX-4 reorder: the next message changes place with the one after it", async () => {
    expect(await arrived({ do: "reorder", direction })).toEqual(["b", "a", "c", "d"]);
  });

  test("CX-4 reorder of every message: pairs change places, the last one of an odd number comes when its wait is over", async () => {
    expect(await arrived([{ do: "reorder" }], ["a", "b", "c", "d", "e"])).toEqual(["b", "a", "d", "c", "e"]);
  });

  test("CX-4 delay: the next message arrives late, and those after it overtake it", async () => {
    const { web, proxy, client } = await stage();
    const [sender, received] = direction === "up" ? [client.socket, web.received] : [web.sockets[0], client.received];
    const sentAt = performance.now();
    proxy.once({ do: "delay", direction, delayMs: 150 });
    for (const letter of letters) sender?.send(letter);
    await until(() => expect(received).toEqual(["b", "c", "d", "a"]));
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(149);
  });

  test("CX-4 delay with keepOrder: those after it wait behind it", async () => {
    const { web, proxy, client } = await stage();
    const [sender, received] = direction === "up" ? [client.socket, web.received] : [web.sockets[0], client.received];
    const sentAt = performance.now();
    proxy.once({ do: "delay", direction, delayMs: 150, keepOrder: true, skip: 1 });
    for (const letter of letters) sender?.send(letter);
    await until(() => expect(received).toEqual(letters));
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(149);
  });

  test("CX-4 replay: a message that was delivered before arrives again, after the one that is hit", async () => {
    expect(await arrived({ do: "replay", direction, skip: 1 })).toEqual(["a", "b", "a", "c", "d"]);
    // With nothing to repeat it waits.
    expect(await arrived({ do: "replay", direction })).toEqual(["a", "b", "a", "c", "d"]);
  });

  test("CX-2 corrupt: the next message arrives with another letter, and the connection lives", async () => {
    const [first, ...rest] = await arrived({ do: "corrupt", direction }, ["aaaa", "b"]);
    expect(rest).toEqual(["b"]);
    expect([first?.length, first]).toEqual([4, expect.not.stringMatching("aaaa")]);
  });

  test("CX-2 truncate: the next message arrives shorter", async () => {
    const [first, ...rest] = await arrived({ do: "truncate", direction }, ["abcdefgh", "b"]);
    expect(rest).toEqual(["b"]);
    expect("abcdefg".startsWith(first ?? "x")).toBe(true);
  });
});

describe("CX-4 the other direction", () => {
  test("CX-4 a fault of one direction leaves the other alone", async () => {
    expect(await arrivedUp([])).toEqual(letters);
    const web = await startWeb();
    const proxy = await startProxy(web.port);
    const client = await openSocket(proxy.url);
    await proxy.set(faults.framesDown({ do: "drop" }));
    await sendAll(proxy, client, letters);
    await until(() => expect(web.received).toEqual(letters));
    await until(() => expect(proxy.stats.messagesDown).toBe(4));
    expect([client.received, proxy.stats.frameFaults.drop]).toEqual([[], 4]);
  });

  test("CX-4 large and fragmented messages, text and binary", async () => {
    const { web, proxy, client } = await stage();
    const large = "x".repeat(70_000);
    proxy.once({ do: "duplicate", direction: "up", count: 2 });
    client.socket.send(large.slice(0, 30_000), { fin: false });
    client.socket.ping("between");
    client.socket.send(large.slice(30_000), { fin: true });
    client.socket.send(new Uint8Array([1, 2, 3]));
    await until(() => expect(web.received).toEqual([large, large, "hex:010203", "hex:010203"]));
    expect(web.pings).toEqual(["between"]);
  });

  test("CX-4 what is put in waits until a message that passes is complete", async () => {
    const { web, proxy, client } = await stage();
    await sendAll(proxy, client, ["old"]);
    client.socket.send("first half, ", { fin: false });
    client.socket.ping("p");
    await until(() => expect(web.pings).toEqual(["p"]));
    proxy.once({ do: "replay", direction: "up", match: { opcode: "ping" } });
    proxy.once({ do: "duplicate", direction: "up", match: { opcode: "ping", bytes: Buffer.from("q").toString("hex") } });
    client.socket.ping("q");
    await until(() => expect(proxy.stats.frameFaults.duplicate).toBe(1));
    client.socket.send("second half", { fin: true });
    await until(() => expect(web.received).toEqual(["old", "first half, second half"]));
    await until(() => expect(web.pings).toEqual(["p", "q", "q"]));
    expect(client.closes).toEqual([]);
  });

  test("CX-4 what is late does not come amid the frames of another message", async () => {
    const { web, proxy, client } = await stage();
    proxy.once({ do: "delay", direction: "up", delayMs: 30 });
    await sendAll(proxy, client, ["late"]);
    const dueAt = performance.now() + 40;
    client.socket.send("first half, ", { fin: false });
    await until(() => expect(performance.now()).toBeGreaterThan(dueAt));
    client.socket.ping("past its time");
    await until(() => expect(web.pings).toEqual(["past its time"]));
    expect(web.received).toEqual([]);
    client.socket.send("second half", { fin: true });
    await until(() => expect(web.received).toEqual(["first half, second half", "late"]));
    expect(client.closes).toEqual([]);
  });

  test("CX-4 pings and closes can be hit too: a heartbeat that gets no answer", async () => {
    const { web, proxy, client } = await stage();
    const pongs: string[] = [];
    client.socket.on("pong", (data: Buffer) => void pongs.push(data.toString()));
    proxy.once({ do: "drop", direction: "down", match: { opcode: "pong" } });
    client.socket.ping("1");
    client.socket.ping("2");
    await until(() => expect(pongs).toEqual(["2"]));
    expect(web.pings).toEqual(["1", "2"]);
    proxy.once({ do: "drop", direction: "up", match: { opcode: "close" } });
    client.socket.close(1000);
    await until(() => expect(proxy.stats.frameFaults.drop).toBe(2));
    expect(web.sockets[0]?.readyState).toBe(WebSocket.OPEN);
  });

  test("CX-4 a close lets nothing be held back behind it", async () => {
    const { web, proxy, client } = await stage();
    proxy.once({ do: "delay", direction: "up", delayMs: 60_000 });
    await sendAll(proxy, client, ["late"]);
    client.socket.close(1000);
    await until(() => expect([web.received, client.closes]).toEqual([["late"], [1000]]));
  });
});

describe("CX-5 rules and one-shots", () => {
  test("CX-5 a pattern picks y-websocket's kinds of messages", async () => {
    const { web, proxy, client } = await stage();
    await proxy.set(faults.framesUp({ do: "drop", match: { opcode: "binary", bytes: "00" } }));
    await sendAll(proxy, client, [new Uint8Array([0, 2, 5]), new Uint8Array([1, 9]), "\0", new Uint8Array([2, 0])]);
    await until(() => expect(web.received).toEqual(["hex:0109", "\0", "hex:0200"]));
    await proxy.set(faults.framesUp({ do: "drop", match: { bytes: "07", at: 2 } }));
    await sendAll(proxy, client, [new Uint8Array([1, 2, 7]), new Uint8Array([7, 7]), new Uint8Array(0)]);
    await until(() => expect(web.received.slice(3)).toEqual(["hex:0707", "hex:"]));
    await proxy.set(faults.framesUp({ do: "drop", match: { bytesMin: 2, bytesMax: 3 } }));
    await sendAll(proxy, client, ["1", "22", "333", "4444"]);
    await until(() => expect(web.received.slice(5)).toEqual(["1", "4444"]));
  });

  test("CX-5 the first rule that hits decides", async () => {
    const rules: FrameRule[] = [{ do: "duplicate", match: { bytes: "62" } }, { do: "drop", match: { bytesMax: 1 } }, { do: "duplicate" }];
    expect(await arrivedUp(rules, ["a", "b", "cc"])).toEqual(["b", "b", "cc", "cc"]);
  });

  test("CX-5 count, skip and connection; heal forgets the rest", async () => {
    const { web, proxy, client } = await stage();
    const second = await openSocket(proxy.url);
    const [, id] = proxy.connections().map((connection) => connection.id);
    const added = proxy.once({ do: "drop", direction: "up", count: 2, skip: 1, ...(id === undefined ? {} : { connection: id }) });
    expect(proxy.oneShots()).toEqual([added]);
    await sendAll(proxy, client, ["1", "2", "3"]);
    await sendAll(proxy, second, ["a", "b"]);
    expect(proxy.oneShots()).toMatchObject([{ left: 1 }]);
    await proxy.heal();
    expect(proxy.oneShots()).toEqual([]);
    await sendAll(proxy, second, ["c"]);
    await until(() => expect([...web.received].sort()).toEqual(["1", "2", "3", "a", "c"]));
    expect(proxy.connections()).toMatchObject([
      { webSocket: true, messagesUp: 3, frameFaults: 0 },
      { webSocket: true, messagesUp: 3, frameFaults: 1 },
    ]);
  });

  test("CX-5 a one-shot goes before the rules, and comes in the order in which it was given", async () => {
    const { web, proxy, client } = await stage();
    await proxy.set(faults.framesUp({ do: "drop" }));
    proxy.once({ do: "duplicate", direction: "up" });
    proxy.once({ do: "delay", direction: "up", delayMs: 0 });
    await sendAll(proxy, client, ["a", "b", "c"]);
    await until(() => expect(web.received).toEqual(["a", "a", "b"]));
  });

  test("CX-5 at most a hundred one-shots wait", async () => {
    const { proxy } = await stage();
    for (let index = 0; index < 100; index++) proxy.once({ do: "drop", direction: "up", connection: 999 });
    expect(() => proxy.once({ do: "drop", direction: "up" })).toThrow("heal() forgets them");
  });
});

describe("CX-6 the seed", () => {
  async function outcome(seed: bigint, rules: readonly FrameRule[]): Promise<string> {
    const { web, proxy, client } = await stage({ random: createPrng(seed) });
    await proxy.set(faults.framesUp(...rules));
    await sendAll(
      proxy,
      client,
      Array.from({ length: 60 }, (_, index) => `m${index}`),
    );
    await proxy.heal();
    client.socket.send("end");
    await until(() => expect(web.received).toContain("end"));
    return web.received.join(" ");
  }
  const some: FrameRule[] = [
    { do: "drop", chance: 0.2 },
    { do: "corrupt", chance: 0.2 },
    { do: "duplicate", chance: 0.2 },
    { do: "replay", chance: 0.2 },
  ];

  test("CX-6 the same seed hits the same messages in the same way, another seed others", async () => {
    const [one, again, other] = [await outcome(5n, some), await outcome(5n, some), await outcome(6n, some)];
    expect(again).toBe(one);
    expect(other).not.toBe(one);
    // Dropped, changed and doubled ones are among them.
    const names = one.split(" ");
    expect(names).not.toContain("m1");
    expect(names.some((name) => !/^(m\d+|end)$/.test(name))).toBe(true);
    expect(new Set(names).size).toBeLessThan(names.length);
  });

  test("CX-6 another rule behind it changes nothing of what a rule hits", async () => {
    const dropped = (received: string): string[] =>
      Array.from({ length: 60 }, (_, index) => `m${index}`).filter((name) => !received.split(" ").includes(name));
    const alone = await outcome(7n, [{ do: "drop", chance: 0.3 }]);
    const together = await outcome(7n, [
      { do: "drop", chance: 0.3 },
      { do: "duplicate", chance: 0.5 },
    ]);
    expect(dropped(alone).length).toBeGreaterThan(5);
    expect(dropped(together)).toEqual(dropped(alone));
  });
});

describe("CX-7 bytes and frames", () => {
  test("CX-7 frame faults over a link that is sliced, slow and jittery", async () => {
    const { web, proxy, client } = await stage();
    await proxy.set({ up: { sliceBytes: 1, delayMs: 20, jitterMs: 20, frames: [{ do: "duplicate" }] } });
    await sendAll(proxy, client, ["one", "two", "x".repeat(300)]);
    await until(() => expect(web.received).toEqual(["one", "one", "two", "two", "x".repeat(300), "x".repeat(300)]));
  });

  test("CX-7 a held cut holds what frame faults left of it", async () => {
    const { web, proxy, client } = await stage();
    await proxy.set({ up: { flow: "hold", frames: [{ do: "drop", match: { bytes: "62" } }] } });
    await sendAll(proxy, client, letters);
    expect(web.received).toEqual([]);
    await proxy.heal();
    await until(() => expect(web.received).toEqual(["a", "c", "d"]));
  });

  test("CX-7 heal delivers at once what is delayed or waits to change places", async () => {
    const { web, proxy, client } = await stage();
    proxy.once({ do: "delay", direction: "up", delayMs: 60_000 });
    proxy.once({ do: "reorder", direction: "up", waitMs: 60_000, skip: 1 });
    await sendAll(proxy, client, ["a", "b", "c"]);
    await until(() => expect(web.received).toEqual(["b"]));
    await proxy.heal();
    await until(() => expect(web.received).toEqual(["b", "a", "c"]));
  });

  test("CX-7 a dropping cut loses what was held back too, and its connection is reset when it heals", async () => {
    const { web, proxy, client } = await stage();
    proxy.once({ do: "delay", direction: "up", delayMs: 60_000 });
    await sendAll(proxy, client, ["a"]);
    await proxy.set(faults.cut("drop"));
    expect([proxy.stats.droppedUp, proxy.connections()[0]?.lostBytes]).toEqual([7, true]);
    await proxy.heal();
    await until(() => expect(client.closes).toEqual([1006]));
    expect(web.received).toEqual([]);
  });

  test("CX-7 heal by resume lets a connection live that lost a message; heal by drop resets it", async () => {
    const { web, proxy, client } = await stage();
    await proxy.set(faults.framesUp({ do: "drop" }));
    await sendAll(proxy, client, ["a"]);
    await proxy.heal("resume");
    await sendAll(proxy, client, ["b"]);
    await until(() => expect(web.received).toEqual(["b"]));
    expect(client.closes).toEqual([]);
    await proxy.heal("drop");
    await until(() => expect(client.closes).toEqual([1006]));
  });

  test("CX-7 delayed messages count for the bound of the lane: the rest waits at the sender, and all arrives", async () => {
    const { web, proxy, client } = await stage();
    await proxy.set(faults.framesUp({ do: "delay", delayMs: 600_000 }));
    for (let index = 0; index < 60; index++) client.socket.send(new Uint8Array(20_000).fill(index));
    await until(() => expect(proxy.stats.messagesUp).toBeGreaterThanOrEqual(13));
    // Turns enough to read all of it, were the proxy reading.
    for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(proxy.stats.messagesUp).toBeLessThan(25);
    await proxy.heal();
    await until(() => expect(web.received).toHaveLength(60));
    expect(new Set(web.received).size).toBe(60);
  });

  test("CX-7 with frames: false nothing is looked at, and one-shots are refused", async () => {
    const { web, proxy, client } = await stage({ frames: false });
    await proxy.set(faults.framesUp({ do: "drop" }));
    client.socket.send("a");
    await until(() => expect(web.received).toEqual(["a"]));
    expect(() => proxy.once({ do: "drop", direction: "up" })).toThrow("frames: false");
    expect(proxy.connections()).toMatchObject([{ webSocket: false, messagesUp: 0 }]);
  });
});

test("CX-11 events tell of connections, faults and messages in order, and not of payloads", async () => {
  const { web, proxy, client } = await stage();
  const seen: string[] = [];
  const stop = proxy.watch(({ type }) => void seen.push(type));
  await proxy.set(faults.framesUp({ do: "drop" }));
  await sendAll(proxy, client, ["secret-4f2a"]);
  await proxy.heal();
  proxy.dropConnections();
  expect(seen).toEqual(["fault-changed", "frame", "healed", "connections-dropped", "connection-closed"]);
  stop();
  await proxy.set({});
  expect(seen).toHaveLength(5);
  const all = proxy.recentEvents();
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
  expect(all.slice(0, 2).map(({ type }) => type)).toEqual(["connection-opened", "connection-upgraded"]);
  expect(all.find(({ type }) => type === "frame")).toMatchObject({
    connection: 1,
    direction: "up",
    do: "drop",
    opcode: "text",
    payloadBytes: 11,
  });
  expect(JSON.stringify(all)).not.toContain("secret-4f2a");
  expect(web.received).toEqual([]);
});
