/** An honest relay in memory and a peer that checks what one answer of a relay lets it check: enough to test the tampering proxy against. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateRelayIdentity, logStart, nextChainHash, recordHashOf, signHead, verifyHead } from "@skerry/crypto/verify";
import type { RelayIdentity } from "@skerry/crypto/verify";
import {
  bytesEqual,
  decodeDown,
  decodeFrame,
  decodeRecord,
  decodeUp,
  emptyHead,
  encodeDown,
  encodeFrame,
  encodeHashedPart,
} from "@skerry/protocol";
import { encodeRecord, encodeRecordHeader, encodeUp, noRecord, toText } from "@skerry/protocol";
import type {
  DeviceId,
  DocId,
  DownMessage,
  Entry,
  Head,
  RecordHash,
  RelayKey,
  ReplicaId,
  Signature,
  SpaceId,
  UpMessage,
} from "@skerry/protocol";
import { expect, onTestFinished } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { until } from "./proxy/net.test-support.ts";
import { createPrng } from "./prng.ts";
import type { Prng } from "./prng.ts";
import { chainHashesOf, tailOf } from "./recorded-log.ts";

export interface TinyRelay {
  readonly port: number;
  readonly identity: RelayIdentity;
  readonly log: (docId: DocId) => Entry[];
  /** Appends as if another peer had, and tells all. */
  readonly admit: (docId: DocId, record: Uint8Array) => void;
  /** Path, Host and Origin of each connection. */
  readonly requests: readonly (readonly (string | undefined)[])[];
}

type Open = Extract<UpMessage, { type: "open" }>;

export async function startTinyRelay(random: Prng): Promise<TinyRelay> {
  const identity = generateRelayIdentity(random.fork("relay"));
  const logs = new Map<string, Entry[]>();
  const log = (docId: DocId): Entry[] => {
    const found = logs.get(toText(docId)) ?? [];
    logs.set(toText(docId), found);
    return found;
  };
  const subscribers = new Set<{ readonly open: Open; readonly send: (message: DownMessage) => void }>();
  const admit = (docId: DocId, record: Uint8Array, author?: Open): void => {
    const seq = log(docId).push({ receivedAtMs: 1_000 + log(docId).length, accessPosition: 0, record: record.slice() });
    const entry = log(docId)[seq - 1];
    const decoded = decodeRecord(record);
    if (entry === undefined || !decoded.ok) throw new Error("a bad record");
    const { replicaId, n } = decoded.value.header;
    for (const { open, send } of subscribers) {
      if (!bytesEqual(open.docId, docId)) continue;
      if (open === author)
        send({ type: "acked", channel: open.channel, replicaId, n, seq, receivedAtMs: entry.receivedAtMs, accessPosition: 0 });
      else send({ type: "entries", channel: open.channel, from: seq, entries: [entry] });
    }
  };
  const answerOpen = (open: Open, send: (message: DownMessage) => void): void => {
    const entries = log(open.docId);
    const hashes = chainHashesOf(open.docId, entries);
    const chainHash = hashes[entries.length] ?? logStart(open.docId);
    const { channel, docId, cursor } = open;
    const atCursor = hashes[cursor.seq];
    send({ type: "opened", channel, head: { seq: entries.length, chainHash }, atCursor, ...tailOf(entries, open.replicaId) });
    if (atCursor === undefined || (cursor.seq > 0 && !bytesEqual(atCursor, cursor.chainHash))) return;
    if (entries.length > cursor.seq) send({ type: "entries", channel, from: cursor.seq + 1, entries: entries.slice(cursor.seq) });
    send({ type: "caught-up", channel, head: signHead(identity, { docId, seq: entries.length, chainHash, timeMs: 5_000 }) });
    subscribers.add({ open, send });
  };

  const requests: (readonly (string | undefined)[])[] = [];
  const http = createServer((_, response) => response.end("the app"));
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket, request) => {
    requests.push([request.url, request.headers.host, request.headers.origin]);
    const send = (message: DownMessage): void => socket.send(encodeFrame([encodeDown(message)]));
    const opens = new Map<number, Open>();
    send({ type: "challenge", versionMin: 1, versionMax: 1, relayKey: identity.relayKey, nonce: random.bytes(32), timeMs: 1 });
    socket.on("message", (data: Buffer) => {
      if (decodeAll(new Uint8Array(data), decodeUp) === undefined) socket.close(4400);
      for (const message of decodeAll(new Uint8Array(data), decodeUp) ?? []) {
        if (message.type === "open") {
          opens.set(message.channel, message);
          answerOpen(message, send);
        }
        const opened = message.type === "append" ? opens.get(message.channel) : undefined;
        if (message.type === "append" && opened !== undefined) admit(opened.docId, message.record, opened);
        if (message.type === "ping") send({ type: "pong", id: message.id, timeMs: 1 });
      }
    });
    socket.on("close", () => {
      for (const subscriber of subscribers) if (subscriber.send === send) subscribers.delete(subscriber);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
    http.close();
  });
  return { port: (http.address() as AddressInfo).port, identity, log, admit, requests };
}

const decodeAll = <T>(
  frame: Uint8Array,
  decode: (bytes: Uint8Array) => { ok: true; value: T } | { ok: false },
): readonly T[] | undefined => {
  const parts = decodeFrame(frame);
  const messages = parts.ok ? parts.value.map(decode) : [];
  return messages.length > 0 && messages.every((message) => message.ok) ? messages.map((message) => message.value) : undefined;
};

/** Records 1, 2, … of a new replica. Sealed by nobody: their content is random. */
export function createAuthor(random: Prng, deviceId: DeviceId): { readonly replicaId: ReplicaId; next(docId: DocId): Uint8Array } {
  const replicaId = random.bytes(16) as ReplicaId;
  let n = 0;
  let prev: RecordHash = noRecord;
  return {
    replicaId,
    next: (docId) => {
      const header = {
        kind: n === 0 ? "genesis" : "update",
        docId,
        epoch: 1,
        deviceId,
        replicaId,
        n: ++n,
        prev,
        seen: emptyHead,
        accessPosition: 0,
      } as const;
      const hashed = encodeHashedPart(encodeRecordHeader(header), random.bytes(24), random.bytes(40));
      prev = recordHashOf(hashed);
      return encodeRecord(hashed, random.bytes(64) as Signature);
    },
  };
}

/** What is wrong with what the relay said, as far as its own words show it. */
export type Finding = "gap" | "wrong-chain" | "bad-head-signature" | "undecodable" | "relay-has-less";

export interface TinyPeer {
  readonly socket: WebSocket;
  readonly messages: readonly DownMessage[];
  /** Records by number. An own one is there once acked. */
  readonly log: readonly Uint8Array[];
  readonly findings: readonly Finding[];
  caughtUp(): boolean;
  head(): Head;
  closed(): number | undefined;
  append(record: Uint8Array): void;
}

export interface TinyPeerOptions {
  readonly docId: DocId;
  readonly deviceId?: DeviceId;
  readonly replicaId?: ReplicaId;
  /** A log that it has already, with its head. */
  readonly from?: TinyPeer;
  readonly origin?: string;
}

const spaceId = new Uint8Array(16) as SpaceId;

export function startTinyPeer(url: string, options: TinyPeerOptions): TinyPeer {
  const { docId, replicaId = new Uint8Array(16) as ReplicaId, deviceId = new Uint8Array(32) as DeviceId, from } = options;
  const socket = new WebSocket(url.replace("http", "ws") + "/sync?x=1", options.origin === undefined ? {} : { origin: options.origin });
  onTestFinished(() => socket.terminate());
  const messages: DownMessage[] = [];
  const log: Uint8Array[] = [...(from?.log ?? [])];
  const findings: Finding[] = [];
  const own = new Map<number, Uint8Array>();
  let chainHash = from?.head().chainHash ?? logStart(docId);
  let relayKey: RelayKey | undefined;
  let closed: number | undefined;
  const send = (message: UpMessage): void => socket.send(encodeFrame([encodeUp(message)]));
  const add = (seq: number, record: Uint8Array | undefined): void => {
    if (seq !== log.length + 1 || record === undefined) return void findings.push("gap");
    log.push(record.slice());
    const decoded = decodeRecord(record);
    if (!decoded.ok) return void findings.push("undecodable");
    chainHash = nextChainHash(chainHash, recordHashOf(decoded.value.hashedBytes), 0);
  };
  const receive = (message: DownMessage): void => {
    messages.push(message);
    if (message.type === "challenge") {
      relayKey = message.relayKey;
      send({ type: "hello", version: 1, deviceId, clientNonce: new Uint8Array(32), proof: new Uint8Array(64) as Signature });
      send({ type: "open", channel: 3, spaceId, docId, cursor: log.length === 0 ? emptyHead : { seq: log.length, chainHash }, replicaId });
    }
    if (message.type === "opened") {
      if (message.head.seq < log.length) findings.push("relay-has-less");
      else if (log.length > 0 && !(message.atCursor !== undefined && bytesEqual(message.atCursor, chainHash))) findings.push("wrong-chain");
    }
    if (message.type === "entries") message.entries.forEach((entry, index) => add(message.from + index, entry.record));
    if (message.type === "acked") add(message.seq, own.get(message.n));
    if (message.type !== "caught-up" && message.type !== "fresh-head") return;
    if (!verifyHead(message.head) || relayKey === undefined || !bytesEqual(message.head.relayKey, relayKey))
      findings.push("bad-head-signature");
    else if (message.head.seq !== log.length || !bytesEqual(message.head.chainHash, chainHash)) findings.push("wrong-chain");
  };
  socket.on("message", (data: Buffer) => decodeAll(new Uint8Array(data), decodeDown)?.forEach(receive));
  socket.on("close", (code) => (closed = code));
  socket.on("error", () => undefined);
  return {
    socket,
    messages,
    log,
    findings,
    caughtUp: () => messages.some((message) => message.type === "caught-up"),
    head: () => ({ seq: log.length, chainHash }),
    closed: () => closed,
    append: (record) => {
      const decoded = decodeRecord(record);
      if (!decoded.ok) throw new Error("a bad record");
      own.set(decoded.value.header.n, record);
      send({ type: "append", channel: 3, record });
    },
  };
}

export const caughtUp = (peer: TinyPeer): Promise<void> => until(() => expect(peer.caughtUp()).toBe(true));

export const newDocId = (random: Prng): DocId => random.bytes(16) as DocId;
export const newPrng = (): Prng => createPrng(11n);
