/** Who has something to lose and no recovery words is reminded of them: quietly, after a week, and not again for a month after "not now". */
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { problemsInEveryLook } from "../support/axe.ts";
import { devicesDialog, freshDevice, writeDocument } from "../support/devices.ts";
import { focusComesTo, focusedWords, press, reach } from "../support/keyboard.ts";
import { openStage } from "../support/people.ts";
import type { Stage } from "../support/people.ts";
import { answer, wordsShown } from "../support/recovery.ts";
import { until } from "../support/wait.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(() => stage?.close());

const hour = 3_600_000;
const day = 24 * hour;
const reminder = (page: Page): Locator => page.getByRole("region", { name: "You have no recovery words yet" });

/** The page's clock, and not the peer's, says that so much time has passed since `fromMs`. */
async function comeBack(page: Page, fromMs: number, laterMs: number): Promise<void> {
  await page.clock.setSystemTime(fromMs + laterMs);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Documents" }).waitFor();
  // What decides is told by now: the list, and the devices, which settings show.
  await page.getByRole("link", { name: "Plan" }).waitFor();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByText(/^Recovery: /).waitFor();
  await page.keyboard.press("Escape");
}

test("by the keyboard alone: it comes after a week, goes for a month with “not now”, and for good when there are words", async () => {
  const { page } = await freshDevice(stage, "Olga");
  const madeAtMs = Date.now();
  await writeDocument(page, "Plan", "Rope and tea");
  expect(await reminder(page).count()).toBe(0);
  await comeBack(page, madeAtMs, 7 * day - hour);
  expect(await reminder(page).count()).toBe(0);

  await comeBack(page, madeAtMs, 7 * day + hour);
  await reminder(page).waitFor();
  // It is in nobody's way: no dialog, and the focus stays where it is.
  expect(await page.getByRole("dialog").count()).toBe(0);
  expect(await problemsInEveryLook(page, "reminder")).toEqual([]);
  await press(page, "Not now");
  await until("it is gone", async () => (await reminder(page).count()) === 0);
  expect(await focusedWords(page)).toBe("Documents");
  await comeBack(page, madeAtMs, 8 * day);
  expect(await reminder(page).count()).toBe(0);
  await comeBack(page, madeAtMs, 37 * day);
  expect(await reminder(page).count()).toBe(0);

  await comeBack(page, madeAtMs, 38 * day);
  await reminder(page).waitFor();
  await press(page, "Settings");
  await page.getByText("Recovery: not set up", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await press(page, "Make recovery words…");
  await focusComesTo(page, "Make recovery words");
  await press(page, "Make the words");
  const words = await wordsShown(page);
  // Not while they may still be lost.
  await press(page, "I have written them down");
  await answer(page, words);
  const dialog = devicesDialog(page);
  await dialog.getByText("Your recovery words are ready.").waitFor();
  await reach(page, "Close");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await until("it is gone", async () => (await reminder(page).count()) === 0);
  await until("the focus is not lost", async () => (await focusedWords(page)) === "Documents");
  await press(page, "Settings");
  await page.getByText(/^Recovery: words made on /).waitFor();
  await page.keyboard.press("Escape");
  await comeBack(page, madeAtMs, 400 * day);
  expect(await reminder(page).count()).toBe(0);
  expect(await stage.troubles()).toEqual([]);
});

test("it comes to a page that stays open, too, and what was put off is on this device alone", async () => {
  const { page } = await freshDevice(stage, "Olga");
  await writeDocument(page, "Plan", "Rope and tea");
  await page.clock.install({ time: Date.now() });
  await comeBack(page, Date.now(), 0);
  expect(await reminder(page).count()).toBe(0);
  // Its lid was closed for eight days.
  await page.clock.fastForward(8 * day);
  await reminder(page).waitFor();
  await reminder(page).getByRole("button", { name: "Not now" }).click();
  await until("it is gone", async () => (await reminder(page).count()) === 0);
  const kept = await page.evaluate(() => Object.entries(localStorage).filter(([name]) => name.includes("recovery")));
  expect(kept).toHaveLength(1);
  // A time, and nothing else.
  expect(kept[0]?.[1]).toMatch(/^\d{13}$/);
});

test("who has nothing to lose is never reminded, and told of no state", async () => {
  const { page } = await freshDevice(stage, "Olga");
  await page.clock.setSystemTime(Date.now() + 400 * day);
  await page.reload();
  await page.getByRole("button", { name: "I have recovery words…" }).waitFor();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Devices…" }).waitFor();
  expect(await page.getByText(/^Recovery: /).count()).toBe(0);
  expect(await reminder(page).count()).toBe(0);
});
