/** A y-websocket system as others run it, the stock 2.1 server and stock 3.1 providers, behind the chaos proxy: what docs/chaos.md shows. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket-3";
import { Doc } from "yjs";
import type { ChaosProxy } from "./chaos-proxy.ts";
import { faults } from "./fault.ts";
import type { FrameMatch } from "./frame-rules.ts";
import { until } from "./net.test-support.ts";
import { startProxy } from "./web.test-support.ts";

/** y-protocols: first byte 0 is sync, then 0 and 1 are its steps and 2 an update; first byte 1 is awareness. */
const updates: FrameMatch = { bytes: "0002" };
const awareness: FrameMatch = { bytes: "01" };

const server = path.join(path.dirname(createRequire(import.meta.url).resolve("y-websocket-2/package.json")), "bin/server.cjs");

async function startServer(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", () => resolve()));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  const child = spawn(process.execPath, [server], {
    env: { ...process.env, HOST: "127.0.0.1", PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  await until(() => expect(printed).toContain(`${port}`));
  return port;
}

interface Editor {
  readonly doc: Doc;
  readonly provider: WebsocketProvider;
  text(): string;
  write(what: string): void;
}

async function openEditor(port: number): Promise<Editor> {
  const doc = new Doc();
  const provider = new WebsocketProvider(`ws://127.0.0.1:${port}`, "room", doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  onTestFinished(() => {
    provider.destroy();
    doc.destroy();
  });
  await until(() => expect(provider.synced).toBe(true));
  const body = doc.getText("body");
  return { doc, provider, text: () => body.toString(), write: (what) => body.insert(body.length, what) };
}

/** Ana behind the proxy, Ben not. */
async function stage(): Promise<{ readonly proxy: ChaosProxy; readonly ana: Editor; readonly ben: Editor }> {
  const port = await startServer();
  const proxy = await startProxy(port);
  const [ana, ben] = [await openEditor(proxy.port), await openEditor(port)];
  ana.write("start ");
  await until(() => expect(ben.text()).toBe("start "));
  return { proxy, ana, ben };
}

/** The mark that `other` set, as `one` sees it. */
const markOf = (one: Editor, other: Editor): unknown => one.provider.awareness.getStates().get(other.doc.clientID)?.["mark"];

describe("CX-14 stock y-websocket", { timeout: 60_000 }, () => {
  test.each(["drop", "truncate"] as const)(
    "CX-14 one update that is lost on the way (%s): replicas differ for good, though the connection lives; a reset makes them equal",
    async (what) => {
      const { proxy, ana, ben } = await stage();
      proxy.once({ do: what, direction: "up", match: updates });
      ana.write("lost ");
      await until(() => expect(proxy.stats.frameFaults[what]).toBe(1));
      // What is sent after it arrives, in both directions; even what builds on it is there, and can't be shown.
      ana.write("later ");
      ana.provider.awareness.setLocalStateField("mark", "after");
      await until(() => expect(markOf(ben, ana)).toBe("after"));
      ben.write("ben ");
      await until(() => expect(ana.text()).toContain("ben "));
      expect([ana.text().includes("lost later "), ben.text()]).toEqual([true, "start ben "]);
      expect([ana.provider.synced, proxy.stats.reset]).toEqual([true, 0]);
      await proxy.heal("drop");
      await until(() => expect(ben.text()).toContain("lost later "));
      await until(() => expect(ana.text()).toBe(ben.text()));
    },
  );

  test("CX-14 awareness that is lost costs no text, and text that comes twice or in another order is the same text", async () => {
    const { proxy, ana, ben } = await stage();
    await proxy.set(
      faults.frames({ do: "drop", match: awareness }, { do: "duplicate", match: updates, chance: 0.5 }, { do: "reorder", match: updates }),
    );
    ana.provider.awareness.setLocalStateField("mark", "unseen");
    for (const word of ["one ", "two ", "three ", "four ", "five "]) {
      ana.write(word);
      ben.write(word.toUpperCase());
    }
    await until(() => expect([ana.text().length, ben.text().length]).toEqual([54, 54]));
    await until(() => expect(ana.text()).toBe(ben.text()));
    expect(proxy.stats.frameFaults.drop).toBeGreaterThan(0);
    expect(markOf(ben, ana)).toBeUndefined();
    await proxy.heal();
    ana.provider.awareness.setLocalStateField("mark", "seen");
    await until(() => expect(markOf(ben, ana)).toBe("seen"));
  });

  test("CX-14 a held cut loses nothing: both write, and meet when it heals", async () => {
    const { proxy, ana, ben } = await stage();
    await proxy.set(faults.cut("hold"));
    ana.write("ana ");
    ben.write("ben ");
    await until(() => expect(proxy.stats.messagesUp).toBeGreaterThan(0));
    expect([ana.text(), ben.text()]).toEqual(["start ana ", "start ben "]);
    await proxy.heal();
    await until(() => expect(ana.text()).toHaveLength(14));
    await until(() => expect(ana.text()).toBe(ben.text()));
  });
});
