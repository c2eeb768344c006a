/** What a device has on its disk that was put into an account: as one write, so that it is either of the old account or of the new one. */
import { certifyDevice, exportDevice } from "@skerry/crypto";
import { encodeCertificate } from "@skerry/protocol";
import type { Identity } from "../engine/identity.ts";
import { accountKeysKey, accountLogKey, displayNameKey, homeKey, identityKey, spaceKey } from "../engine/keys.ts";
import { storedAccountKeys, storedAccountLog, storedHome, storedIdentity, storedName, storedSpace } from "../engine/stored.ts";
import { followed } from "../space/followed.ts";
import type { AccountPayload } from "./pairing-payload.ts";

/** `identity`: this device's, with the account that it joins. */
export function memberRows(
  identity: Pick<Identity, "account" | "device" | "naming" | "spaceNameOf">,
  payload: AccountPayload,
  nowMs: number,
): readonly (readonly [string, Uint8Array])[] {
  const { account, device } = identity;
  const { spaceId, docId } = payload.home;
  return [
    [
      identityKey,
      storedIdentity.encode({
        device: exportDevice(device),
        account: payload.account,
        certificate: encodeCertificate(certifyDevice(account, device.deviceId, nowMs)),
        naming: identity.naming(),
      }),
    ],
    [accountLogKey, storedAccountLog.encode([payload.opening])],
    [accountKeysKey, storedAccountKeys.encode(payload.laterKeys)],
    [homeKey, storedHome.encode({ spaceId, docId })],
    [spaceKey(identity.spaceNameOf(spaceId)), storedSpace.encode(followed(spaceId))],
    ...(payload.displayName === "" ? [] : [[displayNameKey, storedName.encode(payload.displayName)] as const]),
  ];
}
