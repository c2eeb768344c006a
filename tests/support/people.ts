/** People at the built web app, each through a chaos proxy of their own, and what their chips said at every moment. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createNodePeer } from "@skerry/peer/node";
import { createPrng, startChaosProxy } from "@skerry/simulator";
import type { ChaosProxy } from "@skerry/simulator";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { editorOf, giveName, newDocument, openPage, startApp, textOf } from "./app.ts";
import type { App } from "./app.ts";
import { chromiumArgs, chromiumPath } from "./chromium.ts";
import { openEditor } from "./node-editor.ts";
import { until } from "./wait.ts";
import { workerTroubles } from "./worker-troubles.ts";

/** What the chip said from a moment on. */
export interface ChipSaying {
  /** Wall clock, as `Date.now()`. */
  readonly at: number;
  readonly kind: string;
  readonly text: string;
}

export interface Person {
  readonly name: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** The app's origin for this person. */
  readonly url: string;
  /** Carries this person's pages and sync. */
  readonly proxy: ChaosProxy;
  readonly troubles: string[];
}

export interface Stage {
  readonly app: App;
  readonly browser: Browser;
  /** A new person with a storage of their own, on an empty page. */
  person(name: string): Promise<Person>;
  /** What must never happen, of everyone so far: page errors, console messages, the workers' too, error lines in the relay's log. */
  troubles(): Promise<string[]>;
  close(): Promise<void>;
}

export interface StageOptions {
  /** docs/operating.md */
  readonly relay?: Readonly<Record<string, string>>;
  readonly browserArgs?: readonly string[];
}

/** One Chromium for everyone: contexts share nothing. */
export async function openStage({ relay = {}, browserArgs = [] }: StageOptions = {}): Promise<Stage> {
  const app = await startApp(relay);
  const people: Person[] = [];
  // playwright's own headless mode is another browser, with other timing.
  const browser = await chromium.launch({ executablePath: chromiumPath, headless: false, args: [...chromiumArgs, ...browserArgs] });
  return {
    app,
    browser,
    person: async (name) => {
      const proxy = await startChaosProxy({ upstreamPort: app.relay.port, random: createPrng(BigInt(people.length + 1)) });
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      await rememberChips(context);
      const { page, troubles } = await openPage(context);
      const person = { name, context, page, url: proxy.url, proxy, troubles };
      people.push(person);
      return person;
    },
    troubles: async () => [
      ...people.flatMap(({ name, troubles }) => troubles.map((trouble) => `${name}: ${trouble}`)),
      ...(await workerTroubles(browser)),
      ...relayTroubles(app),
    ],
    close: async () => {
      await browser.close();
      for (const { proxy } of people) await proxy.close();
      await app.close();
    },
  };
}

/** Error lines (pino's level 50 and 60) and anything that is no log line, but for the address. */
export const relayTroubles = (app: App): string[] =>
  app.relay
    .output()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("Skerry relay: ") && !/^\{"level":"?(?:[1234]0|trace|debug|info|warn)"?,/.test(line))
    .map((line) => `relay: ${line}`);

/** From now on, pages of this context keep a list of what their chip said. */
export async function rememberChips(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const said: ChipSaying[] = [];
    Object.assign(globalThis, { chipSayings: said });
    const look = (): void => {
      const chip = document.querySelector("button.chip");
      const kind = chip?.getAttribute("data-kind") ?? "";
      const text = chip?.textContent ?? "";
      const last = said.at(-1);
      if (chip !== null && (last?.kind !== kind || last.text !== text)) said.push({ at: Date.now(), kind, text });
    };
    new MutationObserver(look).observe(document, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
      attributeFilter: ["data-kind"],
    });
  });
}

export const chipSayings = (page: Page): Promise<readonly ChipSaying[]> =>
  page.evaluate(() => (globalThis as unknown as { readonly chipSayings: readonly ChipSaying[] }).chipSayings);

export async function chipNow(page: Page): Promise<ChipSaying> {
  const last = (await chipSayings(page)).at(-1);
  if (last === undefined) throw new Error("the page has no chip");
  return last;
}

/** Waits until the chip is of one of these kinds, and gives what it says. */
export function chipBecomes(page: Page, kinds: readonly string[], deadlineMs = 20_000): Promise<ChipSaying> {
  return until(
    `the chip is ${kinds.join(" or ")}`,
    async () => {
      // A page that was just opened has none yet.
      const now = (await chipSayings(page)).at(-1);
      return now !== undefined && kinds.includes(now.kind) ? now : undefined;
    },
    deadlineMs,
  );
}

/** First visit, name, new document. Returns its id. */
export async function startDocument(person: Person): Promise<string> {
  await person.page.goto(person.url);
  await giveName(person.page, person.name);
  return newDocument(person.page);
}

/** The link that the open share dialog shows. Where links are made one by one, it asks for one that lets a hundred people edit: each reader is one. */
export async function linkInDialog(page: Page): Promise<string> {
  const field = page.getByRole("textbox", { name: "Link" });
  const create = page.getByRole("button", { name: "Create link" });
  let asked = false;
  return until("the link is there", async () => {
    const value = (await field.count()) > 0 ? await field.first().inputValue() : "";
    if (value.includes("/s#")) return value;
    if (!asked && (await create.count()) > 0) {
      asked = true;
      await page.getByLabel("For", { exact: true }).selectOption("100");
      await create.click();
    }
    return undefined;
  });
}

/** The share link, through the dialog, as it is for someone at `url`. */
export async function shareLink(from: Pick<Person, "page">, url: string): Promise<string> {
  await from.page.getByRole("button", { name: "Share" }).click();
  const link = await linkInDialog(from.page);
  await from.page.keyboard.press("Escape");
  return `${url}/s#${fragmentOf(link)}`;
}

export const fragmentOf = (link: string): string => link.slice(link.indexOf("#") + 1);

/** First visit by a share link: the name, then the document. */
export async function openLink(person: Pick<Person, "name" | "page">, link: string): Promise<void> {
  await person.page.goto(link);
  await giveName(person.page, person.name);
  await editorOf(person.page).waitFor();
}

/** Puts the caret at the end of line `line` (from 0) with the keyboard alone: labels of other carets may lie over the text. */
export async function caretToLine(page: Page, line: number): Promise<void> {
  await editorOf(page).focus();
  await page.keyboard.press("Control+Home");
  for (let step = 0; step < line; step += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
}

export const shows = (page: Page, text: string, deadlineMs?: number): Promise<boolean> =>
  until(`the page shows ${JSON.stringify(text)}`, async () => (await textOf(page)) === text, deadlineMs).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; it shows ${JSON.stringify(await textOf(page))}`);
  });

/** What the relay has, as someone sees it who never was here: a fresh Node peer that opens the link and waits until it has everything. */
export async function readFromRelay(app: App, link: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "skerry-reader-"));
  const peer = await createNodePeer({ folder, relayUrl: app.relay.syncUrl });
  try {
    const opened = await peer.openLink(fragmentOf(link));
    if (!opened.ok) throw new Error(`the link is ${opened.error}`);
    const editor = await openEditor(peer, opened.docId);
    try {
      await until("the reader has all that the relay has", () => {
        const status = editor.status();
        return status?.phase === "ready" && status.relaySeq > 0 && status.seq >= status.relaySeq && status.heardAtMs > 0;
      });
      return editor.text.toString();
    } finally {
      editor.close();
    }
  } finally {
    await peer.close();
    await rm(folder, { recursive: true, force: true });
  }
}
