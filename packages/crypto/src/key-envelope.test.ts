import type { AccountId, DocId, SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { decrypt } from "./aead.ts";
import { concat } from "./concat.ts";
import { derive } from "./derive.ts";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  commitEpochKey,
  contentKeyOf,
  documentKey,
  epochKeyOf,
  exportSecret,
  generateAccount,
  generateEpochKey,
  hasHistoryKey,
  importSecret,
  keyEnvelopeBytes,
  openDocumentKey,
  openEpochKey,
  presenceKey,
  presenceKeyOf,
  ready,
  recogniseEpochKey,
  sealDocumentKey,
  sealKeys,
} from "./index.ts";
import type { AccountIdentity, EnvelopePlace, EnvelopeReader, EpochKey, EpochRecipient, SealedKeys } from "./index.ts";
import { agree } from "./key-agreement.ts";

const random = fixedRandom(18);
const spaceId = counting(16) as SpaceId;
const docId = counting(32).subarray(16) as DocId;
const epoch = 3;
let epochKey: EpochKey;
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
const recipientOf = (account: AccountIdentity, reads: EpochRecipient["reads"] = "history"): EpochRecipient => ({
  id: account.accountId,
  encryptionKey: account.encryptionKey,
  reads,
});
const sealFor = (members: readonly AccountIdentity[], grantees: readonly AccountIdentity[] = []): SealedKeys =>
  sealKeys({
    epochKey,
    spaceId,
    epoch,
    recipients: members.map((account) => recipientOf(account)),
    grants: grantees.map((account) => ({ docId, id: account.accountId, encryptionKey: account.encryptionKey })),
    random,
  });
const shown = ({ given, content }: EpochKey): readonly Uint8Array[] => [exportSecret(given), exportSecret(content)];
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
  epochKey = epochKeyOf(generateEpochKey(random), spaceId, epoch);
  people = [generateAccount(random), generateAccount(random), generateAccount(random)];
  sealed = sealFor([first(), second()], [third()]);
});

test("CR-18 every recipient opens the epoch key, and nobody else's envelope", () => {
  expect(sealed.unreachable).toEqual([]);
  for (const [index, account] of [first(), second()].entries()) {
    expect(sealed.envelopes[index]).toHaveLength(keyEnvelopeBytes);
    const opened = openEpochKey(readerOf(account), placeOf(index), sealed.commitment);
    expect(opened.ok && shown(opened.value)).toEqual(shown(epochKey));
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
      recipients: [{ id, encryptionKey: weak, reads: "history" }, recipientOf(first())],
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
  expect(opened.ok && exportSecret(opened.value)).toEqual(exportSecret(documentKey(epochKey.content, docId)));
  expect(opened.ok && exportSecret(presenceKeyOf(opened.value))).toEqual(exportSecret(presenceKey(epochKey.content, docId)));
  const wrong = { ok: false, error: "undecryptable" };
  expect(openDocumentKey(readerOf(third()), grantPlace(), counting(16) as DocId)).toEqual(wrong);
  expect(openDocumentKey(readerOf(third()), { ...grantPlace(), epoch: 4 }, docId)).toEqual(wrong);
  expect(openDocumentKey(readerOf(first()), grantPlace(), docId)).toEqual(wrong);
  expect(openEpochKey(readerOf(third()), grantPlace(), sealed.commitment)).toEqual(wrong);
});

test("CR-18 who has one document's key alone can seal it, for an account or for the holders of an invite", () => {
  const key = documentKey(epochKey.content, docId);
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
    commitEpochKey(epochKey.content, spaceId, epoch),
    commitEpochKey(epochKey.content, spaceId, epoch + 1),
    commitEpochKey(epochKey.content, flipBit(spaceId, 0) as SpaceId, epoch),
    commitEpochKey(generateEpochKey(random), spaceId, epoch),
  ];
  expect(new Set(all.map((bytes) => hexOf(bytes))).size).toBe(4);
  expect(() => commitEpochKey(epochKey.content, spaceId, 0)).toThrow("epoch out of range");
  // Python: blake2b(b"skerry.v1.epoch-commitment" + bytes(range(16)) + (3).to_bytes(4, "little"), digest_size=32, key=bytes(range(32)))
  expect(hexOf(commitEpochKey(importSecret(counting(32)), spaceId, 3))).toBe(
    "cbff993708647146edee4d43abe4246283773d722324e90011e44113a112c96e",
  );
});

test("CR-31 who reads history gets the history key, who reads from the epoch on its content key; the commitment is to that, and either is recognised", () => {
  const keys = sealKeys({
    epochKey,
    spaceId,
    epoch,
    recipients: [recipientOf(first(), "history"), recipientOf(second(), "from-this-epoch")],
    grants: [],
    random,
  });
  expect(keys.commitment).toEqual(commitEpochKey(epochKey.content, spaceId, epoch));
  const [history, content] = [first(), second()].map((who, index) => openEpochKey(readerOf(who), placeOf(index, keys), keys.commitment));
  if (history?.ok !== true || content?.ok !== true) throw new Error("an envelope did not open");
  expect(hasHistoryKey(history.value)).toBe(true);
  expect(shown(history.value)).toEqual(shown(epochKey));
  expect(hasHistoryKey(content.value)).toBe(false);
  expect(shown(content.value)).toEqual([exportSecret(epochKey.content), exportSecret(epochKey.content)]);
  expect(exportSecret(epochKey.content)).not.toEqual(exportSecret(epochKey.given));
  // Who has the content key alone gives that to everybody.
  const weaker = sealKeys({ epochKey: content.value, spaceId, epoch, recipients: [recipientOf(first(), "history")], grants: [], random });
  const opened = openEpochKey(readerOf(first()), placeOf(0, weaker), keys.commitment);
  expect(opened.ok && shown(opened.value)).toEqual(shown(content.value));
  expect(weaker.commitment).toEqual(keys.commitment);
  // The nonce is zero: one recipient never gets both in one call.
  const both = [recipientOf(first(), "history"), recipientOf(first(), "from-this-epoch")];
  expect(() => sealKeys({ epochKey, spaceId, epoch, recipients: both, grants: [], random })).toThrow("one key for one recipient");
});

test("CR-31 a key from before there were two is its own content key, and what is neither is no key", () => {
  const old = generateEpochKey(random);
  const commitment = commitEpochKey(old, spaceId, epoch);
  const known = recogniseEpochKey(old, spaceId, epoch, commitment);
  expect(known).toEqual({ given: old, content: old });
  expect(known?.content).toBe(old);
  expect(recogniseEpochKey(generateEpochKey(random), spaceId, epoch, commitment)).toBeUndefined();
  expect(recogniseEpochKey(epochKey.given, spaceId, epoch + 1, sealed.commitment)).toBeUndefined();
  expect(recogniseEpochKey(epochKey.given, flipBit(spaceId, 3) as SpaceId, epoch, sealed.commitment)).toBeUndefined();
});

test("CR-31 golden content key, and the commitment to it", () => {
  // Python: blake2b(b"skerry.v1.epoch-content-key" + bytes(range(16)) + (3).to_bytes(4, "little"), digest_size=32, key=bytes(range(32)))
  const content = contentKeyOf(importSecret(counting(32)), spaceId, 3);
  expect(hexOf(exportSecret(content))).toBe("44343890b2b7cc8cf127a64bf5c32d791c5fc103c734f00432b665be8a990fee");
  expect(hexOf(commitEpochKey(content, spaceId, 3))).toBe("c07909929cfab959d7632e7dc8a5e1060f43ad5937b12ca1859d1d8b2b28ce30");
  expect(() => contentKeyOf(importSecret(counting(32)), spaceId, 0)).toThrow("epoch out of range");
});

test("CR-18 an envelope is what docs/crypto.md says, made step by step", () => {
  const reader = readerOf(second());
  const shared = agree(reader.encryptionSecret, sealed.ephemeralKey);
  const bound = concat(spaceId, bytesOf("03000000"), reader.id);
  const key = shared.ok && derive("skerry.v1.epoch-envelope", shared.value, sealed.ephemeralKey, reader.encryptionKey, bound);
  const opened = key !== false && decrypt(sealed.envelopes[1] as Uint8Array, bound, new Uint8Array(24), key);
  expect(opened).toEqual({ ok: true, value: exportSecret(epochKey.given) });
});

test("CR-18 CR-31 golden envelopes, of a history key, and as they were when an epoch had one key", () => {
  const goldenOf = (epochKey: EpochKey): SealedKeys => {
    const fixed = fixedRandom(181);
    const account = generateAccount(fixed);
    const to = { id: account.accountId, encryptionKey: account.encryptionKey };
    return sealKeys({ epochKey, spaceId, epoch, recipients: [{ ...to, reads: "history" }], grants: [{ ...to, docId }], random: fixed });
  };
  const shownOf = ({ ephemeralKey, envelopes, documentEnvelopes }: SealedKeys): readonly string[] =>
    [ephemeralKey, ...envelopes, ...documentEnvelopes].map((bytes) => hexOf(bytes));
  const key = importSecret(counting(32));
  const ephemeralKey = "0b6468749b716cf3c3ae8d3601e66aef7871afdb963394756b42735d583b9b45";
  const envelope = "2370c10ac003f2afaa742007ef1e1ce59c21bd23c54f51774a602195757ba02a2b57246fad42fd7776ad171fa11803ab";
  expect(shownOf(goldenOf({ given: key, content: key }))).toEqual([
    ephemeralKey,
    envelope,
    "bebeb8bfd39402ad68c6997c91a3767d23b2121dbd8bd64ba4bedd22c568cc05ef62d5dcb898605cbe9e475073ef4e06",
  ]);
  // The document's key is another: it follows from the content key.
  expect(shownOf(goldenOf(epochKeyOf(key, spaceId, epoch)))).toEqual([
    ephemeralKey,
    envelope,
    "273cf9535d79f94e731bea9d5f0d79f75430db618c8d4c0d33970227ecf3a2fb4b81b735ba268149c23a0a134221e556",
  ]);
});
