/**
 * The floor: `bench/field/raw-server.mjs`, about 100 lines that forward opaque bytes, with no authentication and no checks. `packsync` appends
 * to LevelDB with fsync first and sends all of one turn in one frame: what a blind, durable relay can at best approach.
 */
import path from "node:path";
import { fieldFolder } from "../lib/field.ts";
import { spawnServer } from "../lib/process.ts";
import { connectRaw } from "../lib/raw-ws.ts";
import type { Client, Pipe, PipeOptions, Target } from "../lib/target.ts";
import * as Y from "yjs";
import { textClient } from "../lib/text-client.ts";
import { eachMarker } from "../lib/yjs-wire.ts";

type Variant = "memory" | "sync" | "packsync";

const bytesPerMessage = 100;
const tag = { live: 0, ack: 1, history: 2, caughtUp: 3, pack: 4 } as const;

function pipe({ port, room, onMarker }: PipeOptions, variant: Variant): Pipe {
  let updates = 0;
  let syncBytes = 0;
  let caughtUp = (): void => undefined;
  const ready = new Promise<void>((resolve) => (caughtUp = resolve));
  const ws = connectRaw({
    port,
    path: variant === "memory" ? `/${room}` : `/${room}?after=0`,
    onFrame: (frame) => {
      if (frame[0] === tag.live || frame[0] === tag.pack) updates += eachMarker(frame, onMarker);
      else if (frame[0] === tag.history) syncBytes += frame.length;
      else if (frame[0] === tag.caughtUp) caughtUp();
    },
  });
  return {
    ready,
    prepare: (all) =>
      all.map((update) => {
        const message = new Uint8Array(Math.max(update.length + 1, bytesPerMessage));
        message.set(update, 1);
        return message;
      }),
    send: (message) => ws.send(message),
    updates: () => updates,
    frames: () => ws.frames(),
    echo: variant === "packsync",
    syncBytes: () => syncBytes,
    close: () => ws.close(),
  };
}

function client(port: number, room: string): Client {
  const doc = new Y.Doc();
  let sent = 0;
  let acked = 0;
  let caughtUp = (): void => undefined;
  const ready = new Promise<void>((resolve) => (caughtUp = resolve));
  const remote = {};
  const eachPacked = (frame: Buffer): void => {
    for (let at = 1; at < frame.length;) {
      const length = frame.readUInt32LE(at);
      Y.applyUpdate(doc, frame.subarray(at + 5, at + 4 + length), remote);
      at += 4 + length;
    }
  };
  const ws = connectRaw({
    port,
    path: `/${room}?after=0`,
    onFrame: (frame) => {
      if (frame[0] === tag.live) Y.applyUpdate(doc, frame.subarray(1), remote);
      else if (frame[0] === tag.pack || frame[0] === tag.history) eachPacked(frame);
      else if (frame[0] === tag.ack) acked++;
      else if (frame[0] === tag.caughtUp) caughtUp();
    },
  });
  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin === remote) return;
    sent++;
    const message = new Uint8Array(update.length + 1);
    message.set(update, 1);
    ws.send(message);
  });
  return textClient(doc, {
    ready,
    backlog: () => ws.backlog(),
    unconfirmed: () => sent - acked,
    close: () => {
      ws.close();
      doc.destroy();
      return Promise.resolve();
    },
  });
}

export const raw = (variant: Variant): Target => ({
  name: variant === "memory" ? "raw ws" : `raw ws + ${variant === "sync" ? "LevelDB fsync" : "LevelDB fsync, packed"}`,
  start: ({ port, folder }) =>
    spawnServer(
      process.execPath,
      [path.join(fieldFolder, "raw-server.mjs")],
      port,
      {
        PORT: String(port),
        BACKLOG: "4096",
        ...(variant === "memory" ? {} : { LOG: folder, SYNC: "1" }),
        PACK: variant === "packsync" ? "1" : "0",
      },
      fieldFolder,
    ),
  pipe: (options) => pipe(options, variant),
  client: ({ port, room }) => client(port, room),
});
