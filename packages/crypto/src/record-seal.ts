import {
  assert,
  bytesEqual,
  decodeRecordBody,
  encodeHashedPart,
  encodeRecord,
  encodeRecordBody,
  encodeRecordHeader,
  err,
  nonceBytes,
} from "@skerry/protocol";
import type { Random, RecordBody, RecordHash, RecordHeader, Result, SealedRecord } from "@skerry/protocol";
import { decrypt, encrypt } from "./aead.ts";
import { recordHashOf } from "./chain.ts";
import type { DeviceIdentity } from "./device.ts";
import { pad, unpad } from "./padding.ts";
import { padmeBytesMin } from "./padme.ts";
import { signRecord } from "./record-signature.ts";
import type { Secret } from "./secret.ts";

export interface SealedBytes {
  /** The whole record: header ‖ nonce ‖ ciphertext ‖ signature. */
  readonly bytes: Uint8Array;
  /** `prev` of the replica's next record. */
  readonly recordHash: RecordHash;
}

/** `undecryptable`: wrong key, or the header, nonce or ciphertext is not what was sealed. The others: a member sealed nonsense. */
export type OpenError = "undecryptable" | "bad-padding" | "malformed-body";

/** Pads, seals and signs one record (RC-1 to RC-3). `key` is the document's, of `header.epoch`; `header.deviceId` is the device's own. */
export function sealRecord(args: {
  readonly header: RecordHeader;
  readonly body: RecordBody;
  readonly key: Secret;
  readonly device: DeviceIdentity;
  readonly random: Random;
}): SealedBytes {
  const { header, body, key, device, random } = args;
  assert(bytesEqual(header.deviceId, device.deviceId), "a record names the device that signs it");
  const headerBytes = encodeRecordHeader(header);
  const nonce = random.bytes(nonceBytes);
  const ciphertext = encrypt(pad(encodeRecordBody(body), padmeBytesMin), headerBytes, nonce, key);
  const hashedBytes = encodeHashedPart(headerBytes, nonce, ciphertext);
  const recordHash = recordHashOf(hashedBytes);
  return { bytes: encodeRecord(hashedBytes, signRecord(header.kind, recordHash, device.secret)), recordHash };
}

/**
 * Opens a record from anyone. Does not check the signature: members share the key, so only `verifyRecord`, or a later record of the author
 * that covers this one, says who wrote it. The body's arrays are views into one fresh plaintext.
 */
export function openRecord(record: SealedRecord, key: Secret): Result<RecordBody, OpenError> {
  const padded = decrypt(record.ciphertext, record.headerBytes, record.nonce, key);
  if (!padded.ok) return padded;
  const bytes = unpad(padded.value, padmeBytesMin);
  if (!bytes.ok) return bytes;
  const body = decodeRecordBody(bytes.value);
  return body.ok ? body : err("malformed-body");
}
