import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { asciiBytes, contextBytes, contexts } from "./contexts.ts";
import { bytesOf, counting, hexOf } from "./hex.test-support.ts";
import { hash, ready } from "./index.ts";

beforeAll(() => ready);

test("CR-1 every context is 16 to 64 printable ASCII characters, starts with the version, and is a prefix of no other", () => {
  for (const context of contexts) {
    expect(context).toMatch(/^skerry\.v1\.[a-z-]+$/);
    expect(contextBytes(context).length).toBeGreaterThanOrEqual(16);
    expect(contextBytes(context).length).toBeLessThanOrEqual(64);
    expect(contexts.filter((other) => other.startsWith(context))).toEqual([context]);
  }
  expect(contexts).toHaveLength(52);
});

test("CR-1 docs/crypto.md has one row for every context, and none for others", () => {
  const page = readFileSync(new URL("../../../docs/crypto.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(?<context>skerry\.[^`]+)` \|/gm)].map((row) => row.groups?.["context"] ?? "");
  expect(new Set(rows)).toEqual(new Set(contexts));
  expect(rows).toHaveLength(contexts.length);
});

test("CR-1 a context or purpose that is not printable ASCII is a bug", () => {
  for (const text of ["a\0b", "é", "a\nb", "\u{1f600}", "\x7f"]) expect(() => asciiBytes(text)).toThrow("printable ASCII");
});

// Computed with Python's hashlib.blake2b(message, digest_size=32, key=context), another implementation.
test("CR-2 hash is BLAKE2b-256 keyed with the context", () => {
  expect(hexOf(hash("skerry.v1.record-hash", bytesOf("616263")))).toBe("e55de5c1f23c42c497e1361cce589d9edab6d87161f28aaabcc6151df2f5cd83");
  expect(hexOf(hash("skerry.v1.log-start", counting(16)))).toBe("b6aeb04bc59d26f5670df482746dfb5df42d5094f34a95414f10225f39252296");
});

test("CR-2 parts are joined, and another context gives another hash", () => {
  const whole = hash("skerry.v1.record-hash", counting(10));
  expect(hash("skerry.v1.record-hash", counting(10).subarray(0, 4), counting(10).subarray(4))).toEqual(whole);
  expect(hash("skerry.v1.presence-hash", counting(10))).not.toEqual(whole);
  expect(hash("skerry.v1.record-hash")).toEqual(hash("skerry.v1.record-hash", new Uint8Array()));
});
