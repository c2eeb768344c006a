/** A relay that helps those who may not, for tests: what it needs, and what they have. */
import { documentKey, epochKeyOf, importDevice, importSecret, openRecord, sealRecord } from "@skerry/crypto";
import type { DeviceIdentity, EpochKey } from "@skerry/crypto";
import { decodeRecord, docIdFromText, emptyHead, noRecord } from "@skerry/protocol";
import type { AccessCursor, DocId, Head, ReplicaId, SnapshotPart } from "@skerry/protocol";
import type { LogStore } from "@skerry/relay";
import { Doc, encodeStateAsUpdate } from "yjs";
import { slipIn as slipInAt } from "../../../simulator/src/spaces/slip-in.ts";
import { random, until } from "../engine/engine.test-support.ts";
import type { Device, TestPeer } from "../engine/engine.test-support.ts";
import { identityKey, spaceKey } from "../engine/keys.ts";
import { storedEpochKey, storedIdentity, storedSpace } from "../engine/stored.ts";

export const docIdOf = (text: string): DocId => {
  const docId = docIdFromText(text);
  if (!docId.ok) throw new Error(docId.error);
  return docId.value;
};

/**
 * What somebody who controls a device has: its key, its certificate, and all epoch keys that it was given. `content` is what follows from a history key; who was
 * given the content key alone has that as `given`.
 */
export function stolen(device: Device): {
  readonly device: DeviceIdentity;
  readonly certificate: Uint8Array;
  readonly keys: ReadonlyMap<number, EpochKey>;
} {
  const bytes = device.kv.get(identityKey);
  if (bytes === undefined) throw new Error("no identity");
  const stored = storedIdentity.decode(bytes);
  const own = importDevice(stored.device);
  if (!own.ok) throw new Error(own.error);
  const keys = new Map<number, EpochKey>();
  for (const [key, row] of device.kv) {
    const name = /^s\/(?<name>.*)\/k\//.exec(key)?.groups?.["name"];
    const space = name === undefined ? undefined : device.kv.get(spaceKey(name));
    if (space === undefined) continue;
    const { epoch, key: given } = storedEpochKey.decode(row);
    keys.set(epoch, epochKeyOf(importSecret(given), storedSpace.decode(space).spaceId, epoch));
  }
  return { device: own.value, certificate: stored.certificate, keys };
}

/** Which entries of a document's log somebody opens who controls the device and has all that the relay has. */
export async function openedBy(device: Device, store: LogStore, docId: DocId): Promise<readonly boolean[]> {
  const keys = [...stolen(device).keys.values()].flatMap(({ given, content }) => [given, content]);
  const entries = await store.read(docId, 1, 1000, Number.MAX_SAFE_INTEGER);
  return entries.map(({ record }) => {
    const decoded = decodeRecord(record);
    return decoded.ok && keys.some((key) => openRecord(decoded.value, documentKey(key, docId)).ok);
  });
}

/** What a person would write who begins an empty document with `text`. */
export function typed(text: string): Uint8Array {
  const doc = new Doc();
  doc.getText("body").insert(0, text);
  return encodeStateAsUpdate(doc);
}

/** A first record of a new replica with this update, as a modified client signs it. `snapshot`: it says that it shows the document at that head. */
export function forged(
  owner: Device,
  docId: DocId,
  update: Uint8Array,
  epoch: number,
  accessPosition: number,
  snapshot?: { readonly seen: Head; readonly part: SnapshotPart },
): Uint8Array {
  const { device, certificate, keys } = stolen(owner);
  const epochKey = keys.get(epoch);
  if (epochKey === undefined) throw new Error("no key of this epoch");
  return sealRecord({
    header: {
      kind: "update",
      docId,
      epoch,
      deviceId: device.deviceId,
      replicaId: random.bytes(16) as ReplicaId,
      n: 1,
      prev: noRecord,
      seen: snapshot?.seen ?? emptyHead,
      accessPosition,
    },
    body: { time: { wallMs: Date.now(), counter: 0 }, certificate, update, ...(snapshot === undefined ? {} : { snapshot: snapshot.part }) },
    key: documentKey(epochKey.content, docId),
    device,
    random,
  }).bytes;
}

/** The relay puts a record into a log under the position of its choice, against all rules. */
export const slipIn = (store: LogStore, docId: DocId, record: Uint8Array, accessPosition: number): Promise<void> =>
  slipInAt(store, docId, record, accessPosition, Date.now());

/**
 * Position of the space's log when `guests` came by a link each: creation, document, and for each an invite, an acceptance and the key that is due
 * then. Waits until nothing is due any more.
 */
export async function positionWith(peer: TestPeer, guests: number): Promise<number> {
  const wanted = 2 + 3 * guests;
  const operations = (): number => [...peer.device.kv.keys()].filter((key) => /^s\/.*\/e\//.test(key)).length;
  await until("nothing is due any more", () => operations() === wanted);
  return wanted;
}

/** Shows somebody nothing of the access log from here on, also on later connections: it ends where they have read it to. */
export function withholdLog({ wire }: TestPeer): void {
  const cursors = new Map<number, AccessCursor>();
  wire.up = (message) => {
    if (message.type === "open-space") cursors.set(message.channel, { ...message.cursor, hash: message.cursor.hash.slice() });
    return [message];
  };
  wire.down = (message) => {
    if (message.type === "operations" || message.type === "closed") return [];
    return message.type === "space-opened" ? [{ ...message, head: cursors.get(message.channel) ?? message.head }] : [message];
  };
}
