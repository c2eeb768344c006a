import type * as Y from "yjs";
import { WebSocket } from "ws";
import type { Client } from "./target.ts";

/** The interface of the workloads around a `Y.Doc` that some provider keeps in sync. */
export const textClient = (doc: Y.Doc, rest: Omit<Client, "append" | "length">): Client => {
  const text = doc.getText("t");
  return { ...rest, append: (added) => text.insert(text.length, added), length: () => text.length };
};

/** A `ws` class for a provider that remembers its sockets, to tell what they still hold back. */
export function countingWebSocket(): { readonly Counting: typeof globalThis.WebSocket; backlog(): number } {
  const sockets: WebSocket[] = [];
  class Counting extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { perMessageDeflate: false });
      sockets.push(this);
    }
  }
  return {
    Counting: Counting as unknown as typeof globalThis.WebSocket,
    backlog: () => sockets.reduce((sum, socket) => sum + socket.bufferedAmount, 0),
  };
}
