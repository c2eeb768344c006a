/** Salvage in the app: a relay that helps somebody who was removed stores what she backdated; an owner reads it, and takes it over in her own name. */
import { readFileSync } from "node:fs";
import { decodeRecord, toText } from "@skerry/protocol";
import { systemClock } from "@skerry/relay";
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Doc, applyUpdate, encodeStateAsUpdate } from "yjs";
import { openLevelLogStore } from "../../apps/relay/src/storage/level-log-store.ts";
import { peerSocketUrl } from "../../packages/peer/src/editor/socket-shape.ts";
import { startPeer } from "../../packages/peer/src/engine/engine.test-support.ts";
import type { TestPeer } from "../../packages/peer/src/engine/engine.test-support.ts";
import { createPeerSocket } from "../../packages/peer/src/node/peer-socket.ts";
import { docIdOf, forged, slipIn } from "../../packages/peer/src/space/collusion.test-support.ts";
import { untilSpace } from "../../packages/peer/src/space/space.test-support.ts";
import { editorOf, textOf } from "../support/app.ts";
import { problemsInEveryLook } from "../support/axe.ts";
import { focusedWords, press, reach } from "../support/keyboard.ts";
import { openEditor } from "../support/node-editor.ts";
import { chipBecomes, fragmentOf, openLink, openStage, shareLink, shows, startDocument } from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";
import { until } from "../support/wait.ts";

let stage: Stage;
const left: (() => Promise<void>)[] = [];

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(async () => {
  for (const leave of left.splice(0)) await leave();
  await stage?.close();
});

const hostile = "<img src=x onerror=alert(1)>";
const long = `\n${"x".repeat(25_000)}`;

interface Removed {
  readonly olga: Person;
  readonly vito: Person;
  readonly docId: string;
  readonly edda: TestPeer;
}

/**
 * Olga owns a document, Vito edits it. Edda did, was removed, and then the relay stored, backdated, what she wrote in her copy: "never sent", a deletion, and
 * what a modified client sends: a bomb.
 */
async function backdated(extra = ""): Promise<Removed> {
  const olga = await stage.person("Olga");
  const docId = await startDocument(olga);
  await olga.page.keyboard.type("Plan: rope");
  await chipBecomes(olga.page, ["synced"]);
  const vito = await stage.person("Vito");
  const link = await shareLink(olga, vito.url);
  await openLink(vito, link);
  await shows(vito.page, "Plan: rope");

  const edda = startPeer({ url: stage.app.relay.syncUrl });
  left.push(() => edda.close());
  expect((await edda.peer.openLink(fragmentOf(link))).ok).toBe(true);
  await untilSpace(edda, docId, "she is in", ({ standing, mayWrite }) => standing === "member" && mayWrite);
  const editor = await openEditor(
    {
      WebSocket: createPeerSocket(edda.peer),
      socketUrl: peerSocketUrl,
      watchStatus: (id, listener) => edda.peer.watchStatus(id, listener),
    },
    docId,
  );
  editor.provider.awareness.setLocalStateField("user", { name: "Edda", color: "#000000" });
  editor.text.insert(editor.text.length, ", tea");
  await shows(olga.page, "Plan: rope, tea");
  await shows(vito.page, "Plan: rope, tea");

  await olga.page.getByRole("button", { name: "Share" }).click();
  const dialog = olga.page.getByRole("dialog", { name: "Share this document" });
  await dialog.getByRole("listitem").filter({ hasText: "Edda" }).getByRole("button", { name: "Remove…" }).click();
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog.getByText("Edda was removed.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");

  const copy = new Doc();
  applyUpdate(copy, encodeStateAsUpdate(editor.doc));
  editor.close();
  const updates: Uint8Array[] = [Uint8Array.of(1, 1, 1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0)];
  copy.on("update", (update: Uint8Array) => updates.push(update));
  const body = copy.getText("body");
  body.insert(body.length, "\nnever ");
  body.insert(body.length, `sent \u202e${hostile}${extra}`);
  body.delete(0, 2);
  await stage.app.relay.stop();
  const store = await openLevelLogStore({ folder: stage.app.relay.folder, clock: systemClock });
  const id = docIdOf(docId);
  const entries = await store.read(id, 1, 1000, Number.MAX_SAFE_INTEGER);
  const position = entries.at(-1)?.accessPosition ?? 0;
  for (const update of updates) await slipIn(store, id, forged(edda.device, id, update, 1, position), position);
  await store.close();
  await stage.app.relay.restart();
  for (const { page } of [olga, vito]) {
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await chipBecomes(page, ["review"], 60_000);
  }
  return { olga, vito, docId, edda };
}

const dialogOf = (page: Page): Locator => page.getByRole("dialog", { name: "What was set aside" });

async function openSetAside(page: Page): Promise<Locator> {
  await page.locator("button.chip").click();
  await page.getByRole("button", { name: "Show what was set aside" }).click();
  const dialog = dialogOf(page);
  await dialog.getByRole("article").waitFor();
  return dialog;
}

test(
  "PE-32 an owner reads the words, copies them, saves them, adds them as her own, and takes that back",
  { timeout: 120_000 },
  async () => {
    const { olga, vito, docId, edda } = await backdated();
    const { page } = olga;
    await olga.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: olga.url });
    const text = `never sent ${hostile}`;
    const dialog = await openSetAside(page);
    const article = dialog.getByRole("article");
    expect(await article.count()).toBe(1);
    await article.getByRole("heading", { name: "Edda · removed" }).waitFor();
    await dialog.getByText("This is not part of the document.").waitFor();
    await dialog.getByText("Nothing is deleted, also if you add the rest.").waitFor();
    // Text and nothing else.
    const shown = article.getByRole("group", { name: "Words of Edda" });
    expect(await shown.evaluate((element) => element.textContent)).toBe(text);
    expect(await dialog.locator("img").count()).toBe(0);
    await dialog.getByText("4 entries, 1 not readable").click();
    expect(await dialog.getByRole("listitem").count()).toBe(4);
    await dialog.getByRole("listitem").first().getByText("Its content makes no sense, and was not read.").waitFor();

    await article.getByRole("button", { name: "Copy" }).click();
    await article.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
    const downloading = page.waitForEvent("download");
    await article.getByRole("button", { name: "Save as file" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe("set-aside.txt");
    expect(readFileSync(await download.path(), "utf8")).toBe(text);
    // Reading changed nothing, anywhere.
    expect(await textOf(page)).toBe("Plan: rope, tea");
    expect(await textOf(vito.page)).toBe("Plan: rope, tea");

    await article.getByRole("button", { name: "Add to the document" }).click();
    await dialog.getByText("Added at the end of the document, as your own words.").waitFor();
    const whole = `Plan: rope, tea\n${text}`;
    await shows(vito.page, whole);
    await article.getByRole("button", { name: "Take it back" }).click();
    await dialog.getByText("Taken out of the document again.").waitFor();
    await shows(vito.page, "Plan: rope, tea");
    await article.getByRole("button", { name: "Add to the document" }).click();
    await shows(vito.page, whole);
    await dialog.getByRole("button", { name: "Close" }).click();
    await shows(page, whole);

    // The words stand in the log as Olga's.
    const mine = await authorsAtTheRelay(docId);
    expect(mine.at(-1)).not.toBe((await edda.peer.profile()).deviceId);
    expect(new Set(mine.slice(-3)).size).toBe(1);
    expect(await stage.troubles()).toEqual([]);
  },
);

/** Whose devices' records are in the log, in its order. */
async function authorsAtTheRelay(docId: string): Promise<readonly string[]> {
  await stage.app.relay.stop();
  const store = await openLevelLogStore({ folder: stage.app.relay.folder, clock: systemClock });
  const entries = await store.read(docIdOf(docId), 1, 1000, Number.MAX_SAFE_INTEGER);
  await store.close();
  await stage.app.relay.restart();
  return entries.map(({ record }) => {
    const decoded = decodeRecord(record);
    return decoded.ok ? toText(decoded.value.header.deviceId) : "";
  });
}

test(
  "PE-32 who may only read reads it, too, and adds nothing; all of it goes with the keyboard, in both themes, and on a phone",
  { timeout: 120_000 },
  async () => {
    const { olga, vito } = await backdated(long);
    const { page } = olga;
    await editorOf(page).focus();
    await press(page, "Show details");
    await press(page, "Show what was set aside");
    const dialog = dialogOf(page);
    await dialog.getByRole("article").waitFor();
    expect(await focusedWords(page)).toContain("This is not part of the document.");
    await reach(page, "Words of Edda");
    // Not more of it than a page can bear.
    const shown = dialog.getByRole("group", { name: "Words of Edda" });
    expect(await shown.evaluate((element) => element.textContent)).toBe(`never sent ${hostile}${long}`.slice(0, 20_000));
    await dialog.getByText(/The first 20.000 of 25.0\d\d characters are shown/).waitFor();
    await press(page, "Add to the document");
    await dialog.getByText("Added at the end of the document").waitFor();
    expect(await focusedWords(page)).toContain("Take it back");
    await page.keyboard.press("Enter");
    await dialog.getByText("Taken out of the document again.").waitFor();
    expect(await problemsInEveryLook(page, "set aside")).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await until("the chip has the focus again", () => page.evaluate(() => document.activeElement?.matches("button.chip") === true));
    expect(await textOf(page)).toBe("Plan: rope, tea");

    await page.getByRole("button", { name: "Share" }).click();
    await page.getByRole("combobox", { name: "Role of Vito" }).selectOption({ label: "Can view" });
    await until("Vito may only read", async () => (await editorOf(vito.page).getAttribute("contenteditable")) === "false");
    const his = await openSetAside(vito.page);
    await his.getByRole("heading", { name: "Edda · removed" }).waitFor();
    await his.getByText("You can't change this document, so you can't add these words to it.").waitFor();
    expect(await his.getByRole("button", { name: "Copy" }).count()).toBe(1);
    expect(await his.getByRole("button", { name: "Add to the document" }).count()).toBe(0);
    expect(await stage.troubles()).toEqual([]);
  },
);
