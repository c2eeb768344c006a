/**
 * The shape that records and presence share (docs/protocol.md, RC-1, PS-1):
 *
 *     envelope = header ‖ nonce (24) ‖ ciphertext (length-prefixed) ‖ signature (64)
 *
 * The exact header bytes are the associated data of the seal; the signature covers a hash of everything before it.
 */
import * as encoding from "lib0/encoding";
import { decodeWith, encodeWith, fixedBytes, readSince, refuse, uint8, varBytes } from "./codec.ts";
import type { Codec, DecodeError } from "./codec.ts";
import { nonceBytes, signature } from "./ids.ts";
import type { Signature } from "./ids.ts";
import { assert } from "./result.ts";
import type { Result } from "./result.ts";
import { formatVersion } from "./version.ts";

export interface SealedEnvelope<Header> {
  readonly header: Header;
  /** The header exactly as received: associated data of the seal. */
  readonly headerBytes: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  /** Includes the 16-byte Poly1305 tag. */
  readonly ciphertext: Uint8Array;
  readonly signature: Signature;
  /** header ‖ nonce ‖ ciphertext: what is hashed and signed. */
  readonly hashedBytes: Uint8Array;
}

/** The byte that every format of ours starts with. Another version is refused. */
export const versionByte: Codec<number> = {
  write: uint8.write,
  read: (decoder, field) => (uint8.read(decoder, field) === formatVersion ? formatVersion : refuse("bad-value", field)),
};

export interface EnvelopeFormat<Header> {
  encodeHeader(header: Header): Uint8Array;
  /** header ‖ nonce ‖ ciphertext. */
  encodeHashedPart(headerBytes: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  encode(hashedBytes: Uint8Array, signature: Signature): Uint8Array;
  /** Reads one whole envelope from anyone. The result's arrays are views into `bytes`. */
  decode(bytes: Uint8Array): Result<SealedEnvelope<Header>, DecodeError>;
}

const nonceCodec = fixedBytes(nonceBytes);

/** `header` starts with `versionByte`; `startsAtOne` names its counters that are never 0. */
export function envelopeFormat<Header extends object>(
  field: string,
  header: Codec<Header & { readonly version: number }>,
  startsAtOne: readonly (keyof Header & string)[],
  bytesMax: number,
): EnvelopeFormat<Header> {
  const ciphertextCodec = varBytes(bytesMax);
  const codec: Codec<SealedEnvelope<Header>> = {
    write: (encoder, value) => {
      encoding.writeUint8Array(encoder, value.hashedBytes);
      signature.write(encoder, value.signature);
    },
    read: (decoder) => {
      if (decoder.arr.length > bytesMax) return refuse("too-long", field);
      const start = decoder.pos;
      const { version: _, ...fields } = header.read(decoder, "header");
      const read = fields as unknown as Header;
      for (const name of startsAtOne) if (read[name] === 0) return refuse("bad-value", name);
      const headerBytes = readSince(decoder, start);
      const nonce = nonceCodec.read(decoder, "nonce");
      const ciphertext = ciphertextCodec.read(decoder, "ciphertext");
      const hashedBytes = readSince(decoder, start);
      return { header: read, headerBytes, nonce, ciphertext, hashedBytes, signature: signature.read(decoder, "signature") };
    },
  };
  return {
    encodeHeader: (value) => {
      for (const name of startsAtOne) assert(value[name] !== 0, `${name} starts at 1`);
      return encodeWith(header, { version: formatVersion, ...value });
    },
    encodeHashedPart: (headerBytes, nonce, ciphertext) => {
      const encoder = encoding.createEncoder();
      encoding.writeUint8Array(encoder, headerBytes);
      nonceCodec.write(encoder, nonce);
      ciphertextCodec.write(encoder, ciphertext);
      return encoding.toUint8Array(encoder);
    },
    encode: (hashedBytes, signatureBytes) => {
      const bytes = new Uint8Array(hashedBytes.length + signatureBytes.length);
      bytes.set(hashedBytes);
      bytes.set(signatureBytes, hashedBytes.length);
      assert(bytes.length <= bytesMax, `${field} too large`);
      return bytes;
    },
    decode: (bytes) => decodeWith(codec, bytes, field),
  };
}
