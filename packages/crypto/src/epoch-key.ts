import { assert, idBytes, keyBytes } from "@skerry/protocol";
import type { DocId, Random, SpaceId } from "@skerry/protocol";
import { derive } from "./derive.ts";
import { Secret } from "./secret.ts";

const epochMax = 0xffffffff;

/** A space's content key of one epoch, 32 bytes. Nothing is sealed under it: each document and its presence have keys of their own. */
export const generateEpochKey = (random: Random): Secret => new Secret(random.bytes(keyBytes));

/** Seals the records of one document in one epoch. Derive it once and keep it. Who is granted one document gets this key alone. */
export const documentKey = (epochKey: Secret, docId: DocId): Secret => derive("skerry.v1.document-key", epochKey, checked(docId));

/** Seals the presence of one document in one epoch. */
export function presenceKey(epochKey: Secret, docId: DocId): Secret {
  const key = documentKey(epochKey, docId);
  const presence = presenceKeyOf(key);
  key.wipe();
  return presence;
}

/** The same, for who has the document's key and not the epoch's. */
export const presenceKeyOf = (keyOfDocument: Secret): Secret => derive("skerry.v1.document-presence", keyOfDocument);

/** space (16) ‖ epoch (u32, little-endian): what an epoch's envelopes and commitment are bound to. Epochs start at 1. */
export function epochBytes(spaceId: SpaceId, epoch: number): Uint8Array {
  assert(spaceId.length === idBytes, "space id of another length");
  assert(Number.isInteger(epoch) && epoch >= 1 && epoch <= epochMax, "epoch out of range");
  const bytes = new Uint8Array(idBytes + 4);
  bytes.set(spaceId);
  new DataView(bytes.buffer).setUint32(idBytes, epoch, true);
  return bytes;
}

function checked(docId: DocId): DocId {
  assert(docId.length === idBytes, "document id of another length");
  return docId;
}
