import { toText } from "@skerry/protocol";
import type { ChainHash, DocId, RecordHash, ShareLink, SpaceId } from "@skerry/protocol";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { repeatable } from "./cast.test-support.ts";
import { counting } from "./hex.test-support.ts";
import { formatShareLink, parseShareLink, ready } from "./index.ts";

beforeAll(() => ready);

const golden: ShareLink = {
  spaceId: counting(16) as SpaceId,
  docId: counting(32).subarray(16) as DocId,
  epoch: 3,
  epochKey: counting(64).subarray(32),
  genesis: counting(96).subarray(64) as RecordHash,
  head: { seq: 300, chainHash: counting(128).subarray(96) as ChainHash },
};

test("CR-17 a link reads back", () => {
  const link = fc.record({
    spaceId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => bytes as SpaceId),
    docId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => bytes as DocId),
    epoch: fc.integer({ min: 1, max: 0xffffffff }),
    epochKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    genesis: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes as RecordHash),
    head: fc.record({
      seq: fc.maxSafeNat(),
      chainHash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes as ChainHash),
    }),
  });
  fc.assert(
    fc.property(link, (value) => {
      expect(parseShareLink(formatShareLink(value))).toEqual({ ok: true, value });
    }),
    repeatable,
  );
});

test("CR-17 a link cut anywhere, or with any character changed, is refused", () => {
  const text = formatShareLink(golden);
  expect(parseShareLink("")).toEqual({ ok: false, error: "empty" });
  for (let length = 1; length < text.length; length++) {
    expect(parseShareLink(text.slice(0, length)).ok, `first ${length} characters`).toBe(false);
  }
  for (let index = 0; index < text.length; index++) {
    const other = text[index] === "A" ? "B" : "A";
    expect(parseShareLink(text.slice(0, index) + other + text.slice(index + 1)).ok, `character ${index}`).toBe(false);
  }
});

test("CR-17 any text at all is refused without throwing", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 200 }).map(toText)), (text) => {
      expect(parseShareLink(text).ok).toBe(false);
    }),
    { ...repeatable, numRuns: 1000 },
  );
});

test("CR-17 golden link", () => {
  expect(formatShareLink(golden)).toMatchInlineSnapshot(
    `"AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl-sAmBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5_LPYSnw"`,
  );
});
