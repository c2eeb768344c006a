/** What the three sealed messages of a pairing hold (docs/crypto.md, CR-24; docs/peer.md, PE-26). Each comes from whoever is at the other end. */
import {
  accessCursor,
  decodeWith,
  deviceId,
  docId,
  encodeWith,
  err,
  fixedBytes,
  keyBytes,
  ok,
  refuse,
  signature,
  spaceId,
  struct,
  uint8,
  utf8,
  varBytes,
} from "@skerry/protocol";
import type { AccessCursor, Codec, DeviceId, DocId, Result, Signature, SpaceId } from "@skerry/protocol";
import { accountKeyList, displayNameBytesMax } from "../engine/stored.ts";
import type { StoredAccountKey } from "../engine/stored.ts";

const version = 1;
export const deviceNameBytesMax = 256;

/** New to old, before anybody has compared. */
export interface DeviceIntroduction {
  readonly deviceId: DeviceId;
  readonly name: string;
}

/** Old to new, after both have confirmed. */
export interface AccountPayload {
  /** Ed25519 seed ‖ X25519 private key, 64 bytes. */
  readonly account: Uint8Array;
  /** The first operation of the account's log; the others stand in the log of the home space. */
  readonly opening: Uint8Array;
  readonly laterKeys: readonly StoredAccountKey[];
  readonly home: { readonly spaceId: SpaceId; readonly docId: DocId; readonly landmark: AccessCursor };
  readonly displayName: string;
}

/** What is to be given, and the newest encryption key in it: who joins by it has to be added while the account has none that is newer. */
export interface Handover {
  readonly payload: AccountPayload;
  readonly newestKey: Uint8Array;
}

/** New to old: it wants to be of this account (AC-12). */
export interface DeviceReply {
  readonly deviceId: DeviceId;
  readonly consent: Signature;
}

function versioned<T>(codec: Codec<T>): Codec<T> {
  return {
    write: (encoder, value) => {
      uint8.write(encoder, version);
      codec.write(encoder, value);
    },
    read: (decoder, field) => (uint8.read(decoder, "version") === version ? codec.read(decoder, field) : refuse("bad-value", "version")),
  };
}

const introduction = versioned(struct<DeviceIntroduction>({ deviceId, name: utf8(deviceNameBytesMax) }));
const payload = versioned(
  struct<AccountPayload>({
    account: fixedBytes(2 * keyBytes),
    opening: varBytes(4096),
    laterKeys: accountKeyList,
    home: struct<AccountPayload["home"]>({ spaceId, docId, landmark: accessCursor }),
    displayName: utf8(displayNameBytesMax),
  }),
);
const reply = versioned(struct<DeviceReply>({ deviceId, consent: signature }));

const decoded = <T>(codec: Codec<T>, bytes: Uint8Array): Result<T, "malformed"> => {
  const value = decodeWith(codec, bytes, "pairing");
  return value.ok ? ok(value.value) : err("malformed");
};

export const encodeIntroduction = (value: DeviceIntroduction): Uint8Array => encodeWith(introduction, value);
export const decodeIntroduction = (bytes: Uint8Array): Result<DeviceIntroduction, "malformed"> => decoded(introduction, bytes);
export const encodePayload = (value: AccountPayload): Uint8Array => encodeWith(payload, value);
export const decodePayload = (bytes: Uint8Array): Result<AccountPayload, "malformed"> => decoded(payload, bytes);
export const encodeReply = (value: DeviceReply): Uint8Array => encodeWith(reply, value);
export const decodeReply = (bytes: Uint8Array): Result<DeviceReply, "malformed"> => decoded(reply, bytes);
