/**
 * `@y/websocket-server` 0.1.1, the last one on Yjs 13 (0.1.5 depends on pre-releases of Yjs 14 and does not install), with LevelDB through
 * y-leveldb. Client: y-websocket 3.1.
 */
import path from "node:path";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { fieldFolder } from "../lib/field.ts";
import { spawnServer } from "../lib/process.ts";
import { connectRaw } from "../lib/raw-ws.ts";
import type { Client, Pipe, PipeOptions, Target } from "../lib/target.ts";
import { countingWebSocket, textClient } from "../lib/text-client.ts";
import { eachMarker, emptyStateVector, emptyUpdate, syncFrame } from "../lib/yjs-wire.ts";

function pipe({ port, room, onMarker }: PipeOptions): Pipe {
  let updates = 0;
  let syncBytes = 0;
  let synced = (): void => undefined;
  const ready = new Promise<void>((resolve) => (synced = resolve));
  const ws = connectRaw({
    port,
    path: `/${room}`,
    onOpen: () => ws.send(syncFrame(0, emptyStateVector)),
    onFrame: (frame) => {
      if (frame[0] !== 0) return;
      if (frame[1] === 2) updates += eachMarker(frame, onMarker);
      else if (frame[1] === 0) ws.send(syncFrame(1, emptyUpdate));
      else {
        syncBytes = frame.length;
        synced();
      }
    },
  });
  return {
    ready,
    prepare: (all) => all.map((update) => syncFrame(2, update)),
    send: (frame) => ws.send(frame),
    updates: () => updates,
    frames: () => ws.frames(),
    echo: true,
    syncBytes: () => syncBytes,
    close: () => ws.close(),
  };
}

function client(port: number, room: string): Client {
  const doc = new Y.Doc();
  const { Counting, backlog } = countingWebSocket();
  const provider = new WebsocketProvider(`ws://127.0.0.1:${port}`, room, doc, { WebSocketPolyfill: Counting, disableBc: true });
  return textClient(doc, {
    ready: new Promise((resolve) => provider.on("sync", (isSynced: boolean) => isSynced && resolve())),
    backlog,
    unconfirmed: () => undefined,
    close: () => {
      provider.destroy();
      doc.destroy();
      return Promise.resolve();
    },
  });
}

export const yWebsocket = (persist: boolean): Target => ({
  name: persist ? "y-websocket + LevelDB" : "y-websocket",
  start: ({ port, folder }) =>
    spawnServer(
      process.execPath,
      [path.join(fieldFolder, "node_modules/y-websocket-server-13/src/server.js")],
      port,
      { PORT: String(port), HOST: "127.0.0.1", ...(persist ? { YPERSISTENCE: folder } : {}) },
      fieldFolder,
    ),
  pipe,
  client: ({ port, room }) => client(port, room),
});
