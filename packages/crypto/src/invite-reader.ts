/**
 * Who holds an invite's link and is no member yet may read the space's log, to find the invite in it and to check what it accepts: space (16) ‖
 * invite (16) ‖ device (32), signed by the key that is derived from the link's secret (docs/crypto.md, CR-27). It is of use to no other device, and
 * opens nothing: what the log holds of keys is sealed.
 */
import { assert, idBytes, keyBytes } from "@skerry/protocol";
import type { DeviceId, Signature, SpaceId } from "@skerry/protocol";
import type { Secret } from "./secret.ts";
import { signUnder, verifyUnder } from "./signature.ts";

export interface InviteReaderClaim {
  readonly spaceId: SpaceId;
  /** 16 bytes. */
  readonly inviteId: Uint8Array;
  readonly deviceId: DeviceId;
}

const assertLengths = ({ spaceId, inviteId, deviceId }: InviteReaderClaim): void =>
  assert(spaceId.length === idBytes && inviteId.length === idBytes && deviceId.length === keyBytes, "ids of another length");

export function signInviteReader(inviteSecret: Secret, claim: InviteReaderClaim): Signature {
  assertLengths(claim);
  return signUnder("skerry.v1.sign-invite-reader", inviteSecret, claim.spaceId, claim.inviteId, claim.deviceId);
}

/** `inviteKey` (Ed25519, 32 bytes) stands in the invite; `proof` comes from anyone. */
export function verifyInviteReader(inviteKey: Uint8Array, claim: InviteReaderClaim, proof: Uint8Array): boolean {
  assertLengths(claim);
  return verifyUnder("skerry.v1.sign-invite-reader", inviteKey, proof, claim.spaceId, claim.inviteId, claim.deviceId);
}
