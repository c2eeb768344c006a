/**
 * Hashes and signatures of access operations (docs/access.md, AC-3 and AC-4). An account's log and a space's log have contexts of their own, so an
 * operation of one is worthless in the other. What an operation may do is the rulebook's to say: @skerry/access.
 */
import { assert, hashBytes, keyBytes } from "@skerry/protocol";
import type { AccountId, DeviceId, Signature } from "@skerry/protocol";
import type { HashContext, SignatureContext } from "./contexts.ts";
import { hash } from "./hash.ts";
import type { Secret } from "./secret.ts";
import { signUnder, verifyUnder } from "./signature.ts";

export type AccessLogKind = "account" | "space";

const hashContexts: Readonly<Record<AccessLogKind, HashContext>> = {
  account: "skerry.v1.account-operation",
  space: "skerry.v1.space-operation",
};
const signatureContexts: Readonly<Record<AccessLogKind, SignatureContext>> = {
  account: "skerry.v1.sign-account-operation",
  space: "skerry.v1.sign-space-operation",
};

/** 32 bytes over everything of an operation before its signature. */
export const operationHashOf = (log: AccessLogKind, signedBytes: Uint8Array): Uint8Array => hash(hashContexts[log], signedBytes);

/**
 * Operation hash (32) ‖ receive time (u64, little-endian): what the next operation of a space names. So its author vouches for the one thing that
 * the relay added.
 */
export function accessEntryHash(operationHash: Uint8Array, receivedAtMs: number): Uint8Array {
  assert(operationHash.length === hashBytes, "hash of another length");
  assert(Number.isSafeInteger(receivedAtMs) && receivedAtMs >= 0, "time out of range");
  const message = new Uint8Array(hashBytes + 8);
  message.set(operationHash);
  const view = new DataView(message.buffer);
  view.setUint32(hashBytes, receivedAtMs % 2 ** 32, true);
  view.setUint32(hashBytes + 4, Math.floor(receivedAtMs / 2 ** 32), true);
  return hash("skerry.v1.access-entry", message);
}

/** The signature of the key that the operation names as its signer. */
export const signOperation = (log: AccessLogKind, signerSecret: Secret, operationHash: Uint8Array): Signature =>
  signUnder(signatureContexts[log], signerSecret, operationHash);

/** Whether `signer` (Ed25519, 32 bytes) signed. The caller computed the hash itself. Everything may come from anyone. */
export const verifyOperation = (log: AccessLogKind, signer: Uint8Array, signature: Uint8Array, operationHash: Uint8Array): boolean =>
  verifyUnder(signatureContexts[log], signer, signature, operationHash);

/** A device agrees to belong to an account: nobody adds another's device to his own account and passes its work off as his. */
export function signDeviceConsent(deviceSecret: Secret, accountId: AccountId): Signature {
  assert(accountId.length === hashBytes, "an account id has 32 bytes");
  return signUnder("skerry.v1.sign-device-consent", deviceSecret, accountId);
}

export const verifyDeviceConsent = (deviceId: DeviceId, accountId: AccountId, consent: Uint8Array): boolean =>
  deviceId.length === keyBytes && verifyUnder("skerry.v1.sign-device-consent", deviceId, consent, accountId);
