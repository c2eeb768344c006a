import type { SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { castOf } from "./cast.test-support.ts";
import { counting, flipBit } from "./hex.test-support.ts";
import {
  generateInviteSecret,
  inviteFromSecret,
  ready,
  signAcceptProof,
  signInviteReader,
  verifyAcceptProof,
  verifyInviteReader,
} from "./index.ts";

beforeAll(() => ready);

test("CR-27 who holds the link may read, for this space, invite and device alone", () => {
  const { random, alice, bob, account } = castOf(27);
  const keys = inviteFromSecret(generateInviteSecret(random));
  const claim = { spaceId: counting(16) as SpaceId, inviteId: keys.inviteId, deviceId: alice.deviceId };
  const proof = signInviteReader(keys.secret, claim);
  expect(proof).toHaveLength(64);
  expect(verifyInviteReader(keys.inviteKey, claim, proof)).toBe(true);
  expect(verifyInviteReader(keys.inviteKey, { ...claim, deviceId: bob.deviceId }, proof)).toBe(false);
  expect(verifyInviteReader(keys.inviteKey, { ...claim, spaceId: flipBit(claim.spaceId, 3) as SpaceId }, proof)).toBe(false);
  expect(verifyInviteReader(keys.inviteKey, { ...claim, inviteId: flipBit(claim.inviteId, 3) }, proof)).toBe(false);
  expect(verifyInviteReader(inviteFromSecret(generateInviteSecret(random)).inviteKey, claim, proof)).toBe(false);
  expect(verifyInviteReader(keys.inviteKey, claim, flipBit(proof, 9))).toBe(false);
  // Reading is not joining, though the claims look alike.
  const joining = { spaceId: claim.spaceId, inviteId: claim.inviteId, accountId: account.accountId };
  expect(
    verifyInviteReader(keys.inviteKey, { ...claim, deviceId: joining.accountId as never }, signAcceptProof(keys.secret, joining)),
  ).toBe(false);
  expect(verifyAcceptProof(keys.inviteKey, { ...joining, accountId: claim.deviceId as never }, proof)).toBe(false);
  expect(() => signInviteReader(keys.secret, { ...claim, inviteId: counting(15) })).toThrow("another length");
});
