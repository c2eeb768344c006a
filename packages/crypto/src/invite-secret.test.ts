import type { AccountId, SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  epochKeyOf,
  exportSecret,
  generateEpochKey,
  generateInviteSecret,
  importInviteSecret,
  importSecret,
  inviteFromSecret,
  inviteIdOf,
  openEpochKey,
  ready,
  sealKeys,
  signAcceptProof,
  verifyAcceptProof,
} from "./index.ts";
import type { InviteKeys, SealedKeys } from "./index.ts";
import { seedOf } from "./signature.ts";

beforeAll(() => ready);

const random = fixedRandom(22);
const spaceId = counting(16) as SpaceId;
const accountId = counting(32) as AccountId;
const shown = (keys: InviteKeys): readonly string[] => [
  hexOf(keys.inviteKey),
  hexOf(keys.encryptionKey),
  hexOf(exportSecret(keys.encryptionSecret)),
];

test("CR-22 a link's secret gives the same invite each time, 16 or 32 bytes long", () => {
  for (const length of [16, 32] as const) {
    const secret = generateInviteSecret(random, length);
    const bytes = exportSecret(secret);
    expect(bytes).toHaveLength(length);
    const keys = inviteFromSecret(secret);
    const again = inviteFromSecret(importInviteSecret(bytes));
    expect(shown(again)).toEqual(shown(keys));
    expect(again.inviteId).toEqual(keys.inviteId);
    expect(keys.inviteId).toHaveLength(16);
    expect(inviteIdOf(secret)).toEqual(keys.inviteId);
  }
  for (const length of [0, 15, 17, 31, 33]) expect(() => importInviteSecret(new Uint8Array(length))).toThrow("16 or 32 bytes");
});

test("CR-22 a short secret is not a long one that ends in zeros", () => {
  const long = new Uint8Array(32);
  long.set(counting(16));
  const [one, other] = [inviteFromSecret(importInviteSecret(counting(16))), inviteFromSecret(importInviteSecret(long))];
  expect(other.inviteId).not.toEqual(one.inviteId);
  expect(other.inviteKey).not.toEqual(one.inviteKey);
});

test("CR-22 a passphrase changes the keys and not the id: the invite is found, and is of no use without it", () => {
  const link = importInviteSecret(counting(32));
  const without = inviteFromSecret(link);
  const passphrases = [counting(32), flipBit(counting(32), 77), new Uint8Array(32)].map((bytes) =>
    inviteFromSecret(link, importSecret(bytes)),
  );
  const all = [without, ...passphrases];
  for (const keys of passphrases) expect(keys.inviteId).toEqual(without.inviteId);
  expect(new Set(all.flatMap((keys) => shown(keys))).size).toBe(3 * all.length);
});

test("CR-22 every bit of the secret counts, for id and keys", () => {
  const whole = inviteFromSecret(importInviteSecret(counting(16)));
  for (let bit = 0; bit < 128; bit += 7) {
    const other = inviteFromSecret(importInviteSecret(flipBit(counting(16), bit)));
    expect(other.inviteId).not.toEqual(whole.inviteId);
    expect(shown(other)).not.toEqual(shown(whole));
  }
});

test("CR-22 what the log shows of an invite is no part of its secrets", () => {
  const keys = inviteFromSecret(importInviteSecret(counting(32)));
  const secrets = [hexOf(seedOf(keys.secret)), hexOf(exportSecret(keys.encryptionSecret)), hexOf(counting(32))];
  for (const clear of [keys.inviteId, keys.inviteKey, keys.encryptionKey].map((bytes) => hexOf(bytes))) {
    for (const secret of secrets) expect(secret.startsWith(clear) || clear.startsWith(secret)).toBe(false);
  }
  expect(new Set(secrets).size).toBe(3);
});

test("CR-22 the holder of the link opens the epoch key sealed to the invite, and proves it for one account", () => {
  const inviter = inviteFromSecret(importInviteSecret(counting(32)));
  const epochKey = epochKeyOf(generateEpochKey(random), spaceId, 1);
  const sealed: SealedKeys = sealKeys({
    epochKey,
    spaceId,
    epoch: 1,
    recipients: [{ id: inviter.inviteId, encryptionKey: inviter.encryptionKey, reads: "history" }],
    grants: [],
    random,
  });
  const newcomer = inviteFromSecret(importInviteSecret(counting(32)));
  const place = { spaceId, epoch: 1, ephemeralKey: sealed.ephemeralKey, envelope: sealed.envelopes[0] as Uint8Array };
  const open = (keys: InviteKeys): ReturnType<typeof openEpochKey> =>
    openEpochKey({ ...keys, id: keys.inviteId }, place, sealed.commitment);
  const opened = open(newcomer);
  expect(opened.ok && exportSecret(opened.value.given)).toEqual(exportSecret(epochKey.given));
  const wrongPassphrase = inviteFromSecret(importInviteSecret(counting(32)), importSecret(counting(32)));
  expect(open(wrongPassphrase)).toEqual({ ok: false, error: "undecryptable" });

  const claim = { spaceId, inviteId: newcomer.inviteId, accountId };
  const proof = signAcceptProof(newcomer.secret, claim);
  expect(verifyAcceptProof(inviter.inviteKey, claim, proof)).toBe(true);
  expect(verifyAcceptProof(inviter.inviteKey, { ...claim, accountId: flipBit(accountId, 1) as AccountId }, proof)).toBe(false);
  expect(verifyAcceptProof(inviter.inviteKey, claim, signAcceptProof(wrongPassphrase.secret, claim))).toBe(false);
});

// Python: root = blake2b(b"skerry.v1.invite-root", digest_size=32, key=bytes(range(16))), and so on
test("CR-22 golden invite", () => {
  const keys = inviteFromSecret(importInviteSecret(counting(16)));
  expect(hexOf(keys.inviteId)).toBe("4647347d3ebe6fb4d23dbd15a202a18e");
  expect(hexOf(seedOf(keys.secret))).toBe("42dfc23303e58b9c5450c2814de36c95ebe1d8c51d9cecd23ae4df70b557c34c");
  expect(hexOf(exportSecret(keys.encryptionSecret))).toBe("bb5238836f2b9c3417a81125a6112d243f92b5bc2720dc76c31c5435fef89545");
  const passphrase = inviteFromSecret(importInviteSecret(counting(16)), importSecret(counting(32)));
  expect(hexOf(exportSecret(passphrase.encryptionSecret))).toBe("c87d4a915079c4021351c393e01c73c06e1dbd06c467f631a241b9e317326a98");
});
