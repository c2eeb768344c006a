/** The spaces of this device: made here, or come into by an invite. Each follows its access log for as long as the peer runs. */
import {
  accessLimits,
  accountOfDevice,
  accountState,
  documentOf,
  documentRights,
  grantOf,
  inviteOf,
  liveDocumentsOf,
  readersFrom,
  roleOf,
  settingsOf,
  writes,
} from "@skerry/access";
import type { SpaceState } from "@skerry/access";
import {
  exportSecret,
  formatInviteLink,
  foundSpace,
  generateInviteSecret,
  importInviteSecret,
  inviteFromSecret,
  inviteIdOf,
  safetyNumber,
} from "@skerry/crypto";
import { assert, bytesEqual, bytesFromText, emptyHead, toText } from "@skerry/protocol";
import type { AccessCursor, AccountId, DeviceId, DocId, Head, InviteLink, RecordHash, RelayKey, SpaceId } from "@skerry/protocol";
import { loadOwnAccount } from "../account/own-account.ts";
import type { OwnAccount } from "../account/own-account.ts";
import type {
  InviteOptions,
  InviteResult,
  LesserRole,
  OpenLinkResult,
  Role,
  SetAsideAuthor,
  SpaceResult,
  SpaceStatus,
  Subscription,
} from "../client.ts";
import type { Connection } from "../engine/connection.ts";
import { deferred } from "../engine/deferred.ts";
import type { Identity } from "../engine/identity.ts";
import { homeKey, relayKeyKey, spaceKey, spaceKeys } from "../engine/keys.ts";
import type { Library } from "../engine/library.ts";
import { createWatched } from "../engine/listeners.ts";
import type { Watched } from "../engine/listeners.ts";
import type { Membership } from "../engine/membership.ts";
import { newDocument } from "../engine/new-document.ts";
import type { NewDocument } from "../engine/new-document.ts";
import { hasSpaceLog, noEpochKey, storedEpochKey, storedHome, storedInviteSecret, storedRelayKey, storedSpace } from "../engine/stored.ts";
import type { LibraryEntry, StoredHome, StoredJoin, StoredSpace } from "../engine/stored.ts";
import { StoreError } from "../ports.ts";
import type { Env } from "../ports.ts";
import {
  changingRole,
  granting,
  handingOver,
  inviting,
  leaving,
  readmitting,
  removing,
  revokingGrant,
  revokingInvite,
  rotating,
} from "./actions.ts";
import type { Decide } from "./acting.ts";
import { followed } from "./followed.ts";
import { stretchFor } from "./invite-passphrase.ts";
import type { StretchedPassphrase } from "./invite-passphrase.ts";
import { createLogMembership } from "./log-membership.ts";
import { loadPeople } from "./people.ts";
import type { People } from "./people.ts";
import { signSpaceOperation } from "./sign-operation.ts";
import { createSpace } from "./space.ts";
import type { Distrust, Space } from "./space.ts";
import { statusOf } from "./status.ts";

export interface SpacesHost {
  readonly env: Env;
  readonly identity: Identity;
  readonly connection: Connection;
  readonly library: Library;
  /** What the operator asks of whoever makes a space; empty if nobody gave any. */
  readonly token: () => Uint8Array;
  readonly displayName: () => string;
  /** Verified head of a document, once it is caught up with the relay; undefined if that takes too long. */
  readonly caughtUp: (entry: LibraryEntry) => Promise<Head | undefined>;
  /** Whoever reads it from now on has what they start from; false if that takes too long. */
  readonly prepared: (entry: LibraryEntry) => Promise<boolean>;
  /** A document is new on this device: look after it. */
  readonly arrived: (docId: string) => void;
  readonly distrusted: (spaceId: SpaceId, distrust: Distrust) => void;
  /** Spaces, or what is known of them, changed. */
  readonly changed: () => void;
  readonly failed: (what: string, error: unknown) => void;
}

export interface Spaces {
  /** Resolves when the keys of the entry's space are at hand. */
  ready(entry: LibraryEntry): Promise<void>;
  membership(entry: LibraryEntry): Membership;
  /** Durable when resolved. `beside`: in its space, if this account may; otherwise in a new one. */
  createDocument(beside: LibraryEntry | undefined): Promise<string>;
  /** Durable when resolved, if it went well; else nothing is stored. */
  join(link: InviteLink, passphrase: string | undefined): Promise<OpenLinkResult>;
  enterPassphrase(docId: string, passphrase: string): Promise<OpenLinkResult>;
  forget(entry: LibraryEntry): Promise<void>;
  heard(entry: LibraryEntry, deviceId: DeviceId, name: string): void;
  /** Whose device one is, as the space's log and this device's names have it now. */
  authors(entry: LibraryEntry): Promise<(deviceId: Uint8Array) => SetAsideAuthor | undefined>;
  /** The list of documents changed. */
  documentsChanged(): void;
  watch(docId: string, listener: (space: SpaceStatus | undefined) => void): Subscription;
  invite(docId: string, options: InviteOptions): Promise<InviteResult>;
  revokeInvite(docId: string, inviteId: string): Promise<SpaceResult>;
  changeRole(docId: string, accountId: string, role: Role): Promise<SpaceResult>;
  remove(docId: string, accountId: string): Promise<SpaceResult>;
  readmit(docId: string, accountId: string, role: LesserRole): Promise<SpaceResult>;
  grantDocument(docId: string, accountId: string, role: LesserRole): Promise<SpaceResult>;
  revokeGrant(docId: string, accountId: string): Promise<SpaceResult>;
  leave(docId: string): Promise<SpaceResult>;
  transferOwnership(docId: string, accountId: string): Promise<SpaceResult>;
  rotate(docId: string): Promise<SpaceResult>;
  safetyNumber(docId: string, accountId: string): Promise<readonly string[] | undefined>;
  setVerified(accountId: string, verified: boolean): Promise<void>;
  /** Every opening that the relay has not taken is sent with the token that there is now. Resolves with what it says to them. */
  openAgain(): Promise<SpaceResult>;
  // ---- for the account's own devices
  account(): Promise<OwnAccount>;
  all(): readonly Space[];
  has(spaceId: SpaceId): boolean;
  /** From now on no space is made or come into; until the returned function is called. */
  freeze(): () => void;
  home(): { readonly space: Space; readonly docId: DocId } | undefined;
  /** Makes the home space, with its document, if there is none. Durable when resolved. */
  makeHome(): Promise<void>;
  /** The home is of an account that this device leaves: nothing writes it any more. Resolves with the keys that are still to be deleted. */
  letGoOfHome(): Promise<readonly string[]>;
  /** A space that another device of the account is in. Durable when resolved. */
  follow(spaceId: SpaceId, landmark: AccessCursor | undefined): Promise<void>;
  close(): Promise<void>;
}

const statusEveryMs = 100;
/** Documents that are caught up at one time for a cut. */
const catchUpAtOnce = 32;
const retentionForEver = 0;
const accountIdBytes = 32;
/** A link that is good for longer is a mistake. */
const inviteMsMax = 10 * 365 * 24 * 3_600_000;
const notShared: SpaceResult = { ok: false, error: "not-shared", reason: "" };
const malformed: SpaceResult = { ok: false, error: "refused", reason: "malformed" };
const noRelayKey = new Uint8Array(32) as RelayKey;
const passphraseErrors = {
  empty: "passphrase-needed",
  "too-long": "passphrase-too-long",
  failed: "passphrase-failed",
} as const;

interface Known {
  readonly space: Space;
  /** Links of invites that were made here, by invite id in text. */
  readonly fragments: Map<string, string>;
  /** The epoch for whose readers its documents were opened to be prepared (PE-33), on this connection. */
  preparedFor: number;
}

/** `rows`: the stored spaces. Without any, nothing is read. */
export async function loadSpaces(host: SpacesHost, rows: readonly Uint8Array[]): Promise<Spaces> {
  const { env, identity, connection, library } = host;
  const me = identity.account.accountId;
  const known = new Map<string, Known>();
  const watched = new Map<string, Watched<SpaceStatus | undefined>>();
  let account: ReturnType<typeof loadOwnAccount> | undefined;
  let people: People | undefined;
  let peopleLoading: Promise<People> | undefined;
  let closed = false;

  let home: StoredHome | undefined;
  let frozen = 0;

  /** While this device is put into another account, and after: what is begun now would be the old account's. */
  const unfrozen = (): void => {
    if (frozen > 0) throw new StoreError("closed", "this device is being put into another account");
  };
  const ownAccount = (): ReturnType<typeof loadOwnAccount> =>
    (account ??= loadOwnAccount(env.kv, identity).then((own) => {
      // Every space is to hear which devices and keys the account has.
      own.account.watch(() => {
        for (const { space } of known.values()) space.wake();
        touch();
        host.changed();
      });
      return own;
    }));
  const touch = (): void => {
    for (const one of watched.values()) one.touch();
  };
  const withPeople = (): Promise<People> =>
    (peopleLoading ??= loadPeople(env, identity.accountNameOf, touch, (error) => host.failed("people", error)).then((loaded) => {
      people = loaded;
      touch();
      return loaded;
    }));

  // ---- spaces

  const documentsOf = (spaceId: SpaceId): readonly LibraryEntry[] =>
    [...library.all()].filter((entry) => hasSpaceLog(entry) && bytesEqual(entry.spaceId, spaceId));

  /** Some at a time. False as soon as one of them is not here, or `each` fails. */
  const eachOf = async (docIds: readonly DocId[], each: (docId: DocId, entry: LibraryEntry) => Promise<boolean>): Promise<boolean> => {
    for (let from = 0; from < docIds.length; from += catchUpAtOnce) {
      const some = docIds.slice(from, from + catchUpAtOnce).map(async (docId) => {
        const entry = library.get(toText(docId)) ?? entryFor(docId);
        return entry !== undefined && (await each(docId, entry));
      });
      if ((await Promise.all(some)).includes(false)) return false;
    }
    return true;
  };

  const headsOf = async (docIds: readonly DocId[]): Promise<ReadonlyMap<string, Head> | undefined> => {
    const heads = new Map<string, Head>();
    const isWhole = await eachOf(docIds, async (docId, entry) => {
      const head = await host.caughtUp(entry);
      if (head !== undefined) heads.set(toText(docId), head);
      return head !== undefined;
    });
    return isWhole ? heads : undefined;
  };
  const areReady = (docIds: readonly DocId[]): Promise<boolean> => eachOf(docIds, (_, entry) => host.prepared(entry));

  const add = (stored: StoredSpace, own: OwnAccount, before: Promise<void> = Promise.resolve(), landmark?: AccessCursor): Known => {
    const { spaceId } = stored;
    const space = createSpace({
      env,
      identity,
      connection,
      account: own,
      stored,
      token: host.token,
      // What came by a link has no first record yet that this device knows.
      documents: () => documentsOf(spaceId).filter(({ genesis }) => genesis.some((byte) => byte !== 0)),
      heads: headsOf,
      prepared: areReady,
      onDistrust: (distrust) => host.distrusted(spaceId, distrust),
      before,
      isHome: home !== undefined && bytesEqual(home.spaceId, spaceId),
      landmark,
    });
    const one: Known = { space, fragments: new Map(), preparedFor: 0 };
    known.set(toText(spaceId), one);
    space.watch(() => onChange(one));
    space.ready.then(() => loadFragments(one)).catch((error: unknown) => host.failed("space", error));
    return one;
  };

  const loadFragments = async ({ space, fragments }: Known): Promise<void> => {
    const { invitesFrom, invitesTo } = spaceKeys(identity.spaceNameOf(space.spaceId));
    for (const [, bytes] of await env.kv.range(invitesFrom, invitesTo, 1024)) {
      const { inviteId, link } = storedInviteSecret.decode(bytes);
      fragments.set(toText(inviteId), link);
    }
    touch();
  };

  const onChange = (one: Known): void => {
    const { space } = one;
    const state = space.state();
    if (state !== undefined && !closed) {
      takeDocuments(space, state);
      prepare(one, state);
    }
    host.changed();
    touch();
  };

  /** Every document of the space that this account may read is on this device, but for those that were taken off it. */
  const takeDocuments = (space: Space, state: SpaceState): void => {
    for (const { docId, genesis } of liveDocumentsOf(state)) {
      // Whoever comes into the home cannot put documents on the account's devices.
      if (home !== undefined && bytesEqual(space.spaceId, home.spaceId) && !bytesEqual(docId, home.docId)) continue;
      const entry = library.get(toText(docId));
      if (entry !== undefined && hasSpaceLog(entry) && !bytesEqual(entry.genesis, genesis) && bytesEqual(entry.spaceId, space.spaceId))
        library.update(toText(docId), (old) => ({ ...old, genesis })).catch((error: unknown) => host.failed("library", error));
      else if (
        entry === undefined &&
        documentRights(state, identity.device.deviceId, docId).read &&
        !space.stored().forgotten.some((one) => bytesEqual(one, docId))
      )
        place(space.spaceId, docId, genesis).catch((error: unknown) => host.failed("library", error));
    }
  };

  /** An owner's device opens all documents when somebody may come who reads from now on: each stays open until a snapshot is in its log. */
  const prepare = (one: Known, state: SpaceState): void => {
    const from = one.space.isLive() && roleOf(state, me) === "owner" ? readersFrom(state) : 0;
    if (from === one.preparedFor) return;
    one.preparedFor = from;
    if (from > 0) for (const { docId } of documentsOf(one.space.spaceId)) host.arrived(toText(docId));
  };

  const place = async (spaceId: SpaceId, docId: DocId, genesis: RecordHash): Promise<void> => {
    await library.put(newEntry(spaceId, docId, genesis));
    host.arrived(toText(docId));
  };

  const newEntry = (spaceId: SpaceId, docId: DocId, genesis: RecordHash): LibraryEntry => {
    const atMs = env.clock.now();
    return {
      docId,
      spaceId,
      epoch: 0,
      epochKey: noEpochKey,
      genesis,
      linkHead: emptyHead,
      title: "",
      createdAtMs: atMs,
      openedAtMs: atMs,
      changedAtMs: atMs,
      unsettled: true,
    };
  };

  /** A document that was taken off this device is needed for a cut, since its fence has to be known: it is looked at, and not kept. */
  const entryFor = (docId: DocId): LibraryEntry | undefined => {
    for (const { space } of known.values()) {
      const state = space.state();
      const document = state === undefined ? undefined : documentOf(state, docId);
      if (document !== undefined) return newEntry(space.spaceId, docId, document.genesis);
    }
    return undefined;
  };

  const of = (docId: string): Known | undefined => {
    const entry = library.get(docId);
    return entry === undefined || !hasSpaceLog(entry) ? undefined : known.get(toText(entry.spaceId));
  };

  // ---- what people decide

  const decide = async (docId: string, make: (one: Known) => Decide | undefined): Promise<SpaceResult> => {
    const one = of(docId);
    if (one === undefined) return notShared;
    await one.space.ready;
    const decided = make(one);
    return decided === undefined ? malformed : one.space.decide(decided);
  };
  const idFrom = (text: string): AccountId | undefined => {
    const bytes = bytesFromText(text);
    return bytes.ok && bytes.value.length === accountIdBytes ? (bytes.value as AccountId) : undefined;
  };
  const idOf = (docId: string): DocId => {
    const entry = library.get(docId);
    assert(entry !== undefined, "a document of a space that was found is in the library");
    return entry.docId;
  };
  const about =
    (accountId: string, make: (id: AccountId, one: Known) => Decide) =>
    (one: Known): Decide | undefined => {
      const id = idFrom(accountId);
      return id === undefined ? undefined : make(id, one);
    };

  const invite = async (docId: string, { role, scope, reads, forMs, uses, passphrase }: InviteOptions): Promise<InviteResult> => {
    const one = of(docId);
    const entry = library.get(docId);
    if (one === undefined || entry === undefined) return notShared as InviteResult;
    const isWhole = (value: number, max: number): boolean => Number.isSafeInteger(value) && value >= 1 && value <= max;
    if (!isWhole(forMs, inviteMsMax) || !isWhole(uses, accessLimits.inviteUsesMax)) return malformed as InviteResult;
    // A document that is given alone is given whole (CR-30).
    if (reads === "from-now-on" && scope === "document") return malformed as InviteResult;
    const { space, fragments } = one;
    const secret = generateInviteSecret(env.random, 16);
    let stretched: StretchedPassphrase | undefined;
    if (passphrase !== undefined) {
      const made = await stretchFor(host, secret, passphrase);
      if (!made.ok)
        return made.error === "failed"
          ? { ok: false, error: "offline", reason: "" }
          : { ok: false, error: "refused", reason: `passphrase-${made.error}` };
      stretched = made.value;
    }
    const keys = inviteFromSecret(secret, stretched?.key);
    stretched?.key.wipe();
    const inviteId = toText(keys.inviteId);
    const row = spaceKeys(identity.spaceNameOf(space.spaceId)).invite(inviteId);
    const needsPassphrase = stretched !== undefined;
    /** Durable when resolved. The link leads through the log as it is verified here. */
    const remember = async (state: SpaceState): Promise<string> => {
      const head = headOf(state);
      assert(head !== undefined, "a state has a head");
      const link = formatInviteLink({ spaceId: space.spaceId, head, docId: entry.docId, secret: exportSecret(secret), needsPassphrase });
      await env.kv.write([[row, storedInviteSecret.encode({ inviteId: keys.inviteId, link })]]);
      fragments.set(inviteId, link);
      return link;
    };
    if (reads === "from-now-on") {
      await space.ready;
      // CR-31: nothing that was written before is under the key that the link gets. An epoch that another owner makes meanwhile would do, but for one of a
      // version that gives everybody the same key: this device's own operation ends such versions' say.
      const rotated = await space.decide(rotating(space.acting));
      if (!rotated.ok) return rotated;
    }
    let failure: { readonly error: unknown } | undefined;
    const make = inviting(
      {
        keys,
        docId: scope === "document" ? entry.docId : undefined,
        role,
        reads: reads === "from-now-on" ? "from-this-epoch" : "history",
        expiresAtMs: env.clock.now() + forMs,
        uses,
        passphraseSalt: stretched?.salt,
      },
      space.acting,
    );
    const result = await space.decide(async (state) => {
      const decision = await make(state);
      // Before it can be sent: whatever happens then, a link that is in the log can be shown by who made it.
      if (typeof decision !== "object" || !("type" in decision)) return decision;
      try {
        await remember(state);
      } catch (error) {
        failure = { error };
        return "unready";
      }
      return decision;
    });
    if (failure !== undefined) throw failure.error;
    if (!result.ok) {
      // With any other answer, or none, it may be in the log.
      if (result.error === "refused" && fragments.delete(inviteId)) await env.kv.write([[row, undefined]]);
      return result;
    }
    const state = space.state();
    assert(state !== undefined, "what was decided is in a verified log");
    // Anew, so that who opens it is shown no log without it.
    const fragment = await remember(state);
    touch();
    return { ok: true, fragment };
  };

  // ---- making and joining

  const found = async (asHome = false): Promise<NewDocument> => {
    unfrozen();
    const { account: own, rows: accountRows } = await ownAccount();
    unfrozen();
    const { spaceId, epochKey, commitment, envelope } = foundSpace({ accountId: me, encryptionKey: own.state().encryptionKey }, env.random);
    const relay = await env.kv.get(relayKeyKey);
    const creation = signSpaceOperation(spaceId, undefined, identity.device, {
      type: "create",
      account: own.carried(undefined),
      commitment,
      envelope,
      retentionDays: retentionForEver,
      // A space that is made before any relay was met names none.
      relay: { relayKey: relay === undefined ? noRelayKey : storedRelayKey.decode(relay), sealedAddress: new Uint8Array() },
    });
    const stored: StoredSpace = { ...followed(spaceId), creation };
    const made = newDocument(env, identity, { spaceId, epoch: 1, epochKey: epochKey.content, accessPosition: 0 });
    const name = identity.spaceNameOf(spaceId);
    const written = deferred();
    const homeRow = asHome ? { spaceId, docId: made.entry.docId } : undefined;
    if (homeRow !== undefined) home = homeRow;
    // Known before its document is: that may be opened as soon as it is in the list.
    const one = add(stored, own, written.promise);
    const rowsOfSpace: readonly (readonly [string, Uint8Array])[] = [
      ...made.rows,
      ...accountRows,
      [spaceKey(name), storedSpace.encode(stored)],
      [spaceKeys(name).epochKey(1), storedEpochKey.encode({ epoch: 1, key: exportSecret(epochKey.given) })],
      ...(homeRow === undefined ? [] : [[homeKey, storedHome.encode(homeRow)] as const]),
    ];
    try {
      await library.put(made.entry, rowsOfSpace);
    } catch (error) {
      known.delete(toText(spaceId));
      if (home === homeRow) home = undefined;
      written.reject(error);
      await one.space.close();
      throw error;
    }
    written.resolve();
    return made;
  };

  /** In a space that is there already. Undefined if this account may not, or has not got its key. */
  const createIn = async ({ space }: Known): Promise<NewDocument | undefined> => {
    await space.ready;
    const state = space.state();
    // Before the relay has taken the space, its founder has the key of its first epoch.
    const epoch = state === undefined ? 1 : settingsOf(state).epoch;
    const epochKey = space.keys.epochKey(epoch);
    const may = state === undefined ? space.stored().creation !== undefined : writes(roleOf(state, me));
    if (!may || epochKey === undefined) return undefined;
    const made = newDocument(env, identity, {
      spaceId: space.spaceId,
      epoch,
      epochKey: epochKey.content,
      accessPosition: state?.position ?? 0,
    });
    await library.put(made.entry, made.rows);
    space.wake();
    return made;
  };

  const join = async (link: InviteLink, passphrase: string | undefined): Promise<OpenLinkResult> => {
    unfrozen();
    const { secret, head, docId } = link;
    const entered = await needsNoPassphrase(link, passphrase);
    if (entered !== undefined) return showFirst(entered, docId);
    if (!link.needsPassphrase) return enter(link.spaceId, { secret, head, docId, passphraseKey: undefined });
    if (passphrase === undefined) return { ok: false, error: "passphrase-needed" };
    const stretched = await stretchFor(host, importInviteSecret(secret), passphrase);
    if (!stretched.ok) return { ok: false, error: passphraseErrors[stretched.error] };
    return enter(link.spaceId, { secret, head, docId, passphraseKey: exportSecret(stretched.value.key) });
  };

  /** Where a link leads: into the space, or to the one document that its invite is to. */
  const isIn = (space: Space, secret: Uint8Array): boolean => {
    const state = space.state();
    if (state === undefined) return false;
    const docId = inviteOf(state, inviteIdOf(importInviteSecret(secret)))?.docId;
    return roleOf(state, me) !== undefined || (docId !== undefined && grantOf(state, me, docId) !== undefined);
  };

  /** The space, if this account is in it, or is coming in by this very link and was not refused. */
  const needsNoPassphrase = async (link: InviteLink, passphrase: string | undefined): Promise<Space | undefined> => {
    const space = known.get(toText(link.spaceId))?.space;
    if (space === undefined || !link.needsPassphrase) return undefined;
    await space.ready;
    if (isIn(space, link.secret)) return space;
    const { join: before, refusal } = space.stored();
    const isUnderWay = before !== undefined && refusal === "" && bytesEqual(before.secret, link.secret);
    return isUnderWay && passphrase === undefined ? space : undefined;
  };

  const enter = async (spaceId: SpaceId, joining: StoredJoin): Promise<OpenLinkResult> => {
    unfrozen();
    const { account: own, rows: accountRows } = await ownAccount();
    unfrozen();
    let one = known.get(toText(spaceId));
    if (one === undefined) {
      const stored: StoredSpace = { ...followed(spaceId), join: joining };
      await env.kv.write([...accountRows, [spaceKey(identity.spaceNameOf(spaceId)), storedSpace.encode(stored)]]);
      one = known.get(toText(spaceId)) ?? add(stored, own);
    } else {
      await one.space.ready;
      await one.space.join(joining);
    }
    return showFirst(one.space, joining.docId);
  };

  /** What a link was made for is on this device, also if it was taken off it before. */
  const showFirst = async (space: Space, docId: DocId): Promise<OpenLinkResult> => {
    if (library.get(toText(docId)) === undefined) {
      const state = space.state();
      const document = state === undefined ? undefined : documentOf(state, docId);
      await place(space.spaceId, docId, document?.genesis ?? (new Uint8Array(32) as RecordHash));
    }
    touch();
    return { ok: true, docId: toText(docId) };
  };

  const enterPassphrase = async (docId: string, passphrase: string): Promise<OpenLinkResult> => {
    const space = of(docId)?.space;
    if (space === undefined) return { ok: false, error: "not-a-link" };
    await space.ready;
    const { join: before } = space.stored();
    if (before?.passphraseKey === undefined || isIn(space, before.secret)) return { ok: true, docId };
    const stretched = await stretchFor(host, importInviteSecret(before.secret), passphrase);
    if (!stretched.ok) return { ok: false, error: passphraseErrors[stretched.error] };
    unfrozen();
    await space.join({ ...before, passphraseKey: exportSecret(stretched.value.key) });
    touch();
    return { ok: true, docId };
  };

  const status = (docId: string): SpaceStatus | undefined => {
    const entry = library.get(docId);
    const one = of(docId);
    if (entry === undefined || one === undefined) return undefined;
    const mayWrite = createLogMembership(one.space, entry.docId, identity.device.deviceId).mayWrite();
    // What was made here can be written before the relay knows of it.
    const isNew = one.space.standing(entry.docId) === "creating";
    return statusOf({
      space: one.space,
      people,
      docId: entry.docId,
      me,
      ownName: host.displayName(),
      mayWrite: mayWrite || isNew || isUnannounced(one.space, entry),
      fragments: one.fragments,
    });
  };
  const isUnannounced = (space: Space, entry: LibraryEntry): boolean => {
    const state = space.state();
    return state !== undefined && writes(roleOf(state, me)) && documentOf(state, entry.docId) === undefined;
  };

  if (rows.length > 0) {
    const homeRow = await env.kv.get(homeKey);
    home = homeRow === undefined ? undefined : storedHome.decode(homeRow);
    const { account: own } = await ownAccount();
    for (const row of rows) add(storedSpace.decode(row), own);
  }

  return {
    ready: async (entry) => {
      if (hasSpaceLog(entry)) await known.get(toText(entry.spaceId))?.space.ready;
    },
    membership: (entry) => {
      const one = known.get(toText(entry.spaceId));
      assert(one !== undefined, "a document's space is known before it is opened");
      return createLogMembership(one.space, entry.docId, identity.device.deviceId);
    },
    createDocument: async (beside) => {
      const one = beside === undefined || !hasSpaceLog(beside) ? undefined : known.get(toText(beside.spaceId));
      const made = (one === undefined ? undefined : await createIn(one)) ?? (await found());
      const docId = toText(made.entry.docId);
      host.arrived(docId);
      touch();
      return docId;
    },
    join,
    enterPassphrase,
    forget: async (entry) => {
      if (hasSpaceLog(entry)) await known.get(toText(entry.spaceId))?.space.forget(entry.docId);
    },
    heard: (entry, deviceId, name) => {
      const state = known.get(toText(entry.spaceId))?.space.state();
      const person = state === undefined ? undefined : accountOfDevice(state, deviceId);
      if (person === undefined || bytesEqual(person.accountId, me)) return;
      withPeople().then(
        (loaded) => loaded.heard(person.accountId, name),
        (error: unknown) => host.failed("people", error),
      );
    },
    authors: async (entry) => {
      const state = known.get(toText(entry.spaceId))?.space.state();
      if (state === undefined) return () => undefined;
      const named = await withPeople();
      return (deviceId) => {
        const accountId = accountOfDevice(state, deviceId)?.accountId;
        if (accountId === undefined) return undefined;
        const you = bytesEqual(accountId, me);
        return { accountId: toText(accountId), name: you ? host.displayName() : named.name(accountId), you };
      };
    },
    documentsChanged: touch,
    watch: (docId, listener) => {
      const one =
        watched.get(docId) ??
        createWatched(
          env.clock,
          statusEveryMs,
          () => status(docId),
          (error) => host.failed("listener", error),
        );
      watched.set(docId, one);
      const stop = one.watch(listener);
      if (of(docId) !== undefined) withPeople().catch((error: unknown) => host.failed("people", error));
      return () => {
        stop();
        if (one.watchers() > 0 || watched.get(docId) !== one) return;
        watched.delete(docId);
        one.close();
      };
    },
    invite,
    revokeInvite: (docId, inviteId) =>
      decide(docId, () => {
        const id = bytesFromText(inviteId);
        return id.ok ? revokingInvite(id.value) : undefined;
      }),
    changeRole: (docId, accountId, role) =>
      decide(
        docId,
        about(accountId, (id, { space }) => changingRole(id, role, space.acting)),
      ),
    remove: (docId, accountId) =>
      decide(
        docId,
        about(accountId, (id, { space }) => removing(id, space.acting)),
      ),
    readmit: (docId, accountId, role) =>
      decide(
        docId,
        about(accountId, (id, { space }) => readmitting(id, role, space.acting)),
      ),
    grantDocument: (docId, accountId, role) =>
      decide(
        docId,
        about(accountId, (id, { space }) => granting(id, idOf(docId), role, space.acting)),
      ),
    revokeGrant: (docId, accountId) =>
      decide(
        docId,
        about(accountId, (id, { space }) => revokingGrant(id, idOf(docId), space.acting)),
      ),
    leave: (docId) => decide(docId, () => leaving(me)),
    transferOwnership: (docId, accountId) =>
      decide(
        docId,
        about(accountId, (id, { space }) => handingOver(id, me, space.acting)),
      ),
    rotate: (docId) =>
      decide(docId, ({ space }) => {
        const epoch = epochOf(space);
        const rotate = rotating(space.acting);
        // Another one that came meanwhile is as good.
        return (state) => (settingsOf(state).epoch > epoch ? Promise.resolve("nothing-to-do") : rotate(state));
      }),
    safetyNumber: async (docId, accountId) => {
      const id = idFrom(accountId);
      const state = of(docId)?.space.state();
      const other = id === undefined || state === undefined ? undefined : accountState(state, id);
      return other === undefined ? undefined : safetyNumber(identity.account.accountKey, other.rootKey).groups;
    },
    setVerified: async (accountId, verified) => {
      const id = idFrom(accountId);
      if (id !== undefined) await (await withPeople()).setVerified(id, verified);
    },
    openAgain: async () => {
      const answers = await Promise.all([...known.values()].map(({ space }) => space.openAgain()));
      const problems = answers.filter(({ ok }) => !ok);
      // A no says more than no answer.
      return problems.find((answer) => !answer.ok && answer.error !== "offline") ?? problems[0] ?? { ok: true };
    },
    account: async () => (await ownAccount()).account,
    all: () => [...known.values()].map(({ space }) => space),
    home: () => {
      const one = home === undefined ? undefined : known.get(toText(home.spaceId));
      return home === undefined || one === undefined ? undefined : { space: one.space, docId: home.docId };
    },
    makeHome: async () => {
      if (home !== undefined) return;
      const made = await found(true);
      host.arrived(toText(made.entry.docId));
    },
    letGoOfHome: async () => {
      const place = home;
      if (place === undefined) return [];
      home = undefined;
      const key = toText(place.spaceId);
      const one = known.get(key);
      known.delete(key);
      await one?.space.close();
      await library.remove(toText(place.docId));
      return [spaceKey(identity.spaceNameOf(place.spaceId))];
    },
    has: (spaceId) => known.has(toText(spaceId)),
    freeze: () => {
      frozen++;
      return () => void frozen--;
    },
    follow: async (spaceId, landmark) => {
      const key = toText(spaceId);
      if (known.has(key) || closed || frozen > 0) return;
      const { account: own, rows: accountRows } = await ownAccount();
      if (known.has(key) || frozen > 0) return;
      const stored = followed(spaceId);
      const written = env.kv.write([...accountRows, [spaceKey(identity.spaceNameOf(spaceId)), storedSpace.encode(stored)]]);
      const one = add(stored, own, written, landmark);
      try {
        await written;
      } catch (error) {
        known.delete(key);
        await one.space.close();
        throw error;
      }
    },
    close: async () => {
      closed = true;
      for (const one of watched.values()) one.close();
      await Promise.all([...known.values()].map(({ space }) => space.close()));
    },
  };
}

const epochOf = (space: Space): number => {
  const state = space.state();
  return state === undefined ? 0 : settingsOf(state).epoch;
};

const headOf = ({ history, position }: SpaceState): AccessCursor | undefined => {
  const hash = history.hashes[position - 1];
  return hash === undefined ? undefined : { position, hash };
};
