import type { ChainHash, DocId, RecordHash } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { counting, hexOf } from "./hex.test-support.ts";
import { logStart, nextChainHash, ready } from "./index.ts";

beforeAll(() => ready);

const previous = counting(32) as ChainHash;
const recordHash = counting(64).subarray(32) as RecordHash;

test("LG-1 the chain's start and steps are the golden ones", () => {
  // Computed with Python: blake2b(bytes(range(64)) + (258).to_bytes(8, "little"), digest_size=32, key=b"skerry.v1.chain-hash")
  expect(hexOf(logStart(counting(16) as DocId))).toBe("b6aeb04bc59d26f5670df482746dfb5df42d5094f34a95414f10225f39252296");
  expect(hexOf(nextChainHash(previous, recordHash, 258))).toBe("fa8eb64eb43900c29f6ffac52a70c122f0da5b9ea4152ce8d44f79559b44133a");
  expect(hexOf(nextChainHash(previous, recordHash, Number.MAX_SAFE_INTEGER))).toBe(
    "623d2994fa58c17b6970a298279184ef3df3134fb68b2bfed79c808dc8be04d6",
  );
});

test("LG-1 every part of a step counts: previous hash, record hash, access position", () => {
  const hashes = new Set([
    hexOf(nextChainHash(previous, recordHash, 1)),
    hexOf(nextChainHash(recordHash as Uint8Array as ChainHash, previous as Uint8Array as RecordHash, 1)),
    hexOf(nextChainHash(previous, recordHash, 2)),
    hexOf(nextChainHash(previous, recordHash, 2 ** 32 + 1)),
    hexOf(nextChainHash(previous, recordHash, 0)),
  ]);
  expect(hashes.size).toBe(5);
});

test("LG-1 hashes of another length and positions out of range are bugs", () => {
  const short = previous.subarray(1) as ChainHash;
  expect(() => nextChainHash(short, recordHash, 1)).toThrow("length");
  expect(() => nextChainHash(previous, recordHash.subarray(1) as RecordHash, 1)).toThrow("length");
  expect(() => logStart(counting(15) as DocId)).toThrow("length");
  for (const position of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => nextChainHash(previous, recordHash, position)).toThrow("range");
});
