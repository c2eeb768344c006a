import { accessHeadAt, encodeUnsignedSpaceOperation, joinOperation, noOperation } from "@skerry/access";
import type { SpaceBody, SpaceState } from "@skerry/access";
import { operationHashOf, signOperation } from "@skerry/crypto";
import type { DeviceIdentity } from "@skerry/crypto";
import { assert } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";

/** The operation that comes next in the space's log, signed by this device. `before` undefined: the opening. */
export function signSpaceOperation(spaceId: SpaceId, before: SpaceState | undefined, device: DeviceIdentity, body: SpaceBody): Uint8Array {
  const head = before === undefined ? { position: 0, hash: noOperation } : accessHeadAt(before);
  assert(head !== undefined, "a state has a head");
  const signed = encodeUnsignedSpaceOperation({ logId: spaceId, n: head.position + 1, prev: head.hash, signer: device.deviceId, body });
  return joinOperation(signed, signOperation("space", device.secret, operationHashOf("space", signed)));
}
