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

/** What an account may do in a space (docs/access.md). Commenters read like viewers for now. */
export type Role = "owner" | "editor" | "commenter" | "viewer";
/** Roles that a link can give. */
export type LesserRole = Exclude<Role, "owner">;

export interface Member {
  /** Text: base64url of 32 bytes. */
  readonly accountId: string;
  readonly role: Role;
  /** This device's account. */
  readonly you: boolean;
  /** As one of its devices last called itself in a document that is open here; empty if none did. A claim, not a proof. */
  readonly name: string;
  /** Devices that are not revoked. */
  readonly devices: number;
  /** Somebody compared safety numbers with this person on this device, and said that they agree. */
  readonly verified: boolean;
}

/** Somebody who was in the space, and is not any more. */
export interface FormerMember {
  readonly accountId: string;
  readonly name: string;
  readonly gone: "left" | "removed";
}

export interface SpaceInvite {
  readonly inviteId: string;
  readonly role: LesserRole;
  /** By the relay's clock. */
  readonly expiresAtMs: number;
  readonly usesLeft: number;
  /** Fragment of the link, on the device that made it; nobody else can show it again. */
  readonly fragment: string | undefined;
}

/** How this account stands in the space of a document. */
export type Standing =
  /** Made here; the relay has not taken it yet. */
  | "creating"
  /** A link was opened; the relay has not taken the acceptance yet. */
  | "joining"
  | "member"
  /** `reason` says why: the link does not (or no longer) let this account in, or the relay lets it make no space. */
  | "refused"
  | "left"
  | "removed";

export interface SpaceStatus {
  readonly spaceId: string;
  readonly standing: Standing;
  /** The rulebook's or the relay's own word for a refusal, see docs/access.md; empty without one. */
  readonly reason: string;
  readonly role: Role | undefined;
  /** This device may write now. If not, what is typed stays here and is not sent. */
  readonly mayWrite: boolean;
  /** Owners first, then by name. */
  readonly members: readonly Member[];
  /** By name. A removed one comes back by an owner's word only (`readmitMember`), not by a link. */
  readonly former: readonly FormerMember[];
  /** Open ones, the next to expire first. For owners. */
  readonly invites: readonly SpaceInvite[];
  readonly epoch: number;
  /** When the key in use came into use, by the relay's clock. */
  readonly rotatedAtMs: number;
  /** Somebody left who knows the key, and no owner has been here since to make a new one. */
  readonly rotationDue: boolean;
  /** The space's log holds something that this version does not know: the space can only be read until the app is updated (AC-70). */
  readonly outdated: boolean;
  /** The relay shows another log than the one that was verified here, or one that breaks its rules. */
  readonly distrusted: boolean;
}

/** `offline`: the relay did not answer in time, and nothing is known to have changed. `not-allowed`, `refused`: `reason` is the rule's word. */
export type SpaceError = "offline" | "not-allowed" | "refused" | "not-shared";
export type SpaceResult = { readonly ok: true } | { readonly ok: false; readonly error: SpaceError; readonly reason: string };
export type InviteResult = { readonly ok: true; readonly fragment: string } | Extract<SpaceResult, { readonly ok: false }>;

export interface InviteOptions {
  readonly role: LesserRole;
  /** How long the link is good for. */
  readonly forMs: number;
  /** How many accounts may come by it. */
  readonly uses: number;
}

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
  /** Works offline. Resolves with the id when the document is durable on this device. Shared by a link that can't be taken back. */
  createDocument(): Promise<string>;
  /** The same, in a space of its own whose members this account decides on, or in the space of `besideDocId`. */
  createSharedDocument(besideDocId?: string): Promise<string>;
  /** `fragment` is what follows `#` in a share link. Works offline; the document is fetched when possible. */
  openLink(
    fragment: string,
  ): Promise<{ readonly ok: true; readonly docId: string } | { readonly ok: false; readonly error: OpenLinkError }>;
  /** Calls back now and after each change; with undefined for a document that is not here or is shared by a link that can't be taken back. */
  watchSpace(docId: string, listener: (space: SpaceStatus | undefined) => void): Subscription;
  /** For owners. Whoever opens the link becomes a member; the link stays good for as long and as often as it says. */
  invite(docId: string, options: InviteOptions): Promise<InviteResult>;
  revokeInvite(docId: string, inviteId: string): Promise<SpaceResult>;
  changeRole(docId: string, accountId: string, role: Role): Promise<SpaceResult>;
  /** The account loses all rights at once, and gets none of the keys that come. */
  removeMember(docId: string, accountId: string): Promise<SpaceResult>;
  /** Lets somebody in again who was removed or left: they get the key, and read everything. */
  readmitMember(docId: string, accountId: string, role: LesserRole): Promise<SpaceResult>;
  leaveSpace(docId: string): Promise<SpaceResult>;
  /** `accountId` becomes an owner, this account an editor. */
  transferOwnership(docId: string, accountId: string): Promise<SpaceResult>;
  /** A new key for everybody who is there. */
  rotateKeys(docId: string): Promise<SpaceResult>;
  /** 12 groups of 5 digits: two people who see the same have each other's true account. Undefined for an account that is not in the space. */
  safetyNumber(docId: string, accountId: string): Promise<readonly string[] | undefined>;
  /** Remembered on this device, for all spaces. */
  setVerified(accountId: string, verified: boolean): Promise<void>;
  /** Fragment of a share link, or undefined if the document is not on this device, or in a space with members (`invite`). */
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
