/**
 * A new encryption key of an account, sealed to the devices that stay: the `sealedKeys` of the account operations
 * `revoke-device` and `rotate-encryption-key` (docs/crypto.md, CR-28; docs/access.md, AC-14):
 *
 *     sealedKeys = version (1) ‖ ephemeral X25519 public key (32) ‖ per device: first bytes of its id (8) ‖ ciphertext (32) ‖ tag (16)
 *     key        = BLAKE2b-256 keyed with X25519(ephemeral, device), over context ‖ ephemeral public key (32) ‖ device's X25519 key (32) ‖ bound
 *     bound      = account (32) ‖ position in the account's log (u64, little-endian) ‖ new encryption public key (32) ‖ device id (32); also the associated data
 *
 * A device's id is its Ed25519 key, and what is sealed to is that key as X25519. A recovery kit is a device like the others (CR-29). Devices stand in
 * ascending order of their ids: each looks for its own 8 bytes and passes the others by, so a kind of recipient to come changes nothing for those of today.
 *
 * Like key-envelope.ts it is DHIES with one ephemeral key for many recipients, and the nonce is zero: the ephemeral key is drawn for one call and
 * wiped, and devices are distinct and named in what is derived, so each key seals one message. Who made it, the operation's signature says.
 */
import { assert, bytesEqual, err, hashBytes, keyBytes, ok } from "@skerry/protocol";
import type { AccountId, DeviceId, Random, Result } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { concat } from "./concat.ts";
import { derive } from "./derive.ts";
import { agreementKeyOfDevice, agreementOfDevice } from "./device-agreement.ts";
import type { DeviceIdentity } from "./device.ts";
import { agree, generateAgreementKey } from "./key-agreement.ts";
import type { AgreementKey } from "./key-agreement.ts";
import { openOnce, sealOnce } from "./seal-once.ts";
import { Secret } from "./secret.ts";

/** Devices of one call: an account has no more (AC-17). */
export const accountKeyDevicesMax = 32;
/** Bound on what is read, as in the operation's format; 32 devices take 1,825 bytes. */
export const sealedAccountKeysBytesMax = 3072;

const context = "skerry.v1.account-key-envelope";
const version = 1;
const headBytes = 1 + keyBytes;
const shortIdBytes = 8;
const envelopeBytes = keyBytes + 16;
const entryBytes = shortIdBytes + envelopeBytes;

export interface RotatedEncryptionKey {
  /** X25519 public key, 32 bytes: what the operation names. */
  readonly encryptionKey: Uint8Array;
  /** Its private key, 32 bytes. */
  readonly encryptionSecret: Secret;
  /** 33 bytes and 56 for each device. */
  readonly sealedKeys: Uint8Array;
  /** Devices whose id is no key that can be sealed to. Their envelopes are random and open for nobody. */
  readonly unreachable: readonly DeviceId[];
}

/**
 * Draws a new X25519 key for the account and seals it to `devices` (1 to 32, distinct, without the one that is revoked, with the caller's own).
 * `n` is the position in the account's log of the operation that will carry it. A device whose id is no key that can be sealed to gets random bytes
 * and is named: with an error instead, such a device could keep the account from revoking another.
 */
export function rotateEncryptionKey(args: {
  readonly accountId: AccountId;
  readonly n: number;
  readonly devices: readonly DeviceId[];
  readonly random: Random;
}): RotatedEncryptionKey {
  const { accountId, n, devices, random } = args;
  assert(devices.length >= 1 && devices.length <= accountKeyDevicesMax, "an account key is sealed to 1 to 32 devices");
  const ascending = devices.toSorted(compareBytes);
  for (const [index, id] of ascending.entries()) {
    assert(index === 0 || !bytesEqual(id, ascending[index - 1] as DeviceId), "a device twice");
  }
  const account = generateAgreementKey(random);
  const ephemeral = generateAgreementKey(random);
  const unreachable: DeviceId[] = [];
  const entries = ascending.map((id) => {
    const envelope = sealTo(id, ephemeral, account.secret, boundTo(accountId, n, account.publicKey, id));
    if (envelope === undefined) unreachable.push(id);
    return concat(id.subarray(0, shortIdBytes), envelope ?? random.bytes(envelopeBytes));
  });
  ephemeral.secret.wipe();
  return {
    encryptionKey: account.publicKey,
    encryptionSecret: account.secret,
    sealedKeys: concat(Uint8Array.of(version), ephemeral.publicKey, ...entries),
    unreachable,
  };
}

/** Where sealed keys stood. `encryptionKey` and `sealedKeys` come from the operation's author, who may be hostile. */
export interface AccountKeysPlace {
  readonly accountId: AccountId;
  /** Position of the operation in the account's log. */
  readonly n: number;
  /** The X25519 public key that the operation names, 32 bytes. */
  readonly encryptionKey: Uint8Array;
  readonly sealedKeys: Uint8Array;
}

/**
 * `not-for-us`: nothing is sealed to this reader: it was revoked, or came later. `malformed`: another version, length or order. `weak-key`: the ephemeral key
 * is of small order. `undecryptable`: made for another place, or not by us. `wrong-key`: a private key that is not the one of `encryptionKey`, which only the
 * operation's author can have put there.
 */
export type AccountKeysError = "not-for-us" | "malformed" | "undecryptable" | "wrong-key" | "weak-key";

/** The account's new X25519 private key, 32 bytes, for a device that stays. */
export function openAccountKeys(device: DeviceIdentity, place: AccountKeysPlace): Result<Secret, AccountKeysError> {
  const { accountId, n, encryptionKey, sealedKeys } = place;
  const id = device.deviceId;
  if (encryptionKey.length !== keyBytes) return err("malformed");
  const envelopes = envelopesFor(id, sealedKeys);
  if (envelopes === undefined) return err("malformed");
  if (envelopes.length === 0) return err("not-for-us");
  const reader = agreementOfDevice(device);
  const ephemeralKey = sealedKeys.subarray(1, headBytes);
  const shared = agree(reader.secret, ephemeralKey);
  reader.secret.wipe();
  if (!shared.ok) return shared;
  const bound = boundTo(accountId, n, encryptionKey, id);
  let result: Result<Secret, AccountKeysError> = err("undecryptable");
  // Two ids can begin alike. Honest authors leave one that opens; the first that does decides.
  for (const envelope of envelopes) {
    const key = derive(context, shared.value, ephemeralKey, reader.publicKey, bound);
    const opened = openOnce(key, envelope, bound);
    if (!opened.ok) continue;
    result = checked(new Secret(opened.value), encryptionKey);
    break;
  }
  shared.value.wipe();
  return result;
}

/** A private key of another public key would lock its reader out of what others seal to the account. */
function checked(secret: Secret, encryptionKey: Uint8Array): Result<Secret, "wrong-key"> {
  if (secret.use((key) => bytesEqual(sodium.crypto_scalarmult_base(key), encryptionKey))) return ok(secret);
  secret.wipe();
  return err("wrong-key");
}

/** Envelopes of those whose ids begin like `id`; undefined: malformed. */
function envelopesFor(id: DeviceId, sealedKeys: Uint8Array): Uint8Array[] | undefined {
  const length = sealedKeys.length;
  if (length > sealedAccountKeysBytesMax || length < headBytes + entryBytes || (length - headBytes) % entryBytes !== 0) return undefined;
  if (sealedKeys[0] !== version) return undefined;
  const own = id.subarray(0, shortIdBytes);
  const found: Uint8Array[] = [];
  let before: Uint8Array | undefined;
  for (let at = headBytes; at < length; at += entryBytes) {
    const shortId = sealedKeys.subarray(at, at + shortIdBytes);
    if (before !== undefined && compareBytes(before, shortId) > 0) return undefined;
    before = shortId;
    if (bytesEqual(shortId, own)) found.push(sealedKeys.subarray(at + shortIdBytes, at + entryBytes));
  }
  return found;
}

/** Undefined: the id is no key that can be sealed to. */
function sealTo(id: DeviceId, ephemeral: AgreementKey, secret: Secret, bound: Uint8Array): Uint8Array | undefined {
  const publicKey = agreementKeyOfDevice(id);
  if (!publicKey.ok) return undefined;
  const shared = agree(ephemeral.secret, publicKey.value);
  if (!shared.ok) return undefined;
  const key = derive(context, shared.value, ephemeral.publicKey, publicKey.value, bound);
  shared.value.wipe();
  return secret.use((bytes) => sealOnce(key, bytes, bound));
}

function boundTo(accountId: AccountId, n: number, encryptionKey: Uint8Array, id: DeviceId): Uint8Array {
  assert(accountId.length === hashBytes && id.length === keyBytes, "ids of another length");
  assert(Number.isSafeInteger(n) && n >= 0, "position out of range");
  const position = new Uint8Array(8);
  const view = new DataView(position.buffer);
  view.setUint32(0, n % 2 ** 32, true);
  view.setUint32(4, Math.floor(n / 2 ** 32), true);
  return concat(accountId, position, encryptionKey, id);
}

/** Below, at or above zero: the order of bytes from the first on. Both have one length. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const difference = byte - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
