/** Hocuspocus 4 with its default settings, on Node 24 (it needs ≥ 22), with or without SQLite. Client: its own provider. */
import path from "node:path";
import * as encoding from "lib0/encoding";
import type * as Y from "yjs";
import { fieldFolder, importField, node24 } from "../lib/field.ts";
import { spawnServer } from "../lib/process.ts";
import { connectRaw } from "../lib/raw-ws.ts";
import type { Client, Pipe, PipeOptions, Target } from "../lib/target.ts";
import { countingWebSocket, textClient } from "../lib/text-client.ts";
import { eachMarker, emptyStateVector, emptyUpdate, syncFrame } from "../lib/yjs-wire.ts";

interface Provider {
  readonly unsyncedChanges: number;
  attach(): void;
  on(event: "synced", listener: () => void): void;
  destroy(): void;
}
interface ProviderModule {
  readonly HocuspocusProviderWebsocket: new (options: object) => { destroy(): void };
  readonly HocuspocusProvider: new (options: object) => Provider;
}

const providerModule = (await importField("@hocuspocus/provider")) as ProviderModule;
const yjs = (await importField("yjs")) as typeof Y;
const version = "4.8.0";

function authFrame(room: string): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarString(encoder, room);
  encoding.writeVarUint(encoder, 2);
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarString(encoder, "");
  encoding.writeVarString(encoder, version);
  return encoding.toUint8Array(encoder);
}

function pipe({ port, room, onMarker }: PipeOptions): Pipe {
  const skip = Buffer.byteLength(room) + 1;
  let updates = 0;
  let syncBytes = 0;
  let synced = (): void => undefined;
  const ready = new Promise<void>((resolve) => (synced = resolve));
  const ws = connectRaw({
    port,
    path: "/",
    onOpen: () => {
      ws.send(authFrame(room));
      ws.send(syncFrame(0, emptyStateVector, room));
    },
    onFrame: (frame) => {
      const type = frame[skip];
      const sub = frame[skip + 1];
      if (type === 0 && sub === 2) updates += eachMarker(frame, onMarker);
      else if ((type === 0 || type === 4) && sub === 0) ws.send(syncFrame(1, emptyUpdate, room));
      else if (type === 0 && sub === 1) {
        syncBytes = frame.length;
        synced();
      }
    },
  });
  return {
    ready,
    prepare: (all) => all.map((update) => syncFrame(2, update, room)),
    send: (frame) => ws.send(frame),
    updates: () => updates,
    frames: () => ws.frames(),
    echo: true,
    syncBytes: () => syncBytes,
    close: () => ws.close(),
  };
}

function client(port: number, room: string): Client {
  const doc = new yjs.Doc();
  const { Counting, backlog } = countingWebSocket();
  const websocketProvider = new providerModule.HocuspocusProviderWebsocket({ url: `ws://127.0.0.1:${port}`, WebSocketPolyfill: Counting });
  const provider = new providerModule.HocuspocusProvider({ websocketProvider, name: room, document: doc, token: "" });
  provider.attach();
  return textClient(doc, {
    ready: new Promise((resolve) => provider.on("synced", resolve)),
    backlog,
    unconfirmed: () => provider.unsyncedChanges,
    close: () => {
      provider.destroy();
      websocketProvider.destroy();
      doc.destroy();
      return Promise.resolve();
    },
  });
}

export const hocuspocus = (persist: boolean): Target => ({
  name: persist ? "Hocuspocus 4 + SQLite" : "Hocuspocus 4",
  start: ({ port, folder }) =>
    spawnServer(
      node24(),
      [path.join(fieldFolder, "hocuspocus-server.mjs")],
      port,
      { PORT: String(port), ...(persist ? { SQLITE: path.join(folder, "db.sqlite") } : {}) },
      fieldFolder,
    ),
  pipe,
  client: ({ port, room }) => client(port, room),
});
