import { toText } from "@skerry/protocol";
import type { AccountId, DeviceId } from "@skerry/protocol";
import type { LinkHash } from "../ids.ts";

export interface AccountDevice {
  readonly deviceId: DeviceId;
  readonly revoked: boolean;
}

/** What an account's log says, up to `n`. Immutable. */
export interface AccountState {
  readonly accountId: AccountId;
  /** Ed25519, 32 bytes: it opened the log, and has no say after that (AC-11). */
  readonly rootKey: Uint8Array;
  /** Number and hash of the last operation. */
  readonly n: number;
  readonly hash: LinkHash;
  /** X25519, 32 bytes: envelopes are sealed to it. */
  readonly encryptionKey: Uint8Array;
  readonly recoveryKey: Uint8Array | undefined;
  /** By device id in text, revoked ones included. */
  readonly devices: ReadonlyMap<string, AccountDevice>;
  /** Encryption and recovery keys that the account ever had, in text: none comes back. */
  readonly usedKeys: ReadonlySet<string>;
  /** Place of the first operation that this version does not know: nothing after it was applied (AC-18). */
  readonly readOnlySince: number | undefined;
}

export const deviceOf = (account: AccountState, deviceId: Uint8Array): AccountDevice | undefined => account.devices.get(toText(deviceId));

export const isLiveDevice = (account: AccountState, deviceId: Uint8Array): boolean => deviceOf(account, deviceId)?.revoked === false;

export const liveDevices = (account: AccountState): readonly AccountDevice[] =>
  [...account.devices.values()].filter((device) => !device.revoked);
