/** The whole web app in a real browser: what it leaves on disk, in everything that a page can write to, holds nothing readable. */
import path from "node:path";
import { parseInviteLink } from "@skerry/crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chipOf, editorOf, giveName, newDocument, openPage, startApp } from "../support/app.ts";
import type { App } from "../support/app.ts";
import { launchChromium, openProfile } from "../support/chromium.ts";
import type { TestBrowser } from "../support/chromium.ts";
import { fragmentOf, linkInDialog } from "../support/people.ts";
import { until } from "../support/wait.ts";
import { keyCanary, textCanary } from "./canary.ts";
import type { Canary } from "./canary.ts";
import { createCanarySearch } from "./canary-search.ts";
import { filePieces } from "./places.ts";

const [text, title, name, planted] = [textCanary("the text"), textCanary("the title"), textCanary("the name"), textCanary("planted")];
let app: App;
let browser: TestBrowser;
beforeAll(async () => {
  app = await startApp();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await app.close();
});

/** Where a page of this origin can store anything. */
const stores = [
  "IndexedDB",
  "Local Storage",
  "Session Storage",
  "Service Worker",
  "File System",
  "databases",
  "WebStorage",
  "shared_proto_db",
];

function foundIn(canaries: readonly Canary[]): readonly string[] {
  const search = createCanarySearch(canaries);
  const found = [...filePieces(path.join(browser.folder, "Default"))]
    .filter(([place]) => stores.some((store) => place.includes(store)))
    .flatMap((piece) => search.search(...piece));
  return [...new Set(found.map(({ canary }) => canary))].sort();
}

test("BS-2 text, title, name and the link's key are in no storage of the browser profile; what is planted beside them is found", async () => {
  const { page } = await openPage(browser.context);
  await page.goto(app.url);
  await giveName(page, name.text);
  await newDocument(page);
  await page.getByLabel("Title").fill(title.text);
  await editorOf(page).focus();
  await page.keyboard.type(text.text);
  await until("all is at the relay", async () => (await chipOf(page).textContent())?.startsWith("Synced"));
  await page.getByRole("button", { name: "Share" }).click();
  const shown = fragmentOf(await linkInDialog(page));
  const link = parseInviteLink(shown);
  if (!link.ok) throw new Error(link.error);
  await browser.context.close();
  expect(foundIn([text, title, name, keyCanary("the link's secret", link.value.secret)])).toEqual([]);

  const again = await openProfile(browser.folder);
  const other = await again.newPage();
  await other.goto(app.url);
  await other.evaluate(async (canary) => {
    const open = indexedDB.open("planted", 1);
    await new Promise<void>((resolve, reject) => {
      open.onupgradeneeded = () => open.result.createObjectStore("values");
      open.onerror = () => reject(open.error ?? new Error("not opened"));
      open.onsuccess = () => {
        const transaction = open.result.transaction("values", "readwrite", { durability: "strict" });
        transaction.objectStore("values").put(new TextEncoder().encode(canary), "bytes");
        transaction.oncomplete = () => resolve();
      };
    });
  }, planted.text);
  await again.close();
  expect(foundIn([text, title, name, planted])).toEqual([planted.name]);
}, 60_000);
