/**
 * The peer of one device: its identity, its list of documents, one connection to the relay, and the documents that are open. One engine at a
 * time may run over one local store: the host sees to it (SharedWorker, Web Lock, lock file).
 */
import { formatShareLink, importSecret, parseInviteLink, parseShareLink, ready as cryptoReady } from "@skerry/crypto";
import { bytesEqual, limits, toText } from "@skerry/protocol";
import type { Head, SpaceId } from "@skerry/protocol";
import type { ConnectionState, DocumentStatus, DocumentSummary } from "../client.ts";
import type { OpenDocument } from "../editor-hub.ts";
import type { Peer, PeerOptions } from "../peer.ts";
import { StoreError } from "../ports.ts";
import type { Env } from "../ports.ts";
import { createConnection } from "./connection.ts";
import type { Connection, Session } from "./connection.ts";
import { openDocument } from "./document.ts";
import type { OpenedDocument } from "./document.ts";
import { loadIdentity } from "./identity.ts";
import type { Identity } from "./identity.ts";
import { displayNameKey, documentKeys, relayKeyKey, spaceTokenKey } from "./keys.ts";
import { loadLibrary, shorten, titleOf } from "./library.ts";
import type { Library } from "./library.ts";
import { isLess } from "./saved.ts";
import { createLinkMembership } from "./link-membership.ts";
import { createWatched } from "./listeners.ts";
import type { Watched } from "./listeners.ts";
import { nothingSetAside } from "./set-aside.ts";
import { newDocument } from "./new-document.ts";
import { createDevices } from "../account/devices.ts";
import type { Devices } from "../account/devices.ts";
import { createRecovery } from "../account/recovery.ts";
import type { Engine, Recovery } from "../account/recovery.ts";
import { createPairingSession } from "../account/pairing-session.ts";
import type { PairingSession } from "../account/pairing-session.ts";
import { loadSpaces } from "../space/spaces.ts";
import type { Spaces } from "../space/spaces.ts";
import { displayNameBytesMax, hasSpaceLog, storedName, storedRelayKey, storedSpaceToken } from "./stored.ts";
import type { LibraryEntry } from "./stored.ts";

const statusEveryMs = 100;
/** A document that nobody holds, and that is settled, closes after this long. */
const lingerMs = 30_000;
/** Documents opened in the background at one time, because they may hold something unsent. */
const backgroundMax = 32;
/** How long a cut waits for one document to be caught up. */
const caughtUpMs = 15_000;
/** How often "changed at" of a document that is being edited is written. */
const changedEveryMs = 10_000;

interface Held {
  readonly document: OpenedDocument;
  readonly spaceId: SpaceId;
  readonly status: Watched<DocumentStatus>;
  holders: number;
  background: boolean;
  cancelLinger: (() => void) | undefined;
}

interface Loaded {
  readonly spaces: Spaces;
  readonly devices: Devices;
  readonly pairing: PairingSession;
  readonly recovery: Recovery;
  readonly identity: Identity;
  readonly library: Library;
  readonly connection: Connection;
  displayName: string;
}

/** The engine of this device. */
export const createPeer = (env: Env, options: PeerOptions): Peer => createEngine(env, options, false).peer;

/** `isKit`: it stands in for a recovery kit (PE-28), and looks after no documents but the account's home. */
function createEngine(env: Env, options: PeerOptions, isKit: boolean): Engine {
  const { clock, log } = env;
  const held = new Map<string, Held>();
  const statusWatchers = new Map<string, Set<(status: DocumentStatus) => void>>();
  const waiting = new Set<string>();
  const ends = new Map<string, Promise<void>>();
  let loaded: Loaded | undefined;
  const tokenOfHost = new TextEncoder().encode(options.spaceToken ?? "");
  let spaceToken: Uint8Array = tokenOfHost;
  let connectionState: ConnectionState = { kind: "connecting" };
  let closing: Promise<void> | undefined;

  const listenerError = (error: unknown): void =>
    log("error", "peer.listener-failed", { name: error instanceof Error ? error.name : "unknown" });
  const documentsWatched = createWatched(clock, statusEveryMs, () => summaries(), listenerError);
  const connectionWatched = createWatched(clock, 0, () => connectionState, listenerError);

  /** Of an open document it is known whether something is unsent; of the others, whether something may be. */
  const summaries = (): readonly DocumentSummary[] =>
    (loaded?.library.summaries() ?? []).flatMap((summary) => {
      if (loaded?.devices.isHome(summary.docId) === true) return [];
      const one = held.get(summary.docId);
      return one === undefined || !one.document.loaded() ? summary : { ...summary, unsent: !one.document.settled() };
    });

  const load = async (): Promise<void> => {
    await cryptoReady;
    const identity = await loadIdentity(env);
    const spaceRows: Uint8Array[] = [];
    const library = await loadLibrary(
      env.kv,
      identity.nameOf,
      () => {
        documentsWatched.touch();
        loaded?.devices.changed();
      },
      (row) => spaceRows.push(row),
    );
    const name = await env.kv.get(displayNameKey);
    const tokenRow = await env.kv.get(spaceTokenKey);
    if (tokenRow !== undefined) spaceToken = storedSpaceToken.decode(tokenRow);
    if (closing !== undefined) throw new StoreError("closed", "the peer was closed");
    const connection = createConnection({
      env,
      url: options.relayUrl,
      device: identity.device,
      onState: (state) => {
        connectionState = state;
        connectionWatched.touch();
        loaded?.devices.changed();
        for (const one of held.values()) one.status.touch();
      },
      onSession: (session) => void checkRelayKey(session).catch((error: unknown) => failed("relay-key", error)),
    });
    const spaces = await loadSpaces(
      {
        env,
        identity,
        connection,
        library,
        token: () => spaceToken,
        displayName: () => loaded?.displayName ?? "",
        caughtUp,
        prepared,
        arrived,
        distrusted: (spaceId, distrust) => {
          for (const { document, spaceId: id } of held.values())
            if (bytesEqual(id, spaceId)) document.alarm(distrust === "bad-log" ? "bad-chain" : distrust, 0);
        },
        changed: () => loaded?.devices.changed(),
        failed,
      },
      spaceRows,
    );
    const devices = createDevices({
      env,
      identity,
      connection,
      library,
      spaces,
      displayName: () => loaded?.displayName ?? "",
      setDisplayName: storeDisplayName,
      open: (docId) => peer.open(docId),
      openLink: (fragment) => peer.openLink(fragment),
      caughtUp: async (docId) => {
        const entry = library.get(docId);
        return entry !== undefined && (await caughtUp(entry)) !== undefined;
      },
      isSettled: (docId) => held.get(docId)?.document.settled() === true,
      failed,
    });
    const pairing = createPairingSession({
      env,
      connection,
      identity,
      mayJoin: devices.mayJoin,
      handover: devices.handover,
      addDevice: devices.addDevice,
      join: devices.join,
      joined: () => options.onAccountChanged?.(),
      failed,
    });
    const displayName = name === undefined ? "" : storedName.decode(name);
    const recovery = createRecovery({
      env,
      relayUrl: options.relayUrl,
      identity,
      devices,
      openEngine: (kitEnv) => createEngine(kitEnv, { relayUrl: options.relayUrl }, true),
      joined: () => options.onAccountChanged?.(),
      failed,
    });
    loaded = { identity, library, connection, spaces, devices, pairing, recovery, displayName };
    devices.changed();
    documentsWatched.touch();
    if (!isKit) for (const entry of library.all()) if (entry.unsettled) waiting.add(toText(entry.docId));
    openWaiting();
  };

  const storeDisplayName = async (name: string): Promise<void> => {
    const displayName = shorten(name, displayNameBytesMax);
    await env.kv.write([[displayNameKey, storedName.encode(displayName)]]);
    now().displayName = displayName;
  };

  const failed = (what: string, error: unknown): void =>
    log("error", "peer.store-failed", { what, code: error instanceof StoreError ? error.code : "unknown" });

  const now = (): Loaded => {
    if (loaded === undefined || closing !== undefined) throw new StoreError("closed", "the peer is not open");
    return loaded;
  };

  /** The relay of this store is the one that it first met; another key under the same address is shown, not refused: operators do rebuild relays. */
  const checkRelayKey = async (session: Session): Promise<void> => {
    const key = toText(session.relayKey);
    const known = await env.kv.get(relayKeyKey);
    if (known !== undefined && toText(storedRelayKey.decode(known)) === key) return;
    if (known !== undefined) {
      log("warn", "relay.key-changed");
      for (const one of held.values()) one.document.alarm("relay-key-changed", 0);
    }
    await env.kv.write([[relayKeyKey, storedRelayKey.encode(session.relayKey)]]);
  };

  /** Opens, or joins what is open. */
  const hold = (entry: LibraryEntry): Held => {
    const docId = toText(entry.docId);
    const known = held.get(docId);
    if (known !== undefined) return known;
    const { identity, library, connection, spaces } = now();
    let changedAt = Number.NEGATIVE_INFINITY;
    const document = openDocument({
      env,
      identity,
      connection,
      membership: hasSpaceLog(entry)
        ? spaces.membership(entry)
        : createLinkMembership(entry.docId, entry.epoch, importSecret(entry.epochKey)),
      name: identity.nameOf(entry.docId),
      entry: () => library.get(docId) ?? entry,
      before: async () => {
        await ends.get(docId)?.catch(() => {});
        // It is in the list at once, and may be opened from there: what it begins with has to be on the disk.
        await library.durable(docId);
        await spaces.ready(entry);
        await settle(library, docId, true);
      },
      onEdit: () => {
        if (clock.monotonic() - changedAt < changedEveryMs) return;
        changedAt = clock.monotonic();
        keep(library.update(docId, (old) => ({ ...old, changedAtMs: clock.now() })));
      },
      onName: (deviceId, heard) => spaces.heard(entry, deviceId, heard),
      onChange: () => {
        one.status.touch();
        documentsWatched.touch();
        considerClosing(docId);
      },
    });
    const one: Held = {
      document,
      spaceId: entry.spaceId,
      status: createWatched(
        clock,
        statusEveryMs,
        () => document.status(),
        listenerError,
        (told, now) => isLess(now.saved, told.saved),
      ),
      holders: 0,
      background: false,
      cancelLinger: undefined,
    };
    held.set(docId, one);
    for (const listener of statusWatchers.get(docId) ?? []) one.status.watch(listener);
    return one;
  };

  const keep = (write: Promise<void>): void => void write.catch((error: unknown) => failed("library", error));

  const settle = async (library: Library, docId: string, unsettled: boolean): Promise<void> => {
    if (library.get(docId)?.unsettled !== unsettled) await library.update(docId, (old) => ({ ...old, unsettled }));
  };

  const considerClosing = (docId: string): void => {
    const one = held.get(docId);
    if (
      one === undefined ||
      one.holders > 0 ||
      statusWatchers.has(docId) ||
      one.cancelLinger !== undefined ||
      closing !== undefined ||
      !one.document.settled() ||
      one.document.hasDuty()
    )
      return;
    one.cancelLinger = clock.schedule(lingerMs, () => {
      one.cancelLinger = undefined;
      if (one.holders === 0 && !statusWatchers.has(docId) && one.document.settled() && !one.document.hasDuty()) keep(letGo(docId, one));
    });
  };

  const letGo = async (docId: string, one: Held): Promise<void> => {
    held.delete(docId);
    one.cancelLinger?.();
    one.status.close();
    const end = one.document.close().then(async () => {
      if (loaded !== undefined && one.document.settled()) await settle(loaded.library, docId, false);
    });
    // Whoever opens it again meanwhile waits until the copy is let go.
    ends.set(docId, end);
    try {
      await end;
    } finally {
      if (ends.get(docId) === end) ends.delete(docId);
    }
    openWaiting();
  };

  /** A document that is new here, or may hold something unsent, is looked after though nobody has it open. */
  const arrived = (docId: string): void => {
    if (isKit) return;
    waiting.add(docId);
    openWaiting();
  };

  const caughtUp = (entry: LibraryEntry): Promise<Head | undefined> => holding(entry, (document) => document.caughtUp(caughtUpMs));

  const prepared = (entry: LibraryEntry): Promise<boolean> => holding(entry, (document) => document.prepared(caughtUpMs));

  /** Opens the document for as long as `use` takes. */
  const holding = async <T>(entry: LibraryEntry, use: (document: OpenedDocument) => Promise<T>): Promise<T> => {
    const docId = toText(entry.docId);
    const one = hold(entry);
    one.holders++;
    try {
      return await use(one.document);
    } finally {
      one.holders--;
      if (now().library.get(docId) === undefined && one.holders === 0) keep(discard(entry, one));
      else considerClosing(docId);
    }
  };

  /** Lets go of the document and deletes what this device has of it. `first` comes before anything is deleted. */
  const discard = async (entry: LibraryEntry, one: Held, first: () => Promise<void> = () => Promise.resolve()): Promise<void> => {
    const { identity } = now();
    held.delete(toText(entry.docId));
    waiting.delete(toText(entry.docId));
    one.cancelLinger?.();
    one.status.close();
    await first();
    await one.document.delete();
    const { from, to } = documentKeys(identity.nameOf(entry.docId));
    await env.kv.clear(from, to);
  };

  /** Documents that may hold something unsent are looked after though nobody has them open. */
  const openWaiting = (): void => {
    if (loaded === undefined || closing !== undefined) return;
    for (const docId of waiting) {
      if ([...held.values()].filter((one) => one.background).length >= backgroundMax) return;
      waiting.delete(docId);
      const entry = loaded.library.get(docId);
      if (entry !== undefined && !held.has(docId)) hold(entry).background = true;
    }
  };

  const readyPairing = async (): Promise<PairingSession> => {
    await peer.ready;
    return now().pairing;
  };

  /** A subscription that begins when the peer is loaded. */
  const whenReady = (begin: () => () => void): (() => void) => {
    let stop: (() => void) | undefined;
    let ended = false;
    peer.ready.then(
      () => {
        if (!ended && closing === undefined) stop = begin();
      },
      () => {},
    );
    return () => {
      ended = true;
      stop?.();
    };
  };

  const readySpaces = async (): Promise<Spaces> => {
    await peer.ready;
    return now().spaces;
  };

  const peer: Peer = {
    ready: load(),
    open: (docId) => {
      const entry = now().library.get(docId);
      if (entry === undefined) return undefined;
      const before = held.get(docId);
      if (before?.document.failed() === true) keep(letGo(docId, before));
      const one = hold(entry);
      one.holders++;
      one.background = false;
      one.cancelLinger?.();
      one.cancelLinger = undefined;
      keep(now().library.update(docId, (old) => ({ ...old, openedAtMs: clock.now() })));
      return opened(docId, one);
    },
    profile: async () => {
      await peer.ready;
      const { identity, displayName } = now();
      return { displayName, accountId: toText(identity.account.accountId), deviceId: toText(identity.device.deviceId) };
    },
    setDisplayName: async (name) => {
      await peer.ready;
      await storeDisplayName(name);
      now().devices.named();
    },
    documents: async () => {
      await peer.ready;
      now();
      return summaries();
    },
    watchDocuments: (listener) => documentsWatched.watch(listener),
    createDocument: async () => {
      await peer.ready;
      const { identity, library } = now();
      const { entry, rows } = newDocument(env, identity);
      await library.put(entry, rows);
      const docId = toText(entry.docId);
      arrived(docId);
      return docId;
    },
    createSharedDocument: async (besideDocId) => {
      await peer.ready;
      const { spaces, library } = now();
      return spaces.createDocument(besideDocId === undefined ? undefined : library.get(besideDocId));
    },
    watchSpace: (docId, listener) => whenReady(() => now().spaces.watch(docId, listener)),
    invite: async (docId, wanted) => (await readySpaces()).invite(docId, wanted),
    revokeInvite: async (docId, inviteId) => (await readySpaces()).revokeInvite(docId, inviteId),
    changeRole: async (docId, accountId, role) => (await readySpaces()).changeRole(docId, accountId, role),
    removeMember: async (docId, accountId) => (await readySpaces()).remove(docId, accountId),
    grantDocument: async (docId, accountId, role) => (await readySpaces()).grantDocument(docId, accountId, role),
    revokeGrant: async (docId, accountId) => (await readySpaces()).revokeGrant(docId, accountId),
    readmitMember: async (docId, accountId, role) => (await readySpaces()).readmit(docId, accountId, role),
    leaveSpace: async (docId) => (await readySpaces()).leave(docId),
    transferOwnership: async (docId, accountId) => (await readySpaces()).transferOwnership(docId, accountId),
    rotateKeys: async (docId) => (await readySpaces()).rotate(docId),
    safetyNumber: async (docId, accountId) => (await readySpaces()).safetyNumber(docId, accountId),
    setVerified: async (accountId, verified) => (await readySpaces()).setVerified(accountId, verified),
    setSpaceToken: async (token) => {
      await peer.ready;
      const bytes = new TextEncoder().encode(token);
      if (bytes.length > limits.spaceTokenBytesMax) return { ok: false, error: "refused", reason: "too-long" };
      await env.kv.write([[spaceTokenKey, bytes.length === 0 ? undefined : storedSpaceToken.encode(bytes)]]);
      spaceToken = bytes.length === 0 ? tokenOfHost : bytes;
      return now().spaces.openAgain();
    },
    watchDevices: (listener) => whenReady(() => now().devices.watch(listener)),
    renameDevice: async (deviceId, name) => {
      await peer.ready;
      await now().devices.rename(deviceId, name);
    },
    revokeDevice: async (deviceId) => {
      await peer.ready;
      return now().devices.revoke(deviceId);
    },
    makeRecoveryKit: async () => {
      await peer.ready;
      return now().recovery.makeKit();
    },
    keepRecoveryKit: async () => {
      await peer.ready;
      return now().recovery.keepKit();
    },
    restoreAccount: async (words, deviceName) => {
      await peer.ready;
      return now().recovery.restore(words, deviceName);
    },
    startPairing: async (role, deviceName) => (await readyPairing()).start(role, deviceName),
    showPairingCode: async (form) => (await readyPairing()).showCode(form),
    takePairingCode: async (text) => (await readyPairing()).takeCode(text),
    confirmPairing: async () => (await readyPairing()).confirm(),
    rejectPairing: async () => (await readyPairing()).reject(),
    closePairing: async () => (await readyPairing()).close(),
    watchPairing: (listener) => whenReady(() => now().pairing.watch(listener)),
    openLink: async (fragment, passphrase) => {
      await peer.ready;
      const invite = parseInviteLink(fragment);
      if (invite.ok) return now().spaces.join(invite.value, passphrase);
      const link = parseShareLink(fragment);
      if (!link.ok) return link;
      const docId = toText(link.value.docId);
      const { library } = now();
      const known = library.get(docId);
      if (known === undefined) {
        const atMs = clock.now();
        const { spaceId, epoch, epochKey, genesis, head } = link.value;
        await library.put({
          docId: link.value.docId,
          spaceId,
          epoch,
          epochKey,
          genesis,
          linkHead: head,
          title: "",
          createdAtMs: atMs,
          openedAtMs: atMs,
          changedAtMs: atMs,
          unsettled: true,
        });
        arrived(docId);
      } else {
        // Whoever made the link saw this head: VF-8.
        hold(known).document.compare(link.value.head);
        if (!bytesEqual(known.genesis, link.value.genesis)) hold(known).document.alarm("wrong-genesis", 1);
      }
      return { ok: true, docId };
    },
    enterPassphrase: async (docId, passphrase) => (await readySpaces()).enterPassphrase(docId, passphrase),
    shareLink: async (docId) => {
      await peer.ready;
      const { library } = now();
      const entry = library.get(docId);
      if (entry === undefined || hasSpaceLog(entry)) return undefined;
      const { spaceId, epoch, epochKey, genesis } = entry;
      return formatShareLink({ spaceId, docId: entry.docId, epoch, epochKey, genesis, head: await hold(entry).document.head() });
    },
    has: async (docId) => {
      await peer.ready;
      return now().library.get(docId) !== undefined;
    },
    setTitle: async (docId, title) => {
      await peer.ready;
      const next = titleOf(title);
      if (now().library.get(docId)?.title === next) return;
      await now().library.update(docId, (old) => ({ ...old, title: next }));
      now().devices.titled(docId, next);
    },
    readSetAside: async (docId, fromSeq = 0) => {
      await peer.ready;
      const { library, spaces } = now();
      const entry = library.get(docId);
      if (entry === undefined) return nothingSetAside;
      return holding(entry, async (document) => document.readSetAside(fromSeq, await spaces.authors(entry)));
    },
    forgetDocument: async (docId) => {
      await peer.ready;
      const { library, spaces } = now();
      const entry = library.get(docId);
      if (entry === undefined) return;
      await (hasSpaceLog(entry) ? spaces.forget(entry) : now().devices.forgot(docId));
      // First the list: if the rest is cut short, what stays behind is sealed, unnamed and unreachable.
      await discard(entry, hold(entry), () => library.remove(docId));
    },
    watchStatus: (docId, listener) => {
      const listeners = statusWatchers.get(docId) ?? new Set();
      statusWatchers.set(docId, listeners);
      const mine = (status: DocumentStatus): void => {
        if (listeners.has(mine)) listener(status);
      };
      listeners.add(mine);
      held.get(docId)?.status.watch(mine);
      return () => {
        listeners.delete(mine);
        if (listeners.size > 0 || statusWatchers.get(docId) !== listeners) return;
        statusWatchers.delete(docId);
        considerClosing(docId);
      };
    },
    watchConnection: (listener) => connectionWatched.watch(listener),
    retryNow: () => loaded?.connection.retryNow(),
    hasUnsavedChanges: () => [...held.values()].some((one) => one.document.unsaved()),
    close: () => (closing ??= close()),
  };
  peer.ready.catch((error: unknown) => failed("start", error));

  function opened(docId: string, one: Held): OpenDocument {
    let released = false;
    return {
      hub: one.document.hub,
      ready: one.document.ready,
      release: () => {
        if (released) return;
        released = true;
        one.holders--;
        considerClosing(docId);
      },
    };
  }

  async function close(): Promise<void> {
    await peer.ready.catch(() => {});
    loaded?.devices.close();
    const results = await Promise.allSettled([...[...held].map(([docId, one]) => letGo(docId, one)), ...ends.values()]);
    loaded?.pairing.end();
    await loaded?.recovery.close();
    await loaded?.spaces.close();
    loaded?.connection.close();
    connectionWatched.close();
    documentsWatched.close();
    for (const result of results) if (result.status === "rejected") failed("close", result.reason);
  }

  return { peer, devices: () => now().devices };
}
