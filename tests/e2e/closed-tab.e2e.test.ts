/**
 * Typed offline and closed at once: the tab, the whole browser in order, the whole browser by SIGKILL. The text is there when the same profile
 * opens again, still offline, and reaches others when the network heals. The app's files come past the cut, as those of an installed app do.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { faults } from "@skerry/simulator";
import type { BrowserContext, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { editorOf, giveName, newDocument, openPage, startApp } from "../support/app.ts";
import type { App } from "../support/app.ts";
import { launchChromium, openProfile } from "../support/chromium.ts";
import { startFront } from "../support/front.ts";
import type { Front } from "../support/front.ts";
import { caretToLine, chipBecomes, readFromRelay, relayTroubles, rememberChips, shareLink, shows } from "../support/people.ts";
import { until } from "../support/wait.ts";

let app: App;
let front: Front;
let profile: string;
let context: BrowserContext | undefined;
let troubles: string[] = [];

beforeEach(async () => {
  app = await startApp();
  front = await startFront(app.relay.port);
  profile = mkdtempSync(path.join(tmpdir(), "skerry-profile-"));
}, 60_000);

afterEach(async () => {
  await closeBrowser();
  await front?.close();
  await app?.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function openBrowser(): Promise<void> {
  context = await openProfile(profile);
  await rememberChips(context);
}

async function openTab(address: string): Promise<Page> {
  if (context === undefined) await openBrowser();
  if (context === undefined) throw new Error("no browser");
  const opened = await openPage(context);
  troubles = opened.troubles;
  await opened.page.goto(address);
  return opened.page;
}

async function closeBrowser(): Promise<void> {
  await context?.close();
  context = undefined;
}

/** The processes of the browser that runs this profile, its main one first: only that one's command line names no type. */
function browserProcesses(): readonly number[] {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), line: commandLine(name) }))
    .filter(({ line }) => line.includes(`--user-data-dir=${profile}`));
  return found.toSorted((a, b) => Number(a.line.includes("--type=")) - Number(b.line.includes("--type="))).map(({ pid }) => pid);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // It ended meanwhile.
    return "";
  }
}

async function killBrowser(): Promise<void> {
  const gone = new Promise((resolve) => context?.once("close", resolve));
  const [main] = browserProcesses();
  if (main === undefined) throw new Error("the browser's process is not found");
  process.kill(main, "SIGKILL");
  await gone;
  context = undefined;
  await until("all of the browser is gone", () => browserProcesses().length === 0);
}

/** Whether the page asks before it goes: exactly while something typed is not on this device's disk. */
const wouldAsk = (page: Page): Promise<boolean> => page.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));

/** The tab's cross. If the page asks whether to leave, because the last letters are not on the disk yet, the person stays and tries again. */
async function closeAsPeopleDo(page: Page): Promise<void> {
  page.on("dialog", (dialog) => void dialog.dismiss().catch(() => undefined));
  const gone = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await until("the tab is closed", async () => {
    if (page.isClosed()) return true;
    // It asked, and is still there.
    if ((await wouldAsk(page).catch(() => true)) || page.isClosed()) return page.isClosed();
    await page.close({ runBeforeUnload: true });
    return page.isClosed();
  });
  await gone;
}

/** A worker outlives its last tab a little; what a tab shows after it is gone comes from the disk. */
async function workerGone(): Promise<void> {
  const [blank] = context?.pages() ?? [];
  if (blank === undefined) throw new Error("no page is left");
  const devtools = await context?.newCDPSession(blank);
  await until("the worker is gone", async () =>
    (await devtools?.send("Target.getTargets"))?.targetInfos.every(({ type }) => type !== "shared_worker"),
  );
  await devtools?.detach();
}

test(
  "many rounds of typing offline and closing at once: all of it is there, and reaches another browser when the network heals",
  { timeout: 240_000 },
  async () => {
    let page = await openTab(front.url);
    await giveName(page, "Ana");
    const docId = await newDocument(page);
    const address = `${front.url}/d/${docId}`;
    let text = "Kept:";
    await page.keyboard.type(text);
    await chipBecomes(page, ["synced"]);
    const link = await shareLink({ page }, front.url);
    await front.sync.set({ ...faults.cut("drop"), newConnections: "refuse" });
    front.sync.dropConnections();

    for (let round = 0; round < 20; round += 1) {
      await shows(page, text);
      await caretToLine(page, 0);
      const word = ` w${round}`;
      text += word;
      await page.keyboard.type(word);
      // At once: nothing is waited for between the last key and the end, but what the page itself asks for.
      const open = page;
      if (round % 5 === 4) {
        await until("it is on the disk", async () => !(await wouldAsk(open)));
        await closeBrowser();
      } else {
        // In turn: with the question that the page may ask, and torn down without one.
        await (round % 2 === 0 ? closeAsPeopleDo(open) : open.close());
        await workerGone();
      }
      expect(troubles).toEqual([]);
      page = await openTab(address);
    }
    await shows(page, text);
    expect((await chipBecomes(page, ["offline"])).text).toMatch(/^Offline · \d+ changes? kept on this device$/);

    await front.sync.heal();
    await chipBecomes(page, ["synced"], 40_000);
    expect(await readFromRelay(app, link)).toBe(text);
    await closeBrowser();

    const other = await launchChromium();
    try {
      const ben = await openPage(other.context);
      await ben.page.goto(link);
      await giveName(ben.page, "Ben");
      await editorOf(ben.page).waitFor();
      await shows(ben.page, text);
      expect(ben.troubles).toEqual([]);
    } finally {
      await other.close();
    }
    expect(relayTroubles(app)).toEqual([]);
  },
);

test(
  "what is kept on this device, and may so be left without a question, survives a SIGKILL of the whole browser",
  { timeout: 120_000 },
  async () => {
    await front.sync.set({ newConnections: "refuse" });
    let page = await openTab(front.url);
    await giveName(page, "Ana");
    const docId = await newDocument(page);
    let text = "";
    for (const letter of "tide") {
      await editorOf(page).focus();
      await page.keyboard.press("Control+End");
      text += letter;
      await page.keyboard.press(letter);
      await until("the page would let itself be closed without a question", async () => !(await wouldAsk(page)));
      await killBrowser();
      page = await openTab(`${front.url}/d/${docId}`);
      await shows(page, text);
      await chipBecomes(page, ["offline"]);
    }
    await front.sync.heal();
    await chipBecomes(page, ["synced"], 40_000);
    expect(troubles).toEqual([]);
    expect(relayTroubles(app)).toEqual([]);
  },
);
