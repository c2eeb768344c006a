/** A person who has a keyboard and no mouse. */
import type { Page } from "playwright-core";
import { until } from "./wait.ts";

/** The words of what has the focus. */
export const focusedWords = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body) return "";
    const isField = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
    const label = isField ? (element.labels?.[0]?.textContent ?? "") : "";
    return element?.getAttribute("aria-label") ?? (label === "" ? (element?.textContent ?? "") : label);
  });

export const focusComesTo = (page: Page, words: string): Promise<boolean> =>
  until(`${words} has the focus`, async () => (await focusedWords(page)) === words, 40_000);

/** Goes from one control to the next until it is one with these words. */
export async function reach(page: Page, words: string): Promise<void> {
  for (let steps = 0; steps < 40; steps += 1) {
    if ((await focusedWords(page)).includes(words)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${words}`);
}

export async function press(page: Page, words: string): Promise<void> {
  await reach(page, words);
  await page.keyboard.press("Enter");
}
