import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { describe, expect, test } from "vitest";
import { decodeRecord, encodeFrame, encodeUp, limits } from "@skerry/protocol";
import { appendMessage, begin, connect, newDocument, openMessage, presenceOf, random } from "./relay.test-client.ts";
import type { TestClient } from "./relay.test-client.ts";
import { manualClock } from "./relay.test-server.ts";
import { relaySuite } from "./relay.test-suite.ts";

const suite = relaySuite();

/** Frame of exactly `bytes` bytes: one append of a record that does not decode. */
const frameOf = (bytes: number): Uint8Array => {
  for (let size = bytes - 32; size < bytes; size++) {
    const pings = encodeFrame([encodeUp({ type: "append", channel: 1, record: new Uint8Array(Math.min(size, limits.recordBytesMax)) })]);
    if (pings.length === bytes) return pings;
  }
  throw new Error("no such frame");
};

const ping = async (client: TestClient): Promise<void> => {
  client.send({ type: "ping", id: 7 });
  await client.take("pong");
};

/** A TCP socket that says `text` and then nothing. */
const sayTcp = (port: number, text: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp(port, "127.0.0.1", () => {
      socket.write(text);
      resolve(socket);
    });
    socket.once("error", reject);
    socket.on("error", () => undefined);
    socket.resume();
  });
const closedTcp = (socket: Socket): Promise<void> =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once("close", () => resolve()));

const upgradeRequest = (key = "dGhlIHNhbXBsZSBub25jZQ=="): string =>
  `GET /sync HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

describe("limits", () => {
  test("SE-8 a frame of 1 MiB is read, one byte more closes with 1009", async () => {
    await suite.start();
    const pings = (bytes: number): Uint8Array => {
      const half = frameOf(bytes - 600_000);
      const rest = frameOf(600_000);
      const both = new Uint8Array(bytes);
      both.set(half);
      both.set(rest, half.length);
      return both;
    };
    const client = await suite.join();
    client.sendBytes(pings(limits.frameBytesMax));
    expect(await client.take("refused")).toMatchObject({ code: "unknown-channel" });
    await ping(client);
    client.sendBytes(pings(limits.frameBytesMax + 1));
    expect(await client.closed()).toBe(1009);
  });

  test("SE-8 4,096 messages in a frame are read, one more closes with 4400", async () => {
    await suite.start();
    const client = await suite.join();
    const one = encodeUp({ type: "ping", id: 1 });
    client.sendBytes(encodeFrame(Array.from({ length: limits.frameMessagesMax }, () => one)));
    await client.until(() => client.inbox.filter(({ type }) => type === "pong").length === limits.frameMessagesMax);
    const bytes = new Uint8Array((limits.frameMessagesMax + 1) * (one.length + 1));
    for (let at = 0; at < bytes.length; at += one.length + 1) bytes.set([one.length, ...one], at);
    client.sendBytes(bytes);
    expect(await client.closed()).toBe(4400);
  });

  test("SE-8 a record at the relay's limit is taken, one above it is too-large", async () => {
    const probe = newDocument();
    await suite.start({ config: { recordBytesMax: 5000 } });
    const ana = await suite.join();
    const { author } = await begin(ana, 1, probe);
    const sizeOf = (length: number): number => author.next("x".repeat(length), { n: 2 }).bytes.length;
    let length = 4000;
    while (sizeOf(length) <= 5000) length += 16;
    author.records.length = 1;
    const large = author.next("x".repeat(length));
    expect(large.bytes.length).toBeGreaterThan(5000);
    ana.send(appendMessage(1, large));
    expect(await ana.take("refused")).toMatchObject({ code: "too-large", n: 2, tailN: 1 });
    await suite.start({ config: { recordBytesMax: large.bytes.length } });
    const bob = await suite.join();
    const bobs = await begin(bob, 1);
    const same = bobs.author.next("x".repeat(length));
    expect(same.bytes.length).toBe(large.bytes.length);
    bob.send(appendMessage(1, same));
    expect((await bob.take("acked")).seq).toBe(2);
  });

  test("SE-8 a record that does not decode is malformed; the connection stays", async () => {
    await suite.start();
    const ana = await suite.join();
    const { author } = await begin(ana, 1);
    const bytes = author.next("x").bytes.slice();
    bytes[0] = 9;
    expect(decodeRecord(bytes).ok).toBe(false);
    ana.send({ type: "append", channel: 1, record: bytes }, { type: "restore", channel: 1, records: [bytes] });
    expect(await ana.take("refused")).toMatchObject({ code: "malformed" });
    expect(await ana.take("refused")).toMatchObject({ code: "malformed" });
    await ping(ana);
  });

  test("SE-8 records of another document or device are refused by name", async () => {
    await suite.start();
    const ana = await suite.join();
    await begin(ana, 1);
    const other = await begin(ana, 2);
    ana.send(appendMessage(1, other.author.next("x")));
    expect(await ana.take("refused", 1)).toMatchObject({ code: "wrong-document", n: 2 });
    ana.send({ type: "restore", channel: 1, records: [other.author.next("y").bytes] });
    expect(await ana.take("refused", 1)).toMatchObject({ code: "wrong-document", n: 0 });
    const eve = await suite.join();
    eve.send(openMessage(other.document, 1), appendMessage(1, other.author.next("z", { n: 2 })));
    expect(await eve.take("refused", 1)).toMatchObject({ code: "wrong-device", n: 2 });
    ana.send(appendMessage(2, other.author.next("z", { n: 2, accessPosition: 1 })));
    expect(await ana.take("refused", 2)).toMatchObject({ code: "not-allowed", n: 2 });
  });

  test("SE-8 appends over the rate are refused with a time, and taken after it; others are not concerned", async () => {
    const clock = manualClock();
    await suite.start({ clock, config: { appendsPerSecond: 10, appendsBurst: 5 } });
    const ana = await suite.join();
    const bob = await suite.join();
    const { author } = await begin(ana, 1);
    const records = Array.from({ length: 5 }, (_, index) => author.next(`${index}`));
    ana.send(...records.map((record) => appendMessage(1, record)));
    for (let seq = 2; seq <= 5; seq++) expect((await ana.take("acked")).seq).toBe(seq);
    expect(await ana.take("refused")).toMatchObject({ code: "rate-limited", n: 6, retryAfterMs: 100 });
    await begin(bob, 1);
    clock.advance(99);
    ana.send(appendMessage(1, records[4] ?? expect.fail()));
    expect(await ana.take("refused")).toMatchObject({ code: "rate-limited", n: 6 });
    clock.advance(100);
    ana.send(appendMessage(1, records[4] ?? expect.fail()));
    expect((await ana.take("acked")).seq).toBe(6);
  });

  test("SE-8 restored records over the rate are refused with a time", async () => {
    const clock = manualClock();
    await suite.start({ clock, config: { restoresPerSecond: 1 } });
    const ana = await suite.join();
    const { author } = await begin(ana, 1);
    const records = Array.from({ length: 11 }, (_, index) => author.next(`${index}`).bytes);
    ana.send({ type: "restore", channel: 1, records });
    expect(await ana.take("refused")).toMatchObject({ code: "rate-limited", n: 0, retryAfterMs: 1000 });
    ana.send({ type: "restore", channel: 1, records: records.slice(0, 10) });
    expect(await ana.take("restored")).toMatchObject({ admitted: 10 });
  });

  test("SE-8 too many messages close with 4529", async () => {
    const clock = manualClock();
    await suite.start({ clock, config: { messagesPerSecond: 1, messagesBurst: 10 } });
    const client = await suite.join();
    for (let count = 0; count < 9; count++) await ping(client);
    clock.advance(1000);
    await ping(client);
    client.send({ type: "ping", id: 1 });
    expect(await client.closed()).toBe(4529);
  });

  test("SE-8 presence over the rate is dropped, never answered", async () => {
    const clock = manualClock();
    await suite.start({ clock, config: { presencePerSecond: 1 } });
    const ana = await suite.join();
    const { document } = await begin(ana, 1);
    const bob = await suite.join();
    bob.send(openMessage(document, 1));
    await bob.take("caught-up");
    for (let count = 0; count < 7; count++)
      ana.send({ type: "presence", channel: 1, envelope: presenceOf(document, ana.device, `${count}`) });
    await ping(ana);
    await ping(bob);
    expect(bob.inbox.filter(({ type }) => type === "relayed-presence")).toHaveLength(5);
  });

  test("SE-8 bytes over the rate are read later, not lost", async () => {
    const clock = manualClock();
    await suite.start({ clock, config: { bytesPerSecond: 100_000 } });
    const client = await suite.join();
    client.sendBytes(frameOf(600_000));
    await client.take("refused");
    client.sendBytes(frameOf(600_000));
    await client.take("refused");
    client.send({ type: "ping", id: 3 });
    // Another connection's answer shows that the relay's loop went round.
    for (let count = 0; count < 3; count++) await ping(await suite.join());
    expect(client.inbox).toEqual([]);
    clock.advance(5_000);
    await client.take("pong");
  });

  test("SE-8 bytes under way are bounded for all together", async () => {
    await suite.start({ config: { underWayBytesMax: 1024 * 1024 } });
    const ana = await suite.join();
    const { author } = await begin(ana, 1);
    suite.relay().store.hold();
    const records = [author.next("x".repeat(400_000)), author.next("y".repeat(400_000)), author.next("z".repeat(400_000))];
    for (const record of records) ana.send(appendMessage(1, record));
    expect(await ana.take("refused")).toMatchObject({ code: "rate-limited", n: 4 });
    suite.relay().store.release();
    expect((await ana.take("acked")).seq).toBe(2);
    expect((await ana.take("acked")).seq).toBe(3);
    ana.send(appendMessage(1, records[2] ?? expect.fail()));
    expect((await ana.take("acked")).seq).toBe(4);
  });

  test("SE-8 connections of one address are bounded with 4503, and a closed one makes room", async () => {
    await suite.start({ config: { connectionsPerAddressMax: 2 } });
    const first = await suite.join();
    await suite.join();
    const third = await suite.connect();
    expect(await third.closed()).toBe(4503);
    await first.close();
    await expect.poll(() => suite.relay().server.connections()).toBe(1);
    await suite.join();
  });

  test("SE-8 connections in all are bounded with 4503", async () => {
    await suite.start({ config: { connectionsMax: 1, connectionsPerAddressMax: 10 } });
    const first = await suite.join();
    expect(await (await suite.connect()).closed()).toBe(4503);
    await ping(first);
  });

  test("SE-8 sessions begun by one address are bounded with 4529; behind a trusted proxy each address counts for itself", async () => {
    const clock = manualClock();
    const rates = { handshakesPerSecond: 1, handshakesBurst: 2 };
    await suite.start({ clock, config: rates });
    await suite.join();
    await suite.join(undefined, { headers: { "X-Forwarded-For": "203.0.113.9" } });
    expect(await (await suite.connect()).closed()).toBe(4529);
    clock.advance(1000);
    await suite.join();
    await suite.start({ clock, config: { ...rates, trustProxy: true } });
    for (let count = 0; count < 6; count++)
      await suite.join(undefined, { headers: { "X-Forwarded-For": `10.0.0.1, 203.0.113.${count >> 1}` } });
    expect(await (await suite.connect({ headers: { "X-Forwarded-For": "203.0.113.1" } })).closed()).toBe(4529);
  });

  test("SE-8 deflate is never negotiated", async () => {
    await suite.start();
    const client = await suite.join(undefined, { perMessageDeflate: true });
    expect(client.socket.extensions).toBe("");
  });

  test("SE-8 a message in 16 fragments is read, one in 17 closes with 1008", async () => {
    await suite.start();
    const send = (client: TestClient, fragments: number): void => {
      const bytes = encodeFrame([
        encodeUp({ type: "ping", id: 7 }),
        new Uint8Array([7, 8]),
        new Uint8Array([7, 9]),
        ...Array.from({ length: 10 }, () => new Uint8Array([7, 1])),
      ]);
      for (let index = 0; index < fragments; index++)
        client.socket.send(bytes.subarray(index, index === fragments - 1 ? undefined : index + 1), { fin: index === fragments - 1 });
    };
    const client = await suite.join();
    send(client, 16);
    await client.take("pong");
    send(client, 17);
    expect(await client.closed()).toBe(1008);
  });

  test("SE-1 half-open handshakes are cut after 10 s and do not hinder others", async () => {
    const clock = manualClock();
    const relay = await suite.start({ clock, config: { connectionsPerAddressMax: 600 } });
    const good = await suite.join();
    const { author } = await begin(good, 1);
    const halfOpen: Socket[] = [];
    for (let count = 0; count < 300; count++) {
      halfOpen.push(await sayTcp(relay.server.port, count % 2 === 0 ? "" : "GET /sync HTTP/1.1\r\nHost: x\r\nUpgrade:"));
    }
    const silent: Socket[] = [];
    for (let count = 0; count < 100; count++) silent.push(await sayTcp(relay.server.port, upgradeRequest()));
    await expect.poll(() => relay.server.connections()).toBe(101);
    good.send(appendMessage(1, author.next("meanwhile")));
    expect((await good.take("acked")).seq).toBe(2);
    clock.advance(limits.handshakeMs);
    await Promise.all([...halfOpen, ...silent].map(closedTcp));
    await ping(good);
    expect(relay.server.connections()).toBe(1);
  });

  test("SE-8 sockets of one address are bounded before they say anything", async () => {
    const relay = await suite.start({ config: { connectionsPerAddressMax: 4 } });
    const sockets: Socket[] = [];
    for (let count = 0; count < 80; count++) sockets.push(await sayTcp(relay.server.port, ""));
    await expect.poll(() => sockets.filter((socket) => socket.closed).length).toBe(80 - 68);
    for (const socket of sockets) socket.destroy();
  });

  test.each([
    ["another path", "/other", 404],
    ["a path beside it", "/sync/", 404],
  ])("SE-8 an upgrade at %s is refused", async (_name, path, status) => {
    const relay = await suite.start();
    const socket = new WebSocket(`${relay.url.replace("http", "ws")}${path}`);
    const code = await new Promise((resolve) => {
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
      socket.on("error", () => undefined);
    });
    expect(code).toBe(status);
    socket.terminate();
  });

  test("SE-8 garbage instead of frames closes the connection only", async () => {
    const relay = await suite.start();
    const good = await suite.join();
    const socket = await sayTcp(relay.server.port, upgradeRequest());
    socket.write(random.bytes(4096));
    await closedTcp(socket);
    await ping(good);
  });

  test("SE-8 a reader that never drains is closed with 4513, and its presence dropped meanwhile; the others notice nothing", async () => {
    const relay = await suite.start({ config: { slowReaderMs: 300, appendsBurst: 100_000, bytesPerSecond: 1_000_000_000 } });
    const ana = await suite.join();
    const { document, author } = await begin(ana, 1);
    const slow = await suite.join();
    slow.send(openMessage(document, 1));
    await slow.take("caught-up");
    slow.socket.pause();
    const bob = await suite.join();
    bob.send(openMessage(document, 1));
    await bob.take("caught-up");
    const text = "x".repeat(250_000);
    // Until the network's own buffers are full, there is nothing to notice.
    for (let seq = 2; relay.server.connections() === 3; seq++) {
      expect(seq).toBeLessThan(500);
      ana.send(appendMessage(1, author.next(text)), { type: "presence", channel: 1, envelope: presenceOf(document, ana.device, "here") });
      expect((await ana.take("acked")).seq).toBe(seq);
      await bob.take("relayed-presence");
      bob.inbox.length = 0;
    }
    slow.socket.resume();
    expect([4513, 1006]).toContain(await slow.closed());
    expect(relay.lines).toContainEqual(
      expect.objectContaining({ event: "session-closed", fields: expect.objectContaining({ reason: "slow-reader" }) }),
    );
    const presences = slow.inbox.filter(({ type }) => type === "relayed-presence").length;
    const entries = slow.inbox.filter(({ type }) => type === "entries").length;
    expect(presences).toBeLessThan(author.records.length - 1);
    expect(entries).toBeLessThan(author.records.length - 1);
  });

  test("SE-8 nothing is left of connections that are gone", async () => {
    const relay = await suite.start();
    for (let count = 0; count < 20; count++) {
      const client = await connect(relay.url);
      await begin(client, 1);
      await client.close();
    }
    await expect.poll(() => relay.server.connections()).toBe(0);
  });
});
