import type { Clock } from "@skerry/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket-3";
import { Doc } from "yjs";
import { createEditorHub } from "../editor/index.ts";
import type { EditorHub, OpenDocument } from "../editor-hub.ts";
import { serveYWebsocket } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { until } from "./until.test-support.ts";
import { systemClock } from "./world.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Host {
  readonly hub: EditorHub;
  readonly doc: Doc;
  readonly gateway: Gateway;
  held: number;
}

async function host(ready: Promise<void> = Promise.resolve(), origins: readonly string[] = []): Promise<Host> {
  const clock: Clock = systemClock;
  const doc = new Doc();
  const hub = createEditorHub({ doc, onAwareness: () => undefined, clock });
  const held = { count: 0 };
  const open = (docId: string): OpenDocument | undefined => {
    if (docId !== "known") return undefined;
    held.count += 1;
    let released = false;
    const release = (): void => {
      if (!released) held.count -= 1;
      released = true;
    };
    return { hub, ready, release };
  };
  const gateway = await serveYWebsocket({ peer: { open }, origins });
  cleanups.push(async () => {
    await gateway.close();
    hub.close();
    doc.destroy();
    expect(held.count, "documents still held").toBe(0);
  });
  return {
    hub,
    doc,
    gateway,
    get held() {
      return held.count;
    },
  };
}

function edit(Provider: typeof Provider3 | typeof Provider2, at: Host, room: string = "known"): { doc: Doc; provider: Provider3 } {
  const doc = new Doc();
  const provider = new Provider(at.gateway.url, room, doc, {
    WebSocketPolyfill: NodeWebSocket as never,
    disableBc: true,
  }) as unknown as Provider3;
  cleanups.push(() => {
    provider.destroy();
    doc.destroy();
  });
  return { doc, provider };
}

const text = (doc: Doc): string => doc.getText("body").toString();

for (const [version, Provider] of [
  ["3.1", Provider3],
  ["2.1", Provider2],
] as const) {
  describe(`loopback gateway with the unmodified y-websocket ${version} provider`, () => {
    test("ED-1 live sync, late join, and edits of both sides while apart", async () => {
      const at = await host();
      const a = edit(Provider, at);
      const b = edit(Provider, at);
      await until("both synced", () => a.provider.synced && b.provider.synced);
      a.doc.getText("body").insert(0, "hello");
      await until("b has it", () => text(b.doc) === "hello");
      a.provider.disconnect();
      a.doc.getText("body").insert(5, " from afar");
      b.doc.getText("body").insert(0, "oh, ");
      await until("the hub has b's", () => text(at.doc) === "oh, hello");
      a.provider.connect();
      await until("all equal", () => text(b.doc) === "oh, hello from afar" && text(a.doc) === text(b.doc));
      const late = edit(Provider, at);
      await until("late joiner", () => text(late.doc) === text(a.doc));
    });

    test("PS-4 presence joins, and ends when the connection is torn down without a word", async () => {
      const at = await host();
      const a = edit(Provider, at);
      const b = edit(Provider, at);
      a.provider.awareness.setLocalState({ name: "a" });
      b.provider.awareness.setLocalState({ name: "b" });
      const sees = (from: { provider: Provider3 }, who: Doc): boolean => from.provider.awareness.getStates().has(who.clientID);
      await until("both see both", () => sees(a, b.doc) && sees(b, a.doc));
      a.provider.shouldConnect = false;
      (a.provider.ws as unknown as NodeWebSocket).terminate();
      await until("b no longer sees a", () => !sees(b, a.doc));
      await until("one editor left", () => at.hub.editors() === 1 && at.held === 1);
      a.provider.connect();
      await until("seen again", () => sees(b, a.doc) && sees(a, b.doc));
    });

    test("ED-3 the handshake waits until the document is ready", async () => {
      let letIn: () => void = () => undefined;
      const at = await host(new Promise<void>((resolve) => (letIn = resolve)));
      const a = edit(Provider, at);
      await until("asked for", () => at.held === 1);
      expect(a.provider.wsconnected).toBe(false);
      at.doc.getText("body").insert(0, "loaded");
      letIn();
      await until("loaded", () => text(a.doc) === "loaded");
    });
  });
}

describe("loopback gateway", () => {
  const closeCode = async (url: string, origin?: string): Promise<number | string> =>
    new Promise((resolve) => {
      const socket = new NodeWebSocket(url, origin === undefined ? {} : { origin });
      socket.on("close", (code) => resolve(code));
      socket.on("unexpected-response", (_request, response) => resolve(`http ${response.statusCode}`));
      socket.on("error", () => undefined);
    });

  test("ED-6 an unknown document closes with 4404, so that y-websocket 3.1 stops", async () => {
    const at = await host();
    expect(await closeCode(`${at.gateway.url}/unknown`)).toBe(4404);
    const stranger = edit(Provider3, at, "unknown");
    await until("given up", () => !stranger.provider.shouldConnect);
  });

  test("ED-8 a web page's origin is refused unless listed, and a path that is no document id too", async () => {
    const at = await host(Promise.resolve(), ["http://localhost:3000"]);
    expect(await closeCode(`${at.gateway.url}/known`, "https://evil.example")).toBe("http 403");
    expect(await closeCode(`${at.gateway.url}/unknown`, "http://localhost:3000")).toBe(4404);
    expect(await closeCode(`${at.gateway.url}/../x%00y`)).toBe("http 404");
  });
});
