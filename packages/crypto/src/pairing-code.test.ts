import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { repeatable } from "./cast.test-support.ts";
import { counting } from "./hex.test-support.ts";
import { formatPairingCode, importSecret, parsePairingCode, ready } from "./index.ts";
import type { PairingCode } from "./index.ts";
import { pairingWords } from "./pairing-words.ts";
import { shortAuthenticationOf } from "./short-authentication.ts";

beforeAll(() => ready);

const shortCode: PairingCode = { role: "new", rendezvous: counting(16), commitment: undefined };
const fullCode: PairingCode = { role: "old", rendezvous: counting(16), commitment: counting(32).subarray(16) };
const symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe("CR-26 codes", () => {
  test("CR-26 a code reads back, short in 29 characters, full in 54", () => {
    const codes = fc.record({
      role: fc.constantFrom<PairingCode["role"]>("old", "new"),
      rendezvous: bytes16,
      commitment: fc.option(bytes16, { nil: undefined }),
    });
    fc.assert(
      fc.property(codes, (code) => {
        const text = formatPairingCode(code);
        expect(text.replaceAll("-", "")).toHaveLength(code.commitment === undefined ? 29 : 54);
        for (const group of text.split("-")) expect(group.length).toBeLessThanOrEqual(5);
        expect(parsePairingCode(text)).toEqual({ ok: true, value: code });
      }),
      repeatable,
    );
  });

  test("CR-26 small letters, I and L for 1, O for 0, spaces and no hyphens are read the same", () => {
    for (const code of [shortCode, fullCode]) {
      const text = formatPairingCode(code);
      expect(text).toMatch(/[01]/);
      for (const typed of [
        text.toLowerCase(),
        ` ${text.replaceAll("-", "  ")}\n`,
        text.replaceAll("0", "o").replaceAll("1", "I"),
        text.replaceAll("1", "l").replaceAll("-", ""),
      ]) {
        expect(parsePairingCode(typed)).toEqual({ ok: true, value: code });
      }
    }
  });

  test("CR-26 every wrong character and every exchange of neighbours is noticed", () => {
    for (const code of [shortCode, fullCode]) {
      const text = formatPairingCode(code).replaceAll("-", "");
      for (let at = 0; at < text.length - 1; at++) {
        for (const symbol of symbols) {
          if (symbol === text[at]) continue;
          expect(parsePairingCode(text.slice(0, at) + symbol + text.slice(at + 1))).toEqual({ ok: false, error: "mistyped" });
        }
        const [one = "", other = ""] = [text[at], text[at + 1]];
        if (one === other || at === text.length - 2) continue;
        expect(parsePairingCode(text.slice(0, at) + other + one + text.slice(at + 2))).toEqual({ ok: false, error: "mistyped" });
      }
      for (const check of `${symbols}*~$=U`) {
        const expected = check === text.slice(-1) ? { ok: true, value: code } : { ok: false, error: "mistyped" };
        expect(parsePairingCode(text.slice(0, -1) + check)).toEqual(expected);
      }
    }
  });

  test("CR-26 other texts are refused with a reason, never thrown", () => {
    const text = formatPairingCode(shortCode);
    expect(parsePairingCode("")).toEqual({ ok: false, error: "empty" });
    expect(parsePairingCode(" - ")).toEqual({ ok: false, error: "empty" });
    expect(parsePairingCode(text.slice(0, -1))).toEqual({ ok: false, error: "wrong-length" });
    expect(parsePairingCode(`${text}0`)).toEqual({ ok: false, error: "wrong-length" });
    expect(parsePairingCode(text.replace(/^./, "U"))).toEqual({ ok: false, error: "not-a-code" });
    expect(parsePairingCode("0".repeat(300))).toEqual({ ok: false, error: "not-a-code" });
    fc.assert(
      fc.property(fc.string({ maxLength: 80, unit: "grapheme-ascii" }), (any) => {
        expect(parsePairingCode(any).ok).toBe(false);
      }),
      repeatable,
    );
  });

  test("CR-26 another version, unknown flags and bits that should be zero are refused, though the check symbol is right", () => {
    const withCheck = (values: readonly number[]): string =>
      values.map((value) => symbols[value]).join("") +
      (`${symbols}*~$=U`[values.reduce((remainder, value) => (remainder * 32 + value) % 37, 0)] ?? "");
    const valuesOf = (text: string): number[] =>
      Array.from(text.replaceAll("-", "").slice(0, -1), (character) => symbols.indexOf(character));
    const changed = (first: number, second: number, last: number): string => {
      const values = valuesOf(formatPairingCode(shortCode));
      // version (4 bits) ‖ flags (4 bits) are the first value and the upper 3 bits of the second.
      return withCheck([first, ((values[1] ?? 0) & 3) | second, ...values.slice(2, -1), (values.at(-1) ?? 0) | last]);
    };
    const [first = 0, second = 0] = valuesOf(formatPairingCode(shortCode));
    expect(parsePairingCode(changed(first, second & 28, 0))).toEqual({ ok: true, value: shortCode });
    expect(parsePairingCode(changed(first, second & 28, 1))).toEqual({ ok: false, error: "not-a-code" });
    expect(parsePairingCode(changed(2 << 1, second & 28, 0))).toEqual({ ok: false, error: "newer-version" });
    expect(parsePairingCode(changed(0, second & 28, 0))).toEqual({ ok: false, error: "not-a-code" });
    // Flags: the commitment's without a commitment; one that nobody knows.
    expect(parsePairingCode(changed(first, (second & 28) | 8, 0))).toEqual({ ok: false, error: "not-a-code" });
    expect(parsePairingCode(changed(first | 1, second & 28, 0))).toEqual({ ok: false, error: "not-a-code" });
  });

  test("CR-26 golden codes", () => {
    expect(formatPairingCode(shortCode)).toMatchInlineSnapshot(`"24002-0G30G-2GC1R-81450-P30D1-R7G7"`);
    expect(formatPairingCode(fullCode)).toMatchInlineSnapshot(`"28002-0G30G-2GC1R-81450-P30D1-R7H04-8J2CA-1A5GQ-30CHM-6RW3M-F1YS"`);
  });
});

describe("CR-24 digits and words", () => {
  const oneEditApart = (a: string, b: string): boolean => {
    let start = 0;
    while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
    const [restA, restB] = [a.slice(start), b.slice(start)];
    return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
  };

  test("CR-24 256 words of 4 to 8 letters: the first three tell each from all others, and no two are one letter apart", () => {
    expect(pairingWords).toHaveLength(256);
    expect(new Set(pairingWords.map((word) => word.slice(0, 3))).size).toBe(256);
    for (const word of pairingWords) {
      expect(word).toMatch(/^[a-z]{4,8}$/);
      expect(pairingWords.filter((other) => other !== word && oneEditApart(word, other))).toEqual([]);
    }
    expect([oneEditApart("maple", "marple"), oneEditApart("funnel", "tunnel"), oneEditApart("lion", "lily")]).toEqual([true, true, false]);
  });

  test("CR-24 the words and their order are part of the format", () => {
    expect(createHash("sha256").update(pairingWords.join(" ")).digest("hex")).toMatchInlineSnapshot(
      `"5dbf2b7ec46fdecf450bb7540cd2a01befc559be3f93d48b894aed2a70adf0bb"`,
    );
  });

  test("CR-24 digits come from five bytes and words from the three after, so neither says anything of the other", () => {
    const secret = new Uint8Array(32);
    const shown = (at: number, value: number): unknown => {
      const bytes = secret.slice();
      bytes[at] = value;
      return shortAuthenticationOf(importSecret(bytes));
    };
    const none = { digits: "000000", words: ["acorn", "acorn", "acorn"] };
    expect(shown(0, 0)).toEqual(none);
    expect(shown(4, 7)).toEqual({ ...none, digits: "000007" });
    // 2^32 modulo 10^6
    expect(shown(0, 1)).toEqual({ ...none, digits: "967296" });
    expect(shown(5, 255)).toEqual({ ...none, words: ["zipper", "acorn", "acorn"] });
    expect(shown(7, 1)).toEqual({ ...none, words: ["acorn", "acorn", "album"] });
    expect(shown(8, 255)).toEqual(none);
  });
});
