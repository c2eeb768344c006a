/** Making recovery words, as people do. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { devicesDialog, openDevices } from "./devices.ts";

/** The words that the dialog shows, in their order. */
export async function wordsShown(page: Page): Promise<readonly string[]> {
  const list = devicesDialog(page).getByRole("list", { name: "Recovery words" });
  await list.waitFor({ timeout: 60_000 });
  const rows = await list.getByRole("listitem").allInnerTexts();
  expect(rows).toHaveLength(24);
  return rows.map((row, index) => {
    const [, number, word = ""] = /^(\d+)\.\s*([a-z]+)$/.exec(row.trim()) ?? [];
    expect(number).toBe(String(index + 1));
    return word;
  });
}

export async function beginToMake(page: Page): Promise<Locator> {
  const dialog = await openDevices(page);
  await dialog.getByRole("button", { name: /^Make (recovery|new) words…$/ }).click();
  await dialog.getByRole("button", { name: "Make the words" }).click();
  return dialog;
}

/** Reads the numbers that are asked for, and types the words of the paper. */
export async function answer(page: Page, words: readonly string[]): Promise<void> {
  for (const label of await labelsAsked(page))
    await devicesDialog(page)
      .getByLabel(label, { exact: true })
      .fill(words[Number(label.replace(/\D/g, "")) - 1] ?? "");
  await devicesDialog(page).getByRole("button", { name: "Done" }).click();
}

export async function labelsAsked(page: Page): Promise<readonly string[]> {
  const labels = devicesDialog(page)
    .locator("label")
    .filter({ hasText: /^Word \d+$/ });
  await labels.first().waitFor();
  return labels.allInnerTexts();
}

/** Makes words and writes them down; back at the home page. */
export async function makeWords(page: Page): Promise<readonly string[]> {
  const dialog = await beginToMake(page);
  const words = await wordsShown(page);
  await dialog.getByRole("button", { name: "I have written them down" }).click();
  await answer(page, words);
  await dialog.getByText("Your recovery words are ready.").waitFor();
  await dialog.getByText(/^Made on /).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "hidden" });
  return words;
}
