/**
 * What tells a recovery kit from the account's other devices (docs/crypto.md, CR-29): the kit's own signature, made with the words at hand, since the account's
 * log says of a device only that it is one. Nobody can call somebody else's device a kit; who calls his own one is listed and revoked like a kit.
 */
import { assert, hashBytes, keyBytes } from "@skerry/protocol";
import type { AccountId, DeviceId, Signature } from "@skerry/protocol";
import { concat } from "./concat.ts";
import type { RecoveryKit } from "./recovery.ts";
import { signUnder, verifyUnder } from "./signature.ts";

/** Over account (32) ‖ time (u64, little-endian, ms). */
export const signRecoveryMark = (kit: RecoveryKit, accountId: AccountId, madeAtMs: number): Signature =>
  signUnder("skerry.v1.sign-recovery-mark", kit.device.secret, message(accountId, madeAtMs));

/** `mark` comes from anyone who could write in the account's home. */
export const verifyRecoveryMark = (deviceId: DeviceId, accountId: AccountId, madeAtMs: number, mark: Uint8Array): boolean =>
  deviceId.length === keyBytes && verifyUnder("skerry.v1.sign-recovery-mark", deviceId, mark, message(accountId, madeAtMs));

function message(accountId: AccountId, madeAtMs: number): Uint8Array {
  assert(accountId.length === hashBytes, "an account id has 32 bytes");
  assert(Number.isSafeInteger(madeAtMs) && madeAtMs >= 0, "time out of range");
  const time = new Uint8Array(8);
  const view = new DataView(time.buffer);
  view.setUint32(0, madeAtMs % 2 ** 32, true);
  view.setUint32(4, Math.floor(madeAtMs / 2 ** 32), true);
  return concat(accountId, time);
}
