/** Skerry's relay as `npm start` runs it, with rates that let a load generator through. Client: a whole Node peer, y-websocket 3.1 in front. */
import path from "node:path";
import type { DocumentStatus } from "@skerry/peer";
import { createNodePeer } from "@skerry/peer/node";
import type { NodePeer } from "@skerry/peer/node";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { repository } from "../lib/field.ts";
import { spawnServer } from "../lib/process.ts";
import type { Client, Target } from "../lib/target.ts";
import { textClient } from "../lib/text-client.ts";
import { skerryPipe } from "./skerry-pipe.ts";

/** Links of documents that a client of this run has made, by room: the next client comes in by link. */
const links = new Map<string, Promise<string>>();

const many = "10000000";
const unlimited = {
  SKERRY_HANDSHAKES_PER_SECOND: "1000000",
  SKERRY_HANDSHAKES_BURST: "1000000",
  SKERRY_CONNECTIONS_PER_ADDRESS_MAX: "1000000",
  SKERRY_APPENDS_PER_SECOND: many,
  SKERRY_APPENDS_BURST: many,
  SKERRY_MESSAGES_PER_SECOND: many,
  SKERRY_MESSAGES_BURST: many,
  SKERRY_BYTES_PER_SECOND: "10000000000",
};

async function documentOf(peer: NodePeer, room: string): Promise<string> {
  const known = links.get(room);
  if (known !== undefined) {
    const opened = await peer.openLink(await known);
    if (!opened.ok) throw new Error(`link refused: ${opened.error}`);
    return opened.docId;
  }
  const docId = await peer.createDocument();
  const link = peer.shareLink(docId).then((text) => text ?? "");
  links.set(room, link);
  await link;
  return docId;
}

function client(port: number, room: string, folder: string): Client {
  const doc = new Y.Doc();
  let status: DocumentStatus | undefined;
  const opening = (async () => {
    const peer = await createNodePeer({ folder, relayUrl: `ws://127.0.0.1:${port}/sync` });
    await peer.ready;
    const docId = await documentOf(peer, `${port}/${room}`);
    const unwatch = peer.watchStatus(docId, (next) => {
      status = next;
    });
    const provider = new WebsocketProvider(peer.socketUrl, docId, doc, { WebSocketPolyfill: peer.WebSocket, disableBc: true });
    await new Promise<void>((resolve) => {
      provider.on("sync", (isSynced: boolean) => isSynced && resolve());
    });
    return { peer, provider, unwatch };
  })();
  let written = 0;
  // A status from before the last edit says nothing about that edit.
  doc.on("update", (_update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
    if (!transaction.local) return;
    written++;
    status = undefined;
  });
  return textClient(doc, {
    ready: opening.then(() => undefined),
    backlog: () => 0,
    // What the app shows: everything is on the relay, or some of it is not.
    unconfirmed: () =>
      status !== undefined && status.unsentChanges === 0 && (status.saved === "relay" || status.saved === "others") ? 0 : written,
    close: async () => {
      const { peer, provider, unwatch } = await opening;
      unwatch();
      provider.destroy();
      await peer.close();
      doc.destroy();
    },
  });
}

export const skerry = (): Target => ({
  name: "Skerry",
  start: ({ port, folder }) =>
    spawnServer(
      process.execPath,
      [path.join(repository, "apps/relay/dist/main.js")],
      port,
      { SKERRY_PORT: String(port), SKERRY_DATA: folder, SKERRY_LOG_LEVEL: "silent", ...unlimited },
      repository,
    ),
  pipe: skerryPipe,
  client: ({ port, room, folder }) => client(port, room, folder),
});
