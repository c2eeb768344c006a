/** The connection against a relay of a few lines, under a clock that moves when told. */
import { generateDevice, generateRelayIdentity, ready, signWelcome, verifyHello } from "@skerry/crypto";
import { closeCodes, decodeFrame, decodeUp, encodeDown, encodeFrame, limits, protocolVersion } from "@skerry/protocol";
import type { Clock, DownMessage, RecordHash, SpaceId, UpMessage } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import type { ConnectionState } from "../client.ts";
import type { LinkEvents, Transport } from "../ports.ts";
import { createConnection } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { random } from "./engine.test-support.ts";

beforeAll(() => ready);

interface Scene {
  readonly connection: Connection;
  readonly states: ConnectionState[];
  readonly received: UpMessage[];
  readonly frames: () => number;
  readonly links: () => number;
  say(...messages: readonly DownMessage[]): void;
  raw(frame: Uint8Array): void;
  drop(code: number): void;
  welcome(): Promise<void>;
  greet(): Promise<void>;
  advance(ms: number): Promise<void>;
  garbage(): number;
}

/** Lets microtasks run. */
const turn = async (): Promise<void> => {
  for (let index = 0; index < 20; index++) await Promise.resolve();
};

function scene(): Scene {
  const relay = generateRelayIdentity(random);
  const device = generateDevice(random);
  const nonce = random.bytes(32);
  let elapsed = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: Clock = {
    now: () => 1_000_000 + elapsed,
    monotonic: () => elapsed,
    schedule: (delayMs, run) => {
      const timer = { at: elapsed + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const states: ConnectionState[] = [];
  const received: UpMessage[] = [];
  let events: LinkEvents | undefined;
  let frames = 0;
  let links = 0;
  let garbage = 0;
  const transport: Transport = {
    connect: (_url, callbacks) => {
      events = callbacks;
      links++;
      return {
        send: (frame) => {
          frames++;
          const messages = decodeFrame(frame);
          if (!messages.ok) throw new Error("the peer sent no frame");
          for (const bytes of messages.value) {
            const message = decodeUp(bytes);
            if (!message.ok) throw new Error("the peer sent no message");
            received.push(message.value);
          }
        },
        bufferedBytes: () => 0,
        close: () => {},
      };
    },
  };
  const connection = createConnection({
    env: { clock, random, transport, log: () => {} },
    url: "ws://relay",
    device,
    onState: (state) => states.push(state),
    onSession: () => {},
  });
  connection.channel({ online: () => {}, offline: () => {}, message: () => {}, garbage: () => garbage++ });
  const say = (...messages: readonly DownMessage[]): void => events?.onFrame(encodeFrame(messages.map(encodeDown)));
  const greet = async (): Promise<void> => {
    await turn();
    events?.onOpen();
    say({ type: "challenge", versionMin: 1, versionMax: protocolVersion, relayKey: relay.relayKey, nonce, timeMs: 1 });
    await turn();
  };
  return {
    connection,
    states,
    received,
    frames: () => frames,
    links: () => links,
    garbage: () => garbage,
    say,
    raw: (frame) => events?.onFrame(frame),
    drop: (code) => events?.onClose(code, ""),
    greet,
    welcome: async () => {
      await greet();
      const hello = received.findLast((message) => message.type === "hello");
      if (hello?.type !== "hello") throw new Error("no hello");
      expect(verifyHello(hello, relay.relayKey, nonce)).toBe(true);
      const proof = signWelcome(relay, nonce, hello.clientNonce, device.deviceId);
      say({
        type: "welcome",
        proof,
        connectionId: 1,
        ackLevel: "fsync",
        recordBytesMax: limits.recordBytesMax,
        channelsMax: 10,
        appendsPerSecond: 100,
        timeMs: 1,
      });
      await turn();
    },
    advance: async (ms) => {
      const until = elapsed + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        elapsed = Math.max(elapsed, next.at);
        next.run();
        await turn();
      }
      elapsed = until;
    },
  };
}

const kindOf = (at: Scene): string => at.connection.state().kind;
/** How the link was last given up. Not the state of now: after a wait drawn as 0 ms, the next link is being made in the same turn. */
const givenUp = (at: Scene): ConnectionState | undefined => at.states.findLast(({ kind }) => kind === "offline");

/** How long it takes until the next try, to 10 ms. */
async function untilDialled(at: Scene): Promise<number> {
  const links = at.links();
  for (let waited = 0; waited <= 100_000; waited += 10) {
    if (at.links() > links) return waited;
    await at.advance(10);
  }
  throw new Error("never tried again");
}

test("SE-1 challenge, hello, welcome: online", async () => {
  const at = scene();
  await at.welcome();
  expect(at.states.map(({ kind }) => kind)).toEqual(["connecting", "online"]);
});

test("SE-6 silence is answered with a ping after 5 s and ends the link after 10", async () => {
  const at = scene();
  await at.welcome();
  await at.advance(limits.pingAfterMs - 1);
  expect(at.received.some(({ type }) => type === "ping")).toBe(false);
  await at.advance(1);
  expect(at.received.filter(({ type }) => type === "ping")).toHaveLength(1);
  await at.advance(limits.deadAfterMs - limits.pingAfterMs - 1);
  expect([kindOf(at), givenUp(at)]).toEqual(["online", undefined]);
  await at.advance(1);
  expect(givenUp(at)).toMatchObject({ kind: "offline", reason: "lost" });
});

const lastPing = (at: ReturnType<typeof scene>): number => {
  const ping = at.received.findLast(({ type }) => type === "ping");
  return ping?.type === "ping" ? ping.id : -1;
};

test("SE-6 a pong keeps the link", async () => {
  const at = scene();
  await at.welcome();
  for (let round = 0; round < 20; round++) {
    await at.advance(limits.pingAfterMs);
    at.say({ type: "pong", id: lastPing(at), timeMs: 1 });
  }
  expect(kindOf(at)).toBe("online");
  expect(at.received.filter(({ type }) => type === "ping").length).toBeGreaterThan(15);
});

test("SE-6 a link on which others' work still comes, but no answer to our ping, is given up too", async () => {
  const at = scene();
  await at.welcome();
  let waited = 0;
  for (; kindOf(at) === "online" && waited < 60_000; waited += 1000) {
    at.say({ type: "pong", id: 4_000_000, timeMs: 1 });
    await at.advance(1000);
  }
  expect(givenUp(at)).toMatchObject({ kind: "offline", reason: "lost" });
  expect(waited).toBeGreaterThan(limits.unansweredAfterMs);
  expect(waited).toBeLessThanOrEqual(limits.pingAfterMs + limits.unansweredAfterMs + 1000);
});

test("SE-1 a relay that says nothing is given up after the time for the handshake", async () => {
  const at = scene();
  await turn();
  await at.advance(limits.handshakeMs);
  expect(givenUp(at)).toMatchObject({ kind: "offline", reason: "unreachable" });
});

test("SE-7 every failure is tried again, later and later, but within 30 s", async () => {
  const at = scene();
  await turn();
  for (let round = 1; round < 12; round++) {
    at.drop(1006);
    expect(kindOf(at)).toBe("offline");
    expect(await untilDialled(at)).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** (round - 1)));
  }
});

test("SE-7 a final code is not tried again, until somebody asks", async () => {
  for (const [code, reason] of [
    [closeCodes["authentication-failed"], "authentication"],
    [closeCodes["version-unsupported"], "version"],
    [closeCodes["origin-refused"], "origin"],
  ] as const) {
    const at = scene();
    await at.greet();
    at.drop(code);
    await at.advance(600_000);
    expect(at.connection.state()).toEqual({ kind: "refused", reason });
    expect(at.links()).toBe(1);
    at.connection.retryNow();
    expect(at.links()).toBe(2);
  }
});

test("SE-7 a relay that does not understand is tried again a few times: one damaged frame is no other language", async () => {
  const at = scene();
  for (let round = 1; round <= 3; round++) {
    await at.greet();
    at.drop(closeCodes["protocol-error"]);
    expect(at.connection.state()).toMatchObject({ kind: "offline" });
    expect(await untilDialled(at)).toBeGreaterThanOrEqual(2_000);
  }
  await at.greet();
  at.drop(closeCodes["protocol-error"]);
  await at.advance(600_000);
  expect(at.connection.state()).toEqual({ kind: "refused", reason: "protocol" });
  expect(at.links()).toBe(4);
});

test("SE-7 what the relay asks for in its goodbye is waited for", async () => {
  const at = scene();
  await at.welcome();
  at.say({ type: "goodbye", retryAfterMs: 40_000 });
  at.drop(closeCodes["shutting-down"]);
  expect(at.connection.state()).toMatchObject({ kind: "offline", reason: "busy" });
  expect(await untilDialled(at)).toBeGreaterThanOrEqual(40_000);
});

test("SE-1 a relay of another version is refused", async () => {
  const at = scene();
  await turn();
  at.say({
    type: "challenge",
    versionMin: 7,
    versionMax: 9,
    relayKey: generateRelayIdentity(random).relayKey,
    nonce: random.bytes(32),
    timeMs: 1,
  });
  expect(at.connection.state()).toEqual({ kind: "refused", reason: "version" });
});

test("PR-3 garbage ends the link and is told to every document", async () => {
  for (const frame of [new Uint8Array(), Uint8Array.of(1, 255), Uint8Array.of(5, 1)]) {
    const at = scene();
    await at.welcome();
    at.raw(frame);
    expect(kindOf(at)).toBe("offline");
    expect(at.garbage()).toBe(1);
  }
});

test("PR-5 what is sent in one turn leaves in one frame", async () => {
  const at = scene();
  await at.welcome();
  const before = at.frames();
  for (let index = 0; index < 50; index++) {
    const channel = at.connection.channel({ online: () => {}, offline: () => {}, message: () => {}, garbage: () => {} });
    const cursor = { seq: 0, chainHash: new Uint8Array(32) as never };
    channel.open({
      spaceId: new Uint8Array(16) as never,
      docId: new Uint8Array(16) as never,
      cursor,
      replicaId: new Uint8Array(16) as never,
    });
  }
  await turn();
  expect(at.received.filter(({ type }) => type === "open")).toHaveLength(50);
  expect(at.frames() - before).toBe(1);
});

test("SE-7 a wait ends at once when the device comes back to the network", async () => {
  const at = scene();
  await turn();
  for (let round = 0; round < 8; round++) {
    at.drop(1006);
    await at.advance(30_000);
  }
  at.drop(1006);
  const links = at.links();
  at.connection.retryNow();
  expect(at.links()).toBe(links + 1);
  at.connection.close();
  at.connection.close();
  await at.advance(100_000);
  expect(at.links()).toBe(links + 1);
});

/** One channel of each kind, open, with what each has heard. */
async function channels() {
  const at = scene();
  await at.welcome();
  const heard = { document: [] as string[], space: [] as string[], mailbox: [] as string[] };
  const gone: string[] = [];
  const eventsOf = (kind: keyof typeof heard) => ({
    online: () => {},
    offline: () => void gone.push(kind),
    message: ({ type }: DownMessage) => void heard[kind].push(type),
    garbage: () => void gone.push(`${kind} garbage`),
  });
  const document = at.connection.channel(eventsOf("document"));
  const space = at.connection.spaceChannel(eventsOf("space"));
  const mailbox = at.connection.mailboxChannel(eventsOf("mailbox"));
  const spaceId = new Uint8Array(16) as SpaceId;
  const id = new Uint8Array(16) as never;
  expect(document.open({ spaceId, docId: id, cursor: { seq: 0, chainHash: new Uint8Array(32) as never }, replicaId: id })).toBe(true);
  expect(space.open({ spaceId, cursor: { position: 0, hash: new Uint8Array(32) }, invite: undefined })).toBe(true);
  const rendezvous = random.bytes(16);
  expect(mailbox.open({ rendezvous })).toBe(true);
  await turn();
  return { ...at, heard, gone, document, space, mailbox, rendezvous };
}

const signedHead = (): never =>
  ({
    relayKey: new Uint8Array(32),
    docId: new Uint8Array(16),
    seq: 1,
    chainHash: new Uint8Array(32),
    timeMs: 1,
    signature: new Uint8Array(64),
  }) as never;

test("SE-3 a channel hears what is for its kind, and nothing of another's", async () => {
  const at = await channels();
  const id = new Uint8Array(16) as never;
  const hash = new Uint8Array(32) as RecordHash;
  const about = (channel: number): readonly DownMessage[] => [
    { type: "opened", channel, head: { seq: 0, chainHash: hash as never }, atCursor: undefined, tailN: 0, tailHash: hash },
    { type: "entries", channel, from: 1, entries: [] },
    { type: "caught-up", channel, head: signedHead() },
    { type: "acked", channel, replicaId: id, n: 1, seq: 1, receivedAtMs: 1, accessPosition: 0 },
    { type: "relayed-presence", channel, connectionId: 1, envelope: new Uint8Array() },
    { type: "left", channel, connectionId: 1 },
    { type: "fresh-head", channel, head: signedHead() },
    { type: "restored", channel, admitted: 1 },
    { type: "space-opened", channel, head: { position: 0, hash }, atCursor: undefined },
    { type: "operations", channel, from: 1, operations: [] },
    { type: "operation-acked", channel, position: 1, receivedAtMs: 1 },
    { type: "operation-refused", channel, code: "stale", reason: "", retryAfterMs: 0 },
    { type: "operations-restored", channel, position: 1 },
    { type: "mailbox-opened", channel },
    { type: "mail", channel, body: Uint8Array.of(1) },
    { type: "note-kept", channel },
    { type: "note", channel, body: Uint8Array.of(1) },
    { type: "refused", channel, n: 0, code: "mailbox-full", retryAfterMs: 0, tailN: 0, tailHash: hash },
    { type: "closed", channel, code: "mailbox-expired", retryAfterMs: 0 },
  ];
  for (const { number } of [at.document, at.space, at.mailbox]) at.say(...about(number() ?? -1));
  expect(at.heard).toEqual({
    document: ["opened", "entries", "caught-up", "acked", "relayed-presence", "left", "fresh-head", "restored", "refused", "closed"],
    space: ["space-opened", "operations", "operation-acked", "operation-refused", "operations-restored", "refused", "closed"],
    mailbox: ["mailbox-opened", "mail", "refused", "closed"],
  });
  // A number that nobody has is late, not wrong.
  at.say(...about(60_000));
  expect([kindOf(at), at.gone]).toEqual(["online", []]);
});

test("MB-1 a mailbox is opened at its rendezvous, written to, and left, under a number that no other channel has", async () => {
  const at = await channels();
  const number = at.mailbox.number() ?? -1;
  expect(new Set([at.document.number(), at.space.number(), number]).size).toBe(3);
  at.mailbox.send({ type: "post-mail", body: Uint8Array.of(1, 2, 3) });
  at.mailbox.shut();
  at.mailbox.send({ type: "post-mail", body: Uint8Array.of(4) });
  await turn();
  expect(at.received.filter((message) => "channel" in message && message.channel === number)).toEqual([
    { type: "open-mailbox", channel: number, rendezvous: at.rendezvous },
    { type: "post-mail", channel: number, body: Uint8Array.of(1, 2, 3) },
    { type: "close", channel: number },
  ]);
  // What was on its way when it was left.
  at.say({ type: "mail", channel: number, body: Uint8Array.of(5) });
  expect(at.heard.mailbox).toEqual([]);
});

test("MB-2 after a reconnection a mailbox is opened anew, under the new link's number", async () => {
  const at = await channels();
  at.drop(1006);
  expect(at.gone.toSorted()).toEqual(["document", "mailbox", "space"]);
  expect(at.mailbox.number()).toBeUndefined();
  expect(at.mailbox.open({ rendezvous: at.rendezvous })).toBe(false);
  await untilDialled(at);
  await at.welcome();
  expect(at.mailbox.open({ rendezvous: at.rendezvous })).toBe(true);
  at.say(
    { type: "mailbox-opened", channel: at.mailbox.number() ?? -1 },
    { type: "mail", channel: at.mailbox.number() ?? -1, body: Uint8Array.of(1) },
  );
  expect(at.heard.mailbox).toEqual(["mailbox-opened", "mail"]);
  at.mailbox.close();
  at.mailbox.close();
  expect(at.mailbox.open({ rendezvous: at.rendezvous })).toBe(false);
});

const spaceId = new Uint8Array(16).fill(7) as SpaceId;
const refusal = (channel: number, code: "not-allowed" | "rate-limited"): DownMessage => ({
  type: "refused",
  channel,
  n: 0,
  code,
  retryAfterMs: 0,
  tailN: 0,
  tailHash: new Uint8Array(32) as RecordHash,
});

/** The requests about notes that were sent, and the number of the last. */
const noteRequests = (at: Scene): readonly UpMessage[] => at.received.filter(({ type }) => type === "put-note" || type === "get-note");
const lastNumber = (at: Scene): number => {
  const last = noteRequests(at).at(-1);
  return last !== undefined && "channel" in last ? last.channel : -1;
};

/** What the promise came to by now. */
async function outcome<T>(promise: Promise<T>): Promise<T | "waiting"> {
  let settled: T | "waiting" = "waiting";
  void promise.then((value) => {
    settled = value;
  });
  await turn();
  return settled;
}

test("NT-1 a note is left, asked for and refused, each under a number of its own that is free again with the answer", async () => {
  const at = await channels();
  const body = Uint8Array.of(1, 2, 3);
  const put = at.connection.putNote({ spaceId, body });
  const get = at.connection.getNote();
  await turn();
  const [first, second] = noteRequests(at);
  if (first?.type !== "put-note" || second?.type !== "get-note") throw new Error("not the requests");
  expect(first).toEqual({ type: "put-note", channel: first.channel, spaceId, body });
  const numbers = [at.document, at.space, at.mailbox].map(({ number }) => number());
  expect(new Set([...numbers, first.channel, second.channel]).size).toBe(5);
  expect([await outcome(put), await outcome(get)]).toEqual(["waiting", "waiting"]);
  // In any order.
  at.say({ type: "note", channel: second.channel, body });
  at.say({ type: "note-kept", channel: first.channel });
  expect([await put, await get]).toEqual([{ ok: true }, { ok: true, body }]);
  const none = at.connection.getNote();
  await turn();
  at.say({ type: "note", channel: lastNumber(at), body: undefined });
  expect(await none).toEqual({ ok: true, body: undefined });
  const refused = [at.connection.getNote(), at.connection.putNote({ spaceId, body: new Uint8Array() })];
  await turn();
  at.say(refusal(lastNumber(at) - 1, "rate-limited"), refusal(lastNumber(at), "not-allowed"));
  expect(await Promise.all(refused)).toEqual([
    { ok: false, code: "rate-limited" },
    { ok: false, code: "not-allowed" },
  ]);
  // Nothing is closed at the relay: the answers ended the requests. After all numbers, theirs come again.
  expect(at.received.some(({ type }) => type === "close")).toBe(false);
  for (let round = 0; round < 0x10000; round++) {
    const opened = at.mailbox.open({ rendezvous: at.rendezvous });
    if (!opened) throw new Error("no number is free");
    if (at.mailbox.number() === first.channel) return;
  }
  throw new Error("the number did not come back");
});

test("NT-1 only an answer to the request settles it, once, and its body is a copy", async () => {
  const at = await channels();
  const put = at.connection.putNote({ spaceId, body: Uint8Array.of(1) });
  await turn();
  const number = lastNumber(at);
  at.say(
    { type: "note", channel: number, body: Uint8Array.of(9) },
    { type: "mail", channel: number, body: Uint8Array.of(9) },
    { type: "closed", channel: number, code: "not-allowed", retryAfterMs: 0 },
    { type: "note-kept", channel: number + 1 },
  );
  expect(await outcome(put)).toBe("waiting");
  at.say({ type: "note-kept", channel: number }, refusal(number, "not-allowed"));
  expect(await put).toEqual({ ok: true });
  const get = at.connection.getNote();
  await turn();
  const frame = encodeFrame([
    encodeDown({ type: "note-kept", channel: lastNumber(at) }),
    encodeDown({ type: "note", channel: lastNumber(at), body: Uint8Array.of(4, 5) }),
  ]);
  at.raw(frame);
  frame.fill(0);
  expect(await get).toEqual({ ok: true, body: Uint8Array.of(4, 5) });
  expect([at.heard, kindOf(at)]).toEqual([{ document: [], space: [], mailbox: [] }, "online"]);
});

test("NT-1 a note at its bound is sent, and one beyond it is not", async () => {
  const at = await channels();
  expect(await at.connection.putNote({ spaceId, body: new Uint8Array(limits.noteBytesMax + 1) })).toEqual({ ok: false, code: "too-large" });
  await turn();
  expect(noteRequests(at)).toEqual([]);
  const put = at.connection.putNote({ spaceId, body: new Uint8Array(limits.noteBytesMax) });
  await turn();
  at.say({ type: "note-kept", channel: lastNumber(at) });
  expect(await put).toEqual({ ok: true });
});

const both = (at: Scene) => Promise.all([at.connection.putNote({ spaceId, body: Uint8Array.of(1) }), at.connection.getNote()]);
const offline = [
  { ok: false, code: "offline" },
  { ok: false, code: "offline" },
];

test("NT-1 a request settles in every case: without a session, when the link ends, and when the connection is closed", async () => {
  const at = scene();
  expect(await both(at)).toEqual(offline);
  await at.welcome();
  const lost = both(at);
  await turn();
  expect(noteRequests(at)).toHaveLength(2);
  expect(await outcome(lost)).toBe("waiting");
  at.drop(1006);
  expect(await outcome(lost)).toEqual(offline);
  expect(await both(at)).toEqual(offline);
  await untilDialled(at);
  await at.welcome();
  // The new link knows nothing of what was asked over the old one.
  expect(noteRequests(at)).toHaveLength(2);
  const garbled = both(at);
  await turn();
  at.raw(Uint8Array.of(1, 255));
  expect(await outcome(garbled)).toEqual(offline);
  await untilDialled(at);
  await at.welcome();
  const closed = both(at);
  await turn();
  at.connection.close();
  expect(await outcome(closed)).toEqual(offline);
  expect(await both(at)).toEqual(offline);
});

test("NT-1 an answer is waited for 15 s; a late one is no answer to anything else", async () => {
  const at = await channels();
  const given = both(at);
  await turn();
  const late = lastNumber(at);
  for (let waited = 0; waited < 15; waited++) {
    expect(await outcome(given)).toBe("waiting");
    await at.advance(1000);
    if (lastPing(at) >= 0) at.say({ type: "pong", id: lastPing(at), timeMs: 1 });
  }
  expect([await outcome(given), kindOf(at)]).toEqual([offline, "online"]);
  // Nobody gets its number before that answer came.
  for (let round = 0; round < 0x10000; round++) {
    at.mailbox.open({ rendezvous: at.rendezvous });
    if (at.mailbox.number() === late) throw new Error("the number was taken");
  }
  at.say({ type: "note", channel: late, body: Uint8Array.of(9) });
  let isFree = false;
  for (let round = 0; round < 0x10000 && !isFree; round++) {
    at.mailbox.open({ rendezvous: at.rendezvous });
    isFree = at.mailbox.number() === late;
  }
  expect([isFree, kindOf(at), at.heard.mailbox]).toEqual([true, "online", []]);
});
