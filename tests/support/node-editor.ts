/** A person at a Node peer: the unmodified y-websocket provider on a `Y.Doc` of their own, through the peer's in-process socket. */
import type { DocumentStatus } from "@skerry/peer";
import type { NodePeer } from "@skerry/peer/node";
import { WebsocketProvider } from "y-websocket-3";
import * as Y from "yjs";
import { until } from "./wait.ts";

export interface NodeEditor {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
  readonly status: () => DocumentStatus | undefined;
  close(): void;
}

/** Resolves when the peer let the editor in and both hold the same. */
export async function openEditor(
  peer: Pick<NodePeer, "WebSocket" | "socketUrl" | "watchStatus">,
  docId: string,
  field = "body",
): Promise<NodeEditor> {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(peer.socketUrl, docId, doc, { WebSocketPolyfill: peer.WebSocket, disableBc: true });
  let status: DocumentStatus | undefined;
  const unwatch = peer.watchStatus(docId, (next) => {
    status = next;
  });
  await until("the editor is let in", () => provider.synced);
  return {
    doc,
    text: doc.getText(field),
    provider,
    status: () => status,
    close: () => {
      unwatch();
      provider.destroy();
      doc.destroy();
    },
  };
}
