/** Real peers over memory stores against a real relay in this process, with hands on the wire, the disk and the power switch. */
import { randomFillSync } from "node:crypto";
import { pooledRandom, ready } from "@skerry/crypto";
import { decodeDown, decodeFrame, decodeRecord, decodeUp, docIdFromText, encodeDown, encodeFrame, encodeUp } from "@skerry/protocol";
import type { Clock, DownMessage, Random, UpMessage } from "@skerry/protocol";
import { createTag, defaultConfig, startRelay, systemClock } from "@skerry/relay";
import type { Config, LogStore } from "@skerry/relay";
import type * as Y from "yjs";
import { openMemoryLogStore } from "../../../../apps/relay/src/storage/memory-log-store.ts";
import { quickStretch } from "../../../simulator/src/world/quick-stretch.ts";
import type { DocumentStatus } from "../client.ts";
import { createMemoryContentStore } from "../content-memory.ts";
import type { OpenDocument } from "../editor-hub.ts";
import { createMemoryKv } from "../kv-memory.ts";
import { createWsTransport } from "../node/ws-transport.ts";
import type { Peer } from "../peer.ts";
import { StoreError } from "../ports.ts";
import type { Env, Kv, Link, Transport } from "../ports.ts";
import { createPeer } from "./create-peer.ts";

export const random: Random = pooledRandom((block) => void randomFillSync(block));

export async function until<T>(what: string, condition: () => T | Promise<T>, deadlineMs = 15_000): Promise<NonNullable<T>> {
  const limit = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > limit) throw new Error(`gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface TestRelay {
  readonly url: string;
  readonly port: number;
  readonly store: LogStore;
  close(): Promise<void>;
}

export async function relayOn(store: LogStore, port = 0, config: Partial<Config> = {}): Promise<TestRelay> {
  await ready;
  const server = await startRelay({
    config: defaultConfig({ ...config, port }),
    store,
    clock: systemClock,
    random,
    log: () => {},
    tag: createTag(),
  });
  return { url: `${server.url.replace("http", "ws")}/sync`, port: server.port, store, close: () => server.close() };
}

export const startTestRelay = async (config: Partial<Config> = {}): Promise<TestRelay> => {
  await ready;
  return relayOn(await openMemoryLogStore(), 0, config);
};

/** What travels, for tests to drop, bend and multiply: return what is to go on instead. */
export interface Wire {
  up: (message: UpMessage) => readonly UpMessage[];
  down: (message: DownMessage) => readonly DownMessage[];
  /** Connections are refused, and live ones are cut. */
  cut(): void;
  heal(): void;
  /** Raw frames from the relay. */
  downFrame: (frame: Uint8Array) => Uint8Array;
}

/** A device: what survives a crash of its peer. */
export interface Device {
  readonly kv: Map<string, Uint8Array>;
  readonly content: Map<string, readonly Uint8Array[]>;
}

export const newDevice = (): Device => ({ kv: new Map(), content: new Map() });
export const copyOf = (device: Device): Device => ({ kv: new Map(device.kv), content: new Map(device.content) });

export interface TestPeer {
  readonly peer: Peer;
  readonly url: string;
  readonly device: Device;
  readonly wire: Wire;
  readonly events: string[];
  /** Set to make the key-value store fail. */
  readonly disk: { fails: boolean; contentHeld: Promise<void> | undefined; beforeKvWrite: ((keys: readonly string[]) => void) | undefined };
  /** Passphrases that were stretched so far; set `fails` to make it fail. */
  readonly stretching: { count: number; fails: boolean };
  /** The process is gone: no callback, no write, no frame after this. */
  crash(): void;
  close(): Promise<void>;
}

/** `speed`: how much faster than the world's this peer's clock runs. */
export function startPeer(relay: { readonly url: string }, device: Device = newDevice(), speed = 1): TestPeer {
  let alive = true;
  const events: string[] = [];
  const disk: TestPeer["disk"] = { fails: false, contentHeld: undefined, beforeKvWrite: undefined };
  const stretching: TestPeer["stretching"] = { count: 0, fails: false };
  const never = new Promise<never>(() => {});
  const inner = createMemoryKv(device.kv);
  const living = async <T>(run: () => Promise<T>): Promise<T> => {
    if (!alive) return never;
    const value = await run();
    return alive ? value : never;
  };
  const kv: Kv = {
    get: (key) => living(() => inner.get(key)),
    range: (from, to, max) => living(() => inner.range(from, to, max)),
    write: async (changes) => {
      disk.beforeKvWrite?.(changes.map(([key]) => key));
      if (disk.fails) throw new StoreError("full", "planted");
      return living(() => inner.write(changes));
    },
    clear: (from, to) => living(() => inner.clear(from, to)),
    close: () => inner.close(),
  };
  const content = createMemoryContentStore(device.content, {
    beforeWrite: async () => {
      await disk.contentHeld;
      if (!alive) await never;
      if (disk.fails) throw new StoreError("full", "planted");
    },
  });
  const clock: Clock = {
    now: systemClock.now,
    monotonic: () => systemClock.monotonic() * speed,
    schedule: (delayMs, run) => {
      const cancel = systemClock.schedule(delayMs / speed, () => {
        timers.delete(cancel);
        if (alive) run();
      });
      timers.add(cancel);
      return () => {
        timers.delete(cancel);
        cancel();
      };
    },
  };
  const timers = new Set<() => void>();
  const { wire, transport, kill } = bendable(createWsTransport());
  const env: Env = {
    clock,
    random,
    transport,
    kv,
    content,
    log: (_level, event, fields) => void events.push(`${event} ${JSON.stringify(fields ?? {})}`),
    stretchPassphrase: async (passphrase, salt) => {
      if (stretching.fails) throw new Error("planted");
      stretching.count++;
      return living(() => quickStretch(passphrase, salt));
    },
  };
  const peer = createPeer(env, { relayUrl: relay.url });
  return {
    peer,
    url: relay.url,
    device,
    wire,
    events,
    disk,
    stretching,
    crash: () => {
      alive = false;
      kill();
      for (const cancel of timers) cancel();
    },
    close: async () => {
      if (alive) await peer.close();
    },
  };
}

function bendable(inner: Transport): { readonly wire: Wire; readonly transport: Transport; readonly kill: () => void } {
  const links = new Set<Link & { readonly drop: () => void }>();
  let isCut = false;
  let dead = false;
  const wire: Wire = {
    up: (message) => [message],
    down: (message) => [message],
    downFrame: (frame) => frame,
    cut: () => {
      isCut = true;
      for (const link of links) link.drop();
    },
    heal: () => {
      isCut = false;
    },
  };
  const connect: Transport["connect"] = (url, events) => {
    if (isCut || dead) {
      void Promise.resolve().then(() => !dead && events.onClose(1006, ""));
      return { send: () => {}, bufferedBytes: () => 0, close: () => {} };
    }
    let ended = false;
    const end = (code: number, reason: string): void => {
      links.delete(link);
      if (ended) return;
      ended = true;
      if (!dead) events.onClose(code, reason);
    };
    const real = inner.connect(url, {
      onOpen: () => !ended && !dead && events.onOpen(),
      onFrame: (frame) => {
        if (ended || dead) return;
        const bent = bend(wire.downFrame(frame), decodeDown, encodeDown, wire.down);
        if (bent !== undefined) events.onFrame(bent);
      },
      onClose: end,
    });
    const link = {
      send: (frame: Uint8Array) => {
        if (ended || dead) return;
        const bent = bend(frame, decodeUp, encodeUp, wire.up);
        if (bent !== undefined) real.send(bent);
      },
      bufferedBytes: () => real.bufferedBytes(),
      close: (code: number, reason: string) => real.close(code, reason),
      drop: () => {
        real.close(1000, "");
        end(1006, "");
      },
    };
    links.add(link);
    return link;
  };
  return {
    wire,
    transport: { connect },
    kill: () => {
      dead = true;
      for (const link of links) link.drop();
    },
  };
}

type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

function bend<T>(
  frame: Uint8Array,
  decode: (bytes: Uint8Array) => Decoded<T>,
  encode: (message: T) => Uint8Array,
  rule: (message: T) => readonly T[],
): Uint8Array | undefined {
  const messages = decodeFrame(frame);
  if (!messages.ok) return frame;
  const bent = messages.value.flatMap((bytes) => {
    const message = decode(bytes);
    return message.ok ? rule(message.value).map(encode) : [bytes];
  });
  return bent.length === 0 ? undefined : encodeFrame(bent);
}

/** An open document without an editor's pipe: the doc itself. */
export interface TestDoc {
  readonly docId: string;
  readonly open: OpenDocument;
  readonly text: Y.Text;
  read(): string;
  readonly doc: Y.Doc;
  /** As last told or asked for; up to 100 ms old. */
  status(): DocumentStatus;
  /** As of now. */
  fresh(): Promise<DocumentStatus>;
  type(text: string): void;
}

/** Editing happens in a doc of its own, as an editor's does, because a peer's client ids are its editors'. */
export async function openDoc(peer: TestPeer, docId: string): Promise<TestDoc> {
  const opened = peer.peer.open(docId);
  if (opened === undefined) throw new Error("document is not on this device");
  await opened.ready;
  let status: DocumentStatus | undefined;
  peer.peer.watchStatus(docId, (next) => {
    status = next;
  });
  const { doc } = opened.hub;
  const text = doc.getText("body");
  await until("a status comes", () => status);
  return {
    docId,
    open: opened,
    doc,
    text,
    // oxlint-disable-next-line typescript/no-base-to-string -- Y.Text has a toString of its own, which its types do not show
    read: () => text.toString(),
    status: () => {
      if (status === undefined) throw new Error("no status");
      return status;
    },
    fresh: () =>
      new Promise((resolve) => {
        const stop = peer.peer.watchStatus(docId, (now) => {
          stop();
          status = now;
          resolve(now);
        });
      }),
    type: (added) => text.insert(text.length, added),
  };
}

/** Everything that a test started, closed in reverse order at its end. */
export interface Stage {
  relay(config?: Partial<Config>): Promise<TestRelay>;
  relayOn(store: LogStore, port?: number): Promise<TestRelay>;
  peer(relay: { readonly url: string }, device?: Device, speed?: number): TestPeer;
  close(): Promise<void>;
}

export function createStage(): Stage {
  const started: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    started.push(one);
    return one;
  };
  return {
    relay: async (config) => keep(await startTestRelay(config)),
    relayOn: async (store, port) => keep(await relayOn(store, port)),
    peer: (relay, device, speed) => keep(startPeer(relay, device, speed)),
    close: async () => {
      for (const one of started.splice(0).reverse()) await one.close();
    },
  };
}

/** Gives `to` what it needs to open the document. */
export async function share(from: TestPeer, to: TestPeer, docId: string): Promise<void> {
  const link = await from.peer.shareLink(docId);
  if (link === undefined) throw new Error("no link");
  const result = await to.peer.openLink(link);
  if (!result.ok) throw new Error(result.error);
}

/** Waits, and says what the status was if it takes too long. */
export interface Together {
  readonly at: TestRelay;
  readonly docId: string;
  readonly ana: TestPeer;
  readonly ben: TestPeer;
  readonly anas: TestDoc;
  readonly bens: TestDoc;
}

/** Ana's document, which she has shared with Ben: both have it open. */
export async function together(stage: Stage): Promise<Together> {
  const at = await stage.relay();
  const [ana, ben] = [stage.peer(at), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  await share(ana, ben, docId);
  return { at, docId, ana, ben, anas, bens: await openDoc(ben, docId) };
}

export async function untilStatus(doc: TestDoc, what: string, condition: (status: DocumentStatus) => boolean): Promise<void> {
  try {
    await until(what, async () => condition(await doc.fresh()));
  } catch (error) {
    throw new Error(`${String(error)}: ${JSON.stringify(doc.status())}`, { cause: error });
  }
}

export const untilText = async (doc: TestDoc, text: string): Promise<void> => {
  try {
    await until("the text is there", () => doc.read() === text);
  } catch (error) {
    throw new Error(`${String(error)}: "${doc.read().slice(0, 200)}" ${JSON.stringify(doc.status())}`, { cause: error });
  }
};

/** apps/relay/src/relay.ts */
const relayIdentityName = "relay-identity";

/** A store as it was when the log of `docId` had `seq` entries: an old backup. */
export async function backupOf(store: LogStore, docId: string, seq: number): Promise<LogStore> {
  const copy = await openMemoryLogStore();
  const id = docIdFromText(docId);
  if (!id.ok) throw new Error(id.error);
  const identity = await store.getMeta(relayIdentityName);
  if (identity !== undefined) await copy.putMeta(relayIdentityName, identity);
  const info = await store.info(id.value);
  for (const entry of seq === 0 ? [] : await store.read(id.value, 1, seq, Number.MAX_SAFE_INTEGER)) {
    if (entry.seq > seq) break;
    const record = decodeRecord(entry.record);
    if (!record.ok) throw new Error("undecodable record in a backup");
    const { seq: at, recordHash, chainHash, ...rest } = entry;
    const { replicaId, n } = record.value.header;
    await copy.append([
      {
        docId: id.value,
        seq: at,
        entry: rest,
        recordHash,
        chainHash,
        replicaId,
        n,
        ...(at === 1 && info !== undefined ? { spaceId: info.spaceId } : {}),
      },
    ]);
  }
  return copy;
}
