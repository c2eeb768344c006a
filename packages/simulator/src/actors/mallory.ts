/**
 * A member gone bad: holds the document's key and a rightly certified device, speaks the protocol by hand, and writes what no honest engine
 * writes. Everybody else must set it aside, name it, and go on.
 */
import {
  certifyDevice,
  documentKey,
  generateAccount,
  generateDevice,
  importSecret,
  parseShareLink,
  presenceKey,
  proveHello,
  sealPresence,
  sealRecord,
} from "@skerry/crypto";
import {
  decodeDown,
  decodeFrame,
  emptyHead,
  encodeCertificate,
  encodeFrame,
  encodeUp,
  noRecord,
  protocolVersion,
  toText,
} from "@skerry/protocol";
import type { Head, RecordHash, RecordHeader, ReplicaId, ShareLink, UpMessage } from "@skerry/protocol";
import type { Link } from "@skerry/peer";
import * as encoding from "lib0/encoding";
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateAsUpdateV2, encodeStateVector } from "yjs";
import type { RunContext } from "../run/context.ts";
import type { AttackStep } from "../scenario/scenario.ts";
import type { Process } from "../world/process.ts";

export interface Mallory {
  readonly name: string;
  start(): void;
  deviceId(): string;
  /** False if she has no link yet. `victim`: somebody whose client id and document she knows. */
  attack(how: AttackStep["how"], victim: { readonly doc: Doc; readonly client: number } | undefined): boolean;
  stop(): void;
}

/** https://github.com/yjs/yjs/issues/687: hangs Yjs. */
const hanging: Uint8Array = Uint8Array.from([
  0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 2, 0, 0, 0, 22, 2, 0, 0, 1, 0xfd, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0,
]);
const comesBackMs = 2_000;
const waitingMax = 100;

export function createMallory(context: RunContext, name: string): Mallory {
  const random = context.random.fork(`mallory ${name}`);
  const [account, device] = [generateAccount(random), generateDevice(random)];
  const certificate = encodeCertificate(certifyDevice(account, device.deviceId, 0));
  const session = random.bytes(16);
  let process: Process | undefined;
  let link: ShareLink | undefined;
  let wire: Link | undefined;
  let ready = false;
  let head: Head = emptyHead;
  let counter = 0;
  const waiting: UpMessage[] = [];

  const send = (message: UpMessage): void => wire?.send(encodeFrame([encodeUp(message)]));
  const flush = (): void => {
    if (!ready) return;
    for (const message of waiting.splice(0)) send(message);
  };

  const connect = (): void => {
    if (process === undefined) return;
    const mine = process;
    ready = false;
    let nonce: Uint8Array | undefined;
    wire = context.network.transportFor(mine, name).connect("ws://relay/sync", {
      onOpen: () => {},
      onFrame: (frame) => {
        const parts = decodeFrame(frame);
        for (const part of parts.ok ? parts.value : []) {
          const message = decodeDown(part);
          if (!message.ok) continue;
          if (message.value.type === "challenge" && nonce === undefined) {
            nonce = random.bytes(32);
            const proof = proveHello(device, message.value.relayKey, message.value.nonce, nonce);
            send({ type: "hello", version: protocolVersion, deviceId: device.deviceId, clientNonce: nonce, proof });
          } else if (message.value.type === "welcome") openDocument();
          else if (message.value.type === "caught-up" || message.value.type === "fresh-head") {
            head = { seq: message.value.head.seq, chainHash: message.value.head.chainHash.slice() as Head["chainHash"] };
            ready = true;
            flush();
          }
        }
      },
      onClose: () => {
        ready = false;
        wire = undefined;
        mine.later(comesBackMs, "comes back", connect);
      },
    });
  };

  const openDocument = (): void => {
    const known = context.document();
    const parsed = known === undefined ? undefined : parseShareLink(known.link);
    if (parsed?.ok !== true) {
      process?.later(1_000, "waits for a link", openDocument);
      return;
    }
    link = parsed.value;
    const { spaceId, docId } = link;
    send({ type: "open", channel: 1, spaceId, docId, cursor: emptyHead, replicaId: random.bytes(16) as ReplicaId });
  };

  interface Forged {
    readonly update: Uint8Array;
    readonly header?: Partial<RecordHeader>;
    readonly wrongKey?: boolean;
    readonly uncertified?: boolean;
  }
  const seal = (known: ShareLink, { update, header = {}, wrongKey = false, uncertified = false }: Forged): ReturnType<typeof sealRecord> =>
    sealRecord({
      header: {
        kind: "update",
        docId: known.docId,
        epoch: known.epoch,
        deviceId: device.deviceId,
        replicaId: random.bytes(16) as ReplicaId,
        n: 1,
        prev: noRecord,
        seen: emptyHead,
        accessPosition: 0,
        ...header,
      },
      body: { time: { wallMs: 0, counter: 0 }, certificate: uncertified ? undefined : certificate, update },
      key: wrongKey ? importSecret(random.bytes(32)) : documentKey(importSecret(known.epochKey), known.docId),
      device,
      random,
    });
  const post = (message: UpMessage): void => {
    if (waiting.length < waitingMax) waiting.push(message);
    process?.later(0, "attack", flush);
  };
  const append = (known: ShareLink, forged: Forged): RecordHash => {
    const sealed = seal(known, forged);
    post({ type: "append", channel: 1, record: sealed.bytes });
    return sealed.recordHash;
  };
  const typed = (text: string, client = random.uint32(), onto?: Doc): Doc => {
    const doc = new Doc();
    if (onto !== undefined) applyUpdate(doc, encodeStateAsUpdate(onto));
    doc.clientID = client;
    doc.getText("body").insert(0, text);
    return doc;
  };

  return {
    name,
    deviceId: () => toText(device.deviceId),
    start: () => {
      process = context.world.spawn(name);
      process.later(1, "boot", connect);
    },
    stop: () => process?.kill(),
    attack: (how, victim) => {
      const known = link;
      if (known === undefined) return false;
      const evil = (): Uint8Array => encodeStateAsUpdate(typed("evil "));
      switch (how) {
        case "garbage-update":
          append(known, { update: random.bytes(200) });
          break;
        case "hanging-update":
          append(known, { update: hanging });
          break;
        case "contradiction":
          for (const update of contradictionOf(random.uint32())) append(known, { update });
          break;
        case "wrong-key":
          append(known, { update: evil(), wrongKey: true });
          break;
        case "foreign-client-id": {
          if (victim === undefined) return false;
          const before = encodeStateVector(victim.doc);
          append(known, { update: encodeStateAsUpdate(typed("evil ", victim.client, victim.doc), before) });
          break;
        }
        case "author-fork": {
          const replicaId = random.bytes(16) as ReplicaId;
          append(known, { update: evil(), header: { replicaId } });
          append(known, { update: evil(), header: { replicaId } });
          break;
        }
        case "false-head":
          if (head.seq < 2) return false;
          append(known, { update: evil(), header: { seen: { seq: head.seq - 1, chainHash: random.bytes(32) as Head["chainHash"] } } });
          break;
        case "uncertified":
          append(known, { update: evil(), uncertified: true });
          break;
        case "newer-format":
          append(known, { update: encodeStateAsUpdateV2(typed("from a newer app ")) });
          break;
        case "honest-looking":
          append(known, { update: encodeStateAsUpdate(typed("hello from mallory ")) });
          break;
        case "foreign-presence": {
          if (victim === undefined) return false;
          const header = { docId: known.docId, epoch: known.epoch, deviceId: device.deviceId, session, counter: ++counter };
          const body = {
            query: false,
            head: emptyHead,
            signedHead: undefined,
            stateHash: undefined,
            awareness: awarenessOf(victim.client),
          };
          const key = presenceKey(importSecret(known.epochKey), known.docId);
          post({ type: "presence", channel: 1, envelope: sealPresence({ header, body, key, device, random }) });
          break;
        }
      }
      return true;
    },
  };
}

/**
 * A map in a field, and in it one key whose second value is longer than any value of a key. Once that is overwritten from its middle and the map
 * deleted, Yjs throws while it collects the rest.
 */
function contradictionOf(client: number): readonly Uint8Array[] {
  const write = (...parts: readonly (number | string)[]): Uint8Array => {
    const encoder = encoding.createEncoder();
    for (const part of parts) {
      if (typeof part === "number") encoding.writeVarUint(encoder, part);
      else encoding.writeVarString(encoder, part);
    }
    return encoding.toUint8Array(encoder);
  };
  const [keyed, after] = [32, 128];
  const map = [...write(1, 2, client, 0), 7 | keyed, ...write(1, "fields", "x", 1)];
  const value = [8 | keyed, ...write(0, client, 0, "k", 1), 126, 0];
  return [
    Uint8Array.from([...map, ...value]),
    Uint8Array.from([...write(1, 1, client, 2), 4 | after, ...write(client, 1, "wxyz", 0)]),
    Uint8Array.from([...write(1, 1, client, 6), 8 | after, ...write(client, 3, 1), 126, 0]),
    write(0, 1, client, 1, 0, 1),
  ];
}

function awarenessOf(client: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, 1_000_000);
  encoding.writeVarString(encoder, JSON.stringify({ user: { name: "not who you think" } }));
  return encoding.toUint8Array(encoder);
}
