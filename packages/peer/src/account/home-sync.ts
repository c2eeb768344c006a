/**
 * Keeps what this device has and what the account's home document says equal (docs/peer.md, PE-25). The document was written by devices of the account, of which
 * one may have been stolen: what it says makes this device follow spaces (whose logs are checked), take links of documents (nothing else that a link
 * can be), and show names. It is looked at again after each change, one round at a time.
 */
import { accessHeadAt, accountState, documentOf, isHere, liveDevices } from "@skerry/access";
import { formatShareLink, parseShareLink } from "@skerry/crypto";
import { bytesEqual, toText } from "@skerry/protocol";
import type { OpenDocument } from "../editor-hub.ts";
import type { Connection } from "../engine/connection.ts";
import type { Identity } from "../engine/identity.ts";
import { titleOf } from "../engine/library.ts";
import type { Library } from "../engine/library.ts";
import { hasSpaceLog } from "../engine/stored.ts";
import type { LibraryEntry } from "../engine/stored.ts";
import type { Env } from "../ports.ts";
import type { Space } from "../space/space.ts";
import type { Spaces } from "../space/spaces.ts";
import { homeDocumentOf } from "./home-document.ts";
import type { HomeDocument, KitMark } from "./home-document.ts";
import type { OwnAccount } from "./own-account.ts";

export interface HomeSyncHost {
  readonly env: Env;
  readonly identity: Identity;
  readonly connection: Connection;
  readonly library: Library;
  readonly spaces: Spaces;
  readonly displayName: () => string;
  readonly setDisplayName: (name: string) => Promise<void>;
  /** Undefined if the document is not on this device. */
  readonly open: (docId: string) => OpenDocument | undefined;
  readonly openLink: (fragment: string) => Promise<unknown>;
  /** All of an open document is acknowledged by the relay. */
  readonly isSettled: (docId: string) => boolean;
  readonly failed: (what: string, error: unknown) => void;
  readonly onChange: () => void;
}

export interface HomeSync {
  account(): OwnAccount | undefined;
  /** Undefined until it is read. */
  document(): HomeDocument | undefined;
  /** Something changed: a round is due. */
  changed(): void;
  /** Written when the document is there. */
  nameDevice(deviceId: string, name: string): void;
  deviceName(deviceId: string): string;
  markKit(deviceId: string, kit: KitMark): void;
  kitMadeAtMs(deviceId: string): number | undefined;
  /** The person was given another name here. */
  named(): void;
  titled(docId: string, title: string): void;
  /** The document is read. False if that takes too long. */
  opened(): Promise<boolean>;
  /** What this device has is in the document, on this device. False if that takes too long. */
  written(): Promise<boolean>;
  /** The same, and it is at the relay. */
  kept(): Promise<boolean>;
  close(): void;
}

/** Changes of a moment are looked at together. */
const syncAfterMs = 50;
const keptMs = 15_000;
/** Spaces that were never let read are asked for again and again: no more of them at a time than this. */
const unreadMax = 256;
/** How long links wait for the logs of the spaces beside them, which say what is no document of a link. */
const logsFirstMs = 20_000;

export function createHomeSync(host: HomeSyncHost): HomeSync {
  const { env, identity, library, spaces } = host;
  const me = identity.account.accountId;
  const own = identity.device.deviceId;
  let account: OwnAccount | undefined;
  let opened: OpenDocument | undefined;
  let document: HomeDocument | undefined;
  let openedAt = 0;
  let unwatch: (() => void) | undefined;
  let cancelSync: (() => void) | undefined;
  let syncing = false;
  let again = false;
  /** Rounds that were begun, and the last that wrote all that it had to. */
  let begun = 0;
  let done = 0;
  let nameDue = false;
  let closed = false;
  const namesDue = new Map<string, string>();
  const kitsDue = new Map<string, KitMark>();

  const considerHome = (): void => {
    const home = spaces.home();
    if (home === undefined || closed) return;
    if (account === undefined) {
      spaces.account().then(
        (loaded) => {
          account = loaded;
          changed();
        },
        (error: unknown) => host.failed("account", error),
      );
      return;
    }
    if (opened !== undefined) return;
    const mine = host.open(toText(home.docId));
    if (mine === undefined) return;
    opened = mine;
    mine.ready.then(
      () => {
        if (closed || opened !== mine) return;
        const { doc } = mine.hub;
        // Drawn anew at each start, like an editor's.
        doc.clientID = new DataView(env.random.bytes(4).slice().buffer).getUint32(0);
        document = homeDocumentOf(doc, me);
        openedAt = env.clock.monotonic();
        unwatch = document.watch(changed);
        changed();
      },
      (error: unknown) => {
        // Its copy can't be read; tried again with the next change.
        opened = undefined;
        mine.release();
        host.failed("home", error);
      },
    );
  };

  const changed = (): void => {
    if (closed) return;
    host.onChange();
    if (spaces.home() !== undefined) syncIn(syncAfterMs);
  };
  const syncIn = (delayMs: number): void => {
    if (cancelSync !== undefined || closed) return;
    cancelSync = env.clock.schedule(delayMs, () => {
      cancelSync = undefined;
      considerHome();
      sync().catch((error: unknown) => host.failed("home", error));
    });
  };

  const sync = async (): Promise<void> => {
    if (syncing) {
      again = true;
      return;
    }
    if (document === undefined) return;
    syncing = true;
    const round = ++begun;
    try {
      if (mayWrite()) {
        tell(document);
        done = round;
      }
      await hear(document);
    } finally {
      syncing = false;
      if (again) {
        again = false;
        changed();
      }
    }
  };

  const mayWrite = (): boolean => {
    const home = spaces.home();
    if (home === undefined || !home.space.isAdmitted()) return false;
    // Its founder writes before the relay has taken it (PE-18).
    return home.space.standing() === "member" || home.space.standing() === "creating";
  };

  /** What is on this device and not in the document. Nothing here waits. */
  const tell = (home: HomeDocument): void => {
    for (const [deviceId, kit] of kitsDue) home.madeKit(deviceId, kit);
    kitsDue.clear();
    for (const [deviceId, name] of namesDue) home.nameDevice(deviceId, name);
    namesDue.clear();
    const name = host.displayName();
    if (name !== "" && (nameDue || home.displayName() === undefined)) home.setDisplayName(name);
    nameDue = false;
    for (const space of spaces.all()) tellSpace(home, space);
    for (const entry of library.all()) tellDocument(home, entry);
    if (host.connection.state().kind === "online" && (account === undefined || liveDevices(account.state()).length > 1))
      home.sawDevice(toText(own), env.clock.now());
  };

  const tellSpace = (home: HomeDocument, space: Space): void => {
    const state = space.state();
    if (state === undefined || isHomeSpace(space)) return;
    const head = accessHeadAt(state);
    if (head === undefined) return;
    // "Is in it" may be outdated where the relay shows the log no more; "was put out of it" is not, but for a later place in the log.
    if (!isHere(state, me)) {
      if (accountState(state, me) !== undefined) home.leftSpace(space.spaceId, head.position);
    } else if (space.isLive()) home.addSpace(space.spaceId, head);
    else if (!space.isAdmitted()) home.leftSpace(space.spaceId, 0);
  };

  const tellDocument = (home: HomeDocument, entry: LibraryEntry): void => {
    const docId = toText(entry.docId);
    if (isHomeDocument(docId)) return;
    if (entry.title !== "" && home.title(docId) === "") home.setTitle(docId, entry.title);
    if (hasSpaceLog(entry)) home.removeLink(docId);
    else if (!home.hasLink(docId)) {
      const { spaceId, epoch, epochKey, genesis, linkHead } = entry;
      home.addLink(docId, formatShareLink({ spaceId, docId: entry.docId, epoch, epochKey, genesis, head: linkHead }));
    }
  };

  /** What is in the document and not on this device. */
  const hear = async (home: HomeDocument): Promise<void> => {
    // Also where the account was once: an owner may let it in again, and any of its devices may be the one that hears of that.
    const former = home.formerSpaces().map((spaceId) => ({ spaceId, landmark: undefined }));
    const listed = [...home.spaces(), ...former];
    let unread = spaces.all().filter((space) => space.state() === undefined && !isHomeSpace(space)).length;
    for (const { spaceId, landmark } of listed) {
      if (spaces.has(spaceId)) continue;
      // Former ones leave room for those that it is in.
      if (unread >= (landmark === undefined ? unreadMax / 2 : unreadMax) || closed) break;
      unread++;
      await spaces.follow(spaceId, landmark);
    }
    await hearLinks(home);
    for (const entry of [...library.all()]) {
      const title = entry.title === "" ? titleOf(home.title(toText(entry.docId))) : "";
      if (title !== "") await library.update(toText(entry.docId), (old) => (old.title === "" ? { ...old, title } : old));
    }
    const name = home.displayName();
    if (!nameDue && name !== undefined && name !== host.displayName()) await host.setDisplayName(name);
  };

  /** Only links to the document that they are listed for, and to none that a space's log names: that one has members. */
  const hearLinks = async (home: HomeDocument): Promise<void> => {
    const unread = spaces.all().some((space) => space.state() === undefined && space.isAdmitted());
    const left = openedAt + logsFirstMs - env.clock.monotonic();
    if (unread && left > 0) return syncIn(Math.min(left, 1_000));
    const forgotten = new Set(spaces.home()?.space.stored().forgotten.map(toText));
    for (const [docId, fragment] of home.links()) {
      if (library.get(docId) !== undefined || forgotten.has(docId) || closed) continue;
      const link = parseShareLink(fragment);
      if (!link.ok || toText(link.value.docId) !== docId) continue;
      const isOfLog = spaces.all().some((space) => {
        const state = space.state();
        return state !== undefined && documentOf(state, link.value.docId) !== undefined;
      });
      if (!isOfLog) await host.openLink(fragment);
    }
  };

  const isHomeDocument = (docId: string): boolean => {
    const home = spaces.home();
    return home !== undefined && toText(home.docId) === docId;
  };
  const isHomeSpace = ({ spaceId }: Space): boolean => {
    const home = spaces.home();
    return home !== undefined && bytesEqual(home.space.spaceId, spaceId);
  };

  /** Looks again and again, for a while. */
  const until = async (holds: () => boolean): Promise<boolean> => {
    const untilMs = env.clock.monotonic() + keptMs;
    while (!closed && env.clock.monotonic() < untilMs) {
      if (holds()) return true;
      changed();
      await new Promise<void>((resolve) => void env.clock.schedule(2 * syncAfterMs, resolve));
    }
    return false;
  };

  return {
    account: () => account,
    document: () => document,
    changed,
    nameDevice: (deviceId, name) => {
      namesDue.set(deviceId, name);
      changed();
    },
    deviceName: (deviceId) => namesDue.get(deviceId) ?? document?.deviceName(deviceId) ?? "",
    markKit: (deviceId, kit) => {
      kitsDue.set(deviceId, kit);
      changed();
    },
    kitMadeAtMs: (deviceId) => kitsDue.get(deviceId)?.atMs ?? document?.kitMadeAtMs(deviceId),
    named: () => {
      nameDue = true;
      changed();
    },
    titled: (docId, title) => {
      if (document !== undefined && mayWrite() && title !== "") document.setTitle(docId, title);
    },
    opened: () => until(() => document !== undefined),
    written: () => {
      const before = begun;
      changed();
      return until(() => done > before && !syncing);
    },
    kept: () => {
      const before = begun;
      changed();
      return until(() => {
        const home = spaces.home();
        return home !== undefined && done > before && !syncing && host.isSettled(toText(home.docId));
      });
    },
    close: () => {
      closed = true;
      cancelSync?.();
      unwatch?.();
      opened?.release();
    },
  };
}
