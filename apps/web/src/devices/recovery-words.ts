/** Recovery words as people type them, and what can be said of them. */
import type { RestoreResult } from "../client.ts";

export const recoveryWordsCount = 24;

export type RestoreError = Extract<RestoreResult, { readonly ok: false }>["error"];

/** Letters, and the marks on them: numbers, dots and lines between words are not part of them. */
const word = /[\p{L}\p{M}]+/gu;

/** The words in what was typed or pasted, however they are numbered and set apart. */
export const wordsIn = (text: string): readonly string[] => text.match(word) ?? [];

/** What the code on the printed sheet says. */
export const sheetText = (words: readonly string[]): string => words.join(" ");
/** That, and nothing else. Whether the words are somebody's is for the peer to find out. */
const sheet = new RegExp(`^[a-z]+(?: [a-z]+){${recoveryWordsCount - 1}}$`);

/** The words, if this is what a camera read off such a sheet. */
export const wordsOfSheet = (text: string): readonly string[] | undefined => (sheet.test(text) ? text.split(" ") : undefined);

/** Where the word of that number (from 0) stands in the text. */
export function placeOfWord(text: string, index: number): { readonly start: number; readonly end: number } | undefined {
  const found = [...text.matchAll(word)][index];
  return found === undefined ? undefined : { start: found.index, end: found.index + found[0].length };
}

/** The word that was asked for, whatever stands around it. */
export function isSameWord(typed: string, asked: string): boolean {
  const [only, ...more] = wordsIn(typed);
  return more.length === 0 && only?.normalize("NFKD").toLowerCase() === asked;
}

/** Which of those asked for are not right, from 0. */
export const wrongOnes = (typed: readonly string[], words: readonly string[], asked: readonly number[]): readonly number[] =>
  asked.filter((place, index) => !isSameWord(typed[index] ?? "", words[place] ?? ""));
