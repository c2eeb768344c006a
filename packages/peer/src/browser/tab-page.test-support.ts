/** A tab for peer.browser.test.ts: unmodified y-websocket providers on a peer in a worker. `?fallback` pretends that SharedWorker is missing. */
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket-3";
import { Doc } from "yjs";
import type { DocumentStatus, SkerryClient } from "../client.ts";
import { connectSkerry } from "./connect.ts";

const parameters = new URLSearchParams(location.search);
if (parameters.has("fallback")) Reflect.deleteProperty(globalThis, "SharedWorker");

const client: SkerryClient = connectSkerry({
  // Nobody listens there: these tests are about one device.
  relayUrl: "ws://127.0.0.1:9",
  worker: () => new SharedWorker(`/worker.js${parameters.get("build") ?? ""}`, { type: "module" }),
  fallbackWorker: () => new Worker("/worker.js", { type: "module" }),
});

const editors = new Map<string, { readonly doc: Doc; readonly provider: Provider3 }>();

function editor(docId: string): { readonly doc: Doc; readonly provider: Provider3 } {
  const found = editors.get(docId);
  if (found === undefined) throw new Error("not opened in this tab");
  return found;
}

export interface TestTab {
  readonly client: SkerryClient;
  open(docId: string, version: 2 | 3): void;
  synced(docId: string): boolean;
  text(docId: string): string;
  insert(docId: string, text: string): void;
  setName(docId: string, name: string): void;
  names(docId: string): string[];
  status(docId: string): DocumentStatus | undefined;
  lastClose(docId: string): number;
}

const statuses = new Map<string, DocumentStatus>();
const closes = new Map<string, number>();

const tab: TestTab = {
  client,
  open: (docId, version) => {
    const doc = new Doc();
    const Provider = version === 2 ? Provider2 : Provider3;
    const provider = new Provider(client.socketUrl, docId, doc, {
      WebSocketPolyfill: client.WebSocket,
      disableBc: true,
    }) as unknown as Provider3;
    provider.on("connection-close", (event: CloseEvent | null) => void closes.set(docId, event?.code ?? 0));
    editors.set(docId, { doc, provider });
    client.watchStatus(docId, (status) => void statuses.set(docId, status));
  },
  synced: (docId) => editor(docId).provider.synced,
  text: (docId) => editor(docId).doc.getText("body").toString(),
  insert: (docId, text) => {
    const body = editor(docId).doc.getText("body");
    body.insert(body.length, text);
  },
  setName: (docId, name) => editor(docId).provider.awareness.setLocalState({ name }),
  names: (docId) => [...editor(docId).provider.awareness.getStates().values()].map((state) => String(state["name"] ?? "")).sort(),
  status: (docId) => statuses.get(docId),
  lastClose: (docId) => closes.get(docId) ?? -1,
};

Object.assign(globalThis, { skerryTab: tab });
