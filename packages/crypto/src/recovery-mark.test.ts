import { randomFillSync } from "node:crypto";
import type { AccountId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import {
  generateDevice,
  generateRecoverySecret,
  pooledRandom,
  ready,
  recoveryFromSecret,
  signDeviceConsent,
  signRecoveryMark,
  verifyRecoveryMark,
} from "./index.ts";

beforeAll(() => ready);
const random = pooledRandom((block) => void randomFillSync(block));

test("CR-29 a kit's mark is its own word, for its account and its time; a device's consent is none", () => {
  const kit = recoveryFromSecret(generateRecoverySecret(random));
  const { deviceId, secret } = kit.device;
  const accountId = random.bytes(32) as AccountId;
  const mark = signRecoveryMark(kit, accountId, 1_800_000_000_000);
  expect(verifyRecoveryMark(deviceId, accountId, 1_800_000_000_000, mark)).toBe(true);
  expect(verifyRecoveryMark(deviceId, accountId, 1_800_000_000_001, mark)).toBe(false);
  expect(verifyRecoveryMark(deviceId, random.bytes(32) as AccountId, 1_800_000_000_000, mark)).toBe(false);
  expect(verifyRecoveryMark(generateDevice(random).deviceId, accountId, 1_800_000_000_000, mark)).toBe(false);
  expect(verifyRecoveryMark(deviceId, accountId, 1_800_000_000_000, signDeviceConsent(secret, accountId))).toBe(false);
  for (let byte = 0; byte < mark.length; byte++) {
    const bent = mark.map((value, index) => (index === byte ? value ^ 1 : value));
    expect(verifyRecoveryMark(deviceId, accountId, 1_800_000_000_000, bent)).toBe(false);
  }
});
