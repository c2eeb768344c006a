/** Unmodified y-websocket 3.1 and 2.1, two devices, a real relay process: in process through `peer.WebSocket`, and over the loopback gateway. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DocumentStatus } from "@skerry/peer";
import { createNodePeer, serveYWebsocket } from "@skerry/peer/node";
import type { NodePeer } from "@skerry/peer/node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket-3";
import { Doc } from "yjs";
import { startRelayProcess } from "../support/relay-process.ts";
import type { RelayProcess } from "../support/relay-process.ts";
import { until } from "../support/wait.ts";

let relay: RelayProcess;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  relay = await startRelayProcess();
}, 60_000);
afterAll(() => relay.close());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Device {
  readonly peer: NodePeer;
  readonly folder: string;
}

async function device(): Promise<Device> {
  const folder = await mkdtemp(join(tmpdir(), "skerry-device-"));
  const peer = await createNodePeer({ folder, relayUrl: relay.syncUrl });
  cleanups.push(async () => {
    await peer.close();
    await rm(folder, { recursive: true, force: true });
  });
  await peer.ready;
  return { peer, folder };
}

interface Editor {
  readonly doc: Doc;
  readonly provider: Provider3;
}

type Way = "in process" | "over loopback";

async function edit(Provider: typeof Provider3 | typeof Provider2, way: Way, { peer }: Device, docId: string): Promise<Editor> {
  const doc = new Doc();
  let url = peer.socketUrl;
  let Socket: unknown = peer.WebSocket;
  if (way === "over loopback") {
    const gateway = await serveYWebsocket({ peer });
    cleanups.push(() => gateway.close());
    url = gateway.url;
    Socket = NodeWebSocket;
  }
  const provider = new Provider(url, docId, doc, {
    WebSocketPolyfill: Socket as typeof WebSocket,
    disableBc: true,
  }) as unknown as Provider3;
  cleanups.push(() => {
    provider.destroy();
    doc.destroy();
  });
  return { doc, provider };
}

/** Two devices that share one document. */
async function pair(): Promise<{ readonly one: Device; readonly two: Device; readonly docId: string }> {
  const one = await device();
  const two = await device();
  const docId = await one.peer.createDocument();
  const opened = await two.peer.openLink((await one.peer.shareLink(docId)) ?? "");
  expect(opened).toEqual({ ok: true, docId });
  return { one, two, docId };
}

function watch({ peer }: Device, docId: string): () => DocumentStatus | undefined {
  let last: DocumentStatus | undefined;
  cleanups.push(peer.watchStatus(docId, (status) => (last = status)));
  return () => last;
}

const text = ({ doc }: Editor): string => doc.getText("body").toString();
const append = ({ doc }: Editor, what: string): void => doc.getText("body").insert(doc.getText("body").length, what);
const sees = ({ provider }: Editor, other: Editor): boolean => provider.awareness.getStates().has(other.doc.clientID);

for (const [version, Provider] of [
  ["3.1", Provider3],
  ["2.1", Provider2],
] as const) {
  for (const way of ["in process", "over loopback"] as const) {
    describe(`y-websocket ${version} ${way}`, { timeout: 60_000 }, () => {
      test("ED-1 live sync and late join between two devices", async () => {
        const { one, two, docId } = await pair();
        const a = await edit(Provider, way, one, docId);
        const b = await edit(Provider, way, two, docId);
        await until("both synced", () => a.provider.synced && b.provider.synced);
        append(a, "hello");
        await until("b has it", () => text(b) === "hello");
        append(b, " world");
        await until("a has it", () => text(a) === "hello world");
        const three = await device();
        await three.peer.openLink((await one.peer.shareLink(docId)) ?? "");
        const late = await edit(Provider, way, three, docId);
        await until("late joiner", () => text(late) === "hello world");
        const status = watch(one, docId);
        await until("acknowledged", () => status()?.unsentChanges === 0 && ["relay", "others"].includes(status()?.saved ?? ""));
      });

      test("PS-4 presence joins, moves and leaves across devices, also when a device goes without a word", async () => {
        const { one, two, docId } = await pair();
        const a = await edit(Provider, way, one, docId);
        const b = await edit(Provider, way, two, docId);
        a.provider.awareness.setLocalState({ name: "a" });
        b.provider.awareness.setLocalState({ name: "b" });
        await until("each sees the other", () => sees(a, b) && sees(b, a));
        a.provider.awareness.setLocalStateField("cursor", 7);
        await until("the cursor moved", () => b.provider.awareness.getStates().get(a.doc.clientID)?.["cursor"] === 7);
        a.provider.shouldConnect = false;
        a.provider.ws?.close();
        await until("a left", () => !sees(b, a));
        a.provider.connect();
        await until("a is back, and both see each other", () => sees(b, a) && sees(a, b));
        await two.peer.close();
        await until("b left with its device", () => !sees(a, b));
      });

      test("ED-1 both devices offline, editors and peers alike: everything meets when the relay is back", async () => {
        const { one, two, docId } = await pair();
        const a = await edit(Provider, way, one, docId);
        const b = await edit(Provider, way, two, docId);
        append(a, "start ");
        await until("together", () => text(b) === "start ");
        await relay.kill();
        append(a, "from-a ");
        append(b, "from-b ");
        // One editor is cut off from its own peer too.
        b.provider.disconnect();
        append(b, "alone-b ");
        await relay.restart();
        b.provider.connect();
        one.peer.retryNow();
        two.peer.retryNow();
        const words = (editor: Editor): string => text(editor).trim().split(" ").sort().join(" ");
        await until("converged", () => text(a) === text(b) && words(a) === "alone-b from-a from-b start");
      });
    });
  }
}
