/** The rules of an account's log, one function each (docs/access.md, AC-10 to AC-17). Each answers with its refusal, or with nothing. */
import { hash, verifyDeviceConsent } from "@skerry/crypto/verify";
import { bytesEqual, toText } from "@skerry/protocol";
import type { AccountId } from "@skerry/protocol";
import type { AccountBody, AccountBodies, ConsentingDevice } from "../format/account-body.ts";
import type { AccountOperation } from "../format/operation.ts";
import { accessLimits } from "../limits.ts";
import { refusalFor } from "../refusal.ts";
import type { Refusal } from "../refusal.ts";
import { isLiveDevice, liveDevices } from "./state.ts";
import type { AccountState } from "./state.ts";

type Answer = Refusal | undefined;
/** The account before the operation, the operation, and its body. */
type Rule<Type extends keyof AccountBodies> = (account: AccountState, body: AccountBodies[Type]) => Answer;

/** AC-10: an account is opened by the root key that its id is the hash of. */
export const openedByItsRoot = (operation: AccountOperation): Answer =>
  bytesEqual(hash("skerry.v1.account-id", operation.signer), operation.logId) ? undefined : refusalFor("foreign-root");

/** AC-11: after the opening, an unrevoked device or the recovery key signs. The root key alone changes nothing: a revoked device may have it. */
export function signedByDeviceOrRecoveryKey(account: AccountState, signer: Uint8Array): Answer {
  const isRecoveryKey = account.recoveryKey !== undefined && bytesEqual(account.recoveryKey, signer);
  return isRecoveryKey || isLiveDevice(account, signer) ? undefined : refusalFor("not-of-this-account");
}

/** AC-12: a device joins by its own consent… */
export const deviceConsents = (accountId: AccountId, { deviceId, consent }: ConsentingDevice): Answer =>
  verifyDeviceConsent(deviceId, accountId, consent) ? undefined : refusalFor("no-consent");

/** AC-12: …and once: a revoked device never comes back, and no device has a key that already is another's, the root's or for recovery. */
export function deviceIsNew(
  { rootKey, devices, usedKeys }: Pick<AccountState, "rootKey" | "devices" | "usedKeys">,
  { deviceId }: ConsentingDevice,
): Answer {
  const text = toText(deviceId);
  return bytesEqual(deviceId, rootKey) || devices.has(text) || usedKeys.has(text) ? refusalFor("device-known") : undefined;
}

/** AC-13: only a device that is there can be revoked. */
const deviceIsThere: Rule<"revoke-device"> = (account, { deviceId }) =>
  isLiveDevice(account, deviceId) ? undefined : refusalFor("no-such-device");

/** AC-14: an encryption key is new to the account. What a revoked device knew opens nothing that is sealed later. */
const encryptionKeyIsNew = (account: AccountState, { encryptionKey }: { readonly encryptionKey: Uint8Array }): Answer =>
  account.usedKeys.has(toText(encryptionKey)) ? refusalFor("encryption-key-reused") : undefined;

/** AC-15: a device or a recovery key is left that can act for the account. */
const somebodyIsLeft: Rule<"revoke-device"> = (account) =>
  liveDevices(account).length > 1 || account.recoveryKey !== undefined ? undefined : refusalFor("nobody-left");

/** AC-15, for a recovery key that is taken away. */
const deviceIsLeft: Rule<"set-recovery-key"> = (account, { recoveryKey }) =>
  recoveryKey !== undefined || liveDevices(account).length > 0 ? undefined : refusalFor("nobody-left");

/** AC-16: a recovery key is a key of its own: not the root, no device, and none that the account had before. */
export function recoveryKeyIsItsOwn(
  { rootKey, devices, usedKeys }: Pick<AccountState, "rootKey" | "devices" | "usedKeys">,
  recoveryKey: Uint8Array | undefined,
): Answer {
  if (recoveryKey === undefined) return undefined;
  const text = toText(recoveryKey);
  return bytesEqual(recoveryKey, rootKey) || devices.has(text) || usedKeys.has(text) ? refusalFor("recovery-key-reused") : undefined;
}

/** AC-17: an account has a bounded number of devices. */
const hasRoomForDevice: Rule<"add-device"> = (account) =>
  liveDevices(account).length < accessLimits.devicesMax ? undefined : refusalFor("account-full");

/** AC-17: an account's log has a bounded length. */
export const logHasRoom = (account: AccountState): Answer =>
  account.n < accessLimits.accountOperationsMax ? undefined : refusalFor("account-full");

/** The first refusal of the rules that are there for a kind of operation. */
export function judgeAccountBody(account: AccountState, body: Exclude<AccountBody, { readonly type: "open-account" }>): Answer {
  switch (body.type) {
    case "add-device":
      return deviceIsNew(account, body.device) ?? hasRoomForDevice(account, body) ?? deviceConsents(account.accountId, body.device);
    case "revoke-device":
      return deviceIsThere(account, body) ?? somebodyIsLeft(account, body) ?? encryptionKeyIsNew(account, body);
    case "rotate-encryption-key":
      return encryptionKeyIsNew(account, body);
    // What is left is `set-recovery-key`: another kind would not compile here.
    default:
      return deviceIsLeft(account, body) ?? recoveryKeyIsItsOwn(account, body.recoveryKey);
  }
}
