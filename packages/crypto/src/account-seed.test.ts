import { beforeAll, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  accountFromSeed,
  certifyDevice,
  exportAccount,
  exportSecret,
  generateAccountSeed,
  generateDevice,
  importAccount,
  importSecret,
  ready,
  verifyCertificate,
} from "./index.ts";

beforeAll(() => ready);

// Python: blake2b(context, digest_size=32, key=bytes(range(32)))
const rootSeed = "667f5bf504e636fb1304e8e1358172987782ab7ab7931a491d52e02509ad4e24";
const encryptionKey = "43c20ca954ccdf95290a8aa8ddda8ccf7c6ae9636f8c82aefb171e057973c82b";

test("CR-21 a seed gives the account that docs/crypto.md says, and its two keys from different contexts", () => {
  const account = accountFromSeed(importSecret(counting(32)));
  expect(hexOf(exportAccount(account))).toBe(rootSeed + encryptionKey);
  const again = importAccount(bytesOf(rootSeed + encryptionKey));
  expect(again.ok && again.value.accountId).toEqual(account.accountId);
  expect(again.ok && again.value.encryptionKey).toEqual(account.encryptionKey);
});

test("CR-21 the same seed is the same person, another bit another person", () => {
  const account = accountFromSeed(importSecret(counting(32)));
  expect(accountFromSeed(importSecret(counting(32))).accountId).toEqual(account.accountId);
  for (let bit = 0; bit < 256; bit += 17) {
    const other = accountFromSeed(importSecret(flipBit(counting(32), bit)));
    expect(other.accountId).not.toEqual(account.accountId);
    expect(other.encryptionKey).not.toEqual(account.encryptionKey);
  }
});

test("CR-21 an account restored from its seed certifies devices of the account", () => {
  const random = fixedRandom(21);
  const seed = generateAccountSeed(random);
  const words = exportSecret(seed);
  const account = accountFromSeed(seed);
  seed.wipe();
  const restored = accountFromSeed(importSecret(words));
  const device = generateDevice(random);
  const certificate = certifyDevice(restored, device.deviceId, 1000);
  expect(certificate.accountKey).toEqual(account.accountKey);
  expect(verifyCertificate(certificate)).toBe(true);
});
