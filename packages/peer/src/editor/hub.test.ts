import type { Clock } from "@skerry/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Awareness } from "y-protocols/awareness";
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket-3";
import { Doc, encodeStateAsUpdate } from "yjs";
import type { EditorHub, OpenDocument } from "../editor-hub.ts";
import { createEditorHub } from "./index.ts";
import { openPipeAt } from "./peer-pipe.ts";
import { createSocketClass, peerSocketUrl } from "./socket-shape.ts";

// lib0 takes `Date.now` by value when it is loaded: without this the providers' watchdog would never see faked time pass.
vi.hoisted(() => {
  const RealDate = Date;
  const realNow = Date.now.bind(Date);
  RealDate.now = () => (globalThis.Date === RealDate ? realNow() : globalThis.Date.now());
});

// The providers keep real timers; these tests drive them and the hub's clock together.
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

interface Host {
  readonly hub: EditorHub;
  readonly doc: Doc;
  readonly sent: Uint8Array[];
  readonly open: (docId: string) => OpenDocument | undefined;
  released: number;
}

const cleanups: (() => void)[] = [];

function host(ready: Promise<void> = Promise.resolve(), withClock: boolean = true): Host {
  const doc = new Doc();
  const sent: Uint8Array[] = [];
  const hub = createEditorHub({ doc, onAwareness: (update) => sent.push(update), ...(withClock ? { clock } : {}) });
  const result: Host = {
    hub,
    doc,
    sent,
    released: 0,
    open: (docId) => (docId === "known" ? { hub, ready, release: () => void result.released++ } : undefined),
  };
  cleanups.push(() => {
    hub.close();
    doc.destroy();
  });
  return result;
}

/** Versions 2 and 3 have the same events; their types can't be called as a union. */
type AnyProvider = Provider3;

function edit(Provider: typeof Provider3 | typeof Provider2, at: Host, room: string = "known"): { doc: Doc; provider: AnyProvider } {
  const doc = new Doc();
  const provider = new Provider(peerSocketUrl, room, doc, {
    WebSocketPolyfill: createSocketClass(openPipeAt(at)),
    disableBc: true,
  }) as unknown as AnyProvider;
  cleanups.push(() => {
    provider.destroy();
    doc.destroy();
  });
  return { doc, provider };
}

/** Lets everything that is due within `ms` happen. */
const pass = (ms: number = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
  await pass();
  expect(vi.getTimerCount(), "timers left behind").toBeLessThanOrEqual(reconnectTimers);
  vi.useRealTimers();
});
/** A destroyed y-websocket provider still has its last reconnect timer, which does nothing: one per provider of the test. */
const reconnectTimers = 4;

const text = (doc: Doc): string => doc.getText("body").toString();

for (const [version, Provider] of [
  ["3.1", Provider3],
  ["2.1", Provider2],
] as const) {
  describe(`hub with the unmodified y-websocket ${version} provider`, () => {
    test("ED-1 live sync in both directions, and a late joiner gets everything", async () => {
      const at = host();
      const a = edit(Provider, at);
      const b = edit(Provider, at);
      await pass();
      expect([a.provider.synced, b.provider.synced]).toEqual([true, true]);
      a.doc.getText("body").insert(0, "hello");
      b.doc.getText("body").insert(0, "oh, ");
      at.doc.getText("other").insert(0, "from the relay");
      await pass();
      expect(text(a.doc)).toBe(text(b.doc));
      expect(text(at.doc)).toBe(text(a.doc));
      expect(text(a.doc).length).toBe(9);
      const c = edit(Provider, at);
      await pass();
      expect(text(c.doc)).toBe(text(a.doc));
      expect(c.doc.getText("other").toString()).toBe("from the relay");
    });

    test("ED-1 what an editor typed while away comes with its answer to step 1", async () => {
      const at = host();
      const a = edit(Provider, at);
      await pass();
      a.provider.disconnect();
      a.doc.getText("body").insert(0, "offline");
      at.doc.getText("body").insert(0, "meanwhile ");
      await pass();
      expect(text(at.doc)).toBe("meanwhile ");
      a.provider.connect();
      await pass(5000);
      expect(text(at.doc).length).toBe(17);
      expect(text(a.doc)).toBe(text(at.doc));
    });

    test("ED-2 edit and destroy in one go: nothing is lost", async () => {
      const at = host();
      const a = edit(Provider, at);
      await pass();
      a.doc.getText("body").insert(0, "last words");
      a.provider.destroy();
      expect(text(at.doc)).toBe("last words");
    });

    test("ED-3 editors are not let in, and see no empty document, before it is ready", async () => {
      let letIn: () => void = () => undefined;
      const at = host(new Promise<void>((resolve) => (letIn = resolve)));
      const a = edit(Provider, at);
      await pass(60_000);
      expect([a.provider.wsconnected, a.provider.synced]).toEqual([false, false]);
      at.doc.getText("body").insert(0, "loaded");
      letIn();
      await pass();
      expect(a.provider.synced).toBe(true);
      expect(text(a.doc)).toBe("loaded");
    });

    test("ED-4 30 s watchdog: a silent connection stays up for minutes with the hub's sign of life", async () => {
      const at = host();
      const a = edit(Provider, at);
      a.provider.awareness.setLocalState(null);
      const closes = vi.fn();
      a.provider.on("connection-close", closes);
      await pass();
      await pass(180_000);
      expect(closes).not.toHaveBeenCalled();
      expect(a.provider.synced).toBe(true);
    });

    test("ED-4 30 s watchdog: without the sign of life the same connection is closed (the test can fail)", async () => {
      const at = host(Promise.resolve(), false);
      const a = edit(Provider, at);
      a.provider.awareness.setLocalState(null);
      const closes = vi.fn();
      a.provider.on("connection-close", closes);
      await pass();
      await pass(40_000);
      expect(closes).toHaveBeenCalled();
    });

    test("PS-3 awareness: all see all, and one cursor move is sent to other devices once", async () => {
      const at = host();
      const editors = [edit(Provider, at), edit(Provider, at), edit(Provider, at), edit(Provider, at)];
      await pass();
      for (const [index, { provider }] of editors.entries()) provider.awareness.setLocalState({ name: `n${index}` });
      await pass();
      for (const { provider } of editors) expect(provider.awareness.getStates().size).toBe(4);
      const before = at.sent.length;
      editors[0]?.provider.awareness.setLocalStateField("cursor", 5);
      await pass();
      expect(at.sent.length - before).toBe(1);
      for (const { provider } of editors)
        expect(provider.awareness.getStates().get(editors[0]?.doc.clientID ?? 0)).toEqual({ name: "n0", cursor: 5 });
    });

    test("PS-3 remote awareness is never sent back to the relay", async () => {
      const at = host();
      const editors = [edit(Provider, at), edit(Provider, at), edit(Provider, at)];
      await pass();
      const other = new Awareness(new Doc());
      other.setLocalState({ name: "far" });
      const sender = host();
      const far = edit(Provider, sender);
      await pass();
      far.provider.awareness.setLocalState({ name: "far" });
      await pass();
      const before = at.sent.length;
      for (const update of sender.sent) expect(at.hub.remoteAwareness(3, update)).toBe("ok");
      await pass();
      for (const { provider } of editors) expect(provider.awareness.getStates().get(far.doc.clientID)).toEqual({ name: "far" });
      expect(at.sent.length).toBe(before);
      at.hub.remoteLeft(3);
      await pass();
      for (const { provider } of editors) expect(provider.awareness.getStates().has(far.doc.clientID)).toBe(false);
      expect(at.sent.length).toBe(before);
      other.destroy();
    });

    test("PS-4 an editor that closes abruptly leaves, here and on other devices; back again it is seen at once", async () => {
      const at = host();
      const a = edit(Provider, at);
      const b = edit(Provider, at);
      await pass();
      a.provider.awareness.setLocalState({ name: "a" });
      b.provider.awareness.setLocalState({ name: "b" });
      await pass();
      expect(b.provider.awareness.getStates().has(a.doc.clientID)).toBe(true);
      // As a crash of the tab does it: the pipe ends, the provider says nothing.
      a.provider.ws?.close();
      await pass();
      expect(b.provider.awareness.getStates().has(a.doc.clientID)).toBe(false);
      const states = at.hub.localAwareness();
      expect(states === undefined ? "" : Buffer.from(states).toString("latin1")).not.toContain('"a"');
      await pass(1000);
      expect(a.provider.synced, "reconnected").toBe(true);
      expect(b.provider.awareness.getStates().get(a.doc.clientID)).toEqual({ name: "a" });
      expect(a.provider.awareness.getStates().get(b.doc.clientID), "and sees the others at once").toEqual({ name: "b" });
      a.provider.awareness.setLocalStateField("cursor", 1);
      b.provider.awareness.setLocalStateField("cursor", 2);
      await pass();
      expect(b.provider.awareness.getStates().get(a.doc.clientID)).toEqual({ name: "a", cursor: 1 });
      expect(a.provider.awareness.getStates().get(b.doc.clientID)).toEqual({ name: "b", cursor: 2 });
    });

    test("PS-4 an editor that is back before its old connection has ended keeps its own newest state", async () => {
      const at = host();
      const a = edit(Provider, at);
      const b = edit(Provider, at);
      await pass();
      a.provider.awareness.setLocalState({ name: "old" });
      b.provider.awareness.setLocalState({ name: "b" });
      await pass();
      // One who joins later raises the clocks that everyone is shown with.
      const c = edit(Provider, at);
      await pass();
      expect(c.provider.awareness.getStates().get(a.doc.clientID)).toEqual({ name: "old" });
      // A half-open connection: the hub does not learn of its end.
      const stale = a.provider.ws;
      for (const method of ["send", "close"]) if (stale !== null) Object.defineProperty(stale, method, { value: () => undefined });
      a.provider.disconnect();
      a.provider.awareness.setLocalState({ name: "new" });
      a.provider.connect();
      await pass(500);
      expect(at.hub.editors()).toBe(4);
      expect(a.provider.awareness.getLocalState()).toEqual({ name: "new" });
      expect(b.provider.awareness.getStates().get(a.doc.clientID)).toEqual({ name: "new" });
      expect(a.provider.awareness.getStates().get(b.doc.clientID)).toEqual({ name: "b" });
    });

    test("PS-4 the link to the relay goes and comes back: remote states end and return with the same clock", async () => {
      const at = host();
      const a = edit(Provider, at);
      const sender = host();
      const far = edit(Provider, sender);
      await pass();
      far.provider.awareness.setLocalState({ name: "far" });
      await pass();
      for (let connection = 1; connection < 4; connection++) {
        const answer = sender.hub.localAwareness();
        expect(answer).toBeDefined();
        if (answer !== undefined) at.hub.remoteAwareness(connection, answer);
        await pass();
        expect(a.provider.awareness.getStates().has(far.doc.clientID)).toBe(true);
        at.hub.remoteGone();
        await pass();
        expect(a.provider.awareness.getStates().has(far.doc.clientID)).toBe(false);
      }
    });

    test("ED-5 garbage closes that editor with 4400; the document and the others are untouched", async () => {
      const at = host();
      const a = edit(Provider, at);
      const b = edit(Provider, at);
      await pass();
      a.doc.getText("body").insert(0, "good");
      await pass();
      const codes: number[] = [];
      a.provider.on("connection-close", (event: CloseEvent | null) => codes.push(event?.code ?? 0));
      a.provider.ws?.send(Uint8Array.of(0, 2, 4, 1, 255, 255, 3));
      await pass();
      expect(codes).toEqual([4400]);
      expect(at.hub.editors()).toBe(1);
      expect(text(at.doc)).toBe("good");
      b.doc.getText("body").insert(0, "still ");
      await pass();
      expect(text(at.doc)).toBe("still good");
      expect(text(a.doc), "its own document keeps its data").toBe("good");
    });

    test("ED-6 an unknown document closes with 4404, a closed hub with 4501", async () => {
      const at = host();
      const stranger = edit(Provider, at, "unknown");
      const a = edit(Provider, at);
      const codes: number[] = [];
      for (const { provider } of [stranger, a]) provider.on("connection-close", (event: CloseEvent | null) => codes.push(event?.code ?? 0));
      await pass();
      expect(codes).toEqual([4404]);
      at.hub.close();
      await pass();
      expect(codes).toEqual([4404, 4501]);
      expect(at.released).toBe(1);
    });
  });
}

describe("hub", () => {
  test("VF-6 an update that Yjs would swallow but the validator refuses never reaches the document", () => {
    const at = host();
    const source = new Doc();
    source.getText("body").insert(0, "x");
    const update = encodeStateAsUpdate(source);
    const applied = (bytes: Uint8Array): { readonly closes: number[]; readonly text: string } => {
      const closes: number[] = [];
      const connection = at.hub.connect({ send: () => undefined, close: (code) => closes.push(code) });
      connection.receive(Uint8Array.of(0, 2, bytes.length, ...bytes));
      connection.closed();
      return { closes, text: text(at.doc) };
    };
    expect(update.length).toBeLessThan(127);
    expect(applied(Uint8Array.of(...update, 0))).toEqual({ closes: [4400], text: "" });
    expect(applied(update)).toEqual({ closes: [], text: "x" });
    source.destroy();
  });

  test("PR-4 random bytes never throw, and never change the document", async () => {
    const at = host();
    at.doc.getText("body").insert(0, "fixed");
    const before = encodeStateAsUpdate(at.doc);
    let seed = 0x5eed;
    const next = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 24;
    for (let round = 0; round < 3000; round++) {
      const closes: number[] = [];
      const connection = at.hub.connect({ send: () => undefined, close: (code) => closes.push(code) });
      const message = Uint8Array.from({ length: 1 + (next() % 40) }, (_, index) =>
        index === 0 ? next() % 5 : index === 1 ? next() % 4 : next(),
      );
      connection.receive(message);
      expect(closes.every((code) => code === 4400)).toBe(true);
      connection.closed();
      connection.closed();
    }
    expect(at.hub.editors()).toBe(0);
    expect(encodeStateAsUpdate(at.doc)).toEqual(before);
  });

  test("ED-7 a pipe that throws is dropped, and the update still reaches the others", () => {
    const at = host();
    const got: number[] = [];
    at.hub.connect({
      send: () => {
        throw new Error("broken pipe");
      },
      close: () => undefined,
    });
    at.hub.connect({ send: (message) => got.push(message.length), close: () => undefined });
    at.doc.getText("body").insert(0, "x");
    expect(at.hub.editors()).toBe(1);
    expect(got.length).toBe(2);
  });
});
