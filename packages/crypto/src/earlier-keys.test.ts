import type { DocId, SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { decrypt } from "./aead.ts";
import { concat } from "./concat.ts";
import { derive } from "./derive.ts";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import { exportSecret, importSecret, openEarlierKeys, ready, sealEarlierKeys } from "./index.ts";
import type { DocumentKeyPlace } from "./index.ts";

const random = fixedRandom(30);
const spaceId = counting(16) as SpaceId;
const docId = counting(32).subarray(16) as DocId;
const place: DocumentKeyPlace = { spaceId, epoch: 4, docId };
const keyOf = (first: number): Uint8Array => counting(32).map((byte) => byte + first);
const earlier = [1, 2, 3].map((epoch) => importSecret(keyOf(epoch)));

beforeAll(() => ready);

test("CR-30 whoever has a document's key has the keys before it, by epoch, as far back as they were sealed", () => {
  const key = importSecret(keyOf(4));
  for (const count of [1, 2, 3]) {
    const sealed = sealEarlierKeys(key, place, earlier.slice(-count), random);
    expect(sealed).toHaveLength(24 + 32 * count + 16);
    const opened = openEarlierKeys(key, place, sealed);
    expect(opened.ok && [...opened.value].map(([epoch, secret]) => [epoch, hexOf(exportSecret(secret))])).toEqual(
      [1, 2, 3].slice(-count).map((epoch) => [epoch, hexOf(keyOf(epoch))]),
    );
  }
  expect(sealEarlierKeys(key, { ...place, epoch: 1 }, [], random)).toEqual(new Uint8Array());
  expect(openEarlierKeys(key, place, new Uint8Array())).toEqual({ ok: true, value: new Map() });
  expect(() => sealEarlierKeys(key, { ...place, epoch: 3 }, earlier, random)).toThrow("no epoch before the first");
});

test("CR-30 it opens under that key, for that space, epoch and document only, and unchanged", () => {
  const key = importSecret(keyOf(4));
  const sealed = sealEarlierKeys(key, place, earlier, random);
  const wrong = { ok: false, error: "undecryptable" };
  expect(openEarlierKeys(importSecret(keyOf(5)), place, sealed)).toEqual(wrong);
  expect(openEarlierKeys(key, { ...place, epoch: 5 }, sealed)).toEqual(wrong);
  expect(openEarlierKeys(key, { ...place, docId: flipBit(docId, 3) as DocId }, sealed)).toEqual(wrong);
  expect(openEarlierKeys(key, { ...place, spaceId: flipBit(spaceId, 3) as SpaceId }, sealed)).toEqual(wrong);
  for (let bit = 0; bit < sealed.length * 8; bit += 7) expect(openEarlierKeys(key, place, flipBit(sealed, bit))).toEqual(wrong);
});

test("CR-30 what is no number of keys, or of more epochs than there were, is refused before it is opened", () => {
  const key = importSecret(keyOf(4));
  const sealed = sealEarlierKeys(key, place, earlier, random);
  const bad = { ok: false, error: "bad-length" };
  for (const length of [1, 39, 40, 41, 71, 73, sealed.length - 1])
    expect(openEarlierKeys(key, place, sealed.slice(0, length)), String(length)).toEqual(bad);
  expect(openEarlierKeys(key, { ...place, epoch: 3 }, sealed)).toEqual(bad);
  expect(openEarlierKeys(key, { ...place, epoch: 0xffffffff }, new Uint8Array(24 + 32 * 8193 + 16))).toEqual(bad);
});

test("CR-30 the bytes are what docs/crypto.md says, made step by step", () => {
  const key = importSecret(counting(32));
  const sealed = sealEarlierKeys(key, place, earlier, fixedRandom(31));
  const bound = concat(spaceId, bytesOf("04000000"), docId);
  const wrapping = derive("skerry.v1.earlier-document-keys", key, bound);
  expect(decrypt(sealed.subarray(24), bound, sealed.subarray(0, 24), wrapping)).toEqual({
    ok: true,
    value: concat(keyOf(1), keyOf(2), keyOf(3)),
  });
  expect(hexOf(sealed)).toMatchInlineSnapshot(
    `"441af2f225ef9fcb5de70d35945f9a2bc0f673f1fe163097f319c44bdbbe2691b77af66c7b1db9d69151b8f2d3b9992dd4e7a273dce4b4aa73e996575b73885b69acc6f7f87f2e58b775dab2185ad2e564765bd983b9a8c12c413a56dc592f8cc2581549a35a1c5e85012702aea02ec279094495f322715b5a7e0eea75e545081aca70a670098c70"`,
  );
});

test("CR-30 the same keys sealed twice are other bytes", () => {
  const key = importSecret(keyOf(4));
  expect(sealEarlierKeys(key, place, earlier, random)).not.toEqual(sealEarlierKeys(key, place, earlier, random));
});
