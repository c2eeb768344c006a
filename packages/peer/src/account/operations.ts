/** What is decided about the account's own devices, in its home space (docs/peer.md, PE-25 and PE-27), and how other spaces hear of it. */
import { accountState, decodeAccountOperation, isHere, isLiveDevice, liveDevices, nobody, roleOf } from "@skerry/access";
import type { AccountState, SpaceState } from "@skerry/access";
import { rotateEncryptionKey } from "@skerry/crypto";
import type { DeviceIdentity } from "@skerry/crypto";
import { bytesEqual } from "@skerry/protocol";
import type { AccountId, DeviceId } from "@skerry/protocol";
import { cutFor, isCut } from "../space/acting.ts";
import type { Acting, Decide, Decision } from "../space/acting.ts";
import { signAccountOperation } from "./own-account.ts";
import type { DeviceReply } from "./pairing-payload.ts";

/**
 * `newestKey`: the newest encryption key of the account that this very device was handed. If there is a newer one by now, it would never learn that: it is sealed to the
 * devices of then. So it is not added, and is to be handed the keys anew.
 */
export const addingDevice =
  ({ deviceId, consent }: DeviceReply, me: AccountId, own: DeviceIdentity, newestKey: Uint8Array): Decide =>
  (state): Promise<Decision> => {
    const account = accountState(state, me);
    if (account === undefined) return Promise.resolve("unready");
    if (isLiveDevice(account, deviceId)) return Promise.resolve("nothing-to-do");
    if (!bytesEqual(account.encryptionKey, newestKey)) return Promise.resolve({ refusal: "stale" });
    const operation = signAccountOperation(account, own, { type: "add-device", device: { deviceId, consent } });
    return Promise.resolve({ type: "account-news", account: { accountId: me, operations: [operation] }, cut: undefined });
  };

/** Takes a new encryption key along, which the device that goes does not get (AC-14, CR-28), and a new key for the space. */
export const revokingDevice =
  (deviceId: DeviceId, acting: Acting, own: DeviceIdentity): Decide =>
  async (state) => {
    const me = acting.account.state().accountId;
    const account = accountState(state, me);
    if (account === undefined) return "unready";
    const known = [...account.devices.values()].find((device) => bytesEqual(device.deviceId, deviceId));
    if (known?.revoked === true) return "nothing-to-do";
    if (known === undefined) return { refusal: "no-such-device" };
    const left = liveDevices(account).flatMap((device) => (bytesEqual(device.deviceId, deviceId) ? [] : [device.deviceId]));
    if (left.length === 0) return { refusal: "nobody-left" };
    const { encryptionKey, encryptionSecret, sealedKeys } = rotateEncryptionKey({
      accountId: me,
      n: account.n + 1,
      devices: left,
      random: acting.random,
    });
    // This device gets it like the others: out of the log, once that is in force.
    encryptionSecret.wipe();
    const operation = signAccountOperation(account, own, { type: "revoke-device", deviceId, encryptionKey, sealedKeys });
    const cut = await cutFor(state, acting, { ...nobody, devicesLost: [me] }, "all-invites", { accountId: me, encryptionKey });
    return isCut(cut) ? { type: "account-news", account: { accountId: me, operations: [operation] }, cut } : cut;
  };

/** Who signed the operation by which a device came into the account; undefined for its first, and for one that is not in the log. */
export function addedBy(log: readonly Uint8Array[], deviceId: DeviceId): Uint8Array | undefined {
  for (const bytes of log) {
    const operation = decodeAccountOperation(bytes);
    const body = operation.ok ? operation.value.body : undefined;
    if (operation.ok && body?.type === "add-device" && bytesEqual(body.device.deviceId, deviceId)) return operation.value.signer;
  }
  return undefined;
}

/** Whether a space has not heard yet which devices and keys this account has. */
export const isUntold = (state: SpaceState, own: AccountState): boolean => {
  const known = accountState(state, own.accountId);
  return known !== undefined && known.n < own.n && isHere(state, own.accountId);
};

/** AC-23, AC-43: news of this account, with a cut where it owns the space and has lost a device. What comes by the news reads no document yet, and cuts afterwards. */
export async function news(state: SpaceState, acting: Acting): Promise<Decision> {
  const own = acting.account.state();
  const me = own.accountId;
  const known = accountState(state, me);
  if (known === undefined || !isUntold(state, own)) return "nothing-to-do";
  const account = acting.account.carried(known);
  const loses = liveDevices(known).some(({ deviceId }) => !isLiveDevice(own, deviceId));
  if (!loses || roleOf(state, me) !== "owner" || !isLiveDevice(known, acting.deviceId))
    return { type: "account-news", account, cut: undefined };
  const cut = await cutFor(state, acting, { ...nobody, devicesLost: [me] }, "all-invites", {
    accountId: me,
    encryptionKey: own.encryptionKey,
  });
  return isCut(cut) ? { type: "account-news", account, cut } : cut;
}
