import { hashBytes } from "@skerry/protocol";
import type { AccountId, SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  accessEntryHash,
  generateAccount,
  generateDevice,
  operationHashOf,
  ready,
  signAcceptProof,
  signDeviceConsent,
  signOperation,
  verifyAcceptProof,
  verifyDeviceConsent,
  verifyOperation,
} from "./index.ts";

beforeAll(() => ready);

// Computed with Python's hashlib.blake2b(message, digest_size=32, key=context), another implementation.
test("CR-2 hashes of operations and of access entries", () => {
  expect(hexOf(operationHashOf("account", counting(10)))).toBe("e171a6e57a8ca6abec1227f8f9f963cd110dccc1811c6040f767144f6b182cb5");
  expect(hexOf(operationHashOf("space", counting(10)))).toBe("7d3f65a6d3bb390eb6c2e63696af3d0fc54774e4eb5eea89e049e3bcf97d352b");
  expect(hexOf(accessEntryHash(counting(hashBytes), 2 ** 40 + 7))).toBe("5d7080c374485fe47a9f5c826364c06417ec6f43ddc3449993e706673a433d98");
});

test("CR-1 an account's operation is worthless as a space's, and the other way round", () => {
  const device = generateDevice(fixedRandom(1));
  const hash = counting(hashBytes);
  for (const [log, other] of [
    ["account", "space"],
    ["space", "account"],
  ] as const) {
    const signature = signOperation(log, device.secret, hash);
    expect(verifyOperation(log, device.deviceId, signature, hash)).toBe(true);
    expect(verifyOperation(other, device.deviceId, signature, hash)).toBe(false);
    expect(verifyOperation(log, generateDevice(fixedRandom(2)).deviceId, signature, hash)).toBe(false);
    expect(verifyOperation(log, device.deviceId, signature, flipBit(counting(hashBytes), 9))).toBe(false);
  }
});

test("CR-1 a device's consent holds for one account", () => {
  const device = generateDevice(fixedRandom(1));
  const [account, other] = [generateAccount(fixedRandom(2)), generateAccount(fixedRandom(3))];
  const consent = signDeviceConsent(device.secret, account.accountId);
  expect(verifyDeviceConsent(device.deviceId, account.accountId, consent)).toBe(true);
  expect(verifyDeviceConsent(device.deviceId, other.accountId, consent)).toBe(false);
  expect(verifyDeviceConsent(generateDevice(fixedRandom(4)).deviceId, account.accountId, consent)).toBe(false);
});

test("CR-1 an accept proof holds for one space, one invite and one account", () => {
  const invite = generateDevice(fixedRandom(1));
  const claim = { spaceId: counting(16) as SpaceId, inviteId: counting(16), accountId: counting(hashBytes) as AccountId };
  const proof = signAcceptProof(invite.secret, claim);
  expect(verifyAcceptProof(invite.deviceId, claim, proof)).toBe(true);
  expect(verifyAcceptProof(invite.deviceId, { ...claim, spaceId: flipBit(counting(16), 3) as SpaceId }, proof)).toBe(false);
  expect(verifyAcceptProof(invite.deviceId, { ...claim, inviteId: flipBit(counting(16), 3) }, proof)).toBe(false);
  expect(verifyAcceptProof(invite.deviceId, { ...claim, accountId: flipBit(counting(hashBytes), 9) as AccountId }, proof)).toBe(false);
  expect(verifyAcceptProof(generateDevice(fixedRandom(2)).deviceId, claim, proof)).toBe(false);
});
