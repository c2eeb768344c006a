/**
 * Sealed presence (docs/protocol.md, PS-*): awareness, the sender's verified head, and evidence. Relayed, never stored.
 *
 *     envelope = header ‖ nonce (24) ‖ ciphertext (length-prefixed) ‖ signature (64)
 *
 * `session` and `counter` let a receiver drop what a relay replays: a session's counter only rises.
 */
import * as encoding from "lib0/encoding";
import { decodeWith, encodeWith, fixedBytes, optional, readSince, refuse, struct, uint8, varBytes, varUint } from "./codec.ts";
import type { Codec, DecodeError } from "./codec.ts";
import { head, signedHead } from "./head.ts";
import type { Head, SignedHead } from "./head.ts";
import { deviceId, docId, idBytes, nonceBytes, signature, stateHash } from "./ids.ts";
import type { DeviceId, DocId, Signature, StateHash } from "./ids.ts";
import { limits } from "./limits.ts";
import { assert } from "./result.ts";
import type { Result } from "./result.ts";
import { formatVersion } from "./version.ts";

export interface PresenceHeader {
  readonly docId: DocId;
  readonly epoch: number;
  readonly deviceId: DeviceId;
  /** 16 random bytes, new with every start of the sender's engine. */
  readonly session: Uint8Array;
  readonly counter: number;
}

export interface PresenceEnvelope {
  readonly header: PresenceHeader;
  readonly headerBytes: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly signature: Signature;
  readonly hashedBytes: Uint8Array;
}

/** What presence seals. Comes from a member, who may be hostile. */
export interface PresenceBody {
  /** Asks everyone to send theirs now (a newcomer does). */
  readonly query: boolean;
  /** Head that the sender has verified and applied. */
  readonly head: Head;
  /** The newest head that the relay signed for the sender: two senders compare what they were shown. */
  readonly signedHead: SignedHead | undefined;
  /** Hash of the sender's state at `head`, when it holds nothing that the log lacks. */
  readonly stateHash: StateHash | undefined;
  /** A y-protocols awareness update; empty if there is none. Not yet validated. */
  readonly awareness: Uint8Array;
}

interface VersionedHeader extends PresenceHeader {
  readonly version: number;
}

const version: Codec<number> = {
  write: uint8.write,
  read: (decoder, field) => (uint8.read(decoder, field) === formatVersion ? formatVersion : refuse("bad-value", field)),
};

const headerCodec = struct<VersionedHeader>({
  version,
  docId,
  epoch: varUint(0xffffffff),
  deviceId,
  session: fixedBytes(idBytes),
  counter: varUint(),
});

export function encodePresenceHeader(header: PresenceHeader): Uint8Array {
  assert(header.epoch > 0, "epochs start at 1");
  return encodeWith(headerCodec, { version: formatVersion, ...header });
}

const nonce = fixedBytes(nonceBytes);
const ciphertextBytes = varBytes(limits.presenceBytesMax);

export function encodePresenceHashedPart(headerBytes: Uint8Array, nonceValue: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeUint8Array(encoder, headerBytes);
  nonce.write(encoder, nonceValue);
  ciphertextBytes.write(encoder, ciphertext);
  return encoding.toUint8Array(encoder);
}

export function encodePresenceEnvelope(hashedBytes: Uint8Array, signatureValue: Signature): Uint8Array {
  const bytes = new Uint8Array(hashedBytes.length + signatureValue.length);
  bytes.set(hashedBytes);
  bytes.set(signatureValue, hashedBytes.length);
  assert(bytes.length <= limits.presenceBytesMax, "presence too large");
  return bytes;
}

const envelopeCodec: Codec<PresenceEnvelope> = {
  write: (encoder, value) => {
    encoding.writeUint8Array(encoder, value.hashedBytes);
    signature.write(encoder, value.signature);
  },
  read: (decoder) => {
    if (decoder.arr.length > limits.presenceBytesMax) return refuse("too-long", "presence");
    const start = decoder.pos;
    const { version: _, ...header } = headerCodec.read(decoder, "header");
    if (header.epoch === 0) return refuse("bad-value", "epoch");
    const headerBytes = readSince(decoder, start);
    const nonceValue = nonce.read(decoder, "nonce");
    const ciphertext = ciphertextBytes.read(decoder, "ciphertext");
    const hashedBytes = readSince(decoder, start);
    return { header, headerBytes, nonce: nonceValue, ciphertext, hashedBytes, signature: signature.read(decoder, "signature") };
  },
};

export const decodePresenceEnvelope = (bytes: Uint8Array): Result<PresenceEnvelope, DecodeError> =>
  decodeWith(envelopeCodec, bytes, "presence");

const flag: Codec<boolean> = {
  write: (encoder, value) => uint8.write(encoder, value ? 1 : 0),
  read: (decoder, field) => {
    const value = uint8.read(decoder, field);
    return value > 1 ? refuse("bad-value", field) : value === 1;
  },
};

const bodyCodec = struct<PresenceBody>({
  query: flag,
  head,
  signedHead: optional(signedHead),
  stateHash: optional(stateHash),
  awareness: varBytes(limits.presenceBytesMax),
});

export const encodePresenceBody = (value: PresenceBody): Uint8Array => encodeWith(bodyCodec, value);
export const decodePresenceBody = (bytes: Uint8Array): Result<PresenceBody, DecodeError> => decodeWith(bodyCodec, bytes, "presence body");
