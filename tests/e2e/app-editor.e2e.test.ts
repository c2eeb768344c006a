/** The editor with another person writing too: a Node peer through the real relay. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createNodePeer } from "@skerry/peer/node";
import type { NodePeer } from "@skerry/peer/node";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as Y from "yjs";
import { editorOf, giveName, newDocument, openPage, startApp, textOf } from "../support/app.ts";
import type { App } from "../support/app.ts";
import { launchChromium } from "../support/chromium.ts";
import type { TestBrowser } from "../support/chromium.ts";
import { openEditor } from "../support/node-editor.ts";
import type { NodeEditor } from "../support/node-editor.ts";
import { shareLink } from "../support/people.ts";
import { until } from "../support/wait.ts";

let app: App;
let browser: TestBrowser;
let page: Page;
let troubles: string[];
let folder: string;
let peer: NodePeer;
let ana: NodeEditor;

beforeEach(async () => {
  app = await startApp();
  browser = await launchChromium();
  ({ page, troubles } = await openPage(browser.context));
  await page.goto(app.url);
  await giveName(page, "Mira");
  const docId = await newDocument(page);
  await page.locator('button.chip[data-kind="synced"]').waitFor();
  const link = await shareLink({ page }, app.url);
  folder = mkdtempSync(path.join(tmpdir(), "skerry-ana-"));
  peer = await createNodePeer({ folder, relayUrl: app.relay.syncUrl });
  await peer.openLink(link.slice(link.indexOf("#") + 1));
  ana = await openEditor(peer, docId);
  await editorOf(page).click();
}, 60_000);

afterEach(async () => {
  ana?.close();
  await peer?.close();
  await browser?.close();
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

const bothRead = async (text: string): Promise<void> => {
  await until(`Ana reads ${JSON.stringify(text)}`, () => ana.text.toJSON() === text);
  await until(`the page shows ${JSON.stringify(text)}`, async () => (await textOf(page)) === text);
};

test("a composed word stays whole when someone writes just before it, or deletes its line", { timeout: 60_000 }, async () => {
  const devtools = await browser.context.newCDPSession(page);
  const compose = async (text: string): Promise<void> => {
    await devtools.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  };
  const cases = [
    { meanwhile: () => ana.text.insert(6, "R"), result: "hello R日本" },
    { meanwhile: () => ana.text.delete(0, 6), result: "日本" },
  ];
  for (const { meanwhile, result } of cases) {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.type("hello ");
    await bothRead("hello ");
    for (const step of ["n", "に", "にほ"]) await compose(step);
    await until("Ana sees the unfinished word", () => ana.text.toJSON() === "hello にほ");
    meanwhile();
    // The page's own peer says that it has Ana's edit, and hands it to the page before it says so.
    await until("the page's device has Ana's edit", () => ana.status()?.saved === "others");
    await compose("日本");
    await devtools.send("Input.insertText", { text: "日本" });
    await bothRead(result);
  }
});

test(
  "the others' carets have names and colours under the strict policy, and a stranger's colour is never used",
  { timeout: 60_000 },
  async () => {
    ana.doc.transact(() => ana.text.insert(0, "Ana was here."));
    await bothRead("Ana was here.");
    const at = Y.createRelativePositionFromTypeIndex(ana.text, 3);
    ana.provider.awareness.setLocalState({
      user: { name: "Ana\u202E\nLind", color: "url(https://evil.example/)" },
      cursor: { anchor: at, head: at },
    });
    const caret = page.locator(".cm-caret");
    await caret.waitFor();
    expect(await page.locator(".cm-caret-name").textContent()).toBe("Ana Lind");
    const look = await caret.evaluate((element) => {
      const style = getComputedStyle(element);
      return { width: style.borderInlineStartWidth, colour: style.borderInlineStartColor, position: style.position };
    });
    expect(look).toMatchObject({ width: "2px", position: "relative" });
    expect(look.colour).toMatch(/^rgb\(/);
    await page.getByRole("button", { name: "2 people are here" }).click();
    await page.getByRole("dialog", { name: "Who is here" }).getByText("Ana Lind").waitFor();
    for (const cursor of [{ anchor: { item: { client: "x", clock: -1 } }, head: 3 }, { anchor: null, head: null }, 7]) {
      ana.provider.awareness.setLocalState({ user: { name: "Ana" }, cursor });
      await until("the caret is gone", async () => (await caret.count()) === 0);
      ana.provider.awareness.setLocalState({ user: { name: "Ana" }, cursor: { anchor: at, head: at } });
      await caret.waitFor();
    }
    expect(troubles).toEqual([]);
  },
);

test("Windows line ends of another app do not shift what is typed", { timeout: 60_000 }, async () => {
  ana.text.insert(0, "one\r\ntwo\r");
  await until("the page shows it", async () => (await textOf(page)).includes("two"));
  await page.keyboard.press("Control+End");
  await page.keyboard.type("X");
  await until("Ana reads it", () => ana.text.toJSON() === "one\r\ntwo\rX");
});

test("an embedded object makes the page show the text without changing it, and hangs nothing", { timeout: 60_000 }, async () => {
  await page.keyboard.type("before");
  await bothRead("before");
  ana.text.insertEmbed(0, { image: "x" });
  await page.getByText("parts that this version of Skerry can't show").waitFor();
  expect(await editorOf(page).getAttribute("contenteditable")).toBe("false");
  ana.text.insert(1, "still shown, ");
  await until("later text shows", async () => (await textOf(page)) === "still shown, before");
  expect(troubles).toEqual([]);
});
