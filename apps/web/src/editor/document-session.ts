/** One open document in this tab: a `Y.Doc` bound to this device's peer by the unmodified y-websocket provider. No React here. */
import { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import { Doc } from "yjs";
import type { Text } from "yjs";
import type { Profile, SkerryClient } from "../client.ts";
import { holdWhileComposing } from "./hold-while-composing.ts";
import { readPeople, presenceUser } from "./people.ts";
import type { Person } from "./people.ts";
import { bodyOf, formatOf, onTitle, setTitle, titleOf } from "./model.ts";

export interface DocumentSession {
  readonly awareness: Awareness;
  readonly body: Text;
  /** Written by a newer app: shown, not changed. */
  isNewerFormat(): boolean;
  title(): string;
  setTitle(title: string): void;
  /** Calls back after each change of the title, whoever made it. */
  onTitle(listener: (title: string) => void): () => void;
  /** Calls back once this device's copy is here, at once if it already is. */
  onLoaded(listener: () => void): () => void;
  people(): readonly Person[];
  onPeople(listener: () => void): () => void;
  setUser(profile: Profile): void;
  setComposing(composing: boolean): void;
  /** The whole text with its title, for downloading. */
  exportText(): string;
  close(): void;
}

export function openDocumentSession(client: SkerryClient, docId: string): DocumentSession {
  const doc = new Doc();
  const awareness = new Awareness(doc);
  const provider = new WebsocketProvider(client.socketUrl, docId, doc, {
    WebSocketPolyfill: client.WebSocket,
    disableBc: true,
    awareness,
    connect: false,
  });
  const hold = holdWhileComposing(provider);
  provider.connect();
  const body = bodyOf(doc);
  let loaded = false;
  provider.on("sync", (synced) => {
    loaded ||= synced;
  });
  let closed = false;

  return {
    awareness,
    body,
    isNewerFormat: () => formatOf(doc) === "newer",
    title: () => titleOf(doc),
    setTitle: (title) => setTitle(doc, title),
    onTitle: (listener) => onTitle(doc, listener),
    onLoaded(listener) {
      if (loaded) {
        listener();
        return () => undefined;
      }
      const onSync = (synced: boolean): void => {
        if (synced) listener();
      };
      provider.on("sync", onSync);
      return () => provider.off("sync", onSync);
    },
    people: () => readPeople(awareness.getStates(), awareness.clientID),
    onPeople(listener) {
      awareness.on("change", listener);
      return () => awareness.off("change", listener);
    },
    setUser: (profile) => awareness.setLocalStateField("user", presenceUser(profile.displayName, profile.accountId)),
    setComposing: (composing) => hold.setComposing(composing),
    exportText: () => `${titleOf(doc)}\n\n${body.toString()}\n`.trimStart(),
    close() {
      if (closed) return;
      closed = true;
      hold.close();
      provider.destroy();
      awareness.destroy();
      doc.destroy();
    },
  };
}
