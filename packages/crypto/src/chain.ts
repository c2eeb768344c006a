import { assert, hashBytes, idBytes } from "@skerry/protocol";
import type { ChainHash, DocId, RecordHash } from "@skerry/protocol";
import { hash } from "./hash.ts";

/** The hash that names a record, over header ‖ nonce ‖ ciphertext (RC-2). The signature is not part of it: it is over it. */
export const recordHashOf = (hashedBytes: Uint8Array): RecordHash => hash("skerry.v1.record-hash", hashedBytes) as RecordHash;

/** Chain hash of a document's empty log (LG-1). It binds the whole chain to the document. */
export function logStart(docId: DocId): ChainHash {
  assert(docId.length === idBytes, "document id of another length");
  return hash("skerry.v1.log-start", docId) as ChainHash;
}

const positionAt = 2 * hashBytes;

/** Chain hash after one more entry (LG-1): previous (32) ‖ record hash (32) ‖ access position (u64, little-endian). */
export function nextChainHash(previous: ChainHash, recordHash: RecordHash, accessPosition: number): ChainHash {
  assert(previous.length === hashBytes && recordHash.length === hashBytes, "hash of another length");
  assert(Number.isSafeInteger(accessPosition) && accessPosition >= 0, "access position out of range");
  const message = new Uint8Array(positionAt + 8);
  message.set(previous);
  message.set(recordHash, hashBytes);
  const view = new DataView(message.buffer);
  view.setUint32(positionAt, accessPosition % 2 ** 32, true);
  view.setUint32(positionAt + 4, Math.floor(accessPosition / 2 ** 32), true);
  return hash("skerry.v1.chain-hash", message) as ChainHash;
}
