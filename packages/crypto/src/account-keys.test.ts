import { bytesEqual } from "@skerry/protocol";
import type { AccountId, DeviceId, Random } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import { beforeAll, expect, test } from "vitest";
import { decrypt } from "./aead.ts";
import { concat } from "./concat.ts";
import { derive } from "./derive.ts";
import { agreementKeyOfDevice, agreementOfDevice } from "./device-agreement.ts";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  accountKeyDevicesMax,
  exportSecret,
  generateAccount,
  generateDevice,
  importSecret,
  openAccountKeys,
  ready,
  rotateEncryptionKey,
  sealedAccountKeysBytesMax,
} from "./index.ts";
import type { AccountIdentity, AccountKeysPlace, DeviceIdentity, RotatedEncryptionKey, Secret } from "./index.ts";
import { agree, generateAgreementKey } from "./key-agreement.ts";
import type { AgreementKey } from "./key-agreement.ts";
import { sealOnce } from "./seal-once.ts";

const random = fixedRandom(28);
const n = 7;
/** version, ephemeral key */
const headBytes = 33;
/** first bytes of the id, sealed key, tag */
const entryBytes = 56;
let account: AccountIdentity;
let devices: readonly DeviceIdentity[];
let revoked: DeviceIdentity;
let rotated: RotatedEncryptionKey;
let place: AccountKeysPlace;

const failed = (error: string): unknown => ({ ok: false, error });
const idsOf = (all: readonly DeviceIdentity[]): DeviceId[] => all.map(({ deviceId }) => deviceId);
const placeOf = (keys: RotatedEncryptionKey): AccountKeysPlace => ({
  accountId: account.accountId,
  n,
  encryptionKey: keys.encryptionKey,
  sealedKeys: keys.sealedKeys,
});
const rotate = (ids: readonly DeviceId[]): RotatedEncryptionKey =>
  rotateEncryptionKey({ accountId: account.accountId, n, devices: ids, random });
const bytesOfOpened = (opened: { ok: true; value: Secret } | { ok: false; error: string }): Uint8Array | string =>
  opened.ok ? exportSecret(opened.value) : opened.error;
const first = (): DeviceIdentity => devices[0] as DeviceIdentity;
/** As a hostile author would: an envelope for `id`, of any bytes. */
const entryFor = (
  ephemeral: AgreementKey,
  publicKey: Uint8Array,
  id: Uint8Array,
  sealed: Uint8Array,
  encryptionKey: Uint8Array,
): Uint8Array => {
  const shared = agree(ephemeral.secret, publicKey);
  if (!shared.ok) throw new Error("the test's own key is weak");
  const bound = concat(account.accountId, bytesOf("0700000000000000"), encryptionKey, id);
  const key = derive("skerry.v1.account-key-envelope", shared.value, ephemeral.publicKey, publicKey, bound);
  return concat(id.subarray(0, 8), sealOnce(key, sealed, bound));
};
/** The point plus the one of order two, (0, -1): y and the sign of x change. A device's own key made it, and it is outside the prime-order group. */
const outsideTheGroup = (id: Uint8Array): DeviceId => {
  const p = 2n ** 255n - 19n;
  const number = BigInt(`0x${hexOf(id.toReversed())}`);
  const changed = (p - (number & (2n ** 255n - 1n))) | ((number & (2n ** 255n)) ^ (2n ** 255n));
  return bytesOf(changed.toString(16).padStart(64, "0")).toReversed() as DeviceId;
};
/** Device ids that cannot be sealed to: of small order, and no points. */
const weakIds = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `02${"00".repeat(31)}`,
  "ff".repeat(32),
].map((hex) => bytesOf(hex) as DeviceId);

beforeAll(async () => {
  await ready;
  account = generateAccount(random);
  devices = Array.from({ length: 4 }, () => generateDevice(random));
  revoked = generateDevice(random);
  rotated = rotate(idsOf(devices));
  place = placeOf(rotated);
});

test("CR-28 every device that stays opens the account's new key, and it works as the account's", () => {
  expect(rotated.unreachable).toEqual([]);
  const secret = exportSecret(rotated.encryptionSecret);
  expect(sodium.crypto_scalarmult_base(secret)).toEqual(rotated.encryptionKey);
  for (const device of devices) expect(bytesOfOpened(openAccountKeys(device, place))).toEqual(secret);
  // The device's secret outlives the call.
  expect(openAccountKeys(first(), place).ok).toBe(true);
});

test("CR-28 a revoked device, and one that came later, find nothing for them", () => {
  expect(openAccountKeys(revoked, place)).toEqual(failed("not-for-us"));
});

test("CR-28 a revoked device opens none of the others' envelopes, even under its own name", () => {
  for (let index = 0; index < 4; index++) {
    const at = headBytes + index * entryBytes;
    const renamed = concat(
      rotated.sealedKeys.subarray(0, headBytes),
      revoked.deviceId.subarray(0, 8),
      rotated.sealedKeys.subarray(at + 8, at + entryBytes),
    );
    expect(openAccountKeys(revoked, { ...place, sealedKeys: renamed })).toEqual(failed("undecryptable"));
  }
});

test("CR-28 sealed keys open in their account, at their position and for their public key only", () => {
  const elsewhere: readonly AccountKeysPlace[] = [
    { ...place, accountId: flipBit(place.accountId, 9) as AccountId },
    { ...place, n: n + 1 },
    { ...place, n: n + 2 ** 32 },
    { ...place, encryptionKey: flipBit(place.encryptionKey, 100) },
    { ...place, encryptionKey: rotate(idsOf(devices)).encryptionKey },
  ];
  for (const other of elsewhere) expect(openAccountKeys(first(), other)).toEqual(failed("undecryptable"));
});

test("CR-28 every bit counts: what is changed opens to nothing, or, where it was another's, to the same key", () => {
  const secret = exportSecret(rotated.encryptionSecret);
  for (let bit = 0; bit < 8 * rotated.sealedKeys.length; bit++) {
    const sealedKeys = flipBit(rotated.sealedKeys, bit);
    const mine = openAccountKeys(first(), { ...place, sealedKeys });
    if (mine.ok) expect(exportSecret(mine.value)).toEqual(secret);
    // The head is everybody's, so nobody opens.
    if (bit < 8 * headBytes) expect(mine.ok).toBe(false);
  }
  // With one recipient every bit is ours.
  const alone = rotate([first().deviceId]);
  for (let bit = 0; bit < 8 * alone.sealedKeys.length; bit++) {
    const opened = openAccountKeys(first(), { ...placeOf(alone), sealedKeys: flipBit(alone.sealedKeys, bit) });
    expect(opened.ok).toBe(false);
  }
});

test("CR-28 a private key that is not the public key's is refused", () => {
  const ephemeral = generateAgreementKey(random);
  const other = exportSecret(generateAgreementKey(random).secret);
  const entry = entryFor(ephemeral, agreementOfDevice(first()).publicKey, first().deviceId, other, place.encryptionKey);
  const sealedKeys = concat(Uint8Array.of(1), ephemeral.publicKey, entry);
  expect(openAccountKeys(first(), { ...place, sealedKeys })).toEqual(failed("wrong-key"));
  // The same by an author who seals the right one.
  const right = entryFor(
    ephemeral,
    agreementOfDevice(first()).publicKey,
    first().deviceId,
    exportSecret(rotated.encryptionSecret),
    place.encryptionKey,
  );
  expect(openAccountKeys(first(), { ...place, sealedKeys: concat(Uint8Array.of(1), ephemeral.publicKey, right) }).ok).toBe(true);
});

test("CR-28 ids that begin alike: each that fits is tried, wherever ours stands", () => {
  const head = rotated.sealedKeys.subarray(0, headBytes);
  const at = [0, 1, 2, 3].map((index) => headBytes + index * entryBytes);
  const entry = at
    .map((from) => rotated.sealedKeys.subarray(from, from + entryBytes))
    .find((bytes) => bytesEqual(bytes.subarray(0, 8), first().deviceId.subarray(0, 8))) as Uint8Array;
  const like = concat(first().deviceId.subarray(0, 8), random.bytes(48));
  const secret = exportSecret(rotated.encryptionSecret);
  for (const entries of [
    [entry, like],
    [like, entry],
    [like, like, entry, like],
  ]) {
    const sealedKeys = concat(head, ...entries);
    expect(bytesOfOpened(openAccountKeys(first(), { ...place, sealedKeys }))).toEqual(secret);
  }
  expect(openAccountKeys(first(), { ...place, sealedKeys: concat(head, like, like) })).toEqual(failed("undecryptable"));
});

test("CR-28 the ephemeral key is wiped, the account's new key is the caller's", () => {
  const drawn: Uint8Array[] = [];
  const keeping: Random = {
    bytes: (length) => {
      const bytes = random.bytes(length);
      drawn.push(bytes);
      return bytes;
    },
  };
  const keys = rotateEncryptionKey({ accountId: account.accountId, n, devices: idsOf(devices), random: keeping });
  expect(drawn).toHaveLength(2);
  expect(drawn[0]).toEqual(exportSecret(keys.encryptionSecret));
  expect(drawn[1]).toEqual(new Uint8Array(32));
});

test("CR-28 a device whose id cannot be sealed to gets an envelope that opens for nobody, is named, and keeps nobody from theirs", () => {
  for (const weak of [...weakIds, outsideTheGroup(revoked.deviceId)]) {
    expect(agreementKeyOfDevice(weak)).toEqual(failed("weak-key"));
    const keys = rotate([weak, ...idsOf(devices)]);
    expect(keys.unreachable).toEqual([weak]);
    expect(keys.sealedKeys).toHaveLength(headBytes + 5 * entryBytes);
    for (const device of devices) expect(openAccountKeys(device, placeOf(keys)).ok).toBe(true);
    // Its envelope looks like any other.
    for (let at = headBytes; at < keys.sealedKeys.length; at += entryBytes) {
      expect(new Set(keys.sealedKeys.subarray(at + 8, at + entryBytes)).size).toBeGreaterThan(24);
    }
    // Who takes the shared secret for zero, as everybody could, can not open any envelope.
    for (let index = 0; index < 5; index++) {
      const at = headBytes + index * entryBytes;
      const bound = concat(account.accountId, bytesOf("0700000000000000"), keys.encryptionKey, weak);
      for (const publicKey of [weak, new Uint8Array(32)]) {
        const guess = derive(
          "skerry.v1.account-key-envelope",
          importSecret(new Uint8Array(32)),
          keys.sealedKeys.subarray(1, 33),
          publicKey,
          bound,
        );
        expect(decrypt(keys.sealedKeys.subarray(at + 8, at + entryBytes), bound, new Uint8Array(24), guess).ok).toBe(false);
      }
    }
  }
});

test("CR-28 an ephemeral key of small order, and bytes of another version, length or order, are refused, never thrown", () => {
  for (const weak of ["00".repeat(32), `01${"00".repeat(31)}`, `ec${"ff".repeat(30)}7f`]) {
    const sealedKeys = concat(Uint8Array.of(1), bytesOf(weak), rotated.sealedKeys.subarray(headBytes));
    expect(openAccountKeys(first(), { ...place, sealedKeys })).toEqual(failed("weak-key"));
  }
  const malformed = (sealedKeys: Uint8Array): void =>
    expect(openAccountKeys(first(), { ...place, sealedKeys })).toEqual(failed("malformed"));
  for (let length = 0; length < rotated.sealedKeys.length; length++) {
    if (length < headBytes + entryBytes || (length - headBytes) % entryBytes !== 0) malformed(rotated.sealedKeys.subarray(0, length));
  }
  malformed(concat(rotated.sealedKeys, Uint8Array.of(0)));
  for (const version of [0, 2, 255]) malformed(concat(Uint8Array.of(version), rotated.sealedKeys.subarray(1)));
  const entries = [1, 0, 2, 3].map((index) =>
    rotated.sealedKeys.subarray(headBytes + index * entryBytes, headBytes + (index + 1) * entryBytes),
  );
  malformed(concat(rotated.sealedKeys.subarray(0, headBytes), ...entries));
  const most = Math.floor((sealedAccountKeysBytesMax - headBytes) / entryBytes);
  const many = (count: number): Uint8Array =>
    concat(Uint8Array.of(1), generateAgreementKey(random).publicKey, new Uint8Array(count * entryBytes));
  expect(openAccountKeys(first(), { ...place, sealedKeys: many(most) })).toEqual(failed("not-for-us"));
  malformed(many(most + 1));
  for (const length of [0, 31, 33]) {
    expect(openAccountKeys(first(), { ...place, encryptionKey: new Uint8Array(length) })).toEqual(failed("malformed"));
  }
});

test("CR-28 32 devices fit the operation", () => {
  const all = Array.from({ length: accountKeyDevicesMax }, () => generateDevice(random));
  const keys = rotate(idsOf(all));
  expect(keys.sealedKeys).toHaveLength(1825);
  // accessLimits.sealedKeysBytesMax: the rulebook is above this package, so its number stands here as our own bound.
  expect(sealedAccountKeysBytesMax).toBe(3072);
  expect(keys.sealedKeys.length).toBeLessThanOrEqual(sealedAccountKeysBytesMax);
  for (const device of all) expect(openAccountKeys(device, placeOf(keys)).ok).toBe(true);
});

test("CR-28 the order in which devices are named does not show", () => {
  const [one, other] = [idsOf(devices), idsOf(devices).toReversed()].map((ids) =>
    rotateEncryptionKey({ accountId: account.accountId, n, devices: ids, random: fixedRandom(3) }),
  ) as [RotatedEncryptionKey, RotatedEncryptionKey];
  expect(one.sealedKeys).toEqual(other.sealedKeys);
});

test("CR-28 no devices, too many, one twice, or ids of another length are a bug of the caller", () => {
  const [one] = idsOf(devices) as [DeviceId];
  expect(() => rotate([])).toThrow("1 to 32 devices");
  expect(() => rotate(Array.from({ length: 33 }, (_, index) => counting(32 + index).subarray(index) as DeviceId))).toThrow(
    "1 to 32 devices",
  );
  expect(() => rotate([one, one.slice() as DeviceId])).toThrow("a device twice");
  expect(() => rotate([counting(31) as DeviceId])).toThrow("ids of another length");
  for (const position of [-1, 0.5, 2 ** 53])
    expect(() => openAccountKeys(first(), { ...place, n: position })).toThrow("position out of range");
});

test("CR-28 two calls have different account and ephemeral keys, so no wrapping key is used twice", () => {
  const [one, other] = [rotate(idsOf(devices)), rotate(idsOf(devices))];
  expect(one.encryptionKey).not.toEqual(other.encryptionKey);
  expect(one.sealedKeys.subarray(1, 33)).not.toEqual(other.sealedKeys.subarray(1, 33));
});

test("CR-28 an id and its negative share an X25519 key, and still have wrapping keys of their own", () => {
  const negative = flipBit(first().deviceId, 255) as DeviceId;
  expect(agreementKeyOfDevice(negative)).toEqual(agreementKeyOfDevice(first().deviceId));
  const keys = rotate([first().deviceId, negative]);
  const [one, other] = [0, 1].map((index) =>
    hexOf(keys.sealedKeys.subarray(headBytes + index * entryBytes + 8, headBytes + (index + 1) * entryBytes)),
  );
  expect(one).not.toBe(other);
  expect(openAccountKeys(first(), placeOf(keys)).ok).toBe(true);
});

test("CR-28 the X25519 key that others compute of a device's id is the device's own", () => {
  for (const device of devices)
    expect(agreementKeyOfDevice(device.deviceId)).toEqual({ ok: true, value: agreementOfDevice(device).publicKey });
  // libsodium's own test: https://github.com/jedisct1/libsodium/blob/master/test/default/ed25519_convert.c
  const pair = sodium.crypto_sign_seed_keypair(bytesOf("421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee"));
  expect(hexOf(sodium.crypto_sign_ed25519_pk_to_curve25519(pair.publicKey))).toBe(
    "f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50",
  );
  expect(hexOf(sodium.crypto_sign_ed25519_sk_to_curve25519(pair.privateKey))).toBe(
    "8052030376d47112be7f73ed7a019293dd12ad910b654455798b4667d73de166",
  );
});

test("CR-28 the sealed keys are what docs/crypto.md says, made step by step", () => {
  const device = agreementOfDevice(first());
  const ephemeralKey = rotated.sealedKeys.subarray(1, headBytes);
  const shared = agree(device.secret, ephemeralKey);
  const bound = concat(account.accountId, bytesOf("0700000000000000"), rotated.encryptionKey, first().deviceId);
  const key = shared.ok && derive("skerry.v1.account-key-envelope", shared.value, ephemeralKey, device.publicKey, bound);
  const at = [0, 1, 2, 3]
    .map((index) => headBytes + index * entryBytes)
    .find((from) => bytesEqual(rotated.sealedKeys.subarray(from, from + 8), first().deviceId.subarray(0, 8))) as number;
  const opened = key !== false && decrypt(rotated.sealedKeys.subarray(at + 8, at + entryBytes), bound, new Uint8Array(24), key);
  expect(opened).toEqual({ ok: true, value: exportSecret(rotated.encryptionSecret) });
});

test("CR-28 golden sealed keys", () => {
  const fixed = fixedRandom(281);
  const golden = { accountId: counting(32) as AccountId, n: 258 };
  const [one, other] = [generateDevice(fixed), generateDevice(fixed)];
  const keys = rotateEncryptionKey({ ...golden, devices: idsOf([one, other]), random: fixed });
  expect(hexOf(keys.encryptionKey)).toMatchInlineSnapshot(`"44bb3a116274a3d2839716cc5f1e08a3f9eddd05821ad52da7c7c08cc6207038"`);
  expect(hexOf(exportSecret(keys.encryptionSecret))).toMatchInlineSnapshot(
    `"72f9edf6a91a3f8dc2f1d0ad486575fc437be4c4b44a4fd3ada47394296cd639"`,
  );
  expect(hexOf(keys.sealedKeys)).toMatchInlineSnapshot(
    `"012fc59fe147db383dd13ac2cb4789e8c985d884cae3dd69f952364339c4d0810830b790d640c06239145a0cff95a5efef5d1ae97bb20a759f7b454ed3a68fe5c48a3463d61f5384b440fe313e56d158a20e78b8a1a115b9a8ce720cb531579978094b8dc76ad7794c0abdb51d370f4a993820428bb027715b4d3bb57f8d8499c71d7a392d09290a6dd46d40009bf85cd9"`,
  );
  const there = { ...golden, encryptionKey: keys.encryptionKey, sealedKeys: keys.sealedKeys };
  expect(openAccountKeys(one, there).ok && openAccountKeys(other, there).ok).toBe(true);
});
