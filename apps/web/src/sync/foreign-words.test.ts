import { expect, test } from "vitest";
import { foreignWords } from "./foreign-words.ts";

test("PE-32 words stay as they are, in every script, with their lines", () => {
  for (const text of ["", "one\n\n\ttwo\n", "שלום\u200f!", "日本 🌊", "  in"]) expect(foreignWords(text)).toBe(text);
});

test("PE-32 what can't be seen, or makes other words look different, is taken out; so are empty lines at the beginning", () => {
  expect(foreignWords("pay \u202e01\u202c\u2066 \u0000\u0007\u009b[31mcents\r\n")).toBe("pay 01 [31mcents\n");
  expect(foreignWords("\n \n\nwords\n")).toBe("words\n");
  expect(foreignWords("\n")).toBe("");
});
