/**
 * A device: a browser profile with its storage, the worker that runs the real peer over the real browser adapters, and tabs with editors. The
 * profile outlives the processes; a person (or a supervisor) starts the browser again when it died, and reloads a page that failed.
 */
import { documentKey, exportSecret, generateVaultKey, importSecret, parseShareLink } from "@skerry/crypto";
import { docIdFromText } from "@skerry/protocol";
import { createPeer, openSealedKv } from "@skerry/peer";
import type { Alarm, ConnectionState, DocumentStatus, Env, OpenDocument, Peer } from "@skerry/peer";
import { createIdbContentStore, openIdbKv } from "@skerry/peer/browser/storage";
import type { Doc } from "yjs";
import { createVirtualOrigin } from "../browser-storage/index.ts";
import type { VirtualOrigin } from "../browser-storage/index.ts";
import type { RunContext } from "../run/context.ts";
import type { Process } from "../world/process.ts";
import { quickStretch } from "../world/quick-stretch.ts";
import { openTab } from "./tab.ts";
import type { Tab } from "./tab.ts";

export interface Profile {
  readonly origin: VirtualOrigin;
  /** Stands in for the browser's own wrapping of it. */
  readonly vaultKey: Uint8Array;
}

export interface DeviceOptions {
  readonly context: RunContext;
  readonly name: string;
  readonly skewMs: number;
  readonly tabs: number;
  readonly profile?: Profile;
  /** It makes the document, if nobody has. */
  readonly creator: boolean;
  /** Gets a share link from whoever can give one; calls back in no process. */
  readonly askForLink: (process: Process, give: (link: string) => void) => void;
  readonly onStatus: (device: Device, status: DocumentStatus) => void;
  /** One of its editors was shown this presence. */
  readonly onAwareness: (device: Device, client: number, state: string) => void;
  /** Its copy of the document changed. */
  readonly onChange: (device: Device) => void;
}

export interface Device {
  readonly name: string;
  readonly profile: Profile;
  start(): void;
  alive(): boolean;
  frozen(): boolean;
  process(): Process | undefined;
  /** The peer's own document. */
  doc(): Doc | undefined;
  /** Also if nobody looks at it, and the peer has it in memory still, or had. */
  heldDoc(): Doc | undefined;
  tab(index: number): Tab | undefined;
  tabs(): readonly Tab[];
  status(): DocumentStatus | undefined;
  connection(): ConnectionState | undefined;
  /** Every alarm that this device ever told, across lives. */
  alarms(): readonly Alarm[];
  deviceId(): string | undefined;
  openTab(index: number): boolean;
  closeTab(index: number): boolean;
  /** False if there is no such tab, or it is not connected. */
  edit(index: number, run: (tab: Tab) => void, words: string): boolean;
  retry(): boolean;
  kill(how: "kill" | "power"): void;
  /** In good order; `ended` when it is done. */
  quit(ended: () => void): void;
  freeze(): void;
  thaw(): void;
  /**
   * The running worker is frozen and becomes a former one, and a new one starts on the same profile, as with a stolen lock. Returns the former one, for it
   * to be thawed and ended; whatever kills the browser ends it too.
   */
  takeOver(): { thaw(): void; end(): void } | undefined;
  shareLink(give: (link: string | undefined) => void): void;
  jumpWall(byMs: number): void;
  /** Called with each change of each tab's document. Returns what ends that. */
  onEditorUpdate(listener: (tab: number, update: Uint8Array) => void): () => void;
}

interface Life {
  readonly process: Process;
  ended: boolean;
  /** The browser is closing it: nothing is opened any more. */
  quitting: boolean;
  readonly skewMs: number;
  peer: Peer | undefined;
  unwatch: (() => void) | undefined;
  held: Doc | undefined;
  opened: OpenDocument | undefined;
  readonly tabs: (Tab | undefined)[];
  status: DocumentStatus | undefined;
  connection: ConnectionState | undefined;
}

/** A person looks at an error page for so long, then reloads. */
const reloadMs = 5_000;
const tabReturnsMs = 1_000;

export const factories: WeakMap<Process, IDBFactory> = new WeakMap();

export function createProfile(context: RunContext, name: string): Profile {
  const random = context.random.fork(`profile ${name}`);
  return {
    origin: createVirtualOrigin({ random: random.fork("storage"), turn: context.world.events }),
    vaultKey: exportSecret(generateVaultKey(random.fork("vault"))),
  };
}

export function createDevice(options: DeviceOptions): Device {
  const { context, name } = options;
  const { world, book } = context;
  const profile = options.profile ?? createProfile(context, name);
  const random = context.random.fork(`device ${name}`);
  const told = new Map<string, Alarm>();
  let skewMs = options.skewMs;
  let life: Life | undefined;
  /** Replaced by a newer worker, and perhaps not aware of it. */
  const formers = new Set<Life>();
  let deviceId: string | undefined;
  let tabsWanted = Array.from({ length: options.tabs }, () => true);
  let changeScheduled = false;

  const isCurrent = (mine: Life): boolean => life === mine && mine.process.alive();

  const changed = (): void => {
    if (changeScheduled || !context.recording) return;
    changeScheduled = true;
    // Not in this process: what is looked at is looked at also if it stops.
    world.afterEvent(() => {
      changeScheduled = false;
      options.onChange(device);
    });
  };

  const start = (): void => {
    if (life?.process.alive() === true) return;
    const process = world.spawn(name, { skewMs });
    factories.set(process, profile.origin.factoryFor(process));
    const mine: Life = {
      process,
      ended: false,
      quitting: false,
      skewMs,
      peer: undefined,
      unwatch: undefined,
      held: undefined,
      opened: undefined,
      tabs: [],
      status: undefined,
      connection: undefined,
    };
    life = mine;
    context.trace({ kind: "life", who: name, state: "up", life: process.life });
    process.later(1, "boot", () => void boot(mine).catch((error: unknown) => bootFailed(mine, error)));
  };

  const bootFailed = (mine: Life, error: unknown): void => {
    const code =
      error instanceof Error && "code" in error
        ? String(error.code)
        : error instanceof Error
          ? `${error.name}: ${error.message}`
          : "unknown";
    context.log(name, "warn", "boot-failed", { code });
    if (!isCurrent(mine)) return;
    mine.process.later(reloadMs, "reload", () => {
      if (!isCurrent(mine)) return;
      end(mine, "kill");
      world.later(0, "start again", start);
    });
  };

  const boot = async (mine: Life): Promise<void> => {
    const { process } = mine;
    // BS-12. As in the browser (host.ts): a peer whose write is refused ends, and who still leads begins again.
    const idb = await openIdbKv(process.clock, "skerry", () => {
      if (isCurrent(mine)) context.sometimes("a former worker took the store from the one that leads");
      process.later(0, "was replaced", () => {
        const begins = isCurrent(mine) && !mine.quitting;
        end(mine, "kill");
        if (begins) world.later(0, "start again", start);
      });
    });
    const vaultKey = importSecret(profile.vaultKey);
    const kv = await openSealedKv(idb, vaultKey, process.random.fork("kv"));
    const log: Env["log"] = (level, event, fields) => context.log(name, level, event, fields ?? {});
    const content = createIdbContentStore({ vaultKey, random: process.random.fork("content"), clock: process.clock, log });
    const transport = context.network.transportFor(process, name);
    const peer = createPeer(
      { clock: process.clock, random: process.random.fork("engine"), transport, kv, content, log, stretchPassphrase: quickStretch },
      { relayUrl: "ws://relay/sync" },
    );
    await peer.ready;
    mine.peer = peer;
    peer.watchConnection((state) => {
      mine.connection = state;
    });
    deviceId = (await peer.profile()).deviceId;
    await adopt(mine, peer);
  };

  const adopt = async (mine: Life, peer: Peer): Promise<void> => {
    const known = context.document();
    if (known !== undefined && (await peer.has(known.docId))) return open(mine, peer, known.docId);
    if (options.creator && known === undefined) {
      const docId = await peer.createDocument();
      const link = await peer.shareLink(docId);
      const bytes = docIdFromText(docId);
      if (link === undefined || !bytes.ok) return context.broken("I17", `${name} made a document and has no link for it`);
      context.setDocument({ docId, docIdBytes: bytes.value, link });
      return open(mine, peer, docId);
    }
    options.askForLink(mine.process, (link) => {
      if (!isCurrent(mine)) return;
      const take = async (): Promise<void> => {
        const opened = await peer.openLink(link);
        if (opened.ok) await open(mine, peer, opened.docId);
        else context.broken("I17", `${name} was given a link that does not open: ${opened.error}`);
      };
      take().catch((error: unknown) => bootFailed(mine, error));
    });
  };

  const open = async (mine: Life, peer: Peer, docId: string): Promise<void> => {
    if (mine.opened !== undefined || !tabsWanted.includes(true)) return;
    const opened = peer.open(docId);
    if (opened === undefined) return context.broken("I3", `${name} has lost a document from its list`);
    mine.unwatch = peer.watchStatus(docId, (status) => onStatus(mine, status));
    show(mine, opened);
    await opened.ready;
    if (!mine.process.alive() || mine.opened !== opened) return;
    tabsWanted.forEach((wanted, index) => wanted && attach(mine, opened, index));
  };

  const show = (mine: Life, opened: OpenDocument): void => {
    // The peer never edits by itself; its own client id, which Yjs draws, must not make two runs differ.
    opened.hub.doc.clientID = random.uint32();
    mine.opened = opened;
    mine.held = opened.hub.doc;
    opened.hub.doc.on("update", changed);
  };

  /** Nobody looks at the document any more: the peer lets it go when all of it is safe. */
  const letGo = (mine: Life): void => {
    mine.unwatch?.();
    mine.unwatch = undefined;
    mine.status = undefined;
    mine.opened?.hub.doc.off("update", changed);
    mine.opened?.release();
    mine.opened = undefined;
  };

  const attach = (mine: Life, opened: OpenDocument, index: number): void => {
    if (mine.tabs[index] !== undefined) return;
    const client = random.uint32();
    const tab: Tab = openTab({
      process: mine.process,
      opened,
      client,
      onEdit: (extent) => {
        const edit = book.add({ ...extent, who: name, deviceId, atMs: world.now(), life: mine.process.life, words: pendingWords });
        return () => {
          edit.taken = true;
        };
      },
      onChange: changed,
      onUpdate: (update) => {
        for (const listener of editorListeners) listener(index, update);
      },
      onAwareness: (shown, state) => options.onAwareness(device, shown, state),
      onClosed: (code) => {
        context.sometimes("an editor's pipe was closed by the hub");
        if (code === 4400) context.broken("I17", `${name}'s editor was told that it sent malformed bytes`);
        mine.process.later(tabReturnsMs, "tab returns", () => {
          if (!isCurrent(mine) || mine.tabs[index] !== tab) return;
          tab.close();
          mine.tabs[index] = undefined;
          const again = reopen(mine);
          if (again !== undefined) attach(mine, again, index);
        });
      },
    });
    mine.tabs[index] = tab;
    changed();
  };

  const reopen = (mine: Life): OpenDocument | undefined => {
    const known = context.document();
    if (mine.peer === undefined || mine.quitting || known === undefined) return undefined;
    const opened = mine.peer.open(known.docId);
    if (opened === undefined) return undefined;
    mine.opened?.hub.doc.off("update", changed);
    mine.opened?.release();
    show(mine, opened);
    return opened;
  };

  let pendingWords = "";
  const editorListeners = new Set<(tab: number, update: Uint8Array) => void>();

  const onStatus = (mine: Life, status: DocumentStatus): void => {
    if (mine.opened !== undefined) mine.status = status;
    for (const alarm of status.alarms) {
      const key = `${alarm.kind} ${alarm.seq} ${alarm.device}`;
      if (told.has(key)) continue;
      told.set(key, alarm);
      context.trace({ kind: "alarm", who: name, alarm: alarm.kind, seq: alarm.seq, by: alarm.device });
      context.sometimes(`alarm: ${alarm.kind}`);
    }
    if (status.phase === "failed" && isCurrent(mine) && mine.opened !== undefined) {
      context.sometimes("a device could not read its copy");
      mine.process.later(reloadMs, "reload", () => {
        if (!isCurrent(mine) || mine.status?.phase !== "failed") return;
        end(mine, "kill");
        world.later(0, "start again", start);
      });
    }
    if (isCurrent(mine)) options.onStatus(device, status);
  };

  const end = (mine: Life, how: "kill" | "power"): void => {
    // It may have died by itself, between two effects: its storage learns of it here.
    if (mine.ended) return;
    mine.ended = true;
    mine.process.kill();
    profile.origin.crash(mine.process, how);
    context.trace({ kind: "life", who: name, state: "down", life: mine.process.life });
  };

  const device: Device = {
    name,
    profile,
    start,
    alive: () => life?.process.alive() ?? false,
    frozen: () => life?.process.frozen() ?? false,
    process: () => life?.process,
    doc: () => (life?.process.alive() === true ? life.opened?.hub.doc : undefined),
    heldDoc: () => (life?.process.alive() === true ? life.held : undefined),
    tab: (index) => (life?.process.alive() === true ? life.tabs[index] : undefined),
    tabs: () => (life?.process.alive() === true ? life.tabs.filter((tab) => tab !== undefined) : []),
    status: () => (life?.process.alive() === true ? life.status : undefined),
    connection: () => life?.connection,
    alarms: () => [...told.values()],
    deviceId: () => deviceId,
    openTab: (index) => {
      tabsWanted[index] = true;
      if (life === undefined || !life.process.alive() || life.tabs[index] !== undefined) return false;
      const mine = life;
      const known = context.document();
      if (mine.opened === undefined) {
        const { peer } = mine;
        if (peer === undefined || mine.quitting || known === undefined) return false;
        const again = async (): Promise<void> => {
          if (await peer.has(known.docId)) await open(mine, peer, known.docId);
        };
        mine.process.later(1, "opens a tab", () => void again().catch(() => {}));
        return true;
      }
      const { opened } = mine;
      opened.ready.then(
        () => mine.process.alive() && mine.tabs[index] === undefined && attach(mine, opened, index),
        () => {},
      );
      return true;
    },
    closeTab: (index) => {
      const tab = life?.tabs[index];
      if (life === undefined || tab === undefined || !life.process.alive()) return false;
      tabsWanted[index] = false;
      tab.close();
      life.tabs[index] = undefined;
      if (!life.tabs.some((one) => one !== undefined)) letGo(life);
      return true;
    },
    edit: (index, run, words) => {
      const tab = device.tab(index);
      if (tab === undefined || life === undefined || life.process.frozen()) return false;
      pendingWords = words;
      world.enter(life.process, () => run(tab));
      changed();
      return true;
    },
    retry: () => {
      if (life?.peer === undefined || life.quitting || !life.process.alive()) return false;
      const { process, peer } = life;
      process.later(0, "retry", () => peer.retryNow());
      return true;
    },
    kill: (how) => {
      for (const former of formers) end(former, how);
      formers.clear();
      if (life !== undefined) end(life, how);
    },
    quit: (ended) => {
      const mine = life;
      if (mine === undefined || !mine.process.alive()) return ended();
      mine.quitting = true;
      for (const tab of mine.tabs) tab?.close();
      mine.process.later(5, "quit", () => {
        const close = mine.peer === undefined ? Promise.resolve() : mine.peer.close();
        const finish = (): void => {
          end(mine, "kill");
          ended();
        };
        // A browser does not wait for ever.
        mine.process.later(10_000, "quit takes too long", finish);
        close.then(finish, finish);
      });
    },
    freeze: () => {
      if (life === undefined || !life.process.alive() || life.process.frozen()) return;
      life.process.freeze();
      context.trace({ kind: "life", who: name, state: "frozen", life: life.process.life });
    },
    thaw: () => {
      if (life === undefined || !life.process.frozen()) return;
      life.process.thaw();
      context.trace({ kind: "life", who: name, state: "thawed", life: life.process.life });
    },
    takeOver: () => {
      const former = life;
      if (former === undefined || !former.process.alive()) return undefined;
      former.process.freeze();
      profile.origin.abortTransactions(former.process);
      formers.add(former);
      life = undefined;
      start();
      return {
        thaw: () => former.process.thaw(),
        end: () => {
          formers.delete(former);
          end(former, "kill");
        },
      };
    },
    shareLink: (give) => {
      const known = context.document();
      const mine = life;
      if (mine?.peer === undefined || mine.quitting || known === undefined || !mine.process.alive()) return give(undefined);
      const { peer } = mine;
      mine.process.later(0, "share", () => {
        peer.shareLink(known.docId).then(give, () => give(undefined));
      });
    },
    jumpWall: (byMs) => {
      skewMs += byMs;
      life?.process.jumpWall(byMs);
    },
    onEditorUpdate: (listener) => {
      editorListeners.add(listener);
      return () => void editorListeners.delete(listener);
    },
  };
  return device;
}

/** The key that opens what is in the document's records: the simulator may look everywhere. */
export function documentKeyOf(link: string): ReturnType<typeof documentKey> | undefined {
  const parsed = parseShareLink(link);
  return parsed.ok ? documentKey(importSecret(parsed.value.epochKey), parsed.value.docId) : undefined;
}
