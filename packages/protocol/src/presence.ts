/**
 * Sealed presence (docs/protocol.md, PS-*): awareness, the sender's verified head, and evidence. Relayed, never stored. Its bytes are a sealed
 * envelope. `session` and `counter` let a receiver drop what a relay replays: a session's counter only rises.
 */
import { decodeWith, encodeWith, fixedBytes, flag, optional, struct, varBytes, varUint } from "./codec.ts";
import type { DecodeError } from "./codec.ts";
import { head, signedHead } from "./head.ts";
import type { Head, SignedHead } from "./head.ts";
import { deviceId, docId, idBytes, stateHash } from "./ids.ts";
import type { DeviceId, DocId, Signature, StateHash } from "./ids.ts";
import { limits } from "./limits.ts";
import type { Result } from "./result.ts";
import { envelopeFormat, versionByte } from "./sealed-envelope.ts";
import type { EnvelopeFormat, SealedEnvelope } from "./sealed-envelope.ts";

export interface PresenceHeader {
  readonly docId: DocId;
  readonly epoch: number;
  readonly deviceId: DeviceId;
  /** 16 random bytes, new with every start of the sender's engine. */
  readonly session: Uint8Array;
  readonly counter: number;
}

/** A presence message, taken apart. Nothing of it is verified yet. */
export type PresenceEnvelope = SealedEnvelope<PresenceHeader>;

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

const format: EnvelopeFormat<PresenceHeader> = envelopeFormat<PresenceHeader>(
  "presence",
  struct<PresenceHeader & { readonly version: number }>({
    version: versionByte,
    docId,
    epoch: varUint(0xffffffff),
    deviceId,
    session: fixedBytes(idBytes),
    counter: varUint(),
  }),
  ["epoch"],
  limits.presenceBytesMax,
);

export const encodePresenceHeader = (header: PresenceHeader): Uint8Array => format.encodeHeader(header);

export const encodePresenceHashedPart = (headerBytes: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
  format.encodeHashedPart(headerBytes, nonce, ciphertext);

export const encodePresenceEnvelope = (hashedBytes: Uint8Array, signature: Signature): Uint8Array => format.encode(hashedBytes, signature);

export const decodePresenceEnvelope = (bytes: Uint8Array): Result<PresenceEnvelope, DecodeError> => format.decode(bytes);

const bodyCodec = struct<PresenceBody>({
  query: flag,
  head,
  signedHead: optional(signedHead),
  stateHash: optional(stateHash),
  awareness: varBytes(limits.presenceBytesMax),
});

export const encodePresenceBody = (value: PresenceBody): Uint8Array => encodeWith(bodyCodec, value);
export const decodePresenceBody = (bytes: Uint8Array): Result<PresenceBody, DecodeError> => decodeWith(bodyCodec, bytes, "presence body");
