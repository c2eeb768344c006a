import type { OpenDocument } from "./editor-hub.ts";
import type { SkerryClient } from "./client.ts";

/** The engine as its hosts see it: everything an application sees, minus the sockets, which are the host's business. */
export interface Peer extends Omit<SkerryClient, "WebSocket" | "socketUrl"> {
  /** Undefined if the document is not on this device. */
  open(docId: string): OpenDocument | undefined;
}

export interface PeerOptions {
  /** `ws:` or `wss:` address of the relay's sync endpoint. */
  readonly relayUrl: string;
  /** What the relay's operator asks of whoever makes a space there (`SKERRY_SPACE_TOKEN`), if anything; `setSpaceToken` goes before it. */
  readonly spaceToken?: string;
  /** This device was paired into another account, which is on its disk: the host closes this peer and makes another (PE-26). */
  readonly onAccountChanged?: () => void;
}
