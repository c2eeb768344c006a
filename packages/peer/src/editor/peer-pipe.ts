/** Lets one editor in at a peer of the same process. */
import { InvariantError } from "@skerry/protocol";
import type { EditorConnection, OpenDocument } from "../editor-hub.ts";
import type { Peer } from "../peer.ts";
import type { OpenPipe, SocketPipe, SocketPipeEvents } from "./socket-shape.ts";

/** Close codes an editor may see; 44xx: do not come back. */
export const editorCloseCodes = {
  /** This document is not on this device: create it or open its link first. */
  unknownDocument: 4404,
  /** This device's copy can't be read at the moment. */
  unreadable: 4500,
  shuttingDown: 4501,
} as const;

/** After what runs now. */
const soon = (run: () => void): void => void Promise.resolve().then(run);

/**
 * Opens the document, waits until editors may be let in, and connects. An editor that gives up before is never connected. `events` are called
 * asynchronously, `onClose` exactly once.
 */
export function openEditorPipe(peer: Pick<Peer, "open">, docId: string, events: SocketPipeEvents): SocketPipe {
  let document: OpenDocument | undefined;
  let connection: EditorConnection | undefined;
  let ended = false;

  function end(code: number, reason: string): void {
    if (ended) return;
    ended = true;
    connection?.closed();
    document?.release();
    soon(() => events.onClose(code, reason));
  }

  async function start(): Promise<void> {
    document = peer.open(docId);
    if (document === undefined) return end(editorCloseCodes.unknownDocument, "document not on this device");
    try {
      await document.ready;
    } catch {
      // The reason is in the document's status, where the application looks for it.
      return end(editorCloseCodes.unreadable, "document can't be read");
    }
    if (ended) return;
    events.onOpen();
    if (ended) return;
    connection = document.hub.connect({
      send: (message) => {
        const copy = message.slice();
        soon(() => {
          if (!ended) events.onMessage(copy);
        });
      },
      close: (code, reason) => end(code, reason),
    });
    for (const message of waiting.splice(0)) connection.receive(message);
  }

  // What the editor says in its `onopen` comes before the hub knows it.
  const waiting: Uint8Array[] = [];
  soon(() => {
    if (ended) return;
    start().catch((error: unknown) => {
      end(editorCloseCodes.unreadable, "document can't be opened");
      if (error instanceof InvariantError) throw error;
    });
  });
  return {
    send: (message) => {
      if (ended) return;
      if (connection === undefined) waiting.push(message);
      // At once: a provider that is destroyed sends its last edits and closes in one go.
      else connection.receive(message);
    },
    close: (code, reason) => end(code, reason),
  };
}

export const openPipeAt =
  (peer: Pick<Peer, "open">): OpenPipe =>
  (room, events) =>
    openEditorPipe(peer, room, events);
