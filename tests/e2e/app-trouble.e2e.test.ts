/** What the app says and does when a document is not there yet, the server is away, or this browser's storage is full. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createNodePeer } from "@skerry/peer/node";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chipOf, editorOf, giveName, newDocument, openPage, startApp, textOf } from "../support/app.ts";
import type { App } from "../support/app.ts";
import { launchChromium } from "../support/chromium.ts";
import type { TestBrowser } from "../support/chromium.ts";
import { openEditor } from "../support/node-editor.ts";
import { freePort } from "../support/relay-process.ts";
import { until } from "../support/wait.ts";

let app: App;
let browser: TestBrowser;
let page: Page;
let troubles: string[];
let folder: string;

beforeEach(async () => {
  app = await startApp();
  browser = await launchChromium();
  ({ page, troubles } = await openPage(browser.context));
  folder = mkdtempSync(path.join(tmpdir(), "skerry-ana-"));
  await page.goto(app.url);
  await giveName(page, "Mira");
}, 60_000);

afterEach(async () => {
  await browser?.close();
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ana writes a document with no relay in reach, and gives away its link. */
async function writtenOffline(text: string): Promise<string> {
  const peer = await createNodePeer({ folder, relayUrl: `ws://127.0.0.1:${await freePort()}/sync` });
  const docId = await peer.createDocument();
  const ana = await openEditor(peer, docId);
  ana.text.insert(0, text);
  await until("it is on Ana's disk", () => ana.status()?.saved === "device");
  const fragment = await peer.shareLink(docId);
  ana.close();
  await peer.close();
  return fragment ?? "";
}

async function openLink(fragment: string): Promise<void> {
  await page.getByLabel("Open a link").fill(`${app.url}/s#${fragment}`);
  await page.getByRole("button", { name: "Open", exact: true }).click();
}

test("a document that the server does not have yet says so, and appears when its author is back", { timeout: 60_000 }, async () => {
  await openLink(await writtenOffline("From the boat."));
  await page.getByRole("heading", { name: "Not on the server yet" }).waitFor();
  expect(await chipOf(page).innerText()).toBe("Not on the server yet");
  const peer = await createNodePeer({ folder, relayUrl: app.relay.syncUrl });
  try {
    await editorOf(page).waitFor();
    await until("the text is there", async () => (await textOf(page)) === "From the boat.");
  } finally {
    await peer.close();
  }
  expect(troubles).toEqual([]);
});

test("a link opened without the server waits for it, and says so", { timeout: 60_000 }, async () => {
  const peer = await createNodePeer({ folder, relayUrl: app.relay.syncUrl });
  const docId = await peer.createDocument();
  const ana = await openEditor(peer, docId);
  ana.text.insert(0, "On the server.");
  // Genesis and text: a status may be a tenth of a second old.
  await until(
    "the server has it",
    () => ana.status()?.phase === "ready" && ana.status()?.saved === "relay" && (ana.status()?.seq ?? 0) >= 2,
  );
  const fragment = await peer.shareLink(docId);
  ana.close();
  await peer.close();
  await app.relay.kill();
  await page.getByText("No connection to the server").waitFor();
  await openLink(fragment ?? "");
  await page.getByRole("heading", { name: "Waiting for the server" }).waitFor();
  await app.relay.restart();
  // It also opens by itself; the button only ends the wait.
  await page
    .getByRole("button", { name: "Try now" })
    .click({ timeout: 1000 })
    .catch(() => undefined);
  await editorOf(page).waitFor();
  expect(await textOf(page)).toBe("On the server.");
});

test("full storage is an alert with a way to keep the text, and heals when there is room", { timeout: 90_000 }, async () => {
  await browser.close();
  browser = await launchChromium();
  ({ page, troubles } = await openPage(browser.context));
  // Before the first write: Chromium remembers for a while how much room there was.
  const devtools = await browser.context.newCDPSession(page);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin: app.url, quotaSize: 300_000 });
  await page.goto(app.url);
  await giveName(page, "Mira");
  await newDocument(page);
  await page.keyboard.type("Kept. ");
  await page.locator('button.chip[data-kind="synced"]').waitFor();

  const long = "Not kept. ".repeat(40_000);
  await page.keyboard.insertText(long);
  const alert = page.getByRole("alert").filter({ hasText: "Not saved! Storage is full" });
  await alert.waitFor();
  expect(await chipOf(page).getAttribute("data-kind")).toBe("not-saved");
  const downloading = page.waitForEvent("download");
  await alert.getByRole("button", { name: "Download the text" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe("document.txt");
  expect(readFileSync(await download.path(), "utf8")).toBe(`Kept. ${long}\n`);

  await devtools.send("Storage.overrideQuotaForOrigin", { origin: app.url });
  await alert.waitFor({ state: "hidden" });
  await page.locator('button.chip[data-kind="synced"]').waitFor();
  await page.reload();
  await editorOf(page).waitFor();
  await until("the text is there", async () => (await textOf(page)).startsWith("Kept. Not kept. "));
});
