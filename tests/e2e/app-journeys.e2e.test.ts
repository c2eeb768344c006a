/** What one person with one browser does, on the built app and a real relay. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { chipOf, editorOf, giveName, newDocument, openPage, startApp, textOf } from "../support/app.ts";
import type { App } from "../support/app.ts";
import { launchChromium } from "../support/chromium.ts";
import type { TestBrowser } from "../support/chromium.ts";
import { shareLink } from "../support/people.ts";
import { until } from "../support/wait.ts";
import type { Page } from "playwright-core";

let app: App;
let browser: TestBrowser;
let page: Page;
let troubles: string[];

beforeEach(async () => {
  app = await startApp();
  browser = await launchChromium();
  ({ page, troubles } = await openPage(browser.context));
}, 60_000);

afterEach(async () => {
  await browser?.close();
  await app?.close();
});

const chipKind = (kind: string): Promise<void> => page.locator(`button.chip[data-kind="${kind}"]`).waitFor();
const text = (): Promise<string> => textOf(page);

test("first visit, with the keyboard alone: name, new document, title, text, back home", { timeout: 60_000 }, async () => {
  await page.goto(app.url);
  await page.getByLabel("Your name").waitFor();
  await page.keyboard.type("Mira");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Documents" }).waitFor();
  const reach = async (name: string): Promise<void> => {
    for (let steps = 0; steps < 30; steps += 1) {
      await page.keyboard.press("Tab");
      const reached = await page.evaluate(
        () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
      );
      if (reached.includes(name)) return;
    }
    throw new Error(`the keyboard does not reach ${name}`);
  };
  await reach("New document");
  await page.keyboard.press("Enter");
  await editorOf(page).waitFor();
  await until("the text has the focus", () => page.evaluate(() => document.activeElement?.classList.contains("editor-host")));
  await page.keyboard.type("Bread, rope");
  expect(await text()).toBe("Bread, rope");
  await page.keyboard.press("Shift+Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("Share");
  for (let steps = 0; steps < 10 && !(await page.evaluate(() => document.activeElement instanceof HTMLInputElement)); steps += 1)
    await page.keyboard.press("Shift+Tab");
  await page.keyboard.type("Shopping");
  await chipKind("synced");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /Shopping/ }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
  expect(troubles).toEqual([]);
});

test("text, title and name are there again after a reload; undo takes back only what was typed", { timeout: 60_000 }, async () => {
  await page.goto(app.url);
  await giveName(page, "Mira");
  await newDocument(page);
  await page.getByLabel("Title").fill("Ferry");
  await editorOf(page).click();
  await page.keyboard.type("It leaves at six.");
  await chipKind("synced");
  await page.reload();
  await editorOf(page).waitFor();
  expect(await text()).toBe("It leaves at six.");
  expect(await page.getByLabel("Title").inputValue()).toBe("Ferry");
  await editorOf(page).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(" Or seven.");
  await page.keyboard.press("Control+z");
  expect(await text()).toBe("It leaves at six.");
  await page.keyboard.press("Control+z");
  expect(await text()).toBe("It leaves at six.");
  expect(troubles).toEqual([]);
});

test("a share link opens on another device, its key is nowhere in address, title or history of the page", { timeout: 60_000 }, async () => {
  await page.goto(app.url);
  await giveName(page, "Mira");
  const docId = await newDocument(page);
  await page.keyboard.type("For Ana.");
  await chipKind("synced");
  const link = await shareLink({ page }, app.url);
  const fragment = link.slice(link.indexOf("#") + 1);

  const other = await launchChromium();
  try {
    const opened = await openPage(other.context);
    await opened.page.goto(link);
    await opened.page.getByLabel("Your name").waitFor();
    await opened.page.waitForURL(`**/d/${docId}`);
    await opened.page.getByLabel("Your name").fill("Ana");
    await opened.page.keyboard.press("Enter");
    await editorOf(opened.page).waitFor();
    expect(await textOf(opened.page)).toBe("For Ana.");
    const seen = await opened.page.evaluate(() =>
      [location.href, document.title, document.referrer, JSON.stringify(history.state), document.documentElement.outerHTML].join("\n"),
    );
    expect(seen).not.toContain(fragment.slice(0, 40));
    await opened.page.goBack().catch(() => undefined);
    expect(opened.page.url()).not.toContain("#");
    expect(opened.troubles).toEqual([]);
  } finally {
    await other.close();
  }
  expect(app.relay.output()).not.toContain(fragment.slice(0, 40));
});

test("a cut, wrong or empty link says what is wrong and what to do, and takes another", { timeout: 60_000 }, async () => {
  await page.goto(app.url);
  await giveName(page, "Mira");
  const docId = await newDocument(page);
  await chipKind("synced");
  const link = await shareLink({ page }, app.url);
  for (const [address, heading] of [
    [link.slice(0, -9), "This link is not complete"],
    [`${app.url}/s#%%%`, "This is not a Skerry link"],
    [`${app.url}/s`, "This link has no key in it"],
  ] as const) {
    await page.goto("about:blank");
    await page.goto(address);
    await page.getByRole("heading", { name: heading }).waitFor();
    expect(page.url()).toBe(`${app.url}/s`);
  }
  await page.getByLabel("Or paste it here").fill(link);
  await page.getByRole("button", { name: "Open" }).click();
  await page.waitForURL(`**/d/${docId}`);
  await editorOf(page).waitFor();
  expect(troubles).toEqual([]);
});

test("without the server everything but sharing the news goes on, and the chip says so", { timeout: 90_000 }, async () => {
  await page.goto(app.url);
  await giveName(page, "Mira");
  await page.getByRole("heading", { name: "Documents" }).waitFor();
  await app.relay.kill();
  await page.getByText("No connection to the server").waitFor();
  await newDocument(page);
  await page.keyboard.type("Written offline.");
  await until("the chip tells", async () => /^Offline · .*kept on this device/.test(await chipOf(page).innerText()));
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByText("Links can be made once the server has been reached").waitFor();
  await page.keyboard.press("Escape");
  await chipOf(page).click();
  const panel = page.getByRole("dialog", { name: "Where your changes are" });
  await panel.getByText("to send").waitFor();
  await app.relay.restart();
  // It also connects by itself; the button only ends the wait.
  await panel
    .getByRole("button", { name: "Try now" })
    .click({ timeout: 1000 })
    .catch(() => undefined);
  await chipKind("synced");
  await panel.getByText("Has all your changes").first().waitFor();
  expect(await text()).toBe("Written offline.");
});

test("removing a document asks, and it is gone from this device afterwards", { timeout: 60_000 }, async () => {
  await page.goto(app.url);
  await giveName(page, "Mira");
  const docId = await newDocument(page);
  await chipKind("synced");
  await page.getByRole("link", { name: "All documents" }).click();
  await page.getByRole("button", { name: /^Remove/ }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  expect(await page.getByRole("listitem").count()).toBe(1);
  await page.getByRole("button", { name: /^Remove/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("Your island is empty").waitFor();
  await page.goto(`${app.url}/d/${docId}`);
  await page.getByRole("heading", { name: "This document is not on this device" }).waitFor();
  expect(troubles).toEqual([]);
});
