/** The whole first journey without a pointer, and at each step it can be seen where the keyboard is. */
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { editorOf, textOf } from "../support/app.ts";
import { chipBecomes, openStage } from "../support/people.ts";
import type { Stage } from "../support/people.ts";
import { until } from "../support/wait.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(() => stage?.close());

interface Focused {
  readonly name: string;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** What has the focus, through shadow roots: its accessible name, roughly, and its place. */
const focused = (page: Page): Promise<Focused> =>
  page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (element === null || element === document.body) throw new Error("nothing has the focus");
    const label = element instanceof HTMLInputElement ? (element.labels?.[0]?.textContent ?? "") : "";
    const { x, y, width, height } = element.getBoundingClientRect();
    return { name: element.getAttribute("aria-label") ?? (label === "" ? element.textContent : label), box: { x, y, width, height } };
  });

/** The pixels in and around what has the focus are others than without it: a ring, a border, or the blinking caret. */
async function focusIsVisible(page: Page, name: string): Promise<void> {
  const { name: actual, box } = await focused(page);
  expect(actual).toContain(name);
  const clip = {
    x: Math.max(0, box.x - 6),
    y: Math.max(0, box.y - 6),
    width: Math.min(box.width + 12, 1200),
    height: Math.min(box.height + 12, 200),
  };
  const look = (): Promise<Buffer> => page.screenshot({ clip, caret: "initial", animations: "disabled" });
  const seen: string[] = [];
  // A caret is there half of the time.
  const withFocus = async (): Promise<void> => void seen.push((await look()).toString("base64"));
  await withFocus();
  const refocus = await page.evaluateHandle(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    (element as HTMLElement).blur();
    return element as HTMLElement;
  });
  const without = (await look()).toString("base64");
  await refocus.evaluate((element) => element.focus());
  await until(
    `the focus on ${name} can be seen`,
    async () => {
      if (seen.some((image) => image !== without)) return true;
      await withFocus();
      return false;
    },
    5_000,
  );
  expect((await focused(page)).name).toContain(name);
}

async function reach(page: Page, key: "Tab" | "Shift+Tab", name: string): Promise<void> {
  for (let steps = 0; steps < 20; steps += 1) {
    await page.keyboard.press(key);
    const reached = await focused(page).catch(() => undefined);
    if (reached?.name.includes(name) === true) return focusIsVisible(page, name);
  }
  throw new Error(`${key} does not reach ${name}`);
}

test("first visit, name, new document, title, text, share, copy, Escape, home", async () => {
  const { page, context, url } = await stage.person("Mira");
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
  await page.goto(url);
  await page.getByLabel("Your name").waitFor();
  await until("the question has the focus", async () => (await focused(page).catch(() => undefined))?.name.includes("Your name"));
  await focusIsVisible(page, "Your name");
  await page.keyboard.type("Mira");
  await page.keyboard.press("Enter");

  await page.getByRole("heading", { name: "Documents" }).waitFor();
  await reach(page, "Tab", "New document");
  await page.keyboard.press("Enter");
  await editorOf(page).waitFor();
  await until("the text has the focus", async () => (await focused(page).catch(() => undefined))?.name.includes("Text of the document"));
  await focusIsVisible(page, "Text of the document");

  await reach(page, "Shift+Tab", "Title");
  await page.keyboard.type("Ferry times");
  await reach(page, "Tab", "Text of the document");
  await page.keyboard.type("It leaves at six.");
  expect(await textOf(page)).toBe("It leaves at six.");
  await chipBecomes(page, ["synced"]);

  await reach(page, "Shift+Tab", "Share");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Share this document" });
  await dialog.waitFor();
  await reach(page, "Tab", "Create link");
  await page.keyboard.press("Enter");
  await until("the link is there", async () => (await dialog.getByRole("textbox").inputValue()).includes("/s#"));
  await focusIsVisible(page, "Link");
  // The dialog keeps the keyboard to itself.
  for (let steps = 0; steps < 6; steps += 1) {
    await page.keyboard.press("Tab");
    expect(
      await page.evaluate(
        () => document.activeElement === document.body || document.activeElement?.closest("dialog, [role=dialog]") !== null,
      ),
    ).toBe(true);
  }
  await reach(page, "Tab", "Copy link");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await dialog.getByRole("textbox").inputValue());
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await focusIsVisible(page, "Share");

  await reach(page, "Shift+Tab", "All documents");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /Ferry times/ }).waitFor();
  await reach(page, "Tab", "Ferry times");
  await page.keyboard.press("Enter");
  await editorOf(page).waitFor();
  expect(await textOf(page)).toBe("It leaves at six.");
  expect(await stage.troubles()).toEqual([]);
});
