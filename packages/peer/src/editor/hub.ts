/**
 * Toward its editors a hub is a y-websocket server for one document: sync step 1, step 2 and update (0), awareness (1), query awareness (3);
 * auth (2) has no meaning from an editor and is ignored. What editors send is walked by the bounded validator before Yjs sees it.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { InvariantError, varBytes } from "@skerry/protocol";
import { applyUpdate, encodeStateAsUpdate, encodeStateVector } from "yjs";
import type { EditorConnection, EditorHub, EditorHubOptions, EditorSocket } from "../editor-hub.ts";
import { editorLimits } from "../yjs-update/limits.ts";
import { validateUpdate } from "../yjs-update/validate.ts";
import { awarenessLimits, decodeAwareness, encodeAwareness, encodeAwarenessChunks } from "./awareness-codec.ts";
import type { AwarenessEntry } from "./awareness-codec.ts";
import { createAwarenessTable } from "./awareness-table.ts";
import type { Source, Spread } from "./awareness-table.ts";

const messageSync = 0;
const messageAwareness = 1;
const messageAuth = 2;
const messageQueryAwareness = 3;
const syncStep1 = 0;
const syncStep2 = 1;
const syncUpdate = 2;

export const hubLimits: { readonly messageBytesMax: number; readonly heartbeatMs: number } = {
  /** One message of an editor: at most a whole document. */
  messageBytesMax: 64 * 1024 * 1024,
  /** y-websocket gives a connection up after 30 s without a message; it looks every 3 s. */
  heartbeatMs: 10_000,
};

/** Clients that one editor speaks for. */
const ownMax = 256;

/** What an editor hears when it is closed. 44xx: y-websocket 3.1 does not come back with the same bytes. */
const malformed = 4400;
const shuttingDown = 4501;

/** An awareness update about nobody: harmless to y-protocols, and a sign of life to y-websocket's watchdog. */
const heartbeat: Uint8Array = Uint8Array.of(messageAwareness, 1, 0);

// lib0's own reader would look beyond the message into the buffer that it is a view of.
const payload = varBytes(hubLimits.messageBytesMax);

interface Editor extends EditorConnection {
  readonly socket: EditorSocket;
  readonly source: Source;
  /**
   * Clients that it speaks for: named before it was told who is here, or accepted from it. It is never told of them: with shifted clocks it would
   * take its own state for news, say so, and so on without end (y-websocket 2 keeps listening to a connection that it gave up).
   */
  readonly own: Set<number>;
  introduced: boolean;
}

export function createEditorHub(options: EditorHubOptions): EditorHub {
  const { doc } = options;
  const table = createAwarenessTable();
  const editors = new Set<Editor>();
  let connections = 0;
  let closed = false;
  let cancelHeartbeat: (() => void) | undefined;

  /** A pipe that fails is closed; it must never stop an update from reaching the others. */
  function send(editor: Editor, message: Uint8Array): void {
    try {
      editor.socket.send(message);
    } catch {
      end(editor, shuttingDown, "pipe failed");
    }
  }

  function end(editor: Editor, code: number, reason: string): void {
    if (!editors.has(editor)) return;
    drop(editor);
    try {
      editor.socket.close(code, reason);
    } catch {
      // It is gone, which is what was wanted.
    }
  }

  function drop(editor: Editor): void {
    if (!editors.delete(editor)) return;
    if (editors.size === 0) stopHeartbeat();
    spread(table.left(editor.source), editor);
  }

  function spread(news: Spread, speaker: Editor | undefined): void {
    for (const { clientId } of news.toEditors) if (speaker !== undefined && speaker.own.size < ownMax) speaker.own.add(clientId);
    for (const editor of [...editors]) if (editor !== speaker) tell(editor, news.toEditors);
    if (speaker !== undefined) sendAwareness(speaker, encodeAwarenessChunks(news.toSpeaker));
    for (const chunk of encodeAwarenessChunks(news.toRemote)) options.onAwareness(chunk);
  }

  function tell(editor: Editor, entries: readonly AwarenessEntry[]): void {
    sendAwareness(editor, encodeAwarenessChunks(entries.filter(({ clientId }) => !editor.own.has(clientId))));
  }

  function sendAwareness(editor: Editor, chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) if (editors.has(editor)) send(editor, prefixed(messageAwareness, chunk));
  }

  function beat(): void {
    cancelHeartbeat = options.clock?.schedule(hubLimits.heartbeatMs, () => {
      for (const editor of [...editors]) send(editor, heartbeat);
      if (editors.size > 0) beat();
    });
  }

  function stopHeartbeat(): void {
    cancelHeartbeat?.();
    cancelHeartbeat = undefined;
  }

  const onUpdate = (update: Uint8Array, origin: unknown): void => {
    const message = syncMessage(syncUpdate, update);
    for (const editor of [...editors]) if (editor !== origin) send(editor, message);
  };
  doc.on("update", onUpdate);

  /** False if the message is not one that a y-websocket provider sends. */
  function receive(editor: Editor, message: Uint8Array): boolean {
    if (message.length > hubLimits.messageBytesMax) return false;
    const decoder = decoding.createDecoder(message);
    const type = decoding.readVarUint(decoder);
    if (type === messageSync) return receiveSync(editor, decoder);
    if (type === messageQueryAwareness) {
      introduce(editor);
      return true;
    }
    if (type === messageAuth) return true;
    if (type !== messageAwareness) return false;
    const entries = decodeAwareness("editor", payload.read(decoder, "awareness"));
    if (!entries.ok) return false;
    if (!editor.introduced) for (const { clientId } of entries.value.slice(0, ownMax)) editor.own.add(clientId);
    spread(table.heard(editor.source, entries.value, !editor.introduced), editor);
    return true;
  }

  /** Tells an editor who is here. */
  function introduce(editor: Editor): void {
    editor.introduced = true;
    tell(editor, table.shownAfresh(editor.source, editor.own));
  }

  function receiveSync(editor: Editor, decoder: decoding.Decoder): boolean {
    const type = decoding.readVarUint(decoder);
    const bytes = payload.read(decoder, "sync");
    if (type === syncStep1) {
      send(editor, syncMessage(syncStep2, encodeStateAsUpdate(doc, bytes)));
      return true;
    }
    if (type !== syncStep2 && type !== syncUpdate) return false;
    if (!validateUpdate(bytes, editorLimits).ok) return false;
    applyUpdate(doc, bytes, editor);
    // Its own presence came before: it must not be given an old state of itself, left over from a connection that has not ended yet.
    if (type === syncStep2 && !editor.introduced) introduce(editor);
    return true;
  }

  function connect(socket: EditorSocket): EditorConnection {
    const editor: Editor = {
      socket,
      source: { kind: "editor", id: connections++ },
      own: new Set(),
      introduced: false,
      receive: (message) => {
        if (!editors.has(editor)) return;
        let understood: boolean;
        try {
          understood = receive(editor, message);
        } catch (error) {
          if (error instanceof InvariantError) throw error;
          // Readers throw at the end of the bytes. The validator leaves Yjs nothing to throw at; should it, this editor is cut off, not the document.
          understood = false;
        }
        if (!understood) end(editor, malformed, "malformed message");
      },
      closed: () => drop(editor),
    };
    if (closed) {
      socket.close(shuttingDown, "closed");
      return editor;
    }
    editors.add(editor);
    if (cancelHeartbeat === undefined) beat();
    send(editor, syncMessage(syncStep1, encodeStateVector(doc)));
    return editor;
  }

  return {
    doc,
    connect,
    remoteAwareness: (from, update) => {
      const entries = decodeAwareness("remote", update);
      if (!entries.ok) return "malformed";
      spread(table.heard({ kind: "remote", id: from }, entries.value), undefined);
      return "ok";
    },
    remoteLeft: (from) => spread(table.left({ kind: "remote", id: from }), undefined),
    remoteGone: () => spread(table.remoteGone(), undefined),
    localAwareness: () => encodeFirst(table.local()),
    editors: () => editors.size,
    close: () => {
      if (closed) return;
      closed = true;
      for (const editor of [...editors]) end(editor, shuttingDown, "closed");
      doc.off("update", onUpdate);
      stopHeartbeat();
    },
  };
}

/** As many as one presence message holds, the ones heard last first. */
function encodeFirst(entries: readonly AwarenessEntry[]): Uint8Array | undefined {
  const kept: AwarenessEntry[] = [];
  let bytes = 8;
  for (const entry of [...entries].reverse().slice(0, awarenessLimits.updateClientsMax)) {
    bytes += encodeAwareness([entry]).length;
    if (bytes > awarenessLimits.updateBytesMax) break;
    kept.push(entry);
  }
  return kept.length === 0 ? undefined : encodeAwareness(kept);
}

function prefixed(type: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}

function syncMessage(type: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, messageSync);
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}
