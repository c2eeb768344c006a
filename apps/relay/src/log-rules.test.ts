import { afterEach, describe, expect, test } from "vitest";
import { logStart, nextChainHash, verifyHead } from "@skerry/crypto/verify";
import { emptyHead } from "@skerry/protocol";
import type { Head } from "@skerry/protocol";
import { appendMessage, begin, connect, newAuthor, newDocument, openMessage, textOf } from "./relay.test-client.ts";
import type { TestClient, TestDocument } from "./relay.test-client.ts";
import { faultyStore, manualClock, startTestRelay } from "./relay.test-server.ts";
import type { TestRelay } from "./relay.test-server.ts";
import { createMemoryDisk, openMemoryLogStore } from "./storage/memory-log-store.ts";

let relay: TestRelay;
const clients: TestClient[] = [];
const start = async (options?: Parameters<typeof startTestRelay>[0]): Promise<void> => {
  relay = await startTestRelay(options);
};
const join = async (device?: TestClient["device"]): Promise<TestClient> => {
  const client = await connect(relay.url, {}, device);
  clients.push(client);
  return client;
};
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await relay.close();
});

/** Reads until `count` entries came on a channel; their texts in order. */
async function readTexts(client: TestClient, channel: number, document: TestDocument, count: number): Promise<string[]> {
  const texts: string[] = [];
  let next = 1;
  while (texts.length < count) {
    const message = await client.take("entries", channel);
    expect(message.from).toBe(next);
    for (const entry of message.entries) texts.push(textOf(document, entry));
    next += message.entries.length;
  }
  return texts;
}

describe("log", () => {
  test("LG-1 heads follow the chain that the entries give", async () => {
    await start();
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    ana.send(appendMessage(1, author.next("two")), appendMessage(1, author.next("three")));
    await ana.take("acked");
    await ana.take("acked");
    const bob = await join();
    bob.send(openMessage(document, 7));
    const opened = await bob.take("opened", 7);
    expect(opened.tailN).toBe(0);
    const caughtUp = await bob.take("caught-up", 7);
    let chain = logStart(document.docId);
    for (const record of author.records) chain = nextChainHash(chain, record.recordHash, 0);
    expect(caughtUp.head.seq).toBe(3);
    expect([...caughtUp.head.chainHash]).toEqual([...chain]);
    expect([...opened.head.chainHash]).toEqual([...chain]);
    expect(verifyHead(caughtUp.head)).toBe(true);
    expect([...caughtUp.head.relayKey]).toEqual([...bob.relayKey()]);
    expect(await readTexts(bob, 7, document, 3)).toEqual(["genesis", "two", "three"]);
  });

  test("LG-2 the same record again gets its old seq, while under way, once durable, and on another connection", async () => {
    await start();
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    relay.store.hold();
    const record = author.next("two");
    ana.send(appendMessage(1, record), appendMessage(1, record));
    const again = await join(ana.device);
    again.send(openMessage(document, 3, emptyHead, author.replicaId));
    // What is only under way is no tail yet.
    expect((await again.take("opened", 3)).tailN).toBe(1);
    await again.take("caught-up", 3);
    again.send(appendMessage(3, record), { type: "ping", id: 1 });
    await again.take("pong");
    relay.store.release();
    expect((await ana.take("acked")).seq).toBe(2);
    expect((await again.take("acked")).seq).toBe(2);
    again.send(appendMessage(3, record));
    expect(await again.take("acked")).toMatchObject({ seq: 2, n: 2 });
    ana.send(appendMessage(1, author.next("three")));
    expect((await ana.take("acked")).seq).toBe(3);
    expect(relay.store.batches.flat().map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test("LG-2 another record with the same number is a fork, a later one a gap, each answered with the tail", async () => {
    await start();
    const ana = await join();
    const { author } = await begin(ana, 1);
    const second = author.next("two");
    ana.send(appendMessage(1, second));
    await ana.take("acked");
    const fork = author.next("two again", { n: 2 });
    ana.send(appendMessage(1, fork));
    expect(await ana.take("refused")).toMatchObject({ code: "chain-fork", n: 2, tailN: 2, tailHash: second.recordHash });
    ana.send(appendMessage(1, author.next("four", { n: 4 })));
    expect(await ana.take("refused")).toMatchObject({ code: "chain-gap", n: 4, tailN: 2, tailHash: second.recordHash });
    ana.send(appendMessage(1, author.next("three on another", { n: 3, prev: fork.recordHash })));
    expect(await ana.take("refused")).toMatchObject({ code: "chain-fork", n: 3, tailN: 2 });
  });

  test("LG-2 a fork of a record under way is refused", async () => {
    await start();
    const ana = await join();
    const { author } = await begin(ana, 1);
    relay.store.hold();
    ana.send(appendMessage(1, author.next("two")), appendMessage(1, author.next("two again", { n: 2 })));
    expect(await ana.take("refused")).toMatchObject({ code: "chain-fork", n: 2, tailN: 1 });
    relay.store.release();
    expect((await ana.take("acked")).seq).toBe(2);
  });

  test("LG-2 appends may be pipelined", async () => {
    await start();
    const ana = await join();
    const { author } = await begin(ana, 1);
    const records = Array.from({ length: 300 }, (_, index) => author.next(`line ${index}`));
    ana.send(...records.map((record) => appendMessage(1, record)));
    for (let index = 0; index < 300; index++) expect((await ana.take("acked")).seq).toBe(index + 2);
  });

  test("LG-2 a replica belongs to the device of its first record, also after the relay forgot it", async () => {
    await start();
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    await ana.close();
    const eve = await join();
    const stolen = newAuthor(document, eve.device);
    const record = { ...stolen, replicaId: author.replicaId };
    eve.send(openMessage(document, 1, emptyHead, author.replicaId));
    await eve.take("caught-up");
    // Eve knows the hash of Ana's last record, for the relay gives it to everyone.
    const { sealRecord, documentKey } = await import("@skerry/crypto");
    const { random } = await import("./relay.test-client.ts");
    const forged = sealRecord({
      header: {
        kind: "update",
        docId: document.docId,
        epoch: 1,
        deviceId: eve.device.deviceId,
        replicaId: record.replicaId,
        n: 2,
        prev: author.records[0]?.recordHash ?? expect.fail("no genesis"),
        seen: emptyHead,
        accessPosition: 0,
      },
      body: { time: { wallMs: 1, counter: 0 }, certificate: undefined, update: new Uint8Array(3) },
      key: documentKey(document.epochKey, document.docId),
      device: eve.device,
      random,
    });
    eve.send(appendMessage(1, forged));
    expect(await eve.take("refused")).toMatchObject({ code: "wrong-device", tailN: 1 });
  });

  test("RC-7 a log begins with genesis, and has one", async () => {
    await start();
    const ana = await join();
    const document = newDocument();
    const author = newAuthor(document, ana.device);
    ana.send(openMessage(document, 1), appendMessage(1, author.next("no genesis")));
    expect(await ana.take("refused")).toMatchObject({ code: "no-genesis", n: 1, tailN: 0 });
    const genesis = newAuthor(document, ana.device);
    ana.send(appendMessage(1, genesis.next("genesis", { kind: "genesis" })));
    expect((await ana.take("acked")).seq).toBe(1);
    const other = newAuthor(document, ana.device);
    ana.send(appendMessage(1, other.next("second genesis", { kind: "genesis" })));
    expect(await ana.take("refused")).toMatchObject({ code: "has-genesis", n: 1 });
    ana.send(appendMessage(1, genesis.next("late genesis", { kind: "genesis" })));
    expect(await ana.take("refused")).toMatchObject({ code: "has-genesis", n: 2, tailN: 1 });
  });

  test("RC-8 a record that has seen what the log does not have is refused", async () => {
    await start();
    const ana = await join();
    const { author } = await begin(ana, 1);
    const head = (seq: number): Head => ({ ...emptyHead, seq });
    ana.send(appendMessage(1, author.next("ahead", { seen: head(2) })));
    expect(await ana.take("refused")).toMatchObject({ code: "chain-gap", n: 2, tailN: 1 });
    author.records.pop();
    ana.send(appendMessage(1, author.next("in time", { seen: head(1) })));
    expect((await ana.take("acked")).seq).toBe(2);
  });

  test("LG-3 nothing is acknowledged or fanned out before the store has it", async () => {
    await start();
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    const bob = await join();
    bob.send(openMessage(document, 1));
    await bob.take("caught-up");
    await bob.take("entries");
    relay.store.hold();
    ana.send(appendMessage(1, author.next("two")), { type: "ping", id: 1 });
    await ana.take("pong");
    bob.send({ type: "ping", id: 2 });
    await bob.take("pong");
    expect(ana.inbox.filter(({ type }) => type === "acked")).toEqual([]);
    expect(bob.inbox.filter(({ type }) => type === "entries")).toEqual([]);
    relay.store.release();
    expect((await ana.take("acked")).seq).toBe(2);
    expect((await bob.take("entries")).from).toBe(2);
  });

  test.each([
    ["full", "storage-full", 10_000],
    ["io", "storage-failed", 2_000],
    ["closed", "storage-failed", 2_000],
    ["damaged", "damaged-log", 60_000],
  ] as const)(
    "LG-3 a write that fails (%s) refuses everything tentative and leaves the document as it was",
    async (fault, code, retryAfterMs) => {
      await start();
      const ana = await join();
      const { document, author } = await begin(ana, 1);
      relay.store.hold();
      const records = [author.next("two"), author.next("three"), author.next("four")];
      ana.send(appendMessage(1, records[0] ?? expect.fail()), { type: "ping", id: 1 });
      await ana.take("pong");
      ana.send(...records.slice(1).map((record) => appendMessage(1, record)), { type: "ping", id: 2 });
      await ana.take("pong");
      relay.store.failAppends(fault);
      relay.store.release();
      for (const n of [2, 3, 4]) expect(await ana.take("refused")).toMatchObject({ n, code, retryAfterMs, tailN: 1 });
      ana.send(...records.map((record) => appendMessage(1, record)));
      for (const seq of [2, 3, 4]) expect((await ana.take("acked")).seq).toBe(seq);
      const bob = await join();
      bob.send(openMessage(document, 1));
      expect(await readTexts(bob, 1, document, 4)).toEqual(["genesis", "two", "three", "four"]);
    },
  );

  test.each([true, false])(
    "LG-2 a write of unknown outcome is told as not stored; sent again it is there once (surfaced: %s)",
    async (surfaces) => {
      const disk = createMemoryDisk();
      const clock = manualClock();
      await start({ store: faultyStore(await openMemoryLogStore(disk)), clock });
      const ana = await join();
      const { document, author } = await begin(ana, 1);
      const bob = await join();
      bob.send(openMessage(document, 1));
      expect(await readTexts(bob, 1, document, 1)).toEqual(["genesis"]);
      disk.failNext("full", { surfaces });
      const second = author.next("two");
      ana.send(appendMessage(1, second));
      expect(await ana.take("refused")).toMatchObject({ n: 2, code: "storage-full", tailN: 1 });
      ana.send(appendMessage(1, second));
      expect(await ana.take("refused")).toMatchObject({ n: 2, code: "storage-full", tailN: 1 });
      // Ana's tail is asked for while the write is still invisible; it must not be remembered.
      ana.send(openMessage(document, 2, emptyHead, author.replicaId), { type: "ping", id: 1 });
      expect((await ana.take("opened", 2)).tailN).toBe(1);
      disk.recover();
      // Bob hears of it without anyone sending anything.
      clock.advance(2_000);
      if (surfaces) expect(textOf(document, (await bob.take("entries")).entries[0] ?? expect.fail())).toBe("two");
      ana.send(appendMessage(1, second), appendMessage(1, author.next("three")));
      expect([(await ana.take("acked")).seq, (await ana.take("acked")).seq]).toEqual([2, 3]);
      const carol = await join();
      carol.send(openMessage(document, 1));
      expect(await readTexts(carol, 1, document, 3)).toEqual(["genesis", "two", "three"]);
    },
  );

  test("LG-4 two histories are never signed: what failed to be written leaves no trace in a head", async () => {
    await start();
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    const first = author.next("lost");
    relay.store.hold();
    relay.store.failAppends("io");
    ana.send(appendMessage(1, first), { type: "ping", id: 1 });
    await ana.take("pong");
    // Neither while it is under way nor after it failed.
    ana.send(openMessage(document, 2));
    expect((await ana.take("caught-up", 2)).head).toMatchObject({
      seq: 1,
      chainHash: nextChainHash(logStart(document.docId), author.records[0]?.recordHash ?? expect.fail(), 0),
    });
    relay.store.release();
    await ana.take("refused");
    ana.send(openMessage(document, 2));
    expect((await ana.take("caught-up", 2)).head.seq).toBe(1);
    const other = newAuthor(document, ana.device);
    ana.send(appendMessage(1, other.next("kept")));
    await ana.take("acked");
    ana.send(openMessage(document, 3));
    const after = await ana.take("caught-up", 3);
    let chain = logStart(document.docId);
    for (const record of [author.records[0], other.records[0]]) chain = nextChainHash(chain, (record ?? expect.fail()).recordHash, 0);
    expect([...after.head.chainHash]).toEqual([...chain]);
  });

  test("LG-5 a damaged log closes its own channels only", async () => {
    await start();
    const ana = await join();
    const { document } = await begin(ana, 1);
    const sound = await begin(ana, 2);
    const bob = await join();
    relay.store.failReads("damaged");
    bob.send(openMessage(document, 1));
    expect(await bob.take("closed", 1)).toMatchObject({ code: "damaged-log", retryAfterMs: 60_000 });
    bob.send(openMessage(sound.document, 2), { type: "close", channel: 1 });
    await bob.take("caught-up", 2);
    expect(await bob.take("refused", 1)).toMatchObject({ code: "unknown-channel" });
  });

  test("ST-12 what a failed write left is shown also to readers who came while the store was failing, though nobody sends it again", async () => {
    const disk = createMemoryDisk();
    await start({ store: faultyStore(await openMemoryLogStore(disk)), clock: manualClock() });
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    disk.failNext("io", { surfaces: true });
    ana.send(appendMessage(1, author.next("two")));
    expect(await ana.take("refused")).toMatchObject({ code: "storage-failed" });
    // She leaves, and with her the document that knew of the failure.
    await ana.close();
    const bob = await join();
    bob.send(openMessage(document, 1));
    expect(await readTexts(bob, 1, document, 1)).toEqual(["genesis"]);
    await bob.take("caught-up");
    disk.recover();
    expect(textOf(document, (await bob.take("entries")).entries[0] ?? expect.fail())).toBe("two");
  });

  test("LG-5 a bug in one document drops that document from memory; it is read again, others and connections go on", async () => {
    await start();
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    const other = await begin(ana, 2);
    const second = author.next("two");
    relay.store.breakAppend();
    ana.send(appendMessage(1, second));
    expect(await ana.take("closed", 1)).toMatchObject({ code: "storage-failed", retryAfterMs: 2000 });
    expect(relay.lines).toContainEqual(expect.objectContaining({ level: "error", event: "document-dropped" }));
    expect(JSON.stringify(relay.lines)).not.toContain("planted");
    ana.send(appendMessage(2, other.author.next("still here")));
    expect((await ana.take("acked", 2)).seq).toBe(2);
    ana.send(openMessage(document, 1, emptyHead, author.replicaId), appendMessage(1, second));
    expect((await ana.take("opened", 1)).tailN).toBe(1);
    expect((await ana.take("acked", 1)).seq).toBe(2);
  });

  test("SE-3 while a genesis is under way, an append under another space is refused", async () => {
    await start();
    const ana = await join();
    const eve = await join();
    const document = newDocument();
    const elsewhere = { ...document, spaceId: newDocument().spaceId };
    const author = newAuthor(document, ana.device);
    const eves = newAuthor(document, eve.device);
    ana.send(openMessage(document, 1));
    eve.send(openMessage(elsewhere, 1));
    await Promise.all([ana.take("caught-up"), eve.take("caught-up")]);
    relay.store.hold();
    ana.send(appendMessage(1, author.next("genesis", { kind: "genesis" })), { type: "ping", id: 1 });
    await ana.take("pong");
    eve.send(appendMessage(1, eves.next("x")), { type: "restore", channel: 1, records: [eves.next("y").bytes] });
    expect(await eve.take("refused")).toMatchObject({ code: "not-allowed", n: 1 });
    expect(await eve.take("refused")).toMatchObject({ code: "not-allowed", n: 0 });
    relay.store.release();
    expect((await ana.take("acked")).seq).toBe(1);
    expect(await eve.take("closed")).toMatchObject({ code: "not-allowed" });
  });

  test("LG-6 restore takes records of any author, once, and checks every signature", async () => {
    await start();
    const lost = await join();
    const { document, author } = await begin(lost, 1);
    const second = author.next("two");
    lost.send(appendMessage(1, second));
    await lost.take("acked");
    const kept = author.records.map(({ bytes }) => bytes);
    await lost.close();
    await relay.close();
    await start();
    const bob = await join();
    bob.send(openMessage(document, 1, { seq: 2, chainHash: emptyHead.chainHash }));
    expect(await bob.take("opened")).toMatchObject({ atCursor: undefined, head: { seq: 0 } });
    bob.send({ type: "restore", channel: 1, records: kept });
    expect(await bob.take("restored")).toMatchObject({ admitted: 2 });
    bob.send({ type: "restore", channel: 1, records: kept });
    expect(await bob.take("restored")).toMatchObject({ admitted: 0 });
    const forged = author.next("three").bytes.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    bob.send({ type: "restore", channel: 1, records: [forged] });
    expect(await bob.take("refused")).toMatchObject({ code: "bad-signature", n: 0 });
    bob.send({ type: "restore", channel: 1, records: [author.next("five", { n: 5 }).bytes] });
    expect(await bob.take("refused")).toMatchObject({ code: "chain-gap", n: 0, tailN: 2 });
    bob.send(openMessage(document, 2));
    expect(await readTexts(bob, 2, document, 2)).toEqual(["genesis", "two"]);
  });

  test("LG-6 restored records that are under way twice are admitted once", async () => {
    await start();
    const ana = await join();
    const { document, author } = await begin(ana, 1);
    const bob = await join();
    bob.send(openMessage(document, 1));
    await bob.take("caught-up");
    const records = [author.next("two").bytes, author.next("three").bytes];
    relay.store.hold();
    ana.send({ type: "restore", channel: 1, records }, { type: "ping", id: 1 });
    bob.send({ type: "restore", channel: 1, records }, { type: "ping", id: 1 });
    await Promise.all([ana.take("pong"), bob.take("pong")]);
    relay.store.release();
    const answers = await Promise.all([ana.take("restored"), bob.take("restored")]);
    expect(answers.map(({ admitted }) => admitted).sort((a, b) => a - b)).toEqual([0, 2]);
    expect(relay.store.batches.flat().map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });
});
