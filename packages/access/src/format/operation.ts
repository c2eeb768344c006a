/**
 * The frame that both logs share (docs/access.md, "Bytes"):
 *
 *     signed    = version (1) ‖ log kind (1) ‖ log id (32 or 16) ‖ n ‖ prev (32) ‖ signer (32) ‖ kind (1) ‖ body (length-prefixed)
 *     operation = signed ‖ signature (64)
 *
 * The body has a length of its own, so that an operation of a kind to come is still a well-formed link of its chain.
 */
import {
  assert,
  decodeWith,
  encodeWith,
  err,
  fixedBytes,
  hashBytes,
  idBytes,
  keyBytes,
  ok,
  readSince,
  refuse,
  signature,
  uint8,
  varBytes,
  varUint,
} from "@skerry/protocol";
import type { Codec, DecodeError, Result, Signature } from "@skerry/protocol";
import { linkHash } from "../ids.ts";
import type { LinkHash } from "../ids.ts";
import { accessLimits } from "../limits.ts";
import { accessVersion, oldestAccessVersion } from "../version.ts";
import { accountBodies } from "./account-body.ts";
import type { AccountBody } from "./account-body.ts";
import type { Bodies, BodyOf } from "./bodies.ts";
import { spaceBodies } from "./space-body.ts";
import type { SpaceBody } from "./space-body.ts";

export interface UnsignedOperation<Body> {
  /** An account id (32 bytes) or a space id (16 bytes). */
  readonly logId: Uint8Array;
  /** Place in the log: 1, 2, 3, … */
  readonly n: number;
  readonly prev: LinkHash;
  /** Ed25519 key, 32 bytes: a device, or in an account's log the root or recovery key. */
  readonly signer: Uint8Array;
  readonly body: Body;
}

/** An operation, taken apart. Nothing of it is verified yet; its arrays are views into the bytes that it was read from. */
export interface Operation<Body> extends Omit<UnsignedOperation<Body>, "body"> {
  /** `undefined`: a kind that this version does not know. */
  readonly body: Body | undefined;
  /** Number of the kind, known or not. */
  readonly kind: number;
  /** What is hashed and signed: everything before `signature`. */
  readonly signedBytes: Uint8Array;
  readonly signature: Signature;
}

export type AccountOperation = Operation<AccountBody>;
export type SpaceOperation = Operation<SpaceBody>;

interface Framed {
  readonly logId: Uint8Array;
  readonly n: number;
  readonly prev: LinkHash;
  readonly signer: Uint8Array;
  readonly kind: number;
  readonly bodyBytes: Uint8Array;
}

interface Format<Body> {
  encode(operation: UnsignedOperation<Body>): Uint8Array;
  decode(bytes: Uint8Array): Result<Operation<Body>, DecodeError | "newer-version">;
}

const n = varUint();
const signer = fixedBytes(keyBytes);

function operationFormat<Table>(logKind: number, logIdBytes: number, bytesMax: number, table: Bodies<Table>): Format<BodyOf<Table>> {
  const logId = fixedBytes(logIdBytes);
  const bodyBytes = varBytes(bytesMax);
  const framed: Codec<Framed> = {
    write: (encoder, value) => {
      uint8.write(encoder, accessVersion);
      uint8.write(encoder, logKind);
      logId.write(encoder, value.logId);
      n.write(encoder, value.n);
      linkHash.write(encoder, value.prev);
      signer.write(encoder, value.signer);
      uint8.write(encoder, value.kind);
      bodyBytes.write(encoder, value.bodyBytes);
    },
    read: (decoder) => {
      const version = uint8.read(decoder, "version");
      if (version < oldestAccessVersion || version > accessVersion) return refuse("bad-value", "version");
      if (uint8.read(decoder, "log kind") !== logKind) return refuse("unknown-tag", "log kind");
      return {
        logId: logId.read(decoder, "log id"),
        n: n.read(decoder, "n") || refuse("bad-value", "n"),
        prev: linkHash.read(decoder, "prev"),
        signer: signer.read(decoder, "signer"),
        kind: uint8.read(decoder, "kind"),
        bodyBytes: bodyBytes.read(decoder, "body"),
      };
    },
  };
  const whole: Codec<Framed & { readonly signedBytes: Uint8Array; readonly signature: Signature }> = {
    write: () => assert(false, "operations are put together by signing"),
    read: (decoder, field) => {
      if (decoder.arr.length > bytesMax) return refuse("too-long", field);
      const start = decoder.pos;
      const value = framed.read(decoder, field);
      return { ...value, signedBytes: readSince(decoder, start), signature: signature.read(decoder, "signature") };
    },
  };
  return {
    encode: ({ body, ...rest }) => {
      const { kind, bytes } = table.encode(body);
      return encodeWith(framed, { ...rest, kind, bodyBytes: bytes });
    },
    decode: (bytes) => {
      const decoded = decodeWith(whole, bytes, "operation");
      if (!decoded.ok) return isNewer(bytes) ? err("newer-version") : decoded;
      const { bodyBytes: encodedBody, ...rest } = decoded.value;
      const body = table.decode(rest.kind, encodedBody);
      return body.ok ? ok({ ...rest, body: body.value }) : body;
    },
  };
}

/** A version after ours. Whatever it says, it is said to newer software than this. */
const isNewer = ([version]: Uint8Array): boolean => version !== undefined && version > accessVersion && version < 128;

const accountFormat = operationFormat(1, hashBytes, accessLimits.accountOperationBytesMax, accountBodies);
const spaceFormat = operationFormat(2, idBytes, accessLimits.operationBytesMax, spaceBodies);

/** The bytes that are hashed and signed. */
export const encodeUnsignedAccountOperation = (operation: UnsignedOperation<AccountBody>): Uint8Array => accountFormat.encode(operation);
export const encodeUnsignedSpaceOperation = (operation: UnsignedOperation<SpaceBody>): Uint8Array => spaceFormat.encode(operation);

/** Bytes from anyone. `newer-version`: only newer software can read them. */
export const decodeAccountOperation = (bytes: Uint8Array): Result<AccountOperation, DecodeError | "newer-version"> =>
  accountFormat.decode(bytes);
export const decodeSpaceOperation = (bytes: Uint8Array): Result<SpaceOperation, DecodeError | "newer-version"> => spaceFormat.decode(bytes);

/** An operation as it is sent and stored. */
export function joinOperation(signedBytes: Uint8Array, by: Signature): Uint8Array {
  const bytes = new Uint8Array(signedBytes.length + by.length);
  bytes.set(signedBytes);
  bytes.set(by, signedBytes.length);
  assert(bytes.length <= accessLimits.operationBytesMax, "operation too large");
  return bytes;
}
