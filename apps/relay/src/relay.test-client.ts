/**
 * A peer's side of the protocol for tests: real keys, really sealed records, a real socket, and nothing automatic. Tests say what is sent
 * and wait for what comes.
 */
import { WebSocket } from "ws";
import type { ClientOptions } from "ws";
import {
  generateDevice,
  generateEpochKey,
  documentKey,
  openRecord,
  presenceKey,
  proveHello,
  sealPresence,
  sealRecord,
  verifyWelcome,
} from "@skerry/crypto";
import type { DeviceIdentity, SealedBytes, Secret } from "@skerry/crypto";
import { decodeDown, decodeFrame, decodeRecord, emptyHead, encodeFrame, encodeUp, noRecord, protocolVersion } from "@skerry/protocol";
import type { DocId, DownMessage, Entry, Head, RecordHash, RecordKind, RelayKey, ReplicaId, SpaceId, UpMessage } from "@skerry/protocol";
import { systemRandom } from "./system.ts";

export const random: ReturnType<typeof systemRandom> = systemRandom();

export type Down<Type extends DownMessage["type"]> = Extract<DownMessage, { readonly type: Type }>;

/** A document as its members know it. */
export interface TestDocument {
  readonly docId: DocId;
  readonly spaceId: SpaceId;
  readonly epochKey: Secret;
}

export const newDocument = (): TestDocument => ({
  docId: random.bytes(16) as DocId,
  spaceId: random.bytes(16) as SpaceId,
  epochKey: generateEpochKey(random),
});

/** One replica's author chain, as its owner keeps it. */
export interface Author {
  readonly device: DeviceIdentity;
  readonly replicaId: ReplicaId;
  readonly records: SealedBytes[];
  /** Seals the next record. */
  next(
    text: string,
    changes?: {
      readonly kind?: RecordKind;
      readonly seen?: Head;
      readonly accessPosition?: number;
      readonly epoch?: number;
      readonly n?: number;
      readonly prev?: RecordHash;
    },
  ): SealedBytes;
}

export function newAuthor(document: TestDocument, device: DeviceIdentity = generateDevice(random)): Author {
  const replicaId = random.bytes(16) as ReplicaId;
  const records: SealedBytes[] = [];
  return {
    device,
    replicaId,
    records,
    next: (text, changes = {}) => {
      const n = changes.n ?? records.length + 1;
      const sealed = sealRecord({
        header: {
          kind: changes.kind ?? "update",
          docId: document.docId,
          epoch: changes.epoch ?? 1,
          deviceId: device.deviceId,
          replicaId,
          n,
          prev: changes.prev ?? records[n - 2]?.recordHash ?? noRecord,
          seen: changes.seen ?? emptyHead,
          accessPosition: changes.accessPosition ?? 0,
        },
        body: { time: { wallMs: 1, counter: 0 }, certificate: undefined, update: new TextEncoder().encode(text) },
        key: documentKey(document.epochKey, document.docId),
        device,
        random,
      });
      records.push(sealed);
      return sealed;
    },
  };
}

/** Text of a record that `Author.next` sealed. */
export function textOf(document: TestDocument, entry: Entry): string {
  const record = decodeRecord(entry.record);
  if (!record.ok) throw new Error("record does not decode");
  const body = openRecord(record.value, documentKey(document.epochKey, document.docId));
  if (!body.ok) throw new Error(body.error);
  return new TextDecoder().decode(body.value.update);
}

export interface TestClient {
  readonly socket: WebSocket;
  readonly device: DeviceIdentity;
  /** All that came, in order, less what `take` took. */
  readonly inbox: DownMessage[];
  /** Messages of each frame that came. */
  readonly frames: number[];
  relayKey(): RelayKey;
  connectionId(): number;
  send(...messages: readonly UpMessage[]): void;
  sendBytes(bytes: Uint8Array): void;
  /** Takes the first message of a type (and channel), waiting for it. Rejects when the socket closes before, or after `deadlineMs`. */
  take<Type extends DownMessage["type"]>(type: Type, channel?: number): Promise<Down<Type>>;
  /** Waits until `isDone` holds; it is asked again after each frame. */
  until(isDone: () => boolean, what?: string): Promise<void>;
  /** Resolves with the close code. */
  closed(): Promise<number>;
  close(): Promise<void>;
}

const deadlineMs = 10_000;

/** Connects without a word: no hello. */
export async function connectRaw(
  url: string,
  options: ClientOptions = {},
  device: DeviceIdentity = generateDevice(random),
): Promise<TestClient> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/sync`, { perMessageDeflate: false, ...options });
  const inbox: DownMessage[] = [];
  const frames: number[] = [];
  let relayKey: RelayKey | undefined;
  let connectionId = 0;
  let closeCode: number | undefined;
  let watchers: (() => void)[] = [];
  const wake = (): void => {
    const waiting = watchers;
    watchers = [];
    for (const watcher of waiting) watcher();
  };
  socket.on("message", (data: Buffer) => {
    const frame = decodeFrame(new Uint8Array(data));
    if (!frame.ok) throw new Error(`relay sent a bad frame: ${frame.error.reason}`);
    frames.push(frame.value.length);
    for (const bytes of frame.value) {
      const message = decodeDown(bytes);
      if (!message.ok) throw new Error(`relay sent a bad message: ${message.error.reason}`);
      if (message.value.type === "challenge") relayKey = message.value.relayKey;
      if (message.value.type === "welcome") connectionId = message.value.connectionId;
      inbox.push(message.value);
    }
    wake();
  });
  socket.on("error", () => undefined);
  socket.on("close", (code) => {
    closeCode = code;
    wake();
  });

  const until = (isDone: () => boolean, what = "a condition"): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers = watchers.filter((watcher) => watcher !== check);
        reject(new Error(`waited too long for ${what}`));
      }, deadlineMs);
      const check = (): void => {
        if (isDone()) {
          clearTimeout(timer);
          resolve();
        } else if (closeCode !== undefined) {
          clearTimeout(timer);
          reject(new Error(`closed with ${closeCode} while waiting for ${what}`));
        } else {
          // What comes slowly comes all the same: only silence is waited for no longer.
          timer.refresh();
          watchers.push(check);
        }
      };
      check();
    });

  const client: TestClient = {
    socket,
    device,
    inbox,
    frames,
    relayKey: () => {
      if (relayKey === undefined) throw new Error("no challenge yet");
      return relayKey;
    },
    connectionId: () => connectionId,
    send: (...messages) => client.sendBytes(encodeFrame(messages.map(encodeUp))),
    sendBytes: (bytes) => socket.send(bytes),
    take: async (type, channel) => {
      const find = (): number =>
        inbox.findIndex(
          (message) => message.type === type && (channel === undefined || ("channel" in message && message.channel === channel)),
        );
      await until(() => find() >= 0, type);
      return inbox.splice(find(), 1)[0] as Down<typeof type>;
    },
    until,
    closed: async () => {
      if (closeCode === undefined) await until(() => closeCode !== undefined, "close");
      return closeCode ?? 0;
    },
    close: async () => {
      if (closeCode !== undefined) return;
      socket.terminate();
      await client.closed();
    },
  };
  // Whoever wants to see a refused connection waits for `closed` instead.
  await new Promise<void>((resolve) => {
    socket.once("open", () => resolve());
    socket.once("close", () => resolve());
  });
  return client;
}

export const helloFor = (device: DeviceIdentity, challenge: Down<"challenge">): Extract<UpMessage, { type: "hello" }> => {
  const clientNonce = random.bytes(32);
  const proof = proveHello(device, challenge.relayKey, challenge.nonce, clientNonce);
  return { type: "hello", version: protocolVersion, deviceId: device.deviceId, clientNonce, proof };
};

/** Connects and greets; checks the relay's proof. */
export async function connect(url: string, options: ClientOptions = {}, device?: DeviceIdentity): Promise<TestClient> {
  const client = await connectRaw(url, options, device);
  const challenge = await client.take("challenge");
  const hello = helloFor(client.device, challenge);
  client.send(hello);
  const welcome = await client.take("welcome");
  if (!verifyWelcome(welcome, challenge.relayKey, challenge.nonce, hello.clientNonce, client.device.deviceId))
    throw new Error("bad welcome");
  return client;
}

export const openMessage = (
  document: TestDocument,
  channel: number,
  cursor: Head = emptyHead,
  replicaId: ReplicaId = random.bytes(16) as ReplicaId,
): Extract<UpMessage, { type: "open" }> => ({ type: "open", channel, spaceId: document.spaceId, docId: document.docId, cursor, replicaId });

export const appendMessage = (channel: number, record: SealedBytes): Extract<UpMessage, { type: "append" }> => ({
  type: "append",
  channel,
  record: record.bytes,
});

let session = random.bytes(16);
let counter = 0;
export function presenceOf(document: TestDocument, device: DeviceIdentity, text: string): Uint8Array {
  counter++;
  if (counter > 1_000_000) session = random.bytes(16);
  return sealPresence({
    header: { docId: document.docId, epoch: 1, deviceId: device.deviceId, session, counter },
    body: { query: false, head: emptyHead, signedHead: undefined, stateHash: undefined, awareness: new TextEncoder().encode(text) },
    key: presenceKey(document.epochKey, document.docId),
    device,
    random,
  });
}

/** A document with its genesis record appended by `client` on `channel`. */
export async function begin(
  client: TestClient,
  channel: number,
  document: TestDocument = newDocument(),
): Promise<{ document: TestDocument; author: Author }> {
  const author = newAuthor(document, client.device);
  client.send(openMessage(document, channel), appendMessage(channel, author.next("genesis", { kind: "genesis" })));
  await client.take("opened", channel);
  await client.take("caught-up", channel);
  await client.take("acked", channel);
  return { document, author };
}
