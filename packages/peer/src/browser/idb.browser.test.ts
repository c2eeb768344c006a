import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, openProfile, servePage } from "../../../../tests/support/chromium.ts";
import type { PageServer, TestBrowser } from "../../../../tests/support/chromium.ts";

interface Cases {
  readonly titles: string[];
  run(title: string): Promise<void>;
  leaveCanary(canary: string, plain: boolean): Promise<void>;
}
type Global = typeof globalThis & { readonly skerryCases: Cases };

let server: PageServer;
let browser: TestBrowser;
let page: Page;
let titles: string[] = [];

beforeAll(async () => {
  server = await servePage({ page: fileURLToPath(new URL("idb-page.test-support.ts", import.meta.url)) });
  browser = await launchChromium();
  page = await openPage(browser.context);
  titles = await page.evaluate(() => (globalThis as Global).skerryCases.titles);
}, 60_000);

afterAll(async () => {
  await browser.close();
  await server.close();
});

async function openPage(context: TestBrowser["context"]): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(server.url);
  await opened.waitForFunction(() => "skerryCases" in globalThis);
  return opened;
}

/** Every file below the profile's IndexedDB folder, LevelDB's and those of large values. */
async function indexedDbFiles(profile: string): Promise<Buffer[]> {
  const root = join(profile, "Default", "IndexedDB");
  const files: Buffer[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(await readFile(join(entry.parentPath, entry.name)));
  }
  return files;
}

/** As LevelDB and structured clones may hold it: bytes, UTF-16 text, base64 at each of the three alignments. */
function spellings(canary: string): Buffer[] {
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from(" ".repeat(shift) + canary)
      .toString("base64")
      .slice(4, -4),
  );
  return [Buffer.from(canary), Buffer.from(canary, "utf16le"), ...base64.map((text) => Buffer.from(text))];
}

describe("IndexedDB in Chromium", () => {
  test("every case of the page", { timeout: 180_000 }, async () => {
    expect(titles.length).toBeGreaterThan(30);
    const failures: string[] = [];
    for (const title of titles) {
      const failure = await page.evaluate(async (wanted) => {
        try {
          await (globalThis as Global).skerryCases.run(wanted);
          return undefined;
        } catch (error) {
          return error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error);
        }
      }, title);
      if (failure !== undefined) failures.push(`${title}: ${failure}`);
    }
    expect(failures).toEqual([]);
  });

  test("BS-2 no canary in any IndexedDB file of the profile; a planted one is found by the same search", { timeout: 60_000 }, async () => {
    const found = async (canary: string): Promise<boolean> => {
      const files = await indexedDbFiles(browser.folder);
      expect(files.length).toBeGreaterThan(0);
      return files.some((file) => spellings(canary).some((bytes) => file.includes(bytes)));
    };
    await page.evaluate(() => (globalThis as Global).skerryCases.leaveCanary("canary-sealed-4711", false));
    await browser.context.close();
    expect(await found("canary-sealed-4711")).toBe(false);
    const again = await openProfile(browser.folder);
    await (await openPage(again)).evaluate(() => (globalThis as Global).skerryCases.leaveCanary("canary-planted-4712", true));
    await again.close();
    expect(await found("canary-planted-4712")).toBe(true);
  });
});
