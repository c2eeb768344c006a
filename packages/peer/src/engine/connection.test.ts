/** The connection against a relay of a few lines, under a clock that moves when told. */
import { generateDevice, generateRelayIdentity, ready, signWelcome, verifyHello } from "@skerry/crypto";
import { closeCodes, decodeFrame, decodeUp, encodeDown, encodeFrame, limits, protocolVersion } from "@skerry/protocol";
import type { Clock, DownMessage, UpMessage } from "@skerry/protocol";
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
  expect(kindOf(at)).toBe("online");
  await at.advance(1);
  expect(at.connection.state()).toMatchObject({ kind: "offline", reason: "lost" });
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
  expect(at.connection.state()).toMatchObject({ kind: "offline", reason: "lost" });
  expect(waited).toBeGreaterThan(limits.unansweredAfterMs);
  expect(waited).toBeLessThanOrEqual(limits.pingAfterMs + limits.unansweredAfterMs + 1000);
});

test("SE-1 a relay that says nothing is given up after the time for the handshake", async () => {
  const at = scene();
  await turn();
  await at.advance(limits.handshakeMs);
  expect(at.connection.state()).toMatchObject({ kind: "offline", reason: "unreachable" });
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
