import { assert, idBytes, keyBytes } from "@skerry/protocol";
import type { DocId, Random } from "@skerry/protocol";
import { derive } from "./derive.ts";
import { Secret } from "./secret.ts";

/** A space's content key of one epoch, 32 bytes. Nothing is sealed under it: each document and its presence have keys of their own. */
export const generateEpochKey = (random: Random): Secret => new Secret(random.bytes(keyBytes));

/** Seals the records of one document in one epoch. Derive it once and keep it. */
export const documentKey = (epochKey: Secret, docId: DocId): Secret => derive("skerry.v1.document-key", epochKey, checked(docId));

/** Seals the presence of one document in one epoch. */
export const presenceKey = (epochKey: Secret, docId: DocId): Secret => derive("skerry.v1.presence-key", epochKey, checked(docId));

function checked(docId: DocId): DocId {
  assert(docId.length === idBytes, "document id of another length");
  return docId;
}
