import { decodePresenceEnvelope, limits } from "@skerry/protocol";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { castOf, envelopeOf, presenceBodyOf, presenceHeaderOf, repeatable } from "./cast.test-support.ts";
import type { Cast } from "./cast.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import { hash, openPresence, presencePaddedBytesMin, ready, sealPresence, verifyPresence } from "./index.ts";

let cast: Cast;
beforeAll(async () => {
  await ready;
  cast = castOf(2);
});

const sealOf = (awareness: Uint8Array, header = presenceHeaderOf(cast)) =>
  sealPresence({ header, body: presenceBodyOf(awareness), key: cast.presenceKey, device: cast.alice, random: cast.random });

test("PS-1 CR-7 whatever presence is sealed opens again and its signature verifies", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (awareness) => {
      const envelope = envelopeOf(sealOf(awareness));
      expect(verifyPresence(envelope)).toBe(true);
      expect(openPresence(envelope, cast.presenceKey)).toEqual({ ok: true, value: presenceBodyOf(awareness) });
    }),
    repeatable,
  );
});

test("PS-1 CR-7 every single bit counts", () => {
  const sealed = sealOf(counting(20));
  const signatureAt = 8 * (sealed.length - 64);
  let decoded = 0;
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const envelope = decodePresenceEnvelope(flipBit(sealed, bit));
    if (!envelope.ok) continue;
    decoded++;
    expect(verifyPresence(envelope.value), `bit ${bit}`).toBe(false);
    expect(openPresence(envelope.value, cast.presenceKey).ok, `bit ${bit}`).toBe(bit >= signatureAt);
  }
  expect(decoded).toBeGreaterThan(7 * sealed.length);
});

test("PS-1 CR-4 the document's key does not open presence, nor presence's key a document", () => {
  expect(openPresence(envelopeOf(sealOf(counting(20))), cast.key)).toEqual({ ok: false, error: "undecryptable" });
});

test("CR-7 all ordinary presence has one length, and the largest stays within the protocol's limit", () => {
  const lengths = new Set([0, 1, 50, 200, 450].map((length) => sealOf(new Uint8Array(length)).length));
  expect(lengths.size).toBe(1);
  expect(envelopeOf(sealOf(counting(1))).ciphertext.length).toBe(presencePaddedBytesMin + 16);
  expect(sealOf(new Uint8Array(14_000)).length).toBeLessThanOrEqual(limits.presenceBytesMax);
});

test("CR-7 presence in another device's name is never sealed", () => {
  expect(() => sealOf(counting(4), presenceHeaderOf(cast, { deviceId: cast.bob.deviceId }))).toThrow("names the device");
});

test("CR-7 golden presence", () => {
  const golden = castOf(43);
  const sealed = sealPresence({
    header: presenceHeaderOf(golden),
    body: presenceBodyOf(bytesOf("000102")),
    key: golden.presenceKey,
    device: golden.alice,
    random: golden.random,
  });
  expect(sealed.length).toMatchInlineSnapshot(`685`);
  expect(hexOf(sealed.subarray(0, 160))).toMatchInlineSnapshot(
    `"012e9269a2584343792c05622eff18f9ca03d63af3d2767ea37fc51049b9757b85f7d40fd76b92f2bdf59861fe7f9ad1a58f000102030405060708090a0b0c0d0e0f0976f34f6e2d6c9dad3f98081ad8dd44c597c94b62359cc9bd9004be32d718b661de53a3d39394f4a6eb4cc7a79422e3c408dae6fabb4ea7d62818d4340dc54a0e6e3908dcb4e9f2c6c584f123016d58c92071055d30e6a34ee62f7a4896"`,
  );
  expect(hexOf(hash("skerry.v1.presence-hash", sealed))).toMatchInlineSnapshot(
    `"661c2353a625bab7a13fad8847cbf408e524083130455d0f9a73daace323ccda"`,
  );
});
