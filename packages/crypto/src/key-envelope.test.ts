import type { AccountId, DocId, SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { decrypt } from "./aead.ts";
import { concat } from "./concat.ts";
import { derive } from "./derive.ts";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  commitEpochKey,
  documentKey,
  exportSecret,
  generateAccount,
  generateEpochKey,
  importSecret,
  keyEnvelopeBytes,
  openDocumentKey,
  openEpochKey,
  presenceKey,
  presenceKeyOf,
  ready,
  sealDocumentKey,
  sealKeys,
} from "./index.ts";
import type { AccountIdentity, EnvelopePlace, EnvelopeReader, SealedKeys, Secret } from "./index.ts";
import { agree } from "./key-agreement.ts";

const random = fixedRandom(18);
const spaceId = counting(16) as SpaceId;
const docId = counting(32).subarray(16) as DocId;
const epoch = 3;
let epochKey: Secret;
let people: readonly AccountIdentity[];
let sealed: SealedKeys;

const readerOf = (account: AccountIdentity): EnvelopeReader => ({
  id: account.accountId,
  encryptionKey: account.encryptionKey,
  encryptionSecret: account.encryptionSecret,
});
const [first, second, third] = [0, 1, 2].map((index) => (): AccountIdentity => people[index] as AccountIdentity) as [
  () => AccountIdentity,
  () => AccountIdentity,
  () => AccountIdentity,
];
const sealFor = (members: readonly AccountIdentity[], grantees: readonly AccountIdentity[] = []): SealedKeys =>
  sealKeys({
    epochKey,
    spaceId,
    epoch,
    recipients: members.map((account) => ({ id: account.accountId, encryptionKey: account.encryptionKey })),
    grants: grantees.map((account) => ({ docId, id: account.accountId, encryptionKey: account.encryptionKey })),
    random,
  });
const placeOf = (index: number, from = sealed): EnvelopePlace => ({
  spaceId,
  epoch,
  ephemeralKey: from.ephemeralKey,
  envelope: from.envelopes[index] as Uint8Array,
});
const grantPlace = (): EnvelopePlace => ({ ...placeOf(0), envelope: sealed.documentEnvelopes[0] as Uint8Array });
/** Public keys whose shared secret is zero, from libsodium's list. */
const weakKeys = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
  `${"00".repeat(31)}80`,
].map((hex) => bytesOf(hex));

beforeAll(async () => {
  await ready;
  epochKey = generateEpochKey(random);
  people = [generateAccount(random), generateAccount(random), generateAccount(random)];
  sealed = sealFor([first(), second()], [third()]);
});

test("CR-18 every recipient opens the epoch key, and nobody else's envelope", () => {
  expect(sealed.unreachable).toEqual([]);
  for (const [index, account] of [first(), second()].entries()) {
    expect(sealed.envelopes[index]).toHaveLength(keyEnvelopeBytes);
    const opened = openEpochKey(readerOf(account), placeOf(index), sealed.commitment);
    expect(opened.ok && exportSecret(opened.value)).toEqual(exportSecret(epochKey));
    expect(openEpochKey(readerOf(account), placeOf(1 - index), sealed.commitment)).toEqual({ ok: false, error: "undecryptable" });
    expect(openEpochKey(readerOf(third()), placeOf(index), sealed.commitment)).toEqual({ ok: false, error: "undecryptable" });
  }
});

test("CR-18 an envelope opens in its space and epoch, for its recipient's id, and as nothing else", () => {
  const reader = readerOf(first());
  const wrong = { ok: false, error: "undecryptable" };
  expect(openEpochKey(reader, { ...placeOf(0), spaceId: flipBit(spaceId, 5) as SpaceId }, sealed.commitment)).toEqual(wrong);
  expect(openEpochKey(reader, { ...placeOf(0), epoch: epoch + 1 }, sealed.commitment)).toEqual(wrong);
  expect(openEpochKey({ ...reader, id: second().accountId }, placeOf(0), sealed.commitment)).toEqual(wrong);
  expect(openEpochKey({ ...reader, id: first().accountId.slice(0, 16) }, placeOf(0), sealed.commitment)).toEqual(wrong);
  expect(openDocumentKey(reader, placeOf(0), docId)).toEqual(wrong);
});

test("CR-18 every bit of envelope and ephemeral key counts", () => {
  const reader = readerOf(first());
  for (let bit = 0; bit < 8 * keyEnvelopeBytes; bit++) {
    const place = { ...placeOf(0), envelope: flipBit(sealed.envelopes[0] as Uint8Array, bit) };
    expect(openEpochKey(reader, place, sealed.commitment).ok).toBe(false);
  }
  // The highest bit too: X25519 ignores it, the derivation does not.
  for (let bit = 0; bit < 256; bit += 5) {
    const place = { ...placeOf(0), ephemeralKey: flipBit(sealed.ephemeralKey, bit) };
    expect(openEpochKey(reader, place, sealed.commitment).ok).toBe(false);
  }
});

test("CR-18 an ephemeral key of small order or another length is refused, never thrown", () => {
  const reader = readerOf(first());
  for (const ephemeralKey of weakKeys) {
    expect(openEpochKey(reader, { ...placeOf(0), ephemeralKey }, sealed.commitment)).toEqual({ ok: false, error: "weak-key" });
  }
  for (const length of [0, 31, 33]) {
    const place = { ...placeOf(0), ephemeralKey: new Uint8Array(length) };
    expect(openEpochKey(reader, place, sealed.commitment)).toEqual({ ok: false, error: "bad-length" });
  }
  for (const length of [0, 15, 16, 47, 49]) {
    const place = { ...placeOf(0), envelope: new Uint8Array(length) };
    expect(openEpochKey(reader, place, sealed.commitment)).toEqual({ ok: false, error: "bad-length" });
  }
});

test("CR-18 a member whose key is of small order gets an envelope that opens for nobody, is named, and keeps nobody from theirs", () => {
  for (const [index, weak] of weakKeys.entries()) {
    const id = counting(32 + index).subarray(index) as AccountId;
    const keys = sealKeys({
      epochKey,
      spaceId,
      epoch,
      recipients: [
        { id, encryptionKey: weak },
        { id: first().accountId, encryptionKey: first().encryptionKey },
      ],
      grants: [{ docId, id, encryptionKey: weak }],
      random,
    });
    expect(keys.unreachable).toEqual([id, id]);
    expect(openEpochKey(readerOf(first()), placeOf(1, keys), keys.commitment).ok).toBe(true);
    // Who knows that the shared secret is zero, as everybody would, can not open it.
    const bound = concat(spaceId, bytesOf("03000000"), id);
    const guess = derive("skerry.v1.epoch-envelope", importSecret(new Uint8Array(32)), keys.ephemeralKey, weak, bound);
    expect(decrypt(keys.envelopes[0] as Uint8Array, bound, new Uint8Array(24), guess)).toEqual({ ok: false, error: "undecryptable" });
  }
});

test("CR-18 two calls have different ephemeral keys, so no wrapping key is used twice", () => {
  const [one, other] = [sealFor([first()]), sealFor([first()])];
  expect(one.ephemeralKey).not.toEqual(other.ephemeralKey);
  expect(one.envelopes[0]).not.toEqual(other.envelopes[0]);
  expect(openEpochKey(readerOf(first()), placeOf(0, one), one.commitment).ok).toBe(true);
  expect(openEpochKey(readerOf(first()), { ...placeOf(0, one), ephemeralKey: other.ephemeralKey }, one.commitment).ok).toBe(false);
});

test("CR-18 the same recipient twice gets the same envelope twice: a zero nonce never meets two messages", () => {
  const twice = sealFor([first(), first()], [first(), first()]);
  expect(twice.envelopes[0]).toEqual(twice.envelopes[1]);
  expect(twice.documentEnvelopes[0]).toEqual(twice.documentEnvelopes[1]);
  expect(twice.documentEnvelopes[0]).not.toEqual(twice.envelopes[0]);
});

test("CR-18 one document's key opens for its grantee, under that document, and gives the key of its presence", () => {
  const opened = openDocumentKey(readerOf(third()), grantPlace(), docId);
  expect(opened.ok && exportSecret(opened.value)).toEqual(exportSecret(documentKey(epochKey, docId)));
  expect(opened.ok && exportSecret(presenceKeyOf(opened.value))).toEqual(exportSecret(presenceKey(epochKey, docId)));
  const wrong = { ok: false, error: "undecryptable" };
  expect(openDocumentKey(readerOf(third()), grantPlace(), counting(16) as DocId)).toEqual(wrong);
  expect(openDocumentKey(readerOf(third()), { ...grantPlace(), epoch: 4 }, docId)).toEqual(wrong);
  expect(openDocumentKey(readerOf(first()), grantPlace(), docId)).toEqual(wrong);
  expect(openEpochKey(readerOf(third()), grantPlace(), sealed.commitment)).toEqual(wrong);
});

test("CR-18 who has one document's key alone can seal it, for an account or for the holders of an invite", () => {
  const key = documentKey(epochKey, docId);
  for (const id of [third().accountId, counting(16)]) {
    const reader = { ...readerOf(third()), id };
    const { ephemeralKey, sealed: envelope } = sealDocumentKey({
      documentKey: key,
      spaceId,
      epoch,
      to: { docId, id, encryptionKey: reader.encryptionKey },
      random,
    });
    const place = { spaceId, epoch, ephemeralKey, envelope };
    const opened = openDocumentKey(reader, place, docId);
    expect(opened.ok && exportSecret(opened.value)).toEqual(exportSecret(key));
    const wrong = { ok: false, error: "undecryptable" };
    expect(openDocumentKey({ ...reader, id: flipBit(id, 1) }, place, docId)).toEqual(wrong);
    expect(openEpochKey(reader, place, sealed.commitment)).toEqual(wrong);
  }
});

test("CR-19 a key that is not the committed one is refused", () => {
  const other = commitEpochKey(generateEpochKey(random), spaceId, epoch);
  const wrong = { ok: false, error: "wrong-commitment" };
  expect(openEpochKey(readerOf(first()), placeOf(0), other)).toEqual(wrong);
  expect(openEpochKey(readerOf(first()), placeOf(0), sealed.commitment.slice(0, 31))).toEqual(wrong);
  expect(openEpochKey(readerOf(first()), placeOf(0), flipBit(sealed.commitment, 255))).toEqual(wrong);
});

test("CR-19 a commitment is of one key, space and epoch", () => {
  const all = [
    commitEpochKey(epochKey, spaceId, epoch),
    commitEpochKey(epochKey, spaceId, epoch + 1),
    commitEpochKey(epochKey, flipBit(spaceId, 0) as SpaceId, epoch),
    commitEpochKey(generateEpochKey(random), spaceId, epoch),
  ];
  expect(new Set(all.map((bytes) => hexOf(bytes))).size).toBe(4);
  expect(() => commitEpochKey(epochKey, spaceId, 0)).toThrow("epoch out of range");
  // Python: blake2b(b"skerry.v1.epoch-commitment" + bytes(range(16)) + (3).to_bytes(4, "little"), digest_size=32, key=bytes(range(32)))
  expect(hexOf(commitEpochKey(importSecret(counting(32)), spaceId, 3))).toBe(
    "cbff993708647146edee4d43abe4246283773d722324e90011e44113a112c96e",
  );
});

test("CR-18 an envelope is what docs/crypto.md says, made step by step", () => {
  const reader = readerOf(second());
  const shared = agree(reader.encryptionSecret, sealed.ephemeralKey);
  const bound = concat(spaceId, bytesOf("03000000"), reader.id);
  const key = shared.ok && derive("skerry.v1.epoch-envelope", shared.value, sealed.ephemeralKey, reader.encryptionKey, bound);
  const opened = key !== false && decrypt(sealed.envelopes[1] as Uint8Array, bound, new Uint8Array(24), key);
  expect(opened).toEqual({ ok: true, value: exportSecret(epochKey) });
});

test("CR-18 golden envelopes", () => {
  const fixed = fixedRandom(181);
  const account = generateAccount(fixed);
  const keys = sealKeys({
    epochKey: importSecret(counting(32)),
    spaceId,
    epoch,
    recipients: [{ id: account.accountId, encryptionKey: account.encryptionKey }],
    grants: [{ docId, id: account.accountId, encryptionKey: account.encryptionKey }],
    random: fixed,
  });
  expect(hexOf(keys.ephemeralKey)).toMatchInlineSnapshot(`"0b6468749b716cf3c3ae8d3601e66aef7871afdb963394756b42735d583b9b45"`);
  expect(keys.envelopes.map((bytes) => hexOf(bytes))).toMatchInlineSnapshot(`
    [
      "2370c10ac003f2afaa742007ef1e1ce59c21bd23c54f51774a602195757ba02a2b57246fad42fd7776ad171fa11803ab",
    ]
  `);
  expect(keys.documentEnvelopes.map((bytes) => hexOf(bytes))).toMatchInlineSnapshot(`
    [
      "bebeb8bfd39402ad68c6997c91a3767d23b2121dbd8bd64ba4bedd22c568cc05ef62d5dcb898605cbe9e475073ef4e06",
    ]
  `);
});
