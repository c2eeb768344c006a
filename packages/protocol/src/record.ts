/**
 * A record: one sealed, signed message in a document's log (docs/protocol.md, RC-*).
 *
 * Its bytes are a sealed envelope. `recordHash = BLAKE2b-256(header ‖ nonce ‖ ciphertext)` under a context of its own, and the signature
 * covers that hash under a context of the record's kind. The relay reads the header and the hash; it can open nothing.
 */
import { oneOf, struct, varUint } from "./codec.ts";
import type { DecodeError } from "./codec.ts";
import { head } from "./head.ts";
import type { Head } from "./head.ts";
import { deviceId, docId, recordHash, replicaId } from "./ids.ts";
import type { DeviceId, DocId, RecordHash, ReplicaId, Signature } from "./ids.ts";
import { limits } from "./limits.ts";
import type { Result } from "./result.ts";
import { envelopeFormat, versionByte } from "./sealed-envelope.ts";
import type { EnvelopeFormat, SealedEnvelope } from "./sealed-envelope.ts";

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

/** A record, taken apart. Nothing of it is verified yet. */
export type SealedRecord = SealedEnvelope<RecordHeader>;

const format: EnvelopeFormat<RecordHeader> = envelopeFormat<RecordHeader>(
  "record",
  struct<RecordHeader & { readonly version: number }>({
    version: versionByte,
    kind: oneOf(kinds),
    docId,
    epoch: varUint(0xffffffff),
    deviceId,
    replicaId,
    n: varUint(),
    prev: recordHash,
    seen: head,
    accessPosition: varUint(),
  }),
  ["n", "epoch"],
  limits.recordBytesMax,
);

export const encodeRecordHeader = (header: RecordHeader): Uint8Array => format.encodeHeader(header);

/** header ‖ nonce ‖ ciphertext. Append the 64-byte signature to get the record. */
export const encodeHashedPart = (headerBytes: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
  format.encodeHashedPart(headerBytes, nonce, ciphertext);

export const encodeRecord = (hashedBytes: Uint8Array, signature: Signature): Uint8Array => format.encode(hashedBytes, signature);

/** Reads one whole record. The result's arrays are views into `bytes`. `bytes` may come from anyone. */
export const decodeRecord = (bytes: Uint8Array): Result<SealedRecord, DecodeError> => format.decode(bytes);
