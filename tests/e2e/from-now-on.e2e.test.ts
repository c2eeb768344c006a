/** Links by which people read from now on: chosen, shown, and held to: nothing that was deleted before ever comes to a newcomer's browser. */
import { faults } from "@skerry/simulator";
import type { FrameMatch } from "@skerry/simulator";
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCanarySearch } from "../security/canary-search.ts";
import { textCanary } from "../security/canary.ts";
import { filePieces, memoryPieces } from "../security/places.ts";
import { editorOf, giveName, openPage, textOf } from "../support/app.ts";
import { problemsInEveryLook } from "../support/axe.ts";
import { launchChromium, rendererPids } from "../support/chromium.ts";
import { focusComesTo, focusedWords, press, reach } from "../support/keyboard.ts";
import { caretToLine, chipBecomes, chipSayings, fragmentOf, openLink, openStage, rememberChips, shows } from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";
import { closeShare, cutOff, dialogOf, makeLink, olgasDocument, openShare, reconnect, rowOf } from "../support/sharing.ts";
import { until } from "../support/wait.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(() => stage?.close());

const fromNowOn = { reads: "From now on" } as const;
const choiceIn = (dialog: Locator): Locator => dialog.getByRole("group", { name: "What they can read" });
/** Of the control with the focus. */
const focusedDescription = (page: Page): Promise<string> =>
  page.evaluate(() => document.getElementById(document.activeElement?.getAttribute("aria-describedby") ?? "")?.textContent ?? "");

test("it is chosen with the keyboard alone; the lists of links and of people say so; a document given alone comes with its past", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const nina = await stage.person("Nina");
  const { page } = olga;
  await press(page, "Share");
  const dialog = dialogOf(page);
  await dialog.waitFor();
  await reach(page, "All versions");
  expect(await focusedDescription(page)).toMatch(/also what was deleted since\.$/);
  await page.keyboard.press("ArrowRight");
  expect(await focusedWords(page)).toBe("From now on");
  expect(await focusedDescription(page)).toMatch(/^They get the documents as they are now, and what comes after\./);
  // What is read out is what stands there, and nothing of the other choice.
  await dialog.getByText("What was deleted before stays hidden from them.").waitFor();
  await dialog.getByText("also what was deleted since").waitFor({ state: "hidden" });
  await press(page, "Create link");
  await focusComesTo(page, "Link");
  const what = "Anyone with this link can read and change the document, but nothing that was deleted before the link was made.";
  await dialog.getByText(what, { exact: true }).waitFor();
  await dialog.getByText("Can edit, from now on", { exact: true }).waitFor();
  await dialog.getByRole("button", { name: /^Revoke the link: Can edit, from now on, until / }).waitFor();
  const link = await dialog.getByRole("textbox", { name: "Link" }).inputValue();

  await openLink(nina, `${nina.url}/s#${fragmentOf(link)}`);
  await shows(nina.page, "Plan:");
  const said = "Without earlier versions";
  await rowOf(dialog, "Nina").getByText(said, { exact: true }).waitFor();
  expect(await rowOf(dialog, "Olga").getByText(said).count()).toBe(0);
  const hers = await openShare(nina.page);
  await rowOf(hers, "Nina").getByText(said, { exact: true }).waitFor();

  // Who comes by a link of the other kind is not said to be without anything.
  const edda = await stage.person("Edda");
  await closeShare(page);
  await openLink(edda, await makeLink(olga, "Can edit", edda.url, { reads: "All versions" }));
  await shows(edda.page, "Plan:");
  await openShare(page);
  await dialog.getByText("Can edit", { exact: true }).first().waitFor();
  await rowOf(dialog, "Edda").waitFor();
  expect(await rowOf(dialog, "Edda").getByText(said).count()).toBe(0);

  await dialog.getByRole("button", { name: "New document with these people" }).click();
  await chipBecomes(page, ["synced"]);
  await openShare(page);
  await dialog.getByRole("heading", { name: "Documents with these people · 2" }).waitFor();
  await choiceIn(dialog).getByRole("radio", { name: "From now on" }).check();
  await dialog.getByRole("radio", { name: "Only this document" }).check();
  await choiceIn(dialog).waitFor({ state: "hidden" });
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByText("Can edit, only this document", { exact: true }).waitFor();
  expect(await stage.troubles()).toEqual([]);
});

test(
  "a newcomer sees the present text and both write on; what was deleted before is not on the screen, nor in the memory or the profile of the newcomer's browser",
  { timeout: 240_000 },
  async () => {
    const [deleted, oldTitle] = [textCanary("a deleted sentence"), textCanary("a former title")];
    const [present, title, later] = [textCanary("the present text"), textCanary("the title"), textCanary("a text from after")];
    const search = createCanarySearch([deleted, oldTitle, present, title, later]);
    // Each in one go: letter by letter it would be nowhere in one stretch, and not be found where it is.
    const olga = await olgasDocument(stage, deleted.text);
    await olga.page.getByLabel("Title").fill(oldTitle.text);
    await chipBecomes(olga.page, ["synced"]);
    await olga.page.getByLabel("Title").fill(title.text);
    await caretToLine(olga.page, 0);
    await olga.page.keyboard.press("Shift+Home");
    await olga.page.keyboard.press("Delete");
    await shows(olga.page, "");
    await chipBecomes(olga.page, ["synced"]);
    await olga.page.keyboard.insertText(present.text);
    await chipBecomes(olga.page, ["synced"]);
    const link = await makeLink(olga, "Can edit", stage.app.url, fromNowOn);

    // A browser of her own: of one that they share it could not be told whose memory it is.
    const browser = await launchChromium();
    try {
      await rememberChips(browser.context);
      const opened = await openPage(browser.context);
      const nina = { name: "Nina", page: opened.page };
      await openLink(nina, link);
      await shows(nina.page, present.text);
      await until("the title is there", async () => (await nina.page.getByLabel("Title").inputValue()) === title.text);
      await caretToLine(nina.page, 0);
      await nina.page.keyboard.insertText(" rope");
      await shows(olga.page, `${present.text} rope`);
      await caretToLine(olga.page, 0);
      await olga.page.keyboard.insertText(` ${later.text}`);
      for (const { page } of [olga, nina]) await shows(page, `${present.text} rope ${later.text}`);
      for (const { page } of [olga, nina]) await chipBecomes(page, ["synced"]);
      // All that is on the page, and what she undoes, is her own.
      await nina.page.keyboard.press("Control+z");
      await nina.page.keyboard.press("Control+z");
      for (const { page } of [olga, nina]) await shows(page, `${present.text} ${later.text}`);
      expect(await nina.page.locator("html").innerText()).not.toContain(deleted.text);

      const pids = rendererPids(browser);
      expect(pids.length).toBeGreaterThan(0);
      const found = pids.flatMap((pid) => [...memoryPieces(pid, search.longest)].flatMap((piece) => search.search(...piece)));
      // What she may read is there in the clear: so would the rest be.
      expect([...new Set(found.map(({ canary }) => canary))].toSorted()).toEqual([later.name, present.name, title.name].toSorted());

      await nina.page.reload();
      await shows(nina.page, `${present.text} ${later.text}`);
      await browser.context.close();
      expect([...filePieces(browser.folder)].flatMap((piece) => search.search(...piece))).toEqual([]);
      expect(opened.troubles).toEqual([]);
      expect(await stage.troubles()).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);

/** A message of ours in a frame of its own, longer than 127 bytes, whose tag is that of `append`: its length takes two bytes. */
const appends: FrameMatch = { opcode: "binary", bytes: "03", at: 2, bytesMin: 130 };

/** Nina has a link, and Olga, the only owner, has written nothing since it was made and is gone. */
async function nobodyHasPrepared(): Promise<{ readonly olga: Person; readonly nina: Person }> {
  const olga = await olgasDocument(stage, "Plan:");
  const nina = await stage.person("Nina");
  // Her device may prepare the document as soon as the link is made.
  await olga.proxy.set(faults.framesUp({ do: "drop", match: appends }));
  const link = await makeLink(olga, "Can edit", nina.url, fromNowOn);
  await cutOff(olga);
  await nina.page.goto(link);
  await giveName(nina.page, "Nina");
  await nina.page.getByRole("heading", { level: 1, name: "Waiting for an owner's device" }).waitFor();
  return { olga, nina };
}

test(
  "who comes while no owner is online is told what it waits for; the text appears by itself when the owner is back",
  { timeout: 120_000 },
  async () => {
    const { olga, nina } = await nobodyHasPrepared();
    const page = nina.page.getByRole("main");
    await page.getByText("a device of somebody who owns this document has to prepare it for you first").waitFor();
    await page.getByText("You are in, and nothing is lost").waitFor();
    await page.getByText("Ask the person who invited you to open Skerry.").waitFor();
    expect((await chipBecomes(nina.page, ["unprepared"])).text).toBe("Waiting for an owner's device");
    expect(await editorOf(nina.page).count()).toBe(0);
    await nina.page.locator("button.chip").click();
    await nina.page.getByRole("dialog", { name: "Where your changes are" }).getByText("You are in, and nothing is lost").waitFor();
    await nina.page.keyboard.press("Escape");

    // Without the server it says so, and promises no more than is so.
    await cutOff(nina);
    await page.getByRole("heading", { level: 1, name: "Waiting for the server" }).waitFor({ timeout: 40_000 });
    await page.getByText("this document still waits for a device of somebody who owns it").waitFor();
    await chipBecomes(nina.page, ["waiting"]);
    await reconnect(nina);
    await page.getByRole("heading", { level: 1, name: "Waiting for an owner's device" }).waitFor({ timeout: 40_000 });
    // It waits on after a reload, too.
    await nina.page.reload();
    await page.getByRole("heading", { level: 1, name: "Waiting for an owner's device" }).waitFor();

    await reconnect(olga);
    await editorOf(nina.page).waitFor({ timeout: 60_000 });
    await shows(nina.page, "Plan:");
    // Never was an empty document said to be all.
    const said = await chipSayings(nina.page);
    const waited = said.findLastIndex(({ kind }) => kind === "unprepared");
    expect(waited).toBeGreaterThanOrEqual(0);
    expect(said.slice(0, waited).filter(({ text }) => /synced/i.test(text))).toEqual([]);
    await caretToLine(nina.page, 0);
    await nina.page.keyboard.insertText(" rope");
    for (const person of [olga, nina]) await shows(person.page, "Plan: rope");
    for (const person of [olga, nina]) await chipBecomes(person.page, ["synced"]);
    expect(await textOf(olga.page)).toBe("Plan: rope");
    expect(await stage.troubles()).toEqual([]);
  },
);

test(
  "the choice, and the lists that tell of it, are accessible in both themes, on a desktop and on a phone",
  { timeout: 120_000 },
  async () => {
    const olga = await olgasDocument(stage, "Plan:");
    const nina = await stage.person("Nina");
    const found: string[] = [];
    const dialog = await openShare(olga.page);
    await choiceIn(dialog).getByRole("radio", { name: "All versions" }).waitFor();
    found.push(...(await problemsInEveryLook(olga.page, "a link with all versions")));
    await choiceIn(dialog).getByRole("radio", { name: "From now on" }).check();
    await dialog.getByRole("button", { name: "Create link" }).click();
    await dialog.getByText("Can edit, from now on", { exact: true }).waitFor();
    found.push(...(await problemsInEveryLook(olga.page, "a link from now on")));
    const link = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
    await openLink(nina, `${nina.url}/s#${fragmentOf(link)}`);
    await rowOf(dialog, "Nina").getByText("Without earlier versions").waitFor();
    found.push(...(await problemsInEveryLook(olga.page, "people, one from now on")));
    expect(found).toEqual([]);
    expect(await stage.troubles()).toEqual([]);
  },
);

test("the page of a document that waits is accessible in both themes, on a desktop and on a phone", { timeout: 120_000 }, async () => {
  const { nina } = await nobodyHasPrepared();
  const found = await problemsInEveryLook(nina.page, "waiting for an owner's device", ["main"]);
  await nina.page.locator("button.chip").click();
  await nina.page.getByRole("dialog", { name: "Where your changes are" }).waitFor();
  found.push(...(await problemsInEveryLook(nina.page, "where your changes are, waiting for an owner's device")));
  expect(found).toEqual([]);
  expect(await stage.troubles()).toEqual([]);
});
