/**
 * What an application sees of the peer, the same in a browser tab (over a MessagePort to the SharedWorker), in the worker itself and in
 * Node. Document ids are text (base64url of 16 bytes) on this side. Nothing here needs or gives a key, except `shareLink`.
 */

/** The relay, as far as this device knows right now. */
export type ConnectionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "online"; readonly sinceMs: number }
  /** Not connected; the next try is at `retryAtMs` (wall clock). */
  | { readonly kind: "offline"; readonly retryAtMs: number; readonly reason: "unreachable" | "busy" | "lost" }
  /** Trying again cannot help: the relay refused this device or speaks another version. */
  | { readonly kind: "refused"; readonly reason: "version" | "authentication" | "origin" | "protocol" };

/** Where everything typed so far is, for sure. Each level includes those before it. */
export type SavedLevel =
  /** Not even durable on this device yet (milliseconds, unless `storage` says otherwise). */
  | "unsaved"
  | "device"
  /** The relay acknowledged all of it as durable. */
  | "relay"
  /** Another device named a head at or after it. */
  | "others";

export type StorageState = "ok" | "full" | "failing" | "wrong-key";

/** Something that an honest relay and honest members never cause. Shown, kept, never fatal. */
export interface Alarm {
  readonly kind:
    | "rollback"
    | "fork"
    | "bad-chain"
    | "bad-signature"
    | "foreign-client-id"
    | "undecryptable"
    | "malformed"
    | "oversized"
    | "author-fork"
    | "wrong-genesis"
    | "relay-key-changed"
    | "diverged"
    | "not-allowed";
  /** Sequence number concerned, 0 if none. */
  readonly seq: number;
  readonly atMs: number;
  /** Device concerned (base64url), empty if the relay. */
  readonly device: string;
}

export interface DocumentStatus {
  readonly docId: string;
  /** `loading`: reading this device's copy. `fetching`: none here yet, waiting for the relay. `missing`: the relay has none either. */
  readonly phase: "loading" | "fetching" | "missing" | "ready" | "failed";
  readonly saved: SavedLevel;
  /** Local changes that the relay has not acknowledged, 0 if none. */
  readonly unsentChanges: number;
  /** Last sequence number verified and applied; the relay's, if known. */
  readonly seq: number;
  readonly relaySeq: number;
  /** When the relay last acknowledged everything, or 0. */
  readonly syncedAtMs: number;
  /** When anything of this document was last heard from the relay, or 0. */
  readonly heardAtMs: number;
  readonly storage: StorageState;
  /** The relay's refusal that is in the way now, if any. */
  readonly refusal: string | undefined;
  readonly alarms: readonly Alarm[];
  readonly quarantined: number;
  /** Of other devices present that told their state: those at the same head with the same state hash, and those with another. */
  readonly agreeing: number;
  readonly disagreeing: number;
}

export interface DocumentSummary {
  readonly docId: string;
  /** As last told by `setTitle`; sealed on this device. */
  readonly title: string;
  readonly createdAtMs: number;
  readonly openedAtMs: number;
  readonly changedAtMs: number;
  /** Local changes that the relay has not acknowledged. */
  readonly unsent: boolean;
}

export interface Profile {
  readonly displayName: string;
  readonly accountId: string;
  readonly deviceId: string;
}

export type OpenLinkError = "empty" | "truncated" | "newer-version" | "not-a-link";

export interface Subscription {
  (): void;
}

export interface SkerryClient {
  /** Resolves when keys and the list of documents are loaded; rejects with a `StoreError`-like code if this device's store can't be read. */
  readonly ready: Promise<void>;
  /**
   * For `new WebsocketProvider(client.socketUrl, docId, doc, { WebSocketPolyfill: client.WebSocket, disableBc: true })`. Also takes
   * y-websocket 2 and 3 unmodified. Never opens a network connection of its own.
   */
  readonly WebSocket: typeof WebSocket;
  readonly socketUrl: string;
  profile(): Promise<Profile>;
  setDisplayName(name: string): Promise<void>;
  documents(): Promise<readonly DocumentSummary[]>;
  /** Calls back with the list now and after each change. */
  watchDocuments(listener: (documents: readonly DocumentSummary[]) => void): Subscription;
  /** Works offline. Resolves with the id when the document is durable on this device. */
  createDocument(): Promise<string>;
  /** `fragment` is what follows `#` in a share link. Works offline; the document is fetched when possible. */
  openLink(
    fragment: string,
  ): Promise<{ readonly ok: true; readonly docId: string } | { readonly ok: false; readonly error: OpenLinkError }>;
  /** Fragment of a share link, or undefined if the document is not on this device. */
  shareLink(docId: string): Promise<string | undefined>;
  has(docId: string): Promise<boolean>;
  setTitle(docId: string, title: string): Promise<void>;
  /** Forgets the document on this device, unsent changes included. Others keep theirs. */
  forgetDocument(docId: string): Promise<void>;
  /** Calls back now and after each change, at most about 10 times a second. */
  watchStatus(docId: string, listener: (status: DocumentStatus) => void): Subscription;
  watchConnection(listener: (state: ConnectionState) => void): Subscription;
  /** Ends a backoff wait. */
  retryNow(): void;
  /** True while some change is not yet durable on this device: the page asks before it closes. */
  hasUnsavedChanges(): boolean;
  close(): Promise<void>;
}
