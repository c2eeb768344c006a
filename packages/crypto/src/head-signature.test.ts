import { encodeWith, signedHead } from "@skerry/protocol";
import type { ChainHash, DocId, RelayKey, SignedHead } from "@skerry/protocol";
import { decodeWith } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { castOf } from "./cast.test-support.ts";
import type { Cast } from "./cast.test-support.ts";
import { counting, flipBit, hexOf } from "./hex.test-support.ts";
import { generateRelayIdentity, ready, signHead, verifyHead } from "./index.ts";

let cast: Cast;
beforeAll(async () => {
  await ready;
  cast = castOf(4);
});

const headOf = (docId: DocId) => ({ docId, seq: 300, chainHash: counting(32) as ChainHash, timeMs: 1_763_632_800_000 });

test("LG-4 CR-16 a signed head verifies, over the wire too, and names the relay's key", () => {
  const head = signHead(cast.relay, headOf(cast.docId));
  expect(head.relayKey).toEqual(cast.relay.relayKey);
  expect(verifyHead(head)).toBe(true);
  const decoded = decodeWith(signedHead, encodeWith(signedHead, head), "head");
  expect(decoded.ok && verifyHead(decoded.value)).toBe(true);
});

test("LG-4 CR-16 every single bit of a head counts", () => {
  const bytes = encodeWith(signedHead, signHead(cast.relay, headOf(cast.docId)));
  let decodedCount = 0;
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const decoded = decodeWith(signedHead, flipBit(bytes, bit), "head");
    if (!decoded.ok) continue;
    decodedCount++;
    expect(verifyHead(decoded.value), `bit ${bit}`).toBe(false);
  }
  expect(decodedCount).toBeGreaterThan(7 * bytes.length);
});

test("LG-4 CR-16 another relay's key does not verify, and fields that are not the head's own are not signed", () => {
  const head = signHead(cast.relay, headOf(cast.docId));
  const other = generateRelayIdentity(cast.random);
  expect(verifyHead({ ...head, relayKey: other.relayKey })).toBe(false);
  expect(verifyHead({ ...head, relayKey: new Uint8Array(32) as RelayKey })).toBe(false);
  const withMore = { ...headOf(cast.docId), relayKey: other.relayKey, more: 1 };
  const signed: SignedHead = signHead(cast.relay, withMore);
  expect(Object.keys(signed).toSorted()).toEqual(["chainHash", "docId", "relayKey", "seq", "signature", "timeMs"]);
  expect(verifyHead(signed)).toBe(true);
});

test("LG-4 CR-16 golden head", () => {
  const golden = castOf(45);
  expect(hexOf(encodeWith(signedHead, signHead(golden.relay, headOf(golden.docId))))).toMatchInlineSnapshot(
    `"96f12185a1ce3158fac67622942a92478ff3d5c72f0847f5dd0645a17edfa50256a5a9b8342ab2f93cabfdedd6026927ac02000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f80c2d385aa3307cec50840e03ada157d9c92a2aeb5a16171d31fa8a3b17a961af7f1804d921992aee4895cdfd571f7b0b4c8087b6f0f4da9515e2d5120e4c94b8132c39f9508"`,
  );
});
