/**
 * A tab with an editor: a `Y.Doc` that speaks y-websocket's protocol with the peer's hub over a port that takes a moment each way. It is this
 * simulator's person: whatever it types is known to the oracle before anything under test has seen it.
 */
import type { EditorConnection, OpenDocument } from "@skerry/peer";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from "yjs";
import type { Transaction } from "yjs";
import type { ClockRange, EditExtent } from "../invariants/coverage.ts";
import { canary } from "../invariants/canary.ts";
import type { Process } from "../world/process.ts";

export interface TabOptions {
  readonly process: Process;
  readonly opened: OpenDocument;
  readonly client: number;
  /** Called within the editor's transaction; the result is called when the worker has taken the edit. */
  readonly onEdit: (extent: EditExtent) => () => void;
  /** The tab's own document changed, by whomever. */
  readonly onChange: () => void;
  readonly onUpdate: (update: Uint8Array) => void;
  /** Somebody's presence reached the editor. */
  readonly onAwareness: (client: number, state: string) => void;
  /** The hub closed the pipe. */
  readonly onClosed: (code: number) => void;
}

export interface Tab {
  readonly doc: Doc;
  readonly client: number;
  caret(where: number): void;
  /** As a person closes it: what was typed is on its way already. */
  close(): void;
}

/** From a tab to the worker, or back. */
const portMs = 1;
const labOrigin = "lab";

export function openTab(options: TabOptions): Tab {
  const { process, opened } = options;
  const doc = new Doc();
  doc.clientID = options.client;
  let connection: EditorConnection | undefined;
  let closed = false;
  let awarenessClock = 0;

  const toWorker = (message: Uint8Array, taken: () => void = () => {}): void =>
    void process.later(portMs, "to worker", () => {
      connection?.receive(message);
      taken();
    });

  const onUpdate = (update: Uint8Array, origin: unknown): void => {
    options.onUpdate(update);
    if (origin === opened) return;
    toWorker(syncMessage(2, update), pendingTaken);
    pendingTaken = undefined;
  };
  let pendingTaken: (() => void) | undefined;

  const onTransaction = (transaction: Transaction): void => {
    const { origin, local } = transaction;
    if (!local && origin !== labOrigin) return;
    const extent = extentOf(transaction);
    if (extent.made.length > 0 || extent.removed.length > 0) pendingTaken = options.onEdit(extent);
  };

  const receive = (message: Uint8Array): void => {
    if (closed) return;
    const decoder = decoding.createDecoder(message);
    if (decoding.readVarUint(decoder) !== 0) return readAwareness(decoding.createDecoder(decoding.readVarUint8Array(decoder)));
    const type = decoding.readVarUint(decoder);
    const bytes = decoding.readVarUint8Array(decoder);
    if (type === 0) toWorker(syncMessage(1, encodeStateAsUpdate(doc, bytes)));
    else {
      applyUpdate(doc, bytes, opened);
      options.onChange();
    }
  };

  const readAwareness = (decoder: decoding.Decoder): void => {
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const client = decoding.readVarUint(decoder);
      decoding.readVarUint(decoder);
      options.onAwareness(client, decoding.readVarString(decoder));
    }
  };

  // Yjs calls these before "update": an edit is in the book before it is on its way.
  doc.on("afterTransaction", onTransaction);
  doc.on("update", onUpdate);
  process.later(portMs, "tab opens", () => {
    if (closed) return;
    connection = opened.hub.connect({
      send: (message) => void process.later(portMs, "to tab", () => receive(message)),
      close: (code) => {
        if (!closed) options.onClosed(code);
      },
    });
    toWorker(syncMessage(0, encodeStateVector(doc)));
  });

  return {
    doc,
    client: options.client,
    caret: (where) => {
      const encoder = encoding.createEncoder();
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarUint(encoder, options.client);
      encoding.writeVarUint(encoder, ++awarenessClock);
      encoding.writeVarString(encoder, JSON.stringify({ user: { name: canary }, caret: where }));
      const message = encoding.createEncoder();
      encoding.writeVarUint(message, 1);
      encoding.writeVarUint8Array(message, encoding.toUint8Array(encoder));
      toWorker(encoding.toUint8Array(message));
    },
    close: () => {
      if (closed) return;
      closed = true;
      doc.off("update", onUpdate);
      doc.off("afterTransaction", onTransaction);
      const open = connection;
      process.later(portMs, "tab closed", () => open?.closed());
    },
  };
}

/** What applies an update as if it were typed here. */
export const typeUpdate = (tab: Tab, update: Uint8Array): void => applyUpdate(tab.doc, update, labOrigin);

function extentOf(transaction: Transaction): EditExtent {
  const { beforeState, afterState, deleteSet } = transaction;
  const made: ClockRange[] = [];
  for (const [client, to] of afterState) {
    const from = beforeState.get(client) ?? 0;
    if (to > from) made.push({ client, from, to });
  }
  const removed: ClockRange[] = [];
  // A value of a map that a newer one takes the place of is deleted by that, said or not.
  const text = transaction.doc.getText("body");
  const inText = transaction.changed.size > 0 && [...transaction.changed.keys()].every((type: unknown) => type === text);
  for (const [client, deletes] of inText ? deleteSet.clients : [])
    for (const { clock, len } of deletes) removed.push({ client, from: clock, to: clock + len });
  return { made, removed };
}

function syncMessage(type: 0 | 1 | 2, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}
