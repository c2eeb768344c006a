import type { RecordHash, RecordKind, SealedRecord, Signature } from "@skerry/protocol";
import { recordSignatureContexts } from "./contexts.ts";
import type { Secret } from "./secret.ts";
import { signUnder, verifyUnder } from "./signature.ts";

/** The author's signature over a record's hash, under the context of its kind (RC-2). */
export const signRecord = (kind: RecordKind, recordHash: RecordHash, deviceSecret: Secret): Signature =>
  signUnder(recordSignatureContexts[kind], deviceSecret, recordHash);

/**
 * Whether the device that the header names signed `recordHash`. The caller computed that hash itself, with
 * `recordHashOf(record.hashedBytes)`: a hash that somebody else names proves nothing about these bytes.
 */
export const verifyRecord = (record: SealedRecord, recordHash: RecordHash): boolean =>
  verifyUnder(recordSignatureContexts[record.header.kind], record.header.deviceId, record.signature, recordHash);
