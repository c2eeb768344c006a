/**
 * Who accepts an invite proves that he holds its link, for one account and one space: space (16) ‖ invite (16) ‖ account (32), signed by the key
 * that is derived from the link's secret. Nobody who sees the proof can use it for another account, space or invite (docs/access.md, AC-54).
 */
import { assert, hashBytes, idBytes } from "@skerry/protocol";
import type { AccountId, Signature, SpaceId } from "@skerry/protocol";
import type { Secret } from "./secret.ts";
import { signUnder, verifyUnder } from "./signature.ts";

export interface AcceptClaim {
  readonly spaceId: SpaceId;
  /** 16 bytes. */
  readonly inviteId: Uint8Array;
  readonly accountId: AccountId;
}

const assertLengths = ({ spaceId, inviteId, accountId }: AcceptClaim): void =>
  assert(spaceId.length === idBytes && inviteId.length === idBytes && accountId.length === hashBytes, "ids of another length");

export function signAcceptProof(inviteSecret: Secret, claim: AcceptClaim): Signature {
  assertLengths(claim);
  return signUnder("skerry.v1.sign-accept-proof", inviteSecret, claim.spaceId, claim.inviteId, claim.accountId);
}

/** `inviteKey` (Ed25519, 32 bytes) stands in the invite; `proof` comes from anyone. */
export function verifyAcceptProof(inviteKey: Uint8Array, claim: AcceptClaim, proof: Uint8Array): boolean {
  assertLengths(claim);
  return verifyUnder("skerry.v1.sign-accept-proof", inviteKey, proof, claim.spaceId, claim.inviteId, claim.accountId);
}
