/**
 * The seam between the engine (sync with the relay) and the editors of this device. Toward an editor a hub is a y-websocket server for one
 * document; toward the engine it is a `Y.Doc` plus presence. One hub per open document; many editors (tabs) per hub.
 */
import type { Clock } from "@skerry/protocol";
import type { Doc } from "yjs";

/** One editor's end: a WebSocket-shaped message pipe, already open. Messages are y-websocket's, binary. */
export interface EditorSocket {
  send(message: Uint8Array): void;
  /** 44xx tells the provider not to come back, other codes to reconnect. */
  close(code: number, reason: string): void;
}

/** What the owner of the pipe calls. Input from editors is this user's own, but still bounded and validated. */
export interface EditorConnection {
  receive(message: Uint8Array): void;
  /** The pipe is gone: its presence ends. Idempotent. */
  closed(): void;
}

export interface EditorHub {
  readonly doc: Doc;
  connect(socket: EditorSocket): EditorConnection;
  /** Presence of another device, opened and verified. `from` is the relay's connection number. Malformed or oversized input is dropped and reported. */
  remoteAwareness(from: number, update: Uint8Array): "ok" | "malformed";
  /** That connection left: the states that came over it end, with their own clock (see research/yjs.md §4). */
  remoteLeft(from: number): void;
  /** The link to the relay is gone: all remote states end. */
  remoteGone(): void;
  /** Everything that this device's editors show right now, for an answer to a query; undefined if nothing. */
  localAwareness(): Uint8Array | undefined;
  editors(): number;
  close(): void;
}

export interface EditorHubOptions {
  readonly doc: Doc;
  /** Called with what is new in the presence of this device's editors (deduplicated by client id and clock), to be sealed and sent. */
  readonly onAwareness: (update: Uint8Array) => void;
  /** For the sign of life without which y-websocket closes a silent connection after 30 s. Without a clock there is none. */
  readonly clock?: Clock;
}

/** What the engine gives to whoever accepts editors: browser worker, Node gateway. */
export interface OpenDocument {
  readonly hub: EditorHub;
  /**
   * Resolves when editors may be let in: this device's copy is loaded, and if there was none, the first catch-up is done. Rejects if the copy
   * cannot be read. Editors that come before are kept waiting (their `onopen` is delayed), never shown an empty document.
   */
  readonly ready: Promise<void>;
  /** Lets go; the document is closed some time after the last holder did, once nothing is unsent. Idempotent. */
  release(): void;
}
