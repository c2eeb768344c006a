/**
 * People in spaces, and their devices: each the real engine over a virtual browser profile. Editors' tabs and their storms are the other simulation's business
 * (`actors/device.ts`); here a person types words straight into the peer's documents.
 */
import { importSecret } from "@skerry/crypto";
import { createPeer, openSealedKv } from "@skerry/peer";
import type { Alarm, DevicesStatus, DocumentStatus, Kv, OpenDocument, PairingStatus, Peer, SpaceStatus } from "@skerry/peer";
import { createIdbContentStore, identityKey, openIdbKv, storedEpochKey, storedIdentity } from "@skerry/peer/browser/storage";
import { idBytes, toText } from "@skerry/protocol";
import { createProfile, factories } from "../actors/device.ts";
import type { RunContext } from "../run/context.ts";
import type { Process } from "../world/process.ts";
import { quickStretch } from "../world/quick-stretch.ts";

export interface Word {
  readonly text: string;
  /** Name of the device. */
  readonly who: string;
  readonly docId: string;
  readonly atMs: number;
  /** When first something came to the relay that the device had sent since: before that nobody else can have it. */
  arrivedMs: number | undefined;
  /** The person was told that it is on the server. */
  acked: boolean;
  /** The person was told that it is on this device. */
  kept: boolean;
}

/** What somebody has who controls a device. */
export interface Loot {
  /** Seed of its key, 32 bytes. */
  readonly seed: Uint8Array;
  readonly certificate: Uint8Array;
  /** As it was given them: history keys or content keys (CR-31). */
  readonly epochKeys: ReadonlyMap<number, Uint8Array>;
}

export interface Person {
  readonly name: string;
  /** The first one, and those that were to come by pairing or by recovery words. Those that were lost stay in the list. */
  readonly devices: readonly Device[];
  /** A new one, which knows nothing of the others yet. */
  addDevice(): Device;
  /** Of the account that all devices are to be in. */
  accountId(): string | undefined;
}

/** The account's home, as a device has it on its disk. */
export interface Home {
  /** In text. */
  readonly spaceId: string;
  readonly docId: string;
}

export interface Device {
  readonly name: string;
  /** Whose it is. */
  readonly person: string;
  start(): void;
  kill(how: "kill" | "power"): void;
  /** Dead for good. */
  lose(): void;
  isLost(): boolean;
  /** When, if it is. */
  lostAtMs(): number | undefined;
  alive(): boolean;
  /** Up, and its peer has read what it stored. */
  peer(): Peer | undefined;
  accountId(): string | undefined;
  /** The account that it made for itself. */
  firstAccountId(): string | undefined;
  deviceId(): string | undefined;
  space(docId: string): SpaceStatus | undefined;
  status(docId: string): DocumentStatus | undefined;
  text(docId: string): string | undefined;
  documents(): readonly string[];
  title(docId: string): string;
  /** Shared by a link, with nobody. */
  makeDocument(peer: Peer): Promise<string>;
  /** False if the document is not here, or not ready. */
  type(docId: string, word: Word): boolean;
  /** Follows a document from now on, across lives. */
  watch(docId: string): void;
  alarms(): readonly Alarm[];
  /** Epochs of a space whose key this device was ever seen to store. */
  epochs(spaceId: string): ReadonlySet<number>;
  /** How many operations of a space's access log this device was seen to store. */
  logLength(spaceId: string): number;
  /** Undefined before it is up for the first time. */
  loot(spaceId: string): Loot | undefined;
  home(): Home | undefined;
  /** It was ever seen to store that it follows this space, or is in it. */
  follows(spaceId: string): boolean;
  /** The home is at the relay as this device has it, and names these spaces and documents that are shared by links. */
  homeIsKept(spaces: readonly string[], links: readonly string[]): boolean;
  /** What the person is told of the account's devices. */
  devices(): DevicesStatus | undefined;
  pairing(): PairingStatus;
}

interface Life {
  readonly process: Process;
  ended: boolean;
  peer: Peer | undefined;
  readonly opened: Map<string, OpenDocument>;
  readonly statuses: Map<string, DocumentStatus>;
  readonly spaces: Map<string, SpaceStatus>;
  readonly watched: Set<string>;
  listed: readonly string[];
  readonly titles: Map<string, string>;
  devices: DevicesStatus | undefined;
  pairing: PairingStatus;
}

const bootMs = 1;
const bootAgainMs = 5_000;
/** Rows of the key ring: `s/<name of the space>/k/<epoch in base 36>`. */
const epochRow = /^s\/(.*)\/k\/([0-9a-z]+)$/;
/** Rows of access logs: `s/<name of the space>/e/<position>`. */
const operationRow = /^s\/(.*)\/e\/[^/]+$/;
/** Rows of spaces: after the version comes the space's id. The home's row has the id of its document besides. */
const spaceRow = /^l\/~space\/(.*)$/;
const homeRow = "i/home";
const idAt = (value: Uint8Array, at: number): string => toText(value.slice(1 + at * idBytes, 1 + (at + 1) * idBytes));

export interface DeviceEvents {
  readonly words: () => readonly Word[];
  /** It is of another account than before, as its disk says. */
  readonly joined: (device: Device) => void;
}

export function createPerson(context: RunContext, name: string, events: DeviceEvents): Person {
  const devices: Device[] = [];
  const addDevice = (): Device => {
    const device = createDevice(context, devices.length === 0 ? name : `${name}${devices.length + 1}`, name, events);
    devices.push(device);
    return device;
  };
  const first = addDevice();
  return { name, devices, addDevice, accountId: first.accountId };
}

function createDevice(context: RunContext, name: string, person: string, { words, joined }: DeviceEvents): Device {
  const { world } = context;
  const profile = createProfile(context, name);
  const random = context.random.fork(`person ${name}`);
  const followed = new Set<string>();
  const told = new Map<string, Alarm>();
  /** By the name that the device gives a space in its store. */
  const epochs = new Map<string, Map<number, Uint8Array>>();
  let identity: Pick<Loot, "seed" | "certificate"> | undefined;
  const spaceNames = new Map<string, string>();
  /** Rows of the access log, by the same name. */
  const operations = new Map<string, Set<string>>();
  let home: Home | undefined;
  let accountId: string | undefined;
  let firstAccountId: string | undefined;
  let deviceId: string | undefined;
  let lostAtMs: number | undefined;
  let life: Life | undefined;

  const start = (): void => {
    if (lostAtMs !== undefined || life?.process.alive() === true) return;
    const process = world.spawn(name);
    factories.set(process, profile.origin.factoryFor(process));
    const mine: Life = {
      process,
      ended: false,
      peer: undefined,
      opened: new Map(),
      statuses: new Map(),
      spaces: new Map(),
      watched: new Set(),
      listed: [],
      titles: new Map(),
      devices: undefined,
      pairing: { at: "off" },
    };
    life = mine;
    process.later(bootMs, "boot", () => void boot(mine).catch((error: unknown) => failed(mine, error)));
  };

  const failed = (mine: Life, error: unknown): void => {
    context.log(name, "warn", "boot-failed", { code: error instanceof Error && "code" in error ? String(error.code) : String(error) });
    if (!mine.process.alive()) return;
    mine.process.later(bootAgainMs, "again", () => {
      end(mine, "kill");
      world.later(0, "start again", start);
    });
  };

  /** What is stored of spaces and keys is seen on its way to be sealed. */
  const seen = (kv: Kv): Kv => ({
    ...kv,
    write: (changes) => {
      for (const [key, value] of changes) {
        if (value !== undefined) note(key, value);
      }
      return kv.write(changes);
    },
  });
  const note = (key: string, value: Uint8Array): void => {
    const space = spaceRow.exec(key)?.[1];
    if (space !== undefined) spaceNames.set(idAt(value, 0), space);
    if (key === identityKey) {
      const { device: seed, certificate } = storedIdentity.decode(value);
      identity = { seed: seed.slice(), certificate: certificate.slice() };
    }
    if (key === homeRow) home = { spaceId: idAt(value, 0), docId: idAt(value, 1) };
    const logOf = operationRow.exec(key)?.[1];
    if (logOf !== undefined) operations.set(logOf, (operations.get(logOf) ?? new Set()).add(key));
    const [, of, epoch] = epochRow.exec(key) ?? [];
    if (of === undefined || epoch === undefined) return;
    const known = epochs.get(of) ?? new Map<number, Uint8Array>();
    epochs.set(of, known.set(Number.parseInt(epoch, 36), storedEpochKey.decode(value).key.slice()));
  };

  const boot = async (mine: Life): Promise<void> => {
    const { process } = mine;
    const vaultKey = importSecret(profile.vaultKey);
    const kv = await openSealedKv(await openIdbKv(process.clock, "skerry"), vaultKey, process.random.fork("kv"));
    const log = (
      level: "debug" | "info" | "warn" | "error",
      event: string,
      fields?: Readonly<Record<string, number | string | boolean>>,
    ): void => context.log(name, level, event, fields ?? {});
    const content = createIdbContentStore({ vaultKey, random: process.random.fork("content"), clock: process.clock, log });
    const transport = context.network.transportFor(process, name);
    const peer = createPeer(
      {
        clock: process.clock,
        random: process.random.fork("engine"),
        transport,
        kv: seen(kv),
        content,
        log,
        stretchPassphrase: quickStretch,
      },
      {
        relayUrl: "ws://relay/sync",
        // As its host does (PE-26): this engine ends, and another begins with the account that is on the disk now.
        onAccountChanged: () => void process.later(0, "joined", () => beginAgain(mine)),
      },
    );
    await peer.ready;
    mine.peer = peer;
    const before = accountId;
    ({ accountId, deviceId } = await peer.profile());
    firstAccountId ??= accountId;
    if (before !== undefined && before !== accountId) joined(device);
    peer.watchDocuments((documents) => {
      mine.listed = documents.map(({ docId }) => docId).toSorted();
      for (const { docId, title } of documents) mine.titles.set(docId, title);
      followAll(mine);
    });
    peer.watchDevices((status) => {
      mine.devices = status;
      followHome(mine);
    });
    peer.watchPairing((status) => {
      mine.pairing = status;
    });
  };

  const beginAgain = (mine: Life): void => {
    end(mine, "kill");
    world.later(0, "start again", start);
  };

  /** Looked at, and not edited: what is written there is the devices' own business. */
  const followHome = (mine: Life): void => {
    if (home === undefined || mine.watched.has(home.docId) || !mine.process.alive()) return;
    const { docId } = home;
    const opened = mine.peer?.open(docId);
    if (opened === undefined) return;
    mine.watched.add(docId);
    mine.opened.set(docId, opened);
    opened.ready.catch(() => {});
    mine.peer?.watchStatus(docId, (status) => onStatus(mine, docId, status));
  };

  const followAll = (mine: Life): void => {
    for (const docId of [...followed, ...mine.listed]) follow(mine, docId);
  };

  const follow = (mine: Life, docId: string): void => {
    const { peer } = mine;
    if (peer === undefined || mine.watched.has(docId)) return;
    const opened = peer.open(docId);
    if (opened === undefined) return;
    mine.watched.add(docId);
    // Yjs draws ids of its own, which must not make two runs differ.
    opened.hub.doc.clientID = random.uint32();
    mine.opened.set(docId, opened);
    opened.ready.catch(() => {});
    peer.watchSpace(docId, (space) => {
      if (space === undefined) mine.spaces.delete(docId);
      else mine.spaces.set(docId, space);
    });
    peer.watchStatus(docId, (status) => onStatus(mine, docId, status));
  };

  const onStatus = (mine: Life, docId: string, status: DocumentStatus): void => {
    mine.statuses.set(docId, status);
    for (const alarm of status.alarms) told.set(`${docId} ${alarm.kind} ${alarm.seq} ${alarm.device}`, alarm);
    if (status.saved === "unsaved") return;
    const text = mine.opened.get(docId)?.hub.doc.getText("body").toJSON() ?? "";
    for (const word of words()) {
      if (word.who !== name || word.docId !== docId || !text.includes(word.text)) continue;
      word.kept = true;
      if (status.saved !== "device" && status.unsentChanges === 0) word.acked = true;
    }
  };

  const end = (mine: Life, how: "kill" | "power"): void => {
    if (mine.ended) return;
    mine.ended = true;
    mine.process.kill();
    profile.origin.crash(mine.process, how);
  };

  const current = (): Life | undefined => (life?.process.alive() === true ? life : undefined);

  const homeMap = (name: string): ReadonlySet<string> =>
    new Set(home === undefined ? [] : (current()?.opened.get(home.docId)?.hub.doc.getMap(name).keys() ?? []));

  const device: Device = {
    name,
    person,
    start,
    kill: (how) => {
      if (life !== undefined) end(life, how);
    },
    lose: () => {
      lostAtMs ??= world.now();
      if (life !== undefined) end(life, "kill");
    },
    isLost: () => lostAtMs !== undefined,
    lostAtMs: () => lostAtMs,
    alive: () => current() !== undefined,
    peer: () => current()?.peer,
    accountId: () => accountId,
    firstAccountId: () => firstAccountId,
    deviceId: () => deviceId,
    space: (docId) => current()?.spaces.get(docId),
    status: (docId) => current()?.statuses.get(docId),
    text: (docId) => current()?.opened.get(docId)?.hub.doc.getText("body").toJSON(),
    documents: () => current()?.listed ?? [],
    title: (docId) => current()?.titles.get(docId) ?? "",
    makeDocument: (peer) => peer.createDocument(),
    type: (docId, word) => {
      const mine = current();
      const opened = mine?.opened.get(docId);
      if (mine === undefined || opened === undefined || mine.statuses.get(docId)?.phase !== "ready") return false;
      world.enter(mine.process, () => {
        const text = opened.hub.doc.getText("body");
        text.insert(random.int(2) === 0 ? 0 : text.length, `${word.text} `);
      });
      return true;
    },
    watch: (docId) => {
      followed.add(docId);
      const mine = current();
      if (mine !== undefined) follow(mine, docId);
    },
    alarms: () => [...told.values()],
    epochs: (spaceId) => new Set(epochs.get(spaceNames.get(spaceId) ?? "")?.keys()),
    logLength: (spaceId) => operations.get(spaceNames.get(spaceId) ?? "")?.size ?? 0,
    loot: (spaceId) =>
      identity === undefined
        ? undefined
        : { ...identity, epochKeys: epochs.get(spaceNames.get(spaceId) ?? "") ?? new Map<number, Uint8Array>() },
    home: () => home,
    follows: (spaceId) => spaceNames.has(spaceId),
    homeIsKept: (spaces, links) => {
      const status = home === undefined ? undefined : current()?.statuses.get(home.docId);
      if (status?.phase !== "ready" || status.unsentChanges > 0 || status.saved === "device" || status.saved === "unsaved") return false;
      const known = [homeMap("spaces"), homeMap("links")] as const;
      return spaces.every((id) => known[0].has(id)) && links.every((id) => known[1].has(id));
    },
    devices: () => current()?.devices,
    pairing: () => current()?.pairing ?? { at: "off" },
  };
  return device;
}
