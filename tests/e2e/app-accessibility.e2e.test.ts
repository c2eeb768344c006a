/** Every screen of the web app in both themes, at desktop and 320 px width: no axe violation at WCAG 2.2 AA, nothing wider than the screen. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chipOf, editorOf, giveName, newDocument, openPage, startApp } from "../support/app.ts";
import type { App } from "../support/app.ts";
import { axeProblems, problemsInEveryLook } from "../support/axe.ts";
import { launchChromium } from "../support/chromium.ts";
import type { TestBrowser } from "../support/chromium.ts";
import { linkInDialog } from "../support/people.ts";

let app: App;
let browser: TestBrowser;
let page: Page;
let troubles: string[];

beforeAll(async () => {
  app = await startApp();
  browser = await launchChromium();
  ({ page, troubles } = await openPage(browser.context));
  await page.goto(app.url);
  await page.getByLabel("Your name").waitFor();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await app?.close();
});

/** Looks at the screen as it is, in every theme and width. */
async function look(screen: string): Promise<void> {
  expect(await problemsInEveryLook(page, screen)).toEqual([]);
}

test("the check sees a planted fault", async () => {
  await page.evaluate(() =>
    document.querySelector("main")?.append(Object.assign(document.createElement("img"), { id: "planted", src: "/mark.svg" })),
  );
  expect((await axeProblems(page, "planted")).join()).toContain("image-alt");
  await page.evaluate(() => document.querySelector("#planted")?.remove());
});

test("every screen is accessible", { timeout: 180_000 }, async () => {
  await look("first visit");
  await giveName(page, "Mira Olsen");
  await page.getByText("Your island is empty").waitFor();
  await look("home, empty");

  await newDocument(page);
  await look("document, new");
  await page.getByLabel("Title").fill("Harbour plan");
  await editorOf(page).click();
  await page.keyboard.type("The ferry leaves at six.");
  await page.locator('button.chip[data-kind="synced"]').waitFor();
  await look("document, synced");
  await chipOf(page).click();
  await look("where your changes are, synced");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Only you are here" }).click();
  await look("who is here");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Share" }).click();
  await linkInDialog(page);
  await look("share");
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: "All documents" }).click();
  await page.getByRole("link", { name: /Harbour plan/ }).waitFor();
  await look("home, with a document");
  await page.getByRole("button", { name: /Settings/ }).click();
  await look("settings");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Remove/ }).click();
  await look("remove");
  await page.keyboard.press("Escape");

  await page.goto(`${app.url}/s#AAAA`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await look("wrong link");
  await page.goto(`${app.url}/d/AAAAAAAAAAAAAAAAAAAAAA`);
  await page.getByText("This document is not on this device").waitFor();
  await look("unknown document");
  // The relay serves the app at its own addresses only; a wrong one can still come from inside.
  await page.evaluate(() => {
    history.pushState(null, "", "/nowhere");
    dispatchEvent(new PopStateEvent("popstate"));
  });
  await page.getByText("There is no such page").waitFor();
  await look("no such page");

  await page.goto(app.url);
  await page.getByRole("link", { name: /Harbour plan/ }).click();
  await editorOf(page).waitFor();
  await app.relay.kill();
  await page.locator('button.chip[data-kind="unreachable"]').waitFor();
  await editorOf(page).click();
  await page.keyboard.type("Offline now. ");
  await page.locator('button.chip[data-kind="offline"]').waitFor();
  await chipOf(page).click();
  await look("where your changes are, offline");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "All documents" }).click();
  await page.getByText("Not sent yet").waitFor();
  await look("home, offline");
  await page.getByRole("button", { name: /^Remove/ }).click();
  await look("remove, with unsent changes");
  expect(troubles).toEqual([]);
});
