/**
 * A light Skerry connection: real handshake, real sealed and signed records, but no `Y.Doc` and no verification of what comes in (peers do that
 * on their own machines; W6 and the full clients have it). Records are sealed in `prepare`.
 */
import { webcrypto } from "node:crypto";
import { documentKey, generateDevice, generateEpochKey, pooledRandom, proveHello, ready as cryptoReady, sealRecord } from "@skerry/crypto";
import type { DeviceIdentity, Secret } from "@skerry/crypto";
import {
  decodeDown,
  decodeFrame,
  decodeRecord,
  emptyHead,
  encodeFrame,
  encodeUp,
  noRecord,
  protocolVersion,
  toText,
} from "@skerry/protocol";
import type { DocId, RecordHash, RecordKind, ReplicaId, SpaceId, UpMessage } from "@skerry/protocol";
import { connectRaw } from "../lib/raw-ws.ts";
import type { Pipe, PipeOptions } from "../lib/target.ts";
import { eachMarker, emptyUpdate } from "../lib/yjs-wire.ts";

await cryptoReady;
const random = pooledRandom((block) => void webcrypto.getRandomValues(block));
const channel = 1;
const tags = { entries: 67, caughtUp: 68, acked: 69, pong: 74 } as const;

interface Room {
  readonly spaceId: SpaceId;
  readonly docId: DocId;
  readonly key: Secret;
  /** Which marker a replica's record carries. */
  readonly markers: Map<string, number>;
  begun: boolean;
}

const rooms = new Map<string, Room>();

function roomOf(port: number, name: string): Room {
  const known = rooms.get(`${port}/${name}`);
  if (known !== undefined) return known;
  const docId = random.bytes(16) as DocId;
  const room = {
    spaceId: random.bytes(16) as SpaceId,
    docId,
    key: documentKey(generateEpochKey(random), docId),
    markers: new Map(),
    begun: false,
  };
  rooms.set(`${port}/${name}`, room);
  return room;
}

interface Chain {
  readonly replicaId: ReplicaId;
  n: number;
  prev: RecordHash;
}

function seal(room: Room, device: DeviceIdentity, chain: Chain, kind: RecordKind, update: Uint8Array): Uint8Array {
  const header = {
    kind,
    docId: room.docId,
    epoch: 1,
    deviceId: device.deviceId,
    replicaId: chain.replicaId,
    n: chain.n + 1,
    prev: chain.prev,
    seen: emptyHead,
    accessPosition: 0,
  };
  const body = { time: { wallMs: 1, counter: 0 }, certificate: undefined, update };
  const sealed = sealRecord({ header, body, key: room.key, device, random });
  chain.n++;
  chain.prev = sealed.recordHash;
  return sealed.bytes;
}

/** Reads a varUint at `at`; returns the value and the place after it. */
function varUintAt(bytes: Uint8Array, at: number): readonly [value: number, next: number] {
  let value = 0;
  let factor = 1;
  for (let place = at; ; place++) {
    const byte = bytes[place] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, place + 1];
    factor *= 128;
  }
}

/** How many entries an `entries` message has, without reading them: tag, channel, from, count. */
const entryCount = (message: Uint8Array): number => varUintAt(message, varUintAt(message, varUintAt(message, 1)[1])[1])[0];

export function skerryPipe({ port, room: name, onMarker }: PipeOptions): Pipe {
  const room = roomOf(port, name);
  const device = generateDevice(random);
  const chain: Chain = { replicaId: random.bytes(16) as ReplicaId, n: 0, prev: noRecord };
  let updates = 0;
  let counting = false;
  let syncBytes = 0;
  let resolveReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (resolveReady = resolve));
  const send = (message: UpMessage): void => ws.send(encodeFrame([encodeUp(message)]));

  const reportMarkers = (message: Uint8Array): void => {
    if (onMarker === undefined) return;
    const decoded = decodeDown(message);
    if (!decoded.ok || decoded.value.type !== "entries") throw new Error("entries do not decode");
    for (const { record } of decoded.value.entries) {
      const opened = decodeRecord(record);
      if (!opened.ok) throw new Error("record does not decode");
      const marker = room.markers.get(`${toText(opened.value.header.replicaId)}${opened.value.header.n}`);
      if (marker !== undefined) onMarker(marker);
    }
  };

  const begin = (): void => {
    counting = true;
    resolveReady();
  };

  const onMessage = (message: Uint8Array): void => {
    const tag = message[0];
    if (tag === tags.entries) {
      if (!counting) {
        syncBytes += message.length;
        return;
      }
      updates += entryCount(message);
      reportMarkers(message);
    } else if (tag === tags.caughtUp) {
      if (room.begun) return begin();
      room.begun = true;
      send({ type: "append", channel, record: seal(room, device, chain, "genesis", emptyUpdate) });
    } else if (tag === tags.acked) {
      if (!counting) begin();
    } else if (!counting) {
      const decoded = decodeDown(message);
      if (!decoded.ok) throw new Error("message does not decode");
      if (decoded.value.type === "challenge") {
        const { relayKey, nonce } = decoded.value;
        const clientNonce = random.bytes(32);
        const proof = proveHello(device, relayKey, nonce, clientNonce);
        send({ type: "hello", version: protocolVersion, deviceId: device.deviceId, clientNonce, proof });
        send({ type: "open", channel, spaceId: room.spaceId, docId: room.docId, cursor: emptyHead, replicaId: chain.replicaId });
      } else if (decoded.value.type === "refused" || decoded.value.type === "closed")
        throw new Error(`relay refused: ${decoded.value.code}`);
    } else if (tag === 70) throw new Error("the relay refused an append");
  };

  const ws = connectRaw({
    port,
    path: "/sync",
    onFrame: (frame) => {
      const messages = decodeFrame(frame);
      if (!messages.ok) throw new Error("frame does not decode");
      messages.value.forEach(onMessage);
    },
  });
  // The relay drops connections that stay silent.
  const alive = setInterval(() => counting && send({ type: "ping", id: 0 }), 20_000);
  alive.unref();

  return {
    ready,
    prepare: (all) =>
      all.map((update) => {
        const record = seal(room, device, chain, "update", update);
        eachMarker(Buffer.from(update), (marker) => room.markers.set(`${toText(chain.replicaId)}${chain.n}`, marker));
        return encodeFrame([encodeUp({ type: "append", channel, record })]);
      }),
    send: (frame) => ws.send(frame),
    updates: () => updates,
    frames: () => ws.frames(),
    echo: false,
    syncBytes: () => syncBytes,
    close: () => {
      clearInterval(alive);
      ws.close();
    },
  };
}
