/** One open document in this tab: a `Y.Doc` bound to this device's peer by the unmodified y-websocket provider. No React here. */
import { createDocumentModel, initDocument } from "@skerry/doc-model";
import type { Access } from "@skerry/doc-model";
import { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import { Doc, UndoManager } from "yjs";
import type { Text, Transaction } from "yjs";
import type { Profile, SkerryClient } from "../client.ts";
import { holdWhileComposing } from "./hold-while-composing.ts";
import { readPeople, presenceUser } from "./people.ts";
import type { Person } from "./people.ts";

export interface DocumentSession {
  readonly awareness: Awareness;
  readonly body: Text;
  /** `newer-version`: written by a newer app, to be shown and not changed. */
  access(): Access;
  onAccess(listener: (access: Access) => void): () => void;
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
  /** Whether this account may change the document. Until it is said to, nothing is written unasked, not even a migration. */
  setWritable(writable: boolean): void;
  /** Puts the text on lines of its own at the end, as this person's own edit. The returned function takes just that out again. */
  appendText(text: string): () => void;
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
  const model = createDocumentModel(doc);
  let loaded = false;
  let writable = false;
  const migrate = (): void => {
    if (loaded && writable) model.migrate();
  };
  provider.on("sync", (synced) => {
    loaded ||= synced;
    if (synced) migrate();
  });
  let closed = false;
  let profile: Profile | undefined;

  /** The first edit makes an empty document one of the current format. Opening it does not: a link may be opened before its content is there. */
  const begin = (): void => {
    if (profile !== undefined) initDocument(doc, { createdAtMs: Date.now(), createdBy: profile.accountId });
  };
  const onBody = (_event: unknown, transaction: Transaction): void => {
    if (transaction.local && loaded) begin();
  };
  model.body.observe(onBody);

  return {
    awareness,
    body: model.body,
    access: () => model.access(),
    onAccess: (listener) => model.onAccess(listener),
    title: () => model.title(),
    setTitle(title) {
      begin();
      model.setTitle(title);
    },
    onTitle: (listener) => model.onTitle(listener),
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
    setUser(next) {
      profile = next;
      awareness.setLocalStateField("user", presenceUser(next.displayName, next.accountId));
    },
    setComposing: (composing) => hold.setComposing(composing),
    setWritable(next) {
      writable = next;
      migrate();
    },
    appendText(text) {
      const origin = {};
      const undoManager = new UndoManager(model.body, { trackedOrigins: new Set([origin]) });
      const lead = model.body.length === 0 || model.body.toJSON().endsWith("\n") ? "" : "\n";
      doc.transact(() => model.body.insert(model.body.length, `${lead}${text}`), origin);
      return () => {
        undoManager.undo();
        undoManager.destroy();
      };
    },
    exportText: () => `${model.title()}\n\n${model.body.toJSON()}\n`.trimStart(),
    close() {
      if (closed) return;
      closed = true;
      model.body.unobserve(onBody);
      hold.close();
      provider.destroy();
      awareness.destroy();
      doc.destroy();
    },
  };
}
