/** A relay that helps those who may not, for tests: what it needs, and what they have. */
import { documentKey, importDevice, importSecret, nextChainHash, recordHashOf, sealRecord } from "@skerry/crypto";
import type { DeviceIdentity, Secret } from "@skerry/crypto";
import { decodeRecord, docIdFromText, emptyHead, noRecord } from "@skerry/protocol";
import type { DocId, ReplicaId } from "@skerry/protocol";
import type { LogStore } from "@skerry/relay";
import { Doc, encodeStateAsUpdate } from "yjs";
import { random, until } from "../engine/engine.test-support.ts";
import type { Device, TestPeer } from "../engine/engine.test-support.ts";
import { identityKey } from "../engine/keys.ts";
import { storedEpochKey, storedIdentity } from "../engine/stored.ts";

export const docIdOf = (text: string): DocId => {
  const docId = docIdFromText(text);
  if (!docId.ok) throw new Error(docId.error);
  return docId.value;
};

/** What somebody who controls a device has: its key, its certificate, and all epoch keys that it was given. */
export function stolen(device: Device): {
  readonly device: DeviceIdentity;
  readonly certificate: Uint8Array;
  readonly keys: ReadonlyMap<number, Secret>;
} {
  const bytes = device.kv.get(identityKey);
  if (bytes === undefined) throw new Error("no identity");
  const stored = storedIdentity.decode(bytes);
  const own = importDevice(stored.device);
  if (!own.ok) throw new Error(own.error);
  const keys = new Map<number, Secret>();
  for (const [key, row] of device.kv) {
    if (!/^s\/.*\/k\//.test(key)) continue;
    const { epoch, key: secret } = storedEpochKey.decode(row);
    keys.set(epoch, importSecret(secret));
  }
  return { device: own.value, certificate: stored.certificate, keys };
}

/** What a person would write who begins an empty document with `text`. */
export function typed(text: string): Uint8Array {
  const doc = new Doc();
  doc.getText("body").insert(0, text);
  return encodeStateAsUpdate(doc);
}

/** A first record of a new replica with this update, as a modified client signs it. */
export function forged(owner: Device, docId: DocId, update: Uint8Array, epoch: number, accessPosition: number): Uint8Array {
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
      seen: emptyHead,
      accessPosition,
    },
    body: { time: { wallMs: Date.now(), counter: 0 }, certificate, update },
    key: documentKey(epochKey, docId),
    device,
    random,
  }).bytes;
}

/** The relay puts a record into a log under the position of its choice, against all rules. */
export async function slipIn(store: LogStore, docId: DocId, record: Uint8Array, accessPosition: number): Promise<void> {
  const info = await store.info(docId);
  const decoded = decodeRecord(record);
  if (info === undefined || !decoded.ok) throw new Error("nothing to slip into");
  const recordHash = recordHashOf(decoded.value.hashedBytes);
  const { replicaId, n } = decoded.value.header;
  await store.append([
    {
      docId,
      seq: info.head.seq + 1,
      entry: { receivedAtMs: Date.now(), accessPosition, record },
      recordHash,
      chainHash: nextChainHash(info.head.chainHash, recordHash, accessPosition),
      replicaId,
      n,
    },
  ]);
}

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
