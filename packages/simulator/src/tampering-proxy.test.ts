import { ready, recordHashOf, verifyHead } from "@skerry/crypto/verify";
import { bytesEqual, decodeRecord, encodeDown, encodeFrame, framedBytes, limits } from "@skerry/protocol";
import type { DeviceId, DocId, ReplicaId } from "@skerry/protocol";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { createForgery, edits } from "./forgery.ts";
import type { Edit, ForgeryOptions } from "./forgery.ts";
import { until } from "./proxy/net.test-support.ts";
import {
  alterHead,
  byDevice,
  dropEntry,
  flipRecordBit,
  forgeAcks,
  only,
  replayEntry,
  rollBack,
  spliceEntry,
  swapEntries,
} from "./tamperers.ts";
import { packFrames } from "./tamper.ts";
import type { Tamper } from "./tamper.ts";
import { startTamperingProxy } from "./tampering-proxy.ts";
import type { TamperingProxy } from "./tampering-proxy.ts";
import { caughtUp, createAuthor, newDocId, newPrng, startTinyPeer, startTinyRelay } from "./tiny-relay.test-support.ts";
import type { Finding, TinyPeer, TinyPeerOptions, TinyRelay } from "./tiny-relay.test-support.ts";

beforeAll(() => ready);

interface World {
  readonly relay: TinyRelay;
  readonly proxy: TamperingProxy;
  readonly docId: DocId;
  readonly foreignDocId: DocId;
  /** Records 1 to 5 of the document, which the relay has. */
  readonly records: readonly Uint8Array[];
  readonly replicaId: ReplicaId;
  /** The next record of the same author. */
  next(): Uint8Array;
  peer(options?: Partial<TinyPeerOptions>): TinyPeer;
}

const device = (byte: number): DeviceId => new Uint8Array(32).fill(byte) as DeviceId;

async function startWorld(tamper?: Tamper): Promise<World> {
  const random = newPrng();
  const relay = await startTinyRelay(random);
  const proxy = await startTamperingProxy({ upstreamPort: relay.port, ...(tamper && { tamper }) });
  onTestFinished(() => proxy.close());
  const [docId, foreignDocId] = [newDocId(random), newDocId(random)];
  const author = createAuthor(random, device(1));
  const records = Array.from({ length: 5 }, () => author.next(docId));
  for (const record of records) relay.admit(docId, record);
  relay.admit(foreignDocId, createAuthor(random, device(2)).next(foreignDocId));
  const peer = (options: Partial<TinyPeerOptions> = {}): TinyPeer => startTinyPeer(proxy.url, { docId, ...options });
  return { relay, proxy, docId, foreignDocId, records, replicaId: author.replicaId, next: () => author.next(docId), peer };
}

const same = (log: readonly Uint8Array[], expected: readonly (Uint8Array | undefined)[]): boolean =>
  log.length === expected.length && log.every((record, index) => bytesEqual(record, expected[index] ?? new Uint8Array(0)));

describe("an honest proxy", () => {
  test("hands everything through unchanged: entries, live ones, acks, path, Host and Origin", async () => {
    const world = await startWorld();
    const peer = world.peer({ origin: "https://notes.example" });
    await caughtUp(peer);
    world.relay.admit(world.docId, world.next());
    await until(() => expect(peer.log).toHaveLength(6));
    const author = createAuthor(newPrng().fork("peer"), device(3));
    peer.append(author.next(world.docId));
    await until(() => expect(peer.log).toHaveLength(7));
    expect(peer.findings).toEqual([]);
    expect(
      same(
        peer.log,
        world.relay.log(world.docId).map((entry) => entry.record),
      ),
    ).toBe(true);
    expect(world.relay.requests).toEqual([["/sync?x=1", `127.0.0.1:${world.proxy.port}`, "https://notes.example"]]);
    expect(world.proxy.stats).toMatchObject({ changedUp: 0, changedDown: 0, undecodable: 0 });
    expect(
      same(
        world.proxy.logs.entries(world.docId).map((entry) => entry.record),
        peer.log,
      ),
    ).toBe(true);
    expect(world.proxy.logs.heads(world.docId).map((head) => head.seq)).toEqual([5]);
  });

  test("hands pages through", async () => {
    const { proxy } = await startWorld();
    expect(await (await fetch(proxy.url + "/index.html")).text()).toBe("the app");
  });

  test("hands frames through that do not decode", async () => {
    const { proxy, peer } = await startWorld();
    const one = peer();
    await caughtUp(one);
    const before = proxy.stats.framesUp;
    one.socket.send(Uint8Array.of(1, 200));
    await until(() => expect(one.closed()).toBe(4400));
    expect(proxy.stats).toMatchObject({ framesUp: before + 1, undecodable: 1, changedUp: 0 });
  });

  test("passes closes on, in both directions, and ends at close", async () => {
    const { proxy, peer } = await startWorld();
    const [one, two] = [peer(), peer()];
    await Promise.all([caughtUp(one), caughtUp(two)]);
    one.socket.close(4400);
    await until(() => expect(proxy.connections()).toBe(1));
    expect(proxy.dropConnections(4501)).toBe(1);
    await until(() => expect(two.closed()).toBe(4501));
    const three = peer();
    await caughtUp(three);
    await Promise.all([proxy.close(), proxy.close()]);
    await until(() => expect(three.closed()).toBe(1006));
    expect(proxy.connections()).toBe(0);
    const late = new WebSocket(proxy.url.replace("http", "ws"));
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => late.once("error", resolve));
    expect(error.code).toBe("ECONNREFUSED");
  });

  test("PR-5 packs what a tamperer makes into frames within the limits", () => {
    const message = encodeDown({
      type: "entries",
      channel: 1,
      from: 1,
      entries: [{ receivedAtMs: 0, accessPosition: 0, record: new Uint8Array(limits.recordBytesMax) }],
    });
    expect(packFrames([message, message, message]).map((frame) => frame.length)).toEqual([1, 2, 3].map(() => framedBytes(message.length)));
    expect(packFrames(new Array(limits.frameMessagesMax + 1).fill(Uint8Array.of(0)))).toHaveLength(2);
    expect(packFrames([])).toEqual([]);
    expect(packFrames([message])[0]).toEqual(encodeFrame([message]));
  });
});

describe("cheats on messages, without the relay's key: a peer that follows the chain finds each", () => {
  const cheats: readonly (readonly [
    string,
    (world: World) => Tamper,
    readonly Finding[],
    (world: World) => readonly (Uint8Array | undefined)[] | undefined,
  ])[] = [
    ["flip a bit of the ciphertext", () => flipRecordBit(2, "ciphertext"), ["wrong-chain"], () => undefined],
    ["flip a bit of the header", () => flipRecordBit(2, "header"), ["wrong-chain"], () => undefined],
    ["flip a bit of the nonce", () => flipRecordBit(2, "nonce"), ["wrong-chain"], () => undefined],
    ["flip the version", () => flipRecordBit(2, "version"), ["undecodable", "wrong-chain"], () => undefined],
    ["drop an entry, leaving a gap", () => dropEntry(2, "gap"), ["gap", "gap", "gap", "wrong-chain"], ({ records }) => [records[0]]],
    [
      "drop an entry, numbered densely",
      () => dropEntry(2, "dense"),
      ["wrong-chain"],
      ({ records }) => records.filter((_, index) => index !== 1),
    ],
    ["swap two entries", () => swapEntries(2), ["wrong-chain"], ({ records: [a, b, c, d, e] }) => [a, c, b, d, e]],
    ["replay an entry in the place of another", () => replayEntry(1, 3), ["wrong-chain"], ({ records: [a, b, , d, e] }) => [a, b, a, d, e]],
    ["alter the sequence of a head", () => alterHead("seq"), ["bad-head-signature"], ({ records }) => records],
    ["alter the chain hash of a head", () => alterHead("chainHash"), ["bad-head-signature"], ({ records }) => records],
    ["alter the time of a head", () => alterHead("timeMs"), ["bad-head-signature"], ({ records }) => records],
    ["alter the signature of a head", () => alterHead("signature"), ["bad-head-signature"], ({ records }) => records],
  ];
  test.each(cheats)("%s", async (_, cheat, findings, expected) => {
    const world = await startWorld();
    world.proxy.setTamper(only(world.docId, cheat(world)));
    const peer = world.peer();
    await caughtUp(peer);
    expect(peer.findings).toEqual(findings);
    const shown = expected(world);
    if (shown !== undefined) expect(same(peer.log, shown)).toBe(true);
    expect(world.proxy.stats.changedDown).toBeGreaterThan(0);
  });

  test("splice an entry of another document", async () => {
    const world = await startWorld();
    await caughtUp(world.peer({ docId: world.foreignDocId }));
    world.proxy.setTamper(spliceEntry(world.foreignDocId, 1, 3));
    const peer = world.peer();
    await caughtUp(peer);
    expect(peer.findings).toEqual(["wrong-chain"]);
    const spliced = decodeRecord(peer.log[2] ?? new Uint8Array(0));
    expect(spliced.ok && spliced.value.header.docId).toEqual(world.foreignDocId);
  });

  test("a live swap waits for the second entry", async () => {
    const world = await startWorld(swapEntries(6));
    const peer = world.peer();
    await caughtUp(peer);
    const [sixth, seventh, eighth] = [world.next(), world.next(), world.next()];
    world.relay.admit(world.docId, sixth);
    world.relay.admit(world.docId, seventh);
    world.relay.admit(world.docId, eighth);
    await until(() => expect(peer.log).toHaveLength(8));
    expect(same(peer.log.slice(5), [seventh, sixth, eighth])).toBe(true);
    expect(peer.findings).toEqual([]);
  });

  test("while the first of two that are to be swapped is held, nothing that came after it passes", async () => {
    const world = await startWorld(swapEntries(5));
    const peer = world.peer();
    await until(() => expect(peer.log).toHaveLength(4));
    // The relay said all at once, so `caught-up` is at the proxy when its `entries` are through.
    await until(() => expect(world.proxy.logs.heads(world.docId)).toHaveLength(1));
    world.relay.admit(world.docId, world.next());
    await caughtUp(peer);
    expect(peer.messages.slice(-3).map((message) => message.type)).toEqual(["entries", "entries", "caught-up"]);
    expect(peer.log).toHaveLength(6);
  });

  test("a live swap with the peer's own record next gives up and loses nothing", async () => {
    const world = await startWorld(swapEntries(6));
    const peer = world.peer();
    await caughtUp(peer);
    world.relay.admit(world.docId, world.next());
    peer.append(createAuthor(newPrng().fork("peer"), device(3)).next(world.docId));
    await until(() => expect(peer.log).toHaveLength(7));
    expect(peer.findings).toEqual([]);
  });

  test("a live connection is tampered with from the next message on, other documents are not", async () => {
    const world = await startWorld();
    const [peer, other] = [world.peer(), world.peer({ docId: world.foreignDocId })];
    await Promise.all([caughtUp(peer), caughtUp(other)]);
    world.proxy.setTamper(only(world.docId, dropEntry(6, "gap")));
    for (let count = 0; count < 7; count++)
      world.relay.admit(world.foreignDocId, createAuthor(newPrng().fork(`${count}`), device(2)).next(world.foreignDocId));
    world.relay.admit(world.docId, world.next());
    world.relay.admit(world.docId, world.next());
    await until(() => expect(peer.findings).toEqual(["gap"]));
    await until(() => expect(other.log).toHaveLength(8));
    expect(other.findings).toEqual([]);
  });

  test("forged acks: nothing reaches the relay, and its next signed head shows it", async () => {
    const world = await startWorld(forgeAcks);
    const peer = world.peer();
    await caughtUp(peer);
    const author = createAuthor(newPrng().fork("peer"), device(3));
    peer.append(author.next(world.docId));
    peer.append(author.next(world.docId));
    await until(() => expect(peer.log).toHaveLength(7));
    expect(peer.findings).toEqual([]);
    expect(world.relay.log(world.docId)).toHaveLength(5);
    const again = world.peer({ from: peer });
    await until(() => expect(again.findings).toEqual(["relay-has-less"]));
  });

  test("rolled back to a state that the relay really signed", async () => {
    const world = await startWorld();
    const before = world.peer();
    await caughtUp(before);
    world.relay.admit(world.docId, world.next());
    world.relay.admit(world.docId, world.next());
    await until(() => expect(before.log).toHaveLength(7));
    world.proxy.setTamper(rollBack(5));
    const newcomer = world.peer({ replicaId: world.replicaId });
    await caughtUp(newcomer);
    expect(newcomer.findings).toEqual([]);
    expect(same(newcomer.log, world.records)).toBe(true);
    const last = decodeRecord(world.records[4] ?? new Uint8Array(0));
    if (!last.ok) throw new Error("a bad record");
    const tailHash = recordHashOf(last.value.hashedBytes);
    expect(newcomer.messages.find((message) => message.type === "opened")).toMatchObject({ head: { seq: 5 }, tailN: 5, tailHash });
    const returning = world.peer({ from: before });
    await until(() => expect(returning.findings).toEqual(["relay-has-less"]));
    const opened = returning.messages.find((message) => message.type === "opened");
    expect(opened?.type === "opened" && opened.atCursor).toBe(undefined);
    world.relay.admit(world.docId, world.next());
    await until(() => expect(world.relay.log(world.docId)).toHaveLength(8));
    expect(newcomer.log).toHaveLength(5);
  });
});

describe("forgeries, with the relay's key: dense, chained, signed, and without a finding in themselves", () => {
  const forge = async (options: Partial<ForgeryOptions>): Promise<World & { readonly forgery: ReturnType<typeof createForgery> }> => {
    const world = await startWorld();
    const forgery = createForgery({ identity: world.relay.identity, ...options });
    world.proxy.setTamper(forgery.tamper);
    return { ...world, forgery };
  };
  const foreign = createAuthor(newPrng().fork("foreign"), device(9)).next(newDocId(newPrng().fork("foreign")));
  const cases: readonly (readonly [string, Edit, (records: readonly Uint8Array[]) => readonly (Uint8Array | undefined)[]])[] = [
    ["no cheat", edits.none, (records) => records],
    ["drop", edits.drop(2), ([a, , c, d, e]) => [a, c, d, e]],
    ["swap", edits.swap(2), ([a, b, c, d, e]) => [a, c, b, d, e]],
    ["replay", edits.replay(1, 3), ([a, b, c, d, e]) => [a, b, c, a, d, e]],
    ["splice", edits.splice({ receivedAtMs: 1, accessPosition: 0, record: foreign }, 3), ([a, b, c, d, e]) => [a, b, c, foreign, d, e]],
    ["freeze", edits.freeze(3), ([a, b, c]) => [a, b, c]],
    ["roll back and go on", edits.rollBack(2, 4), ([a, b, , , e]) => [a, b, e]],
  ];
  test.each(cases)("%s, caught up and live", async (name, edit, expected) => {
    const { peer, relay, docId, records, next, proxy, forgery } = await forge({ edit });
    const one = peer();
    await caughtUp(one);
    expect(same(one.log, expected(records))).toBe(true);
    const late = next();
    relay.admit(docId, late);
    const shown = name === "freeze" ? expected(records) : [...expected(records), late];
    await until(() => expect(proxy.logs.entries(docId)).toHaveLength(6));
    await until(() => expect(one.log).toHaveLength(shown.length));
    const newcomer = peer();
    await caughtUp(newcomer);
    for (const seen of [one.log, newcomer.log, forgery.shown(docId).map((entry) => entry.record)]) expect(same(seen, shown)).toBe(true);
    expect([...one.findings, ...newcomer.findings]).toEqual([]);
    const returning = peer({ from: one });
    await caughtUp(returning);
    expect(returning.findings).toEqual([]);
    expect(proxy.stats.changedDown).toBeGreaterThan(0);
  });

  test("a flipped bit in a signature, which no chain covers", async () => {
    const { peer, records } = await forge({ edit: edits.flipRecordBit(2, "signature") });
    const one = peer();
    await caughtUp(one);
    expect(one.findings).toEqual([]);
    expect(one.log).toHaveLength(5);
    expect(same(one.log, records)).toBe(false);
  });

  test("own records are acked under their number in the false log", async () => {
    const { peer, docId, relay } = await forge({ edit: edits.drop(2) });
    const [author, reader] = [peer(), peer()];
    await Promise.all([caughtUp(author), caughtUp(reader)]);
    author.append(createAuthor(newPrng().fork("peer"), device(3)).next(docId));
    await until(() => expect([author.log.length, reader.log.length]).toEqual([5, 5]));
    expect(author.messages.at(-1)).toMatchObject({ type: "acked", seq: 5 });
    expect(relay.log(docId)).toHaveLength(6);
    expect([...author.findings, ...reader.findings]).toEqual([]);
    expect(same(author.log, reader.log)).toBe(true);
  });

  test("swallowed appends are acked, numbered, kept in the false log and never sent on", async () => {
    const { peer, docId, relay, next } = await forge({ swallowAppends: true });
    const one = peer();
    await caughtUp(one);
    one.append(createAuthor(newPrng().fork("peer"), device(3)).next(docId));
    await until(() => expect(one.log).toHaveLength(6));
    relay.admit(docId, next());
    await until(() => expect(one.log).toHaveLength(7));
    const newcomer = peer();
    await caughtUp(newcomer);
    expect(newcomer.log).toHaveLength(7);
    expect(same(newcomer.log, one.log)).toBe(true);
    expect([...one.findings, ...newcomer.findings]).toEqual([]);
    expect(relay.log(docId)).toHaveLength(6);
  });

  test("a fork: two devices see different entries at one number, each under a valid signed head", async () => {
    const world = await startWorld();
    const { identity } = world.relay;
    const [left, right] = [createForgery({ identity }), createForgery({ identity, edit: edits.swap(3) })];
    world.proxy.setTamper(byDevice((deviceId) => (bytesEqual(deviceId, device(1)) ? left : right).tamper));
    const [one, two] = [world.peer({ deviceId: device(1) }), world.peer({ deviceId: device(2) })];
    await Promise.all([caughtUp(one), caughtUp(two)]);
    expect([...one.findings, ...two.findings]).toEqual([]);
    const heads = [one, two].map((peer) => peer.messages.find((message) => message.type === "caught-up")?.head);
    const [a, b] = heads;
    if (a === undefined || b === undefined) throw new Error("no heads");
    expect([verifyHead(a), verifyHead(b), a.seq === b.seq, bytesEqual(a.chainHash, b.chainHash)]).toEqual([true, true, true, false]);
  });

  test("a peer that knew another past is told so, and no more, as by an honest relay that lost it", async () => {
    const { peer, forgery, proxy } = await forge({});
    const before = peer();
    await caughtUp(before);
    forgery.setEdit(edits.freeze(3));
    proxy.dropConnections();
    await until(() => expect(before.closed()).toBe(4501));
    const shorter = peer({ from: before });
    await until(() => expect(shorter.findings).toEqual(["relay-has-less"]));
    forgery.setEdit(edits.swap(2));
    const other = peer({ from: before });
    await until(() => expect(other.findings).toEqual(["wrong-chain"]));
    expect([shorter, other].map((seen) => seen.messages.at(-1)?.type)).toEqual(["opened", "opened"]);
  });
});
