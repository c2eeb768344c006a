import { describe, expect, test } from "vitest";
import { generateDevice } from "@skerry/crypto";
import { emptyHead, encodeFrame, encodeUp, limits, protocolVersion, protocolVersionMin } from "@skerry/protocol";
import type { UpMessage } from "@skerry/protocol";
import {
  appendMessage,
  begin,
  connectRaw,
  helloFor,
  newAuthor,
  newDocument,
  openMessage,
  presenceOf,
  random,
  textOf,
} from "./relay.test-client.ts";
import { manualClock } from "./relay.test-server.ts";
import { relaySuite } from "./relay.test-suite.ts";

const suite = relaySuite();

describe("session", () => {
  test("SE-1 challenge, hello, welcome; the relay's key stays the same over connections and restarts", async () => {
    const relay = await suite.start();
    const ana = await suite.join();
    expect([...ana.relayKey()]).toEqual([...relay.server.relayKey]);
    await relay.server.close();
    await suite.start({ store: relay.store });
    const again = await suite.join();
    expect([...again.relayKey()]).toEqual([...ana.relayKey()]);
  });

  test.each<UpMessage>([
    { type: "ping", id: 1 },
    { type: "close", channel: 0 },
    openMessage(newDocument(), 0),
    { type: "append", channel: 0, record: new Uint8Array(3) },
    { type: "restore", channel: 0, records: [] },
    { type: "presence", channel: 0, envelope: new Uint8Array(3) },
    { type: "open-mailbox", channel: 0, rendezvous: new Uint8Array(16) },
    { type: "post-mail", channel: 0, body: new Uint8Array(3) },
  ])("SE-1 $type before hello closes with 4400", async (message) => {
    await suite.start();
    const client = await suite.connect();
    client.send(message);
    expect(await client.closed()).toBe(4400);
  });

  test("SE-1 a second hello closes with 4400", async () => {
    await suite.start();
    const client = await suite.connect();
    const challenge = await client.take("challenge");
    client.send(helloFor(client.device, challenge));
    await client.take("welcome");
    client.send(helloFor(client.device, challenge));
    expect(await client.closed()).toBe(4400);
  });

  test.each([0, protocolVersionMin - 1, protocolVersion + 1, 0xffff])("SE-1 protocol version %i closes with 4406", async (version) => {
    await suite.start();
    const client = await suite.connect();
    client.send({ ...helloFor(client.device, await client.take("challenge")), version });
    expect(await client.closed()).toBe(4406);
  });

  test("SE-1 no hello within 10 s closes with 4508, and not before", async () => {
    const clock = manualClock();
    await suite.start({ clock });
    const silent = await suite.connect();
    await silent.take("challenge");
    clock.advance(limits.handshakeMs - 1);
    const late = await suite.connect();
    await late.take("challenge");
    expect(silent.socket.readyState).toBe(silent.socket.OPEN);
    clock.advance(1);
    expect(await silent.closed()).toBe(4508);
    expect(late.socket.readyState).toBe(late.socket.OPEN);
    clock.advance(limits.handshakeMs - 1);
    expect(await late.closed()).toBe(4508);
  });

  test("SE-2 a proof is worthless on another connection, at another relay, later, and for another device", async () => {
    const first = await suite.start();
    const recorder = await suite.connect();
    const challenge = await recorder.take("challenge");
    const hello = helloFor(recorder.device, challenge);
    recorder.send(hello);
    await recorder.take("welcome");
    const sameRelay = await suite.connect();
    await sameRelay.take("challenge");
    sameRelay.send(hello);
    expect(await sameRelay.closed()).toBe(4401);
    await suite.start();
    expect(suite.relay().url).not.toBe(first.url);
    const otherRelay = await suite.connect();
    const otherChallenge = await otherRelay.take("challenge");
    otherRelay.send(hello);
    expect(await otherRelay.closed()).toBe(4401);
    // A relay in the middle passes its own challenge off as another's.
    const middle = await suite.connect();
    const middleChallenge = await middle.take("challenge");
    middle.send(helloFor(middle.device, { ...middleChallenge, relayKey: challenge.relayKey }));
    expect(await middle.closed()).toBe(4401);
    const other = await suite.connect();
    await other.take("challenge");
    other.send({ ...helloFor(other.device, otherChallenge), deviceId: generateDevice(random).deviceId });
    expect(await other.closed()).toBe(4401);
  });

  test("SE-3 messages for a channel that is not open are refused", async () => {
    await suite.start();
    const ana = await suite.join();
    const document = newDocument();
    ana.send(appendMessage(9, newAuthor(document, ana.device).next("x", { kind: "genesis" })));
    expect(await ana.take("refused", 9)).toMatchObject({ code: "unknown-channel", n: 1 });
    ana.send({ type: "restore", channel: 9, records: [] });
    expect(await ana.take("refused", 9)).toMatchObject({ code: "unknown-channel", n: 0 });
    ana.send({ type: "close", channel: 9 });
    expect(await ana.take("refused", 9)).toMatchObject({ code: "unknown-channel", n: 0 });
    ana.send({ type: "presence", channel: 9, envelope: presenceOf(document, ana.device, "x") }, { type: "ping", id: 1 });
    await ana.take("pong");
    expect(ana.inbox).toEqual([]);
  });

  test("SE-3 the number of channels is bounded, and a closed one makes room", async () => {
    await suite.start({ config: { channelsMax: 2 } });
    const ana = await suite.join();
    ana.send(openMessage(newDocument(), 1), openMessage(newDocument(), 2), openMessage(newDocument(), 3));
    expect(await ana.take("refused", 3)).toMatchObject({ code: "too-many-channels", n: 0 });
    await ana.take("caught-up", 1);
    await ana.take("caught-up", 2);
    ana.send({ type: "close", channel: 1 }, openMessage(newDocument(), 3));
    await ana.take("caught-up", 3);
    // Opening an open channel again replaces it and needs no room.
    ana.send(openMessage(newDocument(), 3));
    await ana.take("caught-up", 3);
  });

  test("SE-3 a document opened under another space is not there", async () => {
    await suite.start();
    const ana = await suite.join();
    const early = await suite.join();
    const document = newDocument();
    const elsewhere = { ...document, spaceId: newDocument().spaceId };
    early.send(openMessage(elsewhere, 4));
    await early.take("caught-up", 4);
    await begin(ana, 1, document);
    expect(await early.take("closed", 4)).toMatchObject({ code: "not-allowed" });
    early.send(openMessage(elsewhere, 5));
    expect(await early.take("refused", 5)).toMatchObject({ code: "not-allowed", n: 0 });
    expect(early.inbox).toEqual(expect.not.arrayContaining([expect.objectContaining({ type: "entries" })]));
  });

  test("SE-4 what follows an open depends on the cursor", async () => {
    await suite.start();
    const ana = await suite.join();
    const { document, author } = await begin(ana, 1);
    ana.send(appendMessage(1, author.next("two")), appendMessage(1, author.next("three")));
    await ana.take("acked");
    const { seq } = await ana.take("acked");
    expect(seq).toBe(3);
    const bob = await suite.join();
    bob.send(openMessage(document, 1, emptyHead, author.replicaId));
    const opened = await bob.take("opened");
    expect(opened).toMatchObject({ head: { seq: 3 }, tailN: 3, tailHash: author.records[2]?.recordHash });
    await bob.take("entries");
    const { head } = await bob.take("caught-up");
    bob.send(openMessage(document, 2, { seq: head.seq, chainHash: head.chainHash }));
    expect(await bob.take("opened", 2)).toMatchObject({ atCursor: head.chainHash });
    await bob.take("caught-up", 2);
    bob.send(openMessage(document, 3, { seq: 2, chainHash: head.chainHash }));
    expect((await bob.take("opened", 3)).atCursor).toBeDefined();
    bob.send(openMessage(document, 4, { seq: 4, chainHash: head.chainHash }));
    expect((await bob.take("opened", 4)).atCursor).toBeUndefined();
    // Nothing more comes on 3 and 4, not even what is new; the peer opens again.
    ana.send(appendMessage(1, author.next("four")));
    await ana.take("acked");
    await bob.take("entries", 2);
    bob.send({ type: "ping", id: 1 });
    await bob.take("pong");
    expect(bob.inbox.filter((message) => "channel" in message && message.channel >= 3)).toEqual([]);
    bob.send(openMessage(document, 3, { seq: 3, chainHash: head.chainHash }));
    await bob.take("opened", 3);
    const entries = await bob.take("entries", 3);
    expect(entries.from).toBe(4);
    expect(textOf(document, entries.entries[0] ?? expect.fail())).toBe("four");
  });

  test("SE-5 live: entries in order, the author's ack in the place of its entry", async () => {
    await suite.start();
    const ana = await suite.join();
    const { document, author } = await begin(ana, 1);
    const bob = await suite.join();
    const bobs = newAuthor(document, bob.device);
    bob.send(openMessage(document, 300));
    await bob.take("opened");
    await bob.take("caught-up");
    await bob.take("entries");
    suite.relay().store.hold();
    ana.send(appendMessage(1, author.next("a2")), { type: "ping", id: 1 });
    await ana.take("pong");
    bob.send(appendMessage(300, bobs.next("b1")), { type: "ping", id: 1 });
    await bob.take("pong");
    ana.send(appendMessage(1, author.next("a3")), { type: "ping", id: 2 });
    await ana.take("pong");
    suite.relay().store.release();
    await bob.until(() => bob.inbox.length >= 3);
    expect(bob.inbox).toMatchObject([
      { type: "entries", channel: 300, from: 2, entries: [{}] },
      { type: "acked", channel: 300, seq: 3, n: 1 },
      { type: "entries", channel: 300, from: 4, entries: [{}] },
    ]);
    await ana.until(() => ana.inbox.length >= 3);
    expect(ana.inbox).toMatchObject([
      { type: "acked", seq: 2 },
      { type: "entries", from: 3, entries: [{}] },
      { type: "acked", seq: 4 },
    ]);
  });

  test("SE-5 a fresh head comes 5 s after something new, once", async () => {
    const clock = manualClock();
    await suite.start({ clock });
    const ana = await suite.join();
    const { author } = await begin(ana, 1);
    clock.advance(limits.headEveryMs);
    expect(await ana.take("fresh-head")).toMatchObject({ head: { seq: 1 } });
    ana.send(appendMessage(1, author.next("two")));
    await ana.take("acked");
    clock.advance(limits.headEveryMs - 1);
    ana.send(appendMessage(1, author.next("three")));
    await ana.take("acked");
    expect(ana.inbox).toEqual([]);
    clock.advance(1);
    expect(await ana.take("fresh-head")).toMatchObject({ head: { seq: 3 } });
    clock.advance(3 * limits.headEveryMs);
    ana.send({ type: "ping", id: 1 });
    await ana.take("pong");
    expect(ana.inbox).toEqual([]);
  });

  test("SE-8 a connection that says nothing for 60 s is closed with 4509; a ping keeps it", async () => {
    const clock = manualClock();
    await suite.start({ clock });
    const quiet = await suite.join();
    const pinging = await suite.join();
    clock.advance(limits.relayIdleMs - 1);
    pinging.send({ type: "ping", id: 5 });
    expect(await pinging.take("pong")).toMatchObject({ id: 5 });
    expect(quiet.socket.readyState).toBe(quiet.socket.OPEN);
    clock.advance(1);
    expect(await quiet.closed()).toBe(4509);
    expect(pinging.socket.readyState).toBe(pinging.socket.OPEN);
  });

  test("SE-7 a stopping relay says goodbye and closes with 4501, after what is under way", async () => {
    const relay = await suite.start();
    const ana = await suite.join();
    const { author } = await begin(ana, 1);
    relay.store.hold();
    ana.send(appendMessage(1, author.next("two")), { type: "ping", id: 1 });
    await ana.take("pong");
    const closing = relay.server.close();
    expect((await ana.take("goodbye")).retryAfterMs).toBeGreaterThan(0);
    expect(await ana.closed()).toBe(4501);
    relay.store.release();
    await closing;
    expect(relay.store.batches.flat().map(({ seq }) => seq)).toEqual([1, 2]);
    await expect(connectRaw(relay.url).then((client) => client.closed())).resolves.toBe(1006);
  });

  test("PS-4 presence goes to everyone else at once, and ends when its connection leaves", async () => {
    await suite.start();
    const ana = await suite.join();
    const { document } = await begin(ana, 1);
    const bob = await suite.join();
    bob.send(openMessage(document, 200));
    await bob.take("caught-up");
    suite.relay().store.hold();
    const envelope = presenceOf(document, ana.device, "here");
    ana.send({ type: "presence", channel: 1, envelope });
    expect(await bob.take("relayed-presence", 200)).toMatchObject({ connectionId: ana.connectionId(), envelope });
    ana.send({ type: "ping", id: 1 });
    await ana.take("pong");
    expect(ana.inbox).toEqual([]);
    ana.send({ type: "close", channel: 1 });
    expect(await bob.take("left", 200)).toMatchObject({ connectionId: ana.connectionId() });
    bob.send({ type: "presence", channel: 200, envelope: presenceOf(document, bob.device, "also") });
    const eve = await suite.join();
    eve.send(openMessage(document, 1));
    await eve.take("caught-up");
    bob.send({ type: "presence", channel: 200, envelope: presenceOf(document, bob.device, "again") });
    await eve.take("relayed-presence");
    await bob.close();
    expect(await eve.take("left", 1)).toMatchObject({ connectionId: bob.connectionId() });
  });

  test("PS-1 presence in another's name, for another document, or malformed closes with 4400", async () => {
    await suite.start();
    const document = newDocument();
    for (const envelope of [presenceOf(document, generateDevice(random), "not me"), "other document", new Uint8Array(40)]) {
      const ana = await suite.join();
      ana.send(openMessage(document, 1));
      await ana.take("caught-up");
      ana.send({
        type: "presence",
        channel: 1,
        envelope: typeof envelope === "string" ? presenceOf(newDocument(), ana.device, envelope) : envelope,
      });
      expect(await ana.closed()).toBe(4400);
    }
  });

  test("PR-5 what one socket gets in one turn is one frame", async () => {
    await suite.start();
    const ana = await suite.join();
    const { document, author } = await begin(ana, 1);
    const bob = await suite.join();
    bob.send(openMessage(document, 1));
    await bob.take("caught-up");
    await bob.take("entries");
    bob.frames.length = 0;
    ana.frames.length = 0;
    ana.send(...Array.from({ length: 500 }, (_, index) => appendMessage(1, author.next(`${index}`))));
    for (let count = 0; count < 500; count++) await ana.take("acked");
    await bob.until(() => bob.inbox.reduce((sum, message) => sum + (message.type === "entries" ? message.entries.length : 0), 0) === 500);
    expect(bob.frames).toHaveLength(1);
    expect(ana.frames).toEqual([500]);
  });

  test.each([
    ["empty frame", new Uint8Array(0)],
    ["truncated frame", new Uint8Array([200, 1, 7])],
    ["unknown tag", encodeFrame([new Uint8Array([99])])],
    ["trailing bytes", encodeFrame([new Uint8Array([...encodeUp({ type: "ping", id: 1 }), 0])])],
    ["a relay's message", encodeFrame([new Uint8Array([77, 1])])],
    ["a record over the protocol's limit", encodeFrame([new Uint8Array([3, 1, 0x81, 0x80, 0x28])])],
  ])("PR-3 %s closes with 4400", async (_name, bytes) => {
    await suite.start();
    const client = await suite.join();
    client.sendBytes(bytes);
    expect(await client.closed()).toBe(4400);
  });

  test("PR-5 text frames close with 4400", async () => {
    await suite.start();
    const client = await suite.join();
    client.socket.send("hello");
    expect(await client.closed()).toBe(4400);
  });
});
