import type { Random } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { castOf } from "./cast.test-support.ts";
import { counting, hexOf } from "./hex.test-support.ts";
import {
  accountIdOf,
  exportAccount,
  exportDevice,
  exportRelayIdentity,
  exportSecret,
  generateAccount,
  generateDevice,
  generateRelayIdentity,
  importAccount,
  importDevice,
  importRelayIdentity,
  ready,
} from "./index.ts";

beforeAll(() => ready);

test("CR-13 device, account and relay survive export and import", () => {
  const { alice, account, relay } = castOf(7);
  const device = importDevice(exportDevice(alice));
  expect(device.ok && device.value.deviceId).toEqual(alice.deviceId);
  expect(device.ok && exportSecret(device.value.secret)).toEqual(exportSecret(alice.secret));

  const again = importAccount(exportAccount(account));
  expect(again.ok && again.value.accountId).toEqual(account.accountId);
  expect(again.ok && again.value.accountKey).toEqual(account.accountKey);
  expect(again.ok && again.value.encryptionKey).toEqual(account.encryptionKey);
  expect(again.ok && exportAccount(again.value)).toEqual(exportAccount(account));

  const relayAgain = importRelayIdentity(exportRelayIdentity(relay));
  expect(relayAgain.ok && relayAgain.value.relayKey).toEqual(relay.relayKey);
});

test("CR-13 imported bytes are copied: the caller may wipe its own", () => {
  const { account, alice } = castOf(8);
  const bytes = exportAccount(account);
  const imported = importAccount(bytes);
  bytes.fill(0);
  expect(imported.ok && exportAccount(imported.value)).toEqual(exportAccount(account));
  const seed = exportDevice(alice);
  seed.fill(0);
  expect(exportDevice(alice)).not.toEqual(seed);
});

test("CR-13 the random bytes that a key was made from are wiped", () => {
  const drawn: Uint8Array[] = [];
  const random: Random = {
    bytes: (length) => {
      const bytes = new Uint8Array(length).fill(9);
      drawn.push(bytes);
      return bytes;
    },
  };
  generateDevice(random);
  generateAccount(random);
  generateRelayIdentity(random);
  expect(drawn).toHaveLength(3);
  for (const bytes of drawn) expect(bytes.every((byte) => byte === 0)).toBe(true);
});

test("CR-13 bytes of another length are refused", () => {
  for (const length of [0, 31, 33, 63, 65]) {
    expect(importDevice(new Uint8Array(length))).toEqual({ ok: false, error: "bad-length" });
    expect(importRelayIdentity(new Uint8Array(length))).toEqual({ ok: false, error: "bad-length" });
    expect(importAccount(new Uint8Array(length))).toEqual({ ok: false, error: "bad-length" });
  }
  expect(() => accountIdOf(counting(31))).toThrow("32 bytes");
});

test("CR-13 the root key and the encryption key of an account come from different random bytes", () => {
  const bytes = exportAccount(castOf(9).account);
  expect(bytes).toHaveLength(64);
  expect(bytes.subarray(0, 32)).not.toEqual(bytes.subarray(32));
});

test("CR-13 golden identities: the same stored bytes are the same person", () => {
  const device = importDevice(counting(32));
  const account = importAccount(counting(64));
  expect(device.ok && hexOf(device.value.deviceId)).toMatchInlineSnapshot(
    `"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"`,
  );
  expect(account.ok && hexOf(account.value.accountId)).toMatchInlineSnapshot(
    `"370853746a9df1ccb0df36d160fc69843357e7ede6b80c698d0a6e72b96fb8f1"`,
  );
  expect(account.ok && hexOf(account.value.encryptionKey)).toMatchInlineSnapshot(
    `"358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254"`,
  );
});
