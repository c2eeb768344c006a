import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket-3";
import { Doc } from "yjs";
import { createNodePeer, serveYWebsocket } from "./index.ts";
import type { NodePeer } from "./index.ts";
import { until } from "./until.test-support.ts";

let folder = "";
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skerry-peer-"));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

async function openPeer(): Promise<NodePeer> {
  // Nobody listens there: these tests are about one device.
  const peer = await createNodePeer({ folder, relayUrl: "ws://127.0.0.1:9" });
  cleanups.push(() => peer.close());
  await peer.ready;
  return peer;
}

interface Editor {
  readonly doc: Doc;
  readonly provider: Provider3;
}

function edit(Provider: typeof Provider3 | typeof Provider2, url: string, docId: string, Socket: unknown): Editor {
  const doc = new Doc();
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

const text = ({ doc }: Editor): string => doc.getText("body").toString();

describe("Node peer", () => {
  test("ED-1 y-websocket 3.1 in process and 2.1 over loopback edit one document of one peer", async () => {
    const peer = await openPeer();
    const docId = await peer.createDocument();
    const gateway = await serveYWebsocket({ peer });
    cleanups.push(() => gateway.close());
    const a = edit(Provider3, peer.socketUrl, docId, peer.WebSocket);
    const b = edit(Provider2, gateway.url, docId, NodeWebSocket);
    await until("both synced", () => a.provider.synced && b.provider.synced);
    a.doc.getText("body").insert(0, "hello");
    await until("b has it", () => text(b) === "hello");
    b.doc.getText("body").insert(5, " world");
    await until("a has it", () => text(a) === "hello world");
    a.provider.awareness.setLocalState({ name: "a" });
    await until("b sees a", () => b.provider.awareness.getStates().has(a.doc.clientID));
    a.provider.destroy();
    await until("a left", () => !b.provider.awareness.getStates().has(a.doc.clientID));
    await until("durable", () => !peer.hasUnsavedChanges());
  });

  test("BS-1 edit, destroy and close in one go; opened again the text is there, many rounds", async () => {
    let wanted = "";
    let docId = "";
    for (let round = 0; round < 10; round++) {
      const peer = await openPeer();
      if (docId === "") docId = await peer.createDocument();
      const a = edit(Provider3, peer.socketUrl, docId, peer.WebSocket);
      await until("synced", () => a.provider.synced);
      expect(text(a)).toBe(wanted);
      wanted += `w${round} `;
      a.doc.getText("body").insert(text(a).length, `w${round} `);
      a.provider.destroy();
      await peer.close();
    }
  });

  test("BS-8 a second peer on the same folder is told `locked`", async () => {
    await openPeer();
    await expect(createNodePeer({ folder, relayUrl: "ws://127.0.0.1:9" })).rejects.toMatchObject({ code: "locked" });
  });

  test("BS-3 a folder that lost its vault key, or has another, is `wrong-key` and left as it is", async () => {
    const peer = await openPeer();
    const docId = await peer.createDocument();
    await peer.close();
    const path = join(folder, "vault.key");
    const key = await readFile(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await rm(path);
    await expect(createNodePeer({ folder, relayUrl: "ws://127.0.0.1:9" })).rejects.toMatchObject({ code: "wrong-key" });
    await writeFile(
      path,
      key.map((byte) => byte ^ 1),
    );
    await expect(createNodePeer({ folder, relayUrl: "ws://127.0.0.1:9" })).rejects.toMatchObject({ code: "wrong-key" });
    await writeFile(path, key);
    const again = await openPeer();
    expect(await again.has(docId)).toBe(true);
  });

  test("BS-2 no canary of text, title or name in any file of the folder; a planted one is found by the same search", async () => {
    const peer = await openPeer();
    await peer.setDisplayName("canary-person");
    const docId = await peer.createDocument();
    await peer.setTitle(docId, "canary-title");
    const a = edit(Provider3, peer.socketUrl, docId, peer.WebSocket);
    await until("synced", () => a.provider.synced);
    a.doc.getText("body").insert(0, "canary-text ".repeat(20));
    await until("durable", () => !peer.hasUnsavedChanges());
    a.provider.destroy();
    await peer.close();
    const found = async (): Promise<string[]> => {
      const hits = new Set<string>();
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const bytes = await readFile(join(entry.parentPath, entry.name));
        for (const canary of ["canary-person", "canary-title", "canary-text", docId]) if (bytes.includes(canary)) hits.add(canary);
      }
      return [...hits];
    };
    expect(await found()).toEqual([]);
    await writeFile(join(folder, "planted"), `canary-person canary-title canary-text ${docId}`);
    expect(await found()).toHaveLength(4);
  });
});
