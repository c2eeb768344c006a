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
  /** `fetching`, and all that the relay had when it was last reached is here: who reads from some key on still needs the document as it stood then, which an owner's device writes (PE-33). */
  readonly waitsForPast: boolean;
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

/** Whose device it is, by the access log. The name is a claim of that person's devices, and may be empty. */
export interface SetAsideAuthor {
  /** Text: base64url of 32 bytes. */
  readonly accountId: string;
  readonly name: string;
  readonly you: boolean;
}

/** An entry of the log that does not count, and is kept. */
export interface SetAsideRecord {
  readonly seq: number;
  readonly kind: Alarm["kind"];
  /** Device that it names (base64url); empty if the bytes are no record. Of kind "not-allowed": that device signed it. */
  readonly device: string;
  /** Undefined if it is not proven, or the access log knows no such device. */
  readonly author: SetAsideAuthor | undefined;
  /** By the author's own clock; undefined if it could not be opened. */
  readonly writtenAtMs: number | undefined;
  readonly bytes: number;
  /** Its content is in `SetAsidePage.words`. Only records of kind "not-allowed" are ever read. */
  readonly isRead: boolean;
}

/** What the records of one device would add to the document if they counted. Nobody vouches for it. */
export interface SetAsideWords {
  readonly device: string;
  readonly author: SetAsideAuthor | undefined;
  /** First and last, by the author's own clock. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** In the order of the document, passages that are apart on lines of their own. May hold anything that a person can't see. */
  readonly text: string;
  /** Some of the text stands in this device's copy: the relay had withheld that it does not count. */
  readonly isHere: boolean;
  /** Some of it builds on what is not here, and could not be placed. */
  readonly isIncomplete: boolean;
  /** Also something that is not text. */
  readonly hasOther: boolean;
}

export interface SetAsidePage {
  /** In the order of the log. */
  readonly records: readonly SetAsideRecord[];
  /** In the order of their first record. */
  readonly words: readonly SetAsideWords[];
  /** Something of the document would be deleted. */
  readonly deletes: boolean;
  /** Where the next page begins, if there is more. */
  readonly nextSeq: number | undefined;
}

export interface DocumentSummary {
  readonly docId: string;
  /** Documents with the same one are in one space, with the same people; undefined for one that is shared by a link that can't be taken back. */
  readonly spaceId: string | undefined;
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

/**
 * Of the link: `empty`, `truncated`, `newer-version`, `not-a-link`. `passphrase-needed`: the link needs one and none was given; `passphrase-too-long`: more
 * than 1024 bytes; `passphrase-failed`: this device could not work with it, because a part of the app could not be loaded, or memory is short. A wrong passphrase
 * is none of these: only the relay can tell, and does so by refusing (`SpaceStatus.passphraseGiven`).
 */
export type OpenLinkError =
  | "empty"
  | "truncated"
  | "newer-version"
  | "not-a-link"
  | "passphrase-needed"
  | "passphrase-too-long"
  | "passphrase-failed";
export type OpenLinkResult = { readonly ok: true; readonly docId: string } | { readonly ok: false; readonly error: OpenLinkError };

/** What an account may do in a space (docs/access.md). Commenters read like viewers for now. */
export type Role = "owner" | "editor" | "commenter" | "viewer";
/** Roles that a link can give. */
export type LesserRole = Exclude<Role, "owner">;
/** `from-now-on`: documents as they stood when the newcomer was let in, and what comes after; nothing that had been deleted by then (CR-31). */
export type Reads = "history" | "from-now-on";

export interface Member {
  /** Text: base64url of 32 bytes. */
  readonly accountId: string;
  readonly role: Role;
  readonly reads: Reads;
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

/** Somebody who has this one document of the space, and is no member. */
export interface Guest extends Omit<Member, "role"> {
  readonly role: LesserRole;
}

export interface SpaceInvite {
  readonly inviteId: string;
  readonly role: LesserRole;
  /** What it lets into: everything in the space, this document alone, or another one alone. */
  readonly scope: "space" | "document" | "other-document";
  readonly reads: Reads;
  /** By the relay's clock. */
  readonly expiresAtMs: number;
  readonly usesLeft: number;
  /** The link is good together with a passphrase only, which nobody can look up. */
  readonly needsPassphrase: boolean;
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
  /** `reason` says why: the link does not (or no longer) let this account in, or the relay lets it make no space (AL-6: `token-wanted`, `wrong-token`, `not-listed`). */
  | "refused"
  | "left"
  | "removed";

export interface SpaceStatus {
  readonly spaceId: string;
  readonly standing: Standing;
  /** The rulebook's or the relay's own word for a refusal, see docs/access.md; empty without one. */
  readonly reason: string;
  /** The link by which this account is coming in needs a passphrase: if it is refused as `not-allowed` or `bad-proof`, that may have been the wrong one. */
  readonly passphraseGiven: boolean;
  /** This account's role in the space; undefined if it has none, or one document alone (`grant`). */
  readonly role: Role | undefined;
  /** What this account may do in this document, if it was given it alone. */
  readonly grant: LesserRole | undefined;
  /** This device may write now. If not, what is typed stays here and is not sent. */
  readonly mayWrite: boolean;
  /** Owners first, then by name. */
  readonly members: readonly Member[];
  /** By name. A removed one comes back by an owner's word only (`readmitMember`), not by a link. */
  readonly former: readonly FormerMember[];
  /** Documents in the space, this one among them; a guest's list (`grant`) may be shorter. */
  readonly documents: number;
  /** Who has this document alone: this account first, then by name. */
  readonly guests: readonly Guest[];
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
  /** What the link lets into: everything in the space, now and later, or this document alone. The space if it is left out. */
  readonly scope?: "space" | "document";
  /** `history` if it is left out. `from-now-on` is for the space only, and makes a new key first. */
  readonly reads?: Reads;
  /** How long the link is good for. */
  readonly forMs: number;
  /** How many accounts may come by it. */
  readonly uses: number;
  /** What has to be known beside the link. Refused as `passphrase-empty` if nothing but white space, as `passphrase-too-long` above 1024 bytes. Kept nowhere. */
  readonly passphrase?: string;
}

/** A device of this account. */
export interface DeviceSummary {
  /** Text: base64url of 32 bytes. */
  readonly deviceId: string;
  /** As it was called on one of the account's devices; empty if nobody called it anything. */
  readonly name: string;
  readonly isThis: boolean;
  readonly revoked: boolean;
  /** When it last said that it was at the relay, to the hour or so, by its own clock; undefined if it never did. */
  readonly seenAtMs: number | undefined;
  /** It says that it is recovery words, on paper, and when they were made. It is revoked like any other. */
  readonly kitMadeAtMs: number | undefined;
}

export interface DevicesStatus {
  /** This one first, then the others that are in, the last seen first, then recovery words, then revoked ones. Just this one while the account has no other. */
  readonly devices: readonly DeviceSummary[];
  /** What the account's devices share is read on this device: until then, `devices` and `kit` may lack what is known. */
  readonly read: boolean;
  /** Another device of the account has revoked this one, or the relay turns it away as if: it may have lost the end of the account's log. */
  readonly revoked: boolean;
  /** Spaces that have not heard yet which devices this account has: they are told as soon as the relay takes it. */
  readonly untoldSpaces: number;
  /** Recovery words were made, and when; undefined if there are none that work. */
  readonly kit: { readonly madeAtMs: number } | undefined;
  /** Whether this device may be put into another account: it has no documents that only its own account opens. */
  readonly mayJoinAccount: boolean;
}

/** `offline`: the relay did not answer in time. `refused`: `reason` is the rule's word. */
export type DeviceResult = { readonly ok: true } | { readonly ok: false; readonly error: "offline" | "refused"; readonly reason: string };

export type RecoveryKitResult = { readonly ok: true; readonly words: readonly string[] } | Extract<DeviceResult, { readonly ok: false }>;

/**
 * `words-…`: what was typed can't be recovery words; `at` is the first unknown word (from 0), or how many there were. `not-found`: the relay knows no
 * account by these words, or they were replaced by newer ones. `newer-version`: a newer version of the app made them. `not-added`: nothing was changed here, and it may be tried again.
 */
export type RestoreResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly error:
        | "words-empty"
        | "words-unknown"
        | "words-count"
        | "words-mistyped"
        | "not-found"
        | "newer-version"
        | "not-added"
        | "offline"
        | "may-not-join";
      readonly at: number;
    };

/** The device that has the account, or the one that is to get it. */
export type PairingRole = "old" | "new";

/** One attempt to put a new device into an account (docs/crypto.md, CR-24 and CR-25), as the device of `role` shows it. */
export type PairingStatus =
  | { readonly at: "off" }
  /** Open: show a code or take one. `failure`: why the last try ended. */
  | {
      readonly at: "idle";
      readonly role: PairingRole;
      readonly triesLeft: number;
      readonly endsAtMs: number;
      readonly failure: string | undefined;
    }
  /** `code`: what this device shows (29 characters in groups to type, 54 for QR), or undefined if it took the other's. */
  | {
      readonly at: "waiting";
      readonly role: PairingRole;
      readonly code: string | undefined;
      readonly triesLeft: number;
      readonly endsAtMs: number;
      readonly online: boolean;
    }
  /** Both show the same 6 digits and 3 words, or somebody is in between. */
  | {
      readonly at: "comparing";
      readonly role: PairingRole;
      readonly digits: string;
      readonly words: readonly string[];
      readonly endsAtMs: number;
      /** Old device: what the new one calls itself. A claim. */
      readonly deviceName: string;
    }
  /** Confirmed here; the other side, or the relay, is still to do its part. */
  | { readonly at: "finishing"; readonly role: PairingRole; readonly endsAtMs: number }
  /** `new`: the account's documents are coming; the peer begins again with the account, so that this may never be seen there. */
  | { readonly at: "done"; readonly role: PairingRole; readonly deviceName: string }
  | {
      readonly at: "ended";
      readonly role: PairingRole;
      readonly reason: "too-many-tries" | "expired" | "used" | "closed" | "not-added";
      readonly failure: string | undefined;
    };

/** `code-…`: what was typed is no code; nothing was tried. `may-not-join`: see `mayJoinAccount`. */
export type PairingError =
  | "code-empty"
  | "code-not-a-code"
  | "code-wrong-length"
  | "code-mistyped"
  | "code-newer-version"
  | "same-role"
  | "not-now"
  | "may-not-join";
export type PairingResult = { readonly ok: true } | { readonly ok: false; readonly error: PairingError };

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
  /**
   * `fragment` is what follows `#` in a share link. Works offline; the document is fetched when possible. Without a passphrase that the link needs, nothing is
   * stored; who is in already, or is coming in by it, needs none.
   */
  openLink(fragment: string, passphrase?: string): Promise<OpenLinkResult>;
  /** Another passphrase for the link by which this account is coming into the document's space; the link itself need not be opened again. */
  enterPassphrase(docId: string, passphrase: string): Promise<OpenLinkResult>;
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
  /** One document, for an account that the space knows and that is no member: it was here, or has another document of it. */
  grantDocument(docId: string, accountId: string, role: LesserRole): Promise<SpaceResult>;
  /** Takes it away again, with a new key for everybody else. Links to this document end; one of those brings nobody back. */
  revokeGrant(docId: string, accountId: string): Promise<SpaceResult>;
  /** Gives up every document of the space. */
  leaveSpace(docId: string): Promise<SpaceResult>;
  /** `accountId` becomes an owner, this account an editor. */
  transferOwnership(docId: string, accountId: string): Promise<SpaceResult>;
  /** A new key for everybody who is there. */
  rotateKeys(docId: string): Promise<SpaceResult>;
  /** 12 groups of 5 digits: two people who see the same have each other's true account. Undefined for an account that is not in the space. */
  safetyNumber(docId: string, accountId: string): Promise<readonly string[] | undefined>;
  /** Remembered on this device, for all spaces. */
  setVerified(accountId: string, verified: boolean): Promise<void>;
  /**
   * What the relay's operator asks of whoever makes a space there, at most 256 bytes of UTF-8; empty: nothing. Kept, sealed, on this device, durable when
   * resolved; spaces that the relay has not taken are offered to it at once. Resolves with its answer to them (`refused` with `too-long`: nothing was kept).
   */
  setSpaceToken(token: string): Promise<SpaceResult>;
  /** Calls back with this account's devices now and after each change. */
  watchDevices(listener: (devices: DevicesStatus) => void): Subscription;
  /** At most 64 characters; the account's other devices see it. */
  renameDevice(deviceId: string, name: string): Promise<void>;
  /** The device loses all access at once, and gets none of the keys that come. What it has already, it keeps. */
  revokeDevice(deviceId: string): Promise<DeviceResult>;
  /** 24 words that bring this account back when no device is left. They are told once, and work beside earlier ones until `keepRecoveryKit`. */
  makeRecoveryKit(): Promise<RecoveryKitResult>;
  /** The words that this device made last were written down: earlier ones end. */
  keepRecoveryKit(): Promise<DeviceResult>;
  /** Puts this device into the account of these words. The peer begins again with it. */
  restoreAccount(words: string, deviceName: string): Promise<RestoreResult>;
  /** Opens pairing for five minutes and three tries. `deviceName`: what the new device calls itself. */
  startPairing(role: PairingRole, deviceName: string): Promise<PairingResult>;
  /** Begins a try with a code of our own: `full` for QR, `short` for typing. */
  showPairingCode(form: "full" | "short"): Promise<PairingResult>;
  /** Begins a try with the other device's code, as a person typed it or a camera saw it. */
  takePairingCode(text: string): Promise<PairingResult>;
  /** The person saw the same digits and words on both. */
  confirmPairing(): Promise<PairingResult>;
  /** The person saw that they differ: the try ends. */
  rejectPairing(): Promise<PairingResult>;
  /** Ends pairing, or puts away how it ended. */
  closePairing(): Promise<void>;
  watchPairing(listener: (pairing: PairingStatus) => void): Subscription;
  /** Fragment of a share link, or undefined if the document is not on this device, or in a space with members (`invite`). */
  shareLink(docId: string): Promise<string | undefined>;
  has(docId: string): Promise<boolean>;
  setTitle(docId: string, title: string): Promise<void>;
  /** Entries of the log that were set aside, from sequence number `fromSeq` on, and what they would add. Reading changes nothing. */
  readSetAside(docId: string, fromSeq?: number): Promise<SetAsidePage>;
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
