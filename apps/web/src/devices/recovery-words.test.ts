import { describe, expect, test } from "vitest";
import { strings } from "../strings.ts";
import { dayOf } from "../ui/times.ts";
import { isSameWord, placeOfWord, sheetText, wordsIn, wordsOfSheet, wrongOnes } from "./recovery-words.ts";
import type { RestoreError } from "./recovery-words.ts";

const t = strings.recovery;
const three = ["abandon", "ability", "able"];

test.each([
  "abandon ability able",
  "  abandon\n\tability   able ",
  "1. abandon 2. ability 3. able",
  "1.abandon\r\n2.ability\r\n3.able",
  "1) abandon, 2) ability, 3) able.",
  "1abandon2ability3able",
  "#1: abandon | #2: ability | #3: able",
  "١. abandon ٢. ability ٣. able",
  "abandon\u00a0ability\u200bable",
])("words are found however they are numbered and set apart: %j", (text) => {
  expect(wordsIn(text)).toEqual(three);
});

test("nothing is no word, and letters of other scripts are left for the peer to judge", () => {
  for (const text of ["", "  \n", "1. 2. 3."]) expect(wordsIn(text)).toEqual([]);
  expect(wordsIn("ábaco Größe e\u0301tude")).toEqual(["ábaco", "Größe", "e\u0301tude"]);
});

test("of codes that a camera reads, only that of a sheet is taken for words", () => {
  const words = Array.from({ length: 24 }, (_, index) => three[index % 3] ?? "");
  expect(wordsOfSheet(sheetText(words))).toEqual(words);
  for (const other of [
    "",
    "C9R2D-5BTFQ-2NY0M-3ARMN-4X0SD-ZJ9G7-HWXTR-S43Z8-E5TVM-NA7QB-3D2",
    "https://example.org/a b",
    sheetText(words.slice(1)),
    sheetText([...words, "able"]),
    ` ${sheetText(words)}`,
    `${sheetText(words)}\n`,
    sheetText(words).toUpperCase(),
    words.join("  "),
    sheetText(words.with(3, "https://x")),
  ])
    expect(wordsOfSheet(other)).toBeUndefined();
});

test("a word is found again where it stands", () => {
  const text = "1. abandon 2. abilty 3. able";
  const place = placeOfWord(text, 1);
  expect(place === undefined ? "" : text.slice(place.start, place.end)).toBe("abilty");
  expect(placeOfWord(text, 3)).toBeUndefined();
});

describe("the two words that are asked for", () => {
  test("case and what stands around do not matter, the word does", () => {
    for (const typed of ["able", " Able ", "3. ABLE", "able\n"]) expect(isSameWord(typed, "able")).toBe(true);
    for (const typed of ["", "abl", "able able", "enable", "3"]) expect(isSameWord(typed, "able")).toBe(false);
  });

  test("it is told which are wrong", () => {
    expect(wrongOnes(["abandon", "able"], three, [0, 2])).toEqual([]);
    expect(wrongOnes(["abandon", "ability"], three, [0, 2])).toEqual([2]);
    expect(wrongOnes(["able", "abandon"], three, [0, 2])).toEqual([0, 2]);
    expect(wrongOnes([], three, [0, 2])).toEqual([0, 2]);
    expect(t.check.wrong([3])).toMatch(/^Word 3 does /);
    expect(t.check.wrong([1, 3])).toMatch(/^Words 1 and 3 do /);
  });
});

const errors: Readonly<Record<RestoreError, RegExp>> = {
  "words-empty": /24 words/,
  "words-unknown": /^Word 5 is not one of the 2,048 words\./,
  "words-count": /only 4 words; it takes 24/,
  "words-mistyped": /changed places/,
  "not-found": /Newer words may have replaced them/,
  "newer-version": /Reload/,
  "not-added": /Nothing was changed here\./,
  offline: /Nothing was changed here\./,
  "may-not-join": /documents/,
};

test.each(Object.entries(errors) as [RestoreError, RegExp][])("every error is a plain sentence: %s", (error, words) => {
  const text = t.restore.problem(error, 4);
  expect(text).toMatch(words);
  expect(text).toMatch(/^[A-Z].*\.$/);
  expect(text).not.toMatch(/checksum|BIP|seed|mnemonic|kit|null|undefined/i);
});

test("counts are words that fit them", () => {
  expect(t.restore.problem("words-count", 1)).toMatch(/^There is only 1 word;/);
  expect(t.restore.problem("words-count", 25)).toMatch(/^There are 25 words; it takes 24/);
  expect(t.restore.count(17)).toBe("17 of 24 words");
  expect(t.restore.count(25)).toBe("25 words; it takes 24");
});

test("when words were made is told with the year if it is another one", () => {
  const madeAtMs = new Date(2026, 2, 12, 10).getTime();
  expect(t.madeOn(dayOf(madeAtMs, new Date(2026, 10, 1).getTime()))).toMatch(/^Made on (?=.*12)(?!.*2026)/);
  expect(t.madeOn(dayOf(madeAtMs, new Date(2027, 0, 1).getTime()))).toMatch(/^Made on (?=.*12)(?=.*2026)/);
});
