/**
 * Random peers against a relay without sockets: opens, appends, resends, restores, closes, slow sockets, lost connections, failing and slow disks.
 * Peers check everything that they get, as LG-* and SE-* say.
 */
import { describe, expect, test } from "vitest";
import { generateDevice, logStart, nextChainHash, proveHello, recordHashOf, verifyHead } from "@skerry/crypto";
import type { DeviceIdentity, SealedBytes } from "@skerry/crypto";
import { bytesEqual, decodeDown, decodeFrame, decodeRecord, encodeFrame, encodeUp, protocolVersion, toText } from "@skerry/protocol";
import type { ChainHash, DownMessage, Entry, RecordHash, UpMessage } from "@skerry/protocol";
import { defaultConfig } from "./config.ts";
import type { Connection, Wire } from "./connection.ts";
import { createRelay } from "./relay.ts";
import type { Relay } from "./relay.ts";
import { newAuthor, newDocument, presenceOf, random } from "./relay.test-client.ts";
import type { Author, TestDocument } from "./relay.test-client.ts";
import { faultyStore, manualClock } from "./relay.test-server.ts";
import { createMemoryDisk, openMemoryLogStore } from "./storage/memory-log-store.ts";
import { createTag } from "./system.ts";

type Pick = (below: number) => number;

/** mulberry32: small, and the same everywhere. */
function picker(seed: number): Pick {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const turns = async (count: number): Promise<void> => {
  for (let index = 0; index < count; index++) await turn();
};

/** One document as one peer has verified it. */
interface Copy {
  readonly document: TestDocument;
  readonly author: Author;
  readonly entries: { readonly hash: RecordHash; readonly chainHash: ChainHash; readonly bytes: Uint8Array }[];
  /** Own records that the relay said it has, by number. */
  readonly acked: Map<number, number>;
  /** Own records that it is known to have; sending goes on after it. */
  sent: number;
  channel: number | undefined;
  ready: boolean;
}

interface Peer {
  readonly device: DeviceIdentity;
  readonly copies: readonly Copy[];
  connection: Connection | undefined;
  buffered: number;
  callbacks: (() => void)[];
  nextChannel: number;
  slow: boolean;
  greeted: boolean;
}

function verifyEntry(copy: Copy, seq: number, hash: RecordHash, accessPosition: number, bytes: Uint8Array): void {
  const known = copy.entries[seq - 1];
  if (known !== undefined) {
    expect(bytesEqual(known.hash, hash), `entry ${seq} changed`).toBe(true);
    return;
  }
  expect(seq, "entries come without gaps").toBe(copy.entries.length + 1);
  const before = copy.entries.at(-1)?.chainHash ?? logStart(copy.document.docId);
  copy.entries.push({ hash, chainHash: nextChainHash(before, hash, accessPosition), bytes: bytes.slice() });
}

function takeEntry(copy: Copy, seq: number, entry: Entry): void {
  const record = decodeRecord(entry.record);
  if (!record.ok) throw new Error("bad record");
  verifyEntry(copy, seq, recordHashOf(record.value.hashedBytes), entry.accessPosition, entry.record);
}

function onMessage(peer: Peer, message: DownMessage, relay: Relay, say: (...messages: UpMessage[]) => void): void {
  if (message.type === "challenge") {
    const clientNonce = random.bytes(32);
    const proof = proveHello(peer.device, relay.relayKey, message.nonce, clientNonce);
    return say({ type: "hello", version: protocolVersion, deviceId: peer.device.deviceId, clientNonce, proof });
  }
  if (message.type === "welcome") peer.greeted = true;
  if (!("channel" in message)) return;
  const copy = peer.copies.find(({ channel }) => channel === message.channel);
  if (copy === undefined) return;
  switch (message.type) {
    case "opened":
      expect(message.atCursor, "nothing that was durable is lost").toBeDefined();
      copy.sent = message.tailN;
      copy.ready = true;
      return;
    case "entries":
      return message.entries.forEach((entry, index) => takeEntry(copy, message.from + index, entry));
    case "acked": {
      const record = copy.author.records[message.n - 1] as SealedBytes;
      const before = copy.acked.get(message.n);
      if (before !== undefined) expect(message.seq, "exactly once").toBe(before);
      copy.acked.set(message.n, message.seq);
      if (message.seq <= copy.entries.length + 1) verifyEntry(copy, message.seq, record.recordHash, message.accessPosition, record.bytes);
      return;
    }
    case "caught-up":
    case "fresh-head":
      expect(verifyHead(message.head)).toBe(true);
      expect(message.head.seq).toBe(copy.entries.length);
      expect(toText(message.head.chainHash)).toBe(toText(copy.entries.at(-1)?.chainHash ?? logStart(copy.document.docId)));
      return;
    case "refused":
      expect(["chain-gap", "storage-full", "storage-failed", "no-genesis", "unknown-channel"]).toContain(message.code);
      copy.sent = Math.min(copy.sent, message.tailN);
      return;
    case "closed":
      copy.channel = undefined;
      copy.ready = false;
      return;
    default:
      return;
  }
}

async function simulate(seed: number, steps: number): Promise<{ readonly entries: number; readonly acked: number }> {
  const pick = picker(seed);
  const disk = createMemoryDisk();
  const store = faultyStore(await openMemoryLogStore(disk));
  const clock = manualClock();
  const errors: string[] = [];
  // Small, so that channels fall behind all the time.
  const config = defaultConfig({
    socketBufferBytes: 1500,
    appendsBurst: 1e9,
    messagesBurst: 1e9,
    bytesPerSecond: 1e9,
    presencePerSecond: 1e9,
    idleMs: 1e9,
    slowReaderMs: 1e9,
  });
  const relay = await createRelay({
    config,
    store,
    clock,
    random,
    log: (level, event, fields) => {
      if (event !== "store-failed" && level === "error") errors.push(`${event} ${JSON.stringify(fields)}`);
    },
    tag: createTag(),
    endOfTurn: (run) => void setImmediate(run),
  });
  const documents = [newDocument(), newDocument()];
  const peers = [0, 1, 2].map((): Peer => {
    const device = generateDevice(random);
    const copies = documents.map((document): Copy => ({
      document,
      author: newAuthor(document, device),
      entries: [],
      acked: new Map(),
      sent: 0,
      channel: undefined,
      ready: false,
    }));
    return { device, copies, connection: undefined, buffered: 0, callbacks: [], nextChannel: 0, slow: false, greeted: false };
  });

  const failure: { error: unknown } = { error: undefined };
  const drain = (peer: Peer): void => {
    const callbacks = peer.callbacks;
    peer.callbacks = [];
    peer.buffered = 0;
    for (const callback of callbacks) callback();
  };
  const drop = (peer: Peer): void => {
    peer.connection?.gone();
    peer.connection = undefined;
    peer.greeted = false;
    peer.callbacks = [];
    peer.buffered = 0;
    for (const copy of peer.copies) {
      copy.channel = undefined;
      copy.ready = false;
    }
  };
  const say = (peer: Peer, ...messages: UpMessage[]): void => peer.connection?.receive(encodeFrame(messages.map(encodeUp)));
  const dial = (peer: Peer): void => {
    let alive = true;
    const wire: Wire = {
      send: (frame, sent) => {
        if (!alive) return;
        peer.buffered += frame.length;
        peer.callbacks.push(sent);
        const messages = decodeFrame(frame);
        if (!messages.ok) throw new Error("bad frame");
        setImmediate(() => {
          try {
            for (const bytes of messages.value) {
              const message = decodeDown(bytes);
              if (!message.ok) throw new Error("bad message");
              if (alive && peer.connection === connection) onMessage(peer, message.value, relay, (...answers) => say(peer, ...answers));
            }
          } catch (error) {
            failure.error ??= error;
          }
          if (!peer.slow && alive) drain(peer);
        });
      },
      bufferedBytes: () => peer.buffered,
      pause: () => undefined,
      resume: () => undefined,
      close: (code) => {
        alive = false;
        if (code !== 4501) failure.error ??= new Error(`closed with ${code}`);
      },
    };
    const connection = relay.accept(wire, 0);
    peer.connection = connection;
  };
  const open = (peer: Peer, copy: Copy): void => {
    copy.channel = peer.nextChannel++ & 0xffff;
    copy.ready = false;
    const last = copy.entries.at(-1);
    const cursor = { seq: copy.entries.length, chainHash: last?.chainHash ?? (new Uint8Array(32) as ChainHash) };
    say(peer, {
      type: "open",
      channel: copy.channel,
      spaceId: copy.document.spaceId,
      docId: copy.document.docId,
      cursor,
      replicaId: copy.author.replicaId,
    });
  };
  const append = (peer: Peer, copy: Copy, more: boolean): void => {
    if (copy.channel === undefined || !copy.ready) return;
    // Only one peer begins a log; the others wait until they see it.
    if (copy.entries.length === 0 && (peer !== peers[0] || copy.author.records.length > 0) && more) more = false;
    if (more)
      copy.author.next(
        `${pick(1e6)}`.repeat(1 + pick(60)),
        copy.author.records.length === 0 && copy.entries.length === 0 ? { kind: "genesis" } : {},
      );
    for (const record of copy.author.records.slice(copy.sent)) say(peer, { type: "append", channel: copy.channel, record: record.bytes });
    copy.sent = copy.author.records.length;
  };

  for (let index = 0; index < steps && failure.error === undefined; index++) {
    const peer = peers[pick(3)] as Peer;
    const copy = peer.copies[pick(2)] as Copy;
    const action = pick(100);
    if (peer.connection === undefined) dial(peer);
    else if (!peer.greeted) drain(peer);
    else if (copy.channel === undefined) open(peer, copy);
    else if (action < 50) append(peer, copy, true);
    else if (action < 56) copy.sent = pick(copy.author.records.length + 1);
    else if (action < 60 && copy.ready)
      say(peer, { type: "restore", channel: copy.channel, records: copy.entries.slice(-pick(20)).map(({ bytes }) => bytes) });
    else if (action < 66) say(peer, { type: "presence", channel: copy.channel, envelope: presenceOf(copy.document, peer.device, "x") });
    else if (action < 69) {
      say(peer, { type: "close", channel: copy.channel });
      copy.channel = undefined;
      copy.ready = false;
    } else if (action < 72) drop(peer);
    else if (action < 76) peer.slow = true;
    else if (action < 82) {
      peer.slow = false;
      drain(peer);
    } else if (action < 85) store.hold();
    else if (action < 90) store.release();
    else if (action < 92) disk.failNext(pick(2) === 0 ? "full" : "io", { surfaces: pick(2) === 0 });
    else if (action < 96) disk.recover();
    else clock.advance(pick(6000));
    if (pick(3) === 0) await turns(1 + pick(4));
  }

  // All heal: everything that was made arrives everywhere.
  disk.recover();
  store.release();
  for (const peer of peers) peer.slow = false;
  for (let round = 0; round < 12 && failure.error === undefined; round++) {
    // A failure that was ordered may strike only now.
    disk.recover();
    for (const peer of peers) {
      if (peer.connection === undefined) dial(peer);
      drain(peer);
    }
    await turns(10);
    for (const peer of peers)
      for (const copy of peer.copies) if (peer.greeted && (copy.channel === undefined || round === 1)) open(peer, copy);
    await turns(20);
    for (const peer of peers) for (const copy of peer.copies) append(peer, copy, false);
    await turns(30);
    clock.advance(3000);
  }
  if (failure.error !== undefined) throw failure.error;
  expect(errors).toEqual([]);
  let entries = 0;
  let acked = 0;
  for (const [which, document] of documents.entries()) {
    const logs = peers.map((peer) => (peer.copies[which] as Copy).entries.map(({ hash }) => toText(hash)));
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[2]).toEqual(logs[0]);
    expect((await store.info(document.docId))?.head.seq ?? 0).toBe(logs[0]?.length);
    entries += logs[0]?.length ?? 0;
    for (const peer of peers) {
      const copy = peer.copies[which] as Copy;
      for (const [n, seq] of copy.acked) expect(logs[0]?.[seq - 1]).toBe(toText((copy.author.records[n - 1] as SealedBytes).recordHash));
      for (const { recordHash } of copy.author.records) expect(logs[0]?.filter((hash) => hash === toText(recordHash))).toHaveLength(1);
      acked += copy.acked.size;
    }
  }
  for (const peer of peers) drop(peer);
  await relay.stop(0);
  await store.close();
  return { entries, acked };
}

describe("random peers", { timeout: 60_000 }, () => {
  const first = Number(process.env["SKERRY_SEED"] ?? 1);
  const count = process.env["SKERRY_SEED"] === undefined ? 20 : 1;
  test.each(Array.from({ length: count }, (_, index) => first + index))(
    "LG-2 LG-3 SE-5 seed %i: nothing acknowledged is lost, nothing is there twice, all see the same",
    async (seed) => {
      const { entries, acked } = await simulate(seed, 300);
      // A run in which nothing happened would prove nothing.
      expect(entries + acked).toBeGreaterThan(10);
    },
  );
});
