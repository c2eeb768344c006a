import { assert, idBytes, keyBytes } from "@skerry/protocol";
import type { DocId, Random, SpaceId } from "@skerry/protocol";
import { derive } from "./derive.ts";
import { Secret } from "./secret.ts";

const epochMax = 0xffffffff;

/**
 * 32 random bytes: the history key of one epoch of a space with an access log; where a link holds the key of a document, the content key of its only epoch.
 */
export const generateEpochKey = (random: Random): Secret => new Secret(random.bytes(keyBytes));

/** What its holder reads of one epoch follows from it. Nothing is sealed under it: each document and its presence have keys of their own. */
export const contentKeyOf = (historyKey: Secret, spaceId: SpaceId, epoch: number): Secret =>
  derive("skerry.v1.epoch-content-key", historyKey, epochBytes(spaceId, epoch));

/** One epoch's key as somebody has it (docs/crypto.md, CR-31). */
export interface EpochKey {
  /**
   * 32 bytes, as they were dealt out: the history key, which opens the epochs before too; or the content key alone. The keys of epochs that were made before there
   * were two do both, and stand here like content keys.
   */
  readonly given: Secret;
  /** 32 bytes: the keys of documents derive from it. The same object as `given`, where that is no history key. */
  readonly content: Secret;
}

export const epochKeyOf = (historyKey: Secret, spaceId: SpaceId, epoch: number): EpochKey => ({
  given: historyKey,
  content: contentKeyOf(historyKey, spaceId, epoch),
});

export const hasHistoryKey = ({ given, content }: EpochKey): boolean => given !== content;

export function wipeEpochKey({ given, content }: EpochKey): void {
  given.wipe();
  content.wipe();
}

/** Seals the records of one document in one epoch. Derive it once and keep it. Who is granted one document gets this key alone. */
export const documentKey = (contentKey: Secret, docId: DocId): Secret => derive("skerry.v1.document-key", contentKey, checked(docId));

/** Seals the presence of one document in one epoch. */
export function presenceKey(contentKey: Secret, docId: DocId): Secret {
  const key = documentKey(contentKey, docId);
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
