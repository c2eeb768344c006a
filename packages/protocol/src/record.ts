/**
 * A record: one sealed, signed message in a document's log (docs/protocol.md, RC-*).
 *
 *     record = header ‖ nonce (24) ‖ ciphertext (length-prefixed) ‖ signature (64)
 *
 * The exact header bytes are the associated data of the seal. `recordHash = BLAKE2b-256(header ‖ nonce ‖ ciphertext)` under the
 * context "record", and the signature covers that hash under a context of the record's kind. The relay reads the
 * header and the hash; it can open nothing.
 */
import * as encoding from "lib0/encoding";
import { decodeWith, encodeWith, fixedBytes, oneOf, readSince, refuse, struct, uint8, varBytes, varUint } from "./codec.ts";
import type { Codec, DecodeError } from "./codec.ts";
import { head } from "./head.ts";
import type { Head } from "./head.ts";
import { deviceId, docId, nonceBytes, recordHash, replicaId, signature } from "./ids.ts";
import type { DeviceId, DocId, RecordHash, ReplicaId, Signature } from "./ids.ts";
import { limits } from "./limits.ts";
import { assert } from "./result.ts";
import type { Result } from "./result.ts";
import { formatVersion } from "./version.ts";

/** `genesis` is a log's first record and only that. Numbers not listed are for kinds to come (snapshot, …) and refused. */
export type RecordKind = "genesis" | "update";
const kinds: Readonly<Record<RecordKind, number>> = { genesis: 1, update: 2 };

export interface RecordHeader {
  readonly kind: RecordKind;
  readonly docId: DocId;
  /** Number of the space's content key that seals the body. The first is 1. */
  readonly epoch: number;
  readonly deviceId: DeviceId;
  readonly replicaId: ReplicaId;
  /** Place in the author chain of `replicaId` in this document: 1, 2, 3, … */
  readonly n: number;
  /** Hash of the replica's record `n - 1`; `noRecord` for `n` = 1. */
  readonly prev: RecordHash;
  /** Head that the author had verified and applied. */
  readonly seen: Head;
  /** Position in the space's access log that the author had applied. 0 until there is one. */
  readonly accessPosition: number;
}

export interface SealedRecord {
  readonly header: RecordHeader;
  /** The header exactly as received: associated data of the seal. */
  readonly headerBytes: Uint8Array;
  readonly nonce: Uint8Array;
  /** Includes the 16-byte Poly1305 tag. */
  readonly ciphertext: Uint8Array;
  readonly signature: Signature;
  /** header ‖ nonce ‖ ciphertext: what `recordHash` is computed over. */
  readonly hashedBytes: Uint8Array;
}

const version: Codec<number> = {
  write: uint8.write,
  read: (decoder, field) => {
    const value = uint8.read(decoder, field);
    return value === formatVersion ? value : refuse("bad-value", field);
  },
};

interface VersionedHeader extends RecordHeader {
  readonly version: number;
}

const headerCodec: Codec<VersionedHeader> = struct<VersionedHeader>({
  version,
  kind: oneOf(kinds),
  docId,
  epoch: varUint(0xffffffff),
  deviceId,
  replicaId,
  n: varUint(),
  prev: recordHash,
  seen: head,
  accessPosition: varUint(),
});

export function encodeRecordHeader(header: RecordHeader): Uint8Array {
  assert(header.n > 0 && header.epoch > 0, "record numbers and epochs start at 1");
  return encodeWith(headerCodec, { version: formatVersion, ...header });
}

const nonce = fixedBytes(nonceBytes);
const ciphertextBytes = varBytes(limits.recordBytesMax);

/** header ‖ nonce ‖ ciphertext. Append the 64-byte signature to get the record. */
export function encodeHashedPart(headerBytes: Uint8Array, nonceValue: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeUint8Array(encoder, headerBytes);
  nonce.write(encoder, nonceValue);
  ciphertextBytes.write(encoder, ciphertext);
  return encoding.toUint8Array(encoder);
}

export function encodeRecord(hashedBytes: Uint8Array, signatureValue: Signature): Uint8Array {
  const bytes = new Uint8Array(hashedBytes.length + signatureValue.length);
  bytes.set(hashedBytes);
  bytes.set(signatureValue, hashedBytes.length);
  assert(bytes.length <= limits.recordBytesMax, "record too large");
  return bytes;
}

const recordCodec: Codec<SealedRecord> = {
  write: (encoder, value) => {
    encoding.writeUint8Array(encoder, value.hashedBytes);
    signature.write(encoder, value.signature);
  },
  read: (decoder) => {
    if (decoder.arr.length > limits.recordBytesMax) return refuse("too-long", "record");
    const start = decoder.pos;
    const { version: _, ...header } = headerCodec.read(decoder, "header");
    if (header.n === 0) return refuse("bad-value", "n");
    if (header.epoch === 0) return refuse("bad-value", "epoch");
    const headerBytes = readSince(decoder, start);
    const nonceValue = nonce.read(decoder, "nonce");
    const ciphertext = ciphertextBytes.read(decoder, "ciphertext");
    const hashedBytes = readSince(decoder, start);
    return { header, headerBytes, nonce: nonceValue, ciphertext, hashedBytes, signature: signature.read(decoder, "signature") };
  },
};

/** Reads one whole record. The result's arrays are views into `bytes`. `bytes` may come from anyone. */
export const decodeRecord = (bytes: Uint8Array): Result<SealedRecord, DecodeError> => decodeWith(recordCodec, bytes, "record");
