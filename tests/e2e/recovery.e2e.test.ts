/** Recovery words, as a person has them: made, written down, and typed in on an empty device when every other one is lost. */
import path from "node:path";
import { exportSecret, parseRecoveryWords } from "@skerry/crypto";
import { faults } from "@skerry/simulator";
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { qrPath } from "../../apps/web/src/devices/qr-path.ts";
import { createCanarySearch } from "../security/canary-search.ts";
import { keyCanary, wordCanary } from "../security/canary.ts";
import type { Canary } from "../security/canary.ts";
import { filePieces, levelPieces } from "../security/places.ts";
import { editorOf, giveName, openPage } from "../support/app.ts";
import { problemsInEveryLook } from "../support/axe.ts";
import { launchChromium } from "../support/chromium.ts";
import { devicesDialog, freshDevice, goHome, openDevices, writeDocument } from "../support/devices.ts";
import { focusComesTo, focusedWords, press, reach } from "../support/keyboard.ts";
import { caretToLine, chipBecomes, openStage, rememberChips, shows } from "../support/people.ts";
import type { Stage } from "../support/people.ts";
import { answer, beginToMake, labelsAsked, makeWords, wordsShown } from "../support/recovery.ts";
import { until } from "../support/wait.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(() => stage?.close());

const nobodys: readonly string[] = [...Array.from({ length: 23 }, () => "abandon"), "art"];
const wordsField = (page: Page): Locator => devicesDialog(page).getByRole("textbox", { name: "Recovery words" });
const problemIn = (page: Page): Locator => devicesDialog(page).getByRole("alert");

const numbered = (words: readonly string[]): string =>
  words.map((word, index) => `${index + 1}. ${index % 3 === 0 ? word.toUpperCase() : word}${index % 4 === 3 ? "\n" : "  "}`).join("");

async function submitWords(page: Page, text: string): Promise<void> {
  await wordsField(page).fill(text);
  await devicesDialog(page).getByRole("button", { name: "Get my documents back" }).click();
}

async function restore(page: Page, words: readonly string[]): Promise<void> {
  await page.getByRole("button", { name: "I have recovery words…" }).click();
  await submitWords(page, numbered(words));
  await devicesDialog(page).waitFor({ state: "hidden", timeout: 60_000 });
}

test("everything is lost but the paper: on an empty device the words, typed with their numbers, bring back both documents, to be read and written", async () => {
  const olga = await freshDevice(stage, "Olga");
  await writeDocument(olga.page, "Plan", "Rope and tea");
  await writeDocument(olga.page, "Tides", "Low at six");
  const words = await makeWords(olga.page);
  expect(await stage.troubles()).toEqual([]);
  await olga.context.close();

  const fresh = await freshDevice(stage, "Somebody");
  await restore(fresh.page, words);
  const list = fresh.page.getByRole("list", { name: "Documents on this device" });
  await until("both documents are there", async () => (await list.getByRole("listitem").count()) === 2, 60_000);
  // Who this is came with the account.
  await fresh.page.getByRole("button", { name: "Settings: Olga" }).waitFor();
  for (const [title, text] of [
    ["Plan", "Rope and tea"],
    ["Tides", "Low at six"],
  ] as const) {
    await fresh.page.getByRole("link", { name: title }).click();
    await editorOf(fresh.page).waitFor();
    await shows(fresh.page, text, 60_000);
    await chipBecomes(fresh.page, ["synced"], 60_000);
    await caretToLine(fresh.page, 0);
    await fresh.page.keyboard.type(", still");
    await shows(fresh.page, `${text}, still`);
    await chipBecomes(fresh.page, ["synced"], 60_000);
    await goHome(fresh.page);
  }
  // The words stay good, and the lost device can be locked out.
  const dialog = await openDevices(fresh.page);
  await dialog.getByText(/^Made on /).waitFor();
  await dialog.getByRole("button", { name: "Revoke…" }).waitFor({ timeout: 40_000 });
  expect(await fresh.page.getByRole("button", { name: "I have recovery words…" }).count()).toBe(0);
  expect(await stage.troubles()).toEqual([]);
});

test("what is wrong with the words is said, and newer words end older ones", async () => {
  const olga = await freshDevice(stage, "Olga");
  await writeDocument(olga.page, "Plan", "Rope and tea");
  const old = await makeWords(olga.page);
  const fresh = await freshDevice(stage, "Somebody");
  const { page } = fresh;
  await page.getByRole("button", { name: "I have recovery words…" }).click();
  const says = async (text: string, sentence: string | RegExp): Promise<void> => {
    await submitWords(page, text);
    await problemIn(page).filter({ hasText: sentence }).waitFor({ timeout: 40_000 });
    await until("the field has the focus", async () => (await focusedWords(page)) === "Recovery words");
  };
  await says("", "Type the 24 words from your paper.");
  await says(numbered(old.with(4, "tehr")), "Word 5 is not one of the 2,048 words. Check its spelling.");
  expect(await wordsField(page).evaluate((field: HTMLTextAreaElement) => field.value.slice(field.selectionStart, field.selectionEnd))).toBe(
    "tehr",
  );
  await wordsField(page).fill(numbered(old.slice(0, 17)));
  await devicesDialog(page).getByRole("status").filter({ hasText: "17 of 24 words" }).waitFor();
  await says(numbered(old.slice(0, 17)), "There are only 17 words; it takes 24.");
  await says([...nobodys.slice(0, 23), "zoo"].join(" "), "they don't fit together");
  await says(nobodys.join(" "), "The server knows no account with these words.");

  const dialog = await openDevices(olga.page);
  await dialog.getByRole("button", { name: "Make new words…" }).click();
  await dialog.getByText("The words that you have now stop working.").waitFor();
  await olga.page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "Close" }).click();
  const words = await makeWords(olga.page);
  expect(words).not.toEqual(old);
  await says(numbered(old), "Newer words may have replaced them");
  await submitWords(page, numbered(words));
  await devicesDialog(page).waitFor({ state: "hidden", timeout: 60_000 });
  await page.getByRole("link", { name: "Plan" }).waitFor({ timeout: 60_000 });

  // With documents of its own, a browser says why not.
  const vito = await freshDevice(stage, "Vito");
  await writeDocument(vito.page, "Mine", "All mine");
  expect(await vito.page.getByRole("button", { name: "I have recovery words…" }).count()).toBe(0);
  expect(await stage.troubles()).toEqual([]);
});

test("without the server no words are made and none are looked for, and both are said", async () => {
  const olga = await freshDevice(stage, "Olga");
  await writeDocument(olga.page, "Plan", "Rope and tea");
  await olga.proxy.set({ ...faults.cut("drop"), newConnections: "refuse" });
  const dialog = await beginToMake(olga.page);
  await dialog.getByText("Making them. The server has to keep something for them…").waitFor();
  await dialog.getByText("the server did not answer. Try again when you are connected.").waitFor({ timeout: 60_000 });
  await dialog.getByRole("heading", { name: "Make recovery words" }).waitFor();
  await olga.proxy.heal();

  const fresh = await freshDevice(stage, "Somebody");
  await fresh.proxy.set({ ...faults.cut("drop"), newConnections: "refuse" });
  await fresh.page.getByRole("button", { name: "I have recovery words…" }).click();
  await submitWords(fresh.page, numbered(nobodys));
  await devicesDialog(fresh.page).getByText("Looking for your documents…").waitFor();
  await problemIn(fresh.page).filter({ hasText: "The server did not answer. Nothing was changed here." }).waitFor({ timeout: 60_000 });
  expect(await stage.troubles()).toEqual([]);
});

test("without a camera it is said, and the words can be typed: what was typed before is still there", async () => {
  const { page } = await freshDevice(stage, "Olga");
  await press(page, "I have recovery words…");
  await focusComesTo(page, "Use your recovery words");
  await reach(page, "Recovery words");
  await page.keyboard.type("1. abandon");
  await press(page, "Scan the sheet");
  await focusComesTo(page, "Scan your recovery sheet");
  await problemIn(page).filter({ hasText: "No camera was found: type the words." }).waitFor();
  await press(page, "Type the words instead");
  await focusComesTo(page, "Use your recovery words");
  expect(await wordsField(page).inputValue()).toBe("1. abandon");
  // One step back is not out of it.
  await press(page, "Scan the sheet");
  await focusComesTo(page, "Scan your recovery sheet");
  await page.keyboard.press("Escape");
  await focusComesTo(page, "Use your recovery words");
  expect(await wordsField(page).inputValue()).toBe("1. abandon");
  await page.keyboard.press("Escape");
  await focusComesTo(page, "Your devices");
  expect(await stage.troubles()).toEqual([]);
});

test("making words works with the keyboard alone, and nobody loses them by a stray key", async () => {
  const { page } = await freshDevice(stage, "Olga");
  await writeDocument(page, "Plan", "Rope and tea");
  const dialog = devicesDialog(page);
  await press(page, "Settings");
  await press(page, "Devices…");
  await dialog.waitFor();
  await press(page, "Make recovery words…");
  await focusComesTo(page, "Make recovery words");
  // Until the server was asked, there is nothing to lose.
  await page.keyboard.press("Escape");
  await focusComesTo(page, "Make recovery words…");
  await page.keyboard.press("Enter");
  await focusComesTo(page, "Make recovery words");
  await press(page, "Make the words");
  await focusComesTo(page, "Your recovery words");
  const words = await wordsShown(page);

  await page.keyboard.press("Escape");
  await focusComesTo(page, "Are they written down?");
  await page.keyboard.press("Escape");
  await focusComesTo(page, "Your recovery words");
  await dialog.getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Enter");
  await focusComesTo(page, "Are they written down?");
  await press(page, "Back to the words");
  await focusComesTo(page, "Your recovery words");
  expect(await wordsShown(page)).toEqual(words);

  await press(page, "I have written them down");
  await focusComesTo(page, "Are they on your paper?");
  expect(await dialog.getByRole("list", { name: "Recovery words" }).count()).toBe(0);
  const [first = ""] = await labelsAsked(page);
  await reach(page, first);
  await page.keyboard.type("nonsense");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").filter({ hasText: "do not match. Look at your paper" }).waitFor();
  expect(await focusedWords(page)).toBe(first);
  await press(page, "Show the words again");
  await focusComesTo(page, "Your recovery words");
  await press(page, "I have written them down");
  await focusComesTo(page, "Are they on your paper?");
  // One step back from here is the words, and no way out.
  await page.keyboard.press("Escape");
  await focusComesTo(page, "Your recovery words");
  await press(page, "I have written them down");
  await focusComesTo(page, "Are they on your paper?");
  for (const label of await labelsAsked(page)) {
    await reach(page, label);
    await page.keyboard.type(words[Number(label.replace(/\D/g, "")) - 1] ?? "");
  }
  await page.keyboard.press("Enter");
  await dialog.getByText("Your recovery words are ready.").waitFor();
  await focusComesTo(page, "Make new words…");

  await page.keyboard.press("Enter");
  await focusComesTo(page, "Make new recovery words");
  await press(page, "Make the words");
  await focusComesTo(page, "Your recovery words");
  await page.keyboard.press("Escape");
  await press(page, "Leave");
  await dialog.getByText("The words were put away, and are not shown again.").waitFor();
  await focusComesTo(page, "Make new words…");
  // Nobody said that the new ones are on paper: both work, until one is ended.
  const ends = dialog.getByRole("button", { name: /^End…/ });
  await until("both are in the list", async () => (await ends.count()) === 2);
  await press(page, "End…");
  await focusComesTo(page, "End these recovery words?");
  await page.keyboard.press("Escape");
  await until("the focus is back", async () => (await focusedWords(page)).startsWith("End…"));
  await page.keyboard.press("Enter");
  await focusComesTo(page, "End these recovery words?");
  await press(page, "End them");
  await dialog.getByText("These recovery words work no more.").waitFor();
  await focusComesTo(page, "Your devices");
  await until("one is left", async () => (await ends.count()) === 1);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await focusedWords(page)).toContain("Settings");
});

test("the printer gets one sheet with the words and nothing else of the page, also from a dark screen; the clipboard gets them with a warning", async () => {
  const { context, page } = await freshDevice(stage, "Olga");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await writeDocument(page, "Plan", "Rope and tea");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.evaluate(() => {
    window.print = () => document.body.setAttribute("data-printed", "yes");
  });
  const dialog = await beginToMake(page);
  const words = await wordsShown(page);
  const sheet = page.locator(".kit-sheet");
  expect(await sheet.isVisible()).toBe(false);
  await dialog.getByRole("button", { name: "Print" }).click();
  expect(await page.locator("body").getAttribute("data-printed")).toBe("yes");

  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const printed = await page.evaluate(() => document.body.innerText);
  expect(printed).toContain("Skerry recovery words");
  expect(printed).toContain(new URL(page.url()).origin);
  expect(printed).toContain(String(new Date().getFullYear()));
  const at = words.map((word, index) => printed.replaceAll(/\s+/g, " ").indexOf(`${index + 1}. ${word}`));
  expect(at.every((place, index) => place > (at[index - 1] ?? -1))).toBe(true);
  for (const other of ["Documents", "Plan", "Devices", "Write them down", "clipboard"]) expect(printed).not.toContain(other);
  expect(await dialog.isVisible()).toBe(false);
  expect(await sheet.getByRole("img", { name: "QR code of the words" }).isVisible()).toBe(true);
  expect(await sheet.locator("svg.qr path").getAttribute("d")).toBe(qrPath(words.join(" ")).path);
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe("rgb(255, 255, 255)");
  for (const format of ["A4", "Letter"] as const) {
    const pdf = (await page.pdf({ format })).toString("latin1");
    expect(pdf.match(/\/Type\s*\/Page\b(?!s)/g)).toHaveLength(1);
  }
  await page.emulateMedia({ media: "screen" });
  await dialog.getByRole("button", { name: "Copy" }).click();
  await dialog.getByRole("status").filter({ hasText: "Other programs can read the clipboard" }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(words.join(" "));
  await dialog.getByRole("button", { name: "I have written them down" }).click();
  await labelsAsked(page);
  expect(await sheet.count()).toBe(0);
});

/** Words are words of every language's texts: what is looked for is two or more of them in a row, and the bytes that they stand for. */
function canariesOf(words: readonly string[]): readonly Canary[] {
  const secret = parseRecoveryWords(words.join(" "));
  if (!secret.ok) throw new Error(secret.error.reason);
  const joined = [" ", "", ",", ", ", "\n", '","', "+", "%20"].map((between) =>
    wordCanary(`words ${JSON.stringify(between)}`, words.join(between)),
  );
  return [...joined, wordCanary("words, numbered", numbered(words)), keyCanary("the words' secret", exportSecret(secret.value))];
}

test(
  "the words are in no address, in no storage of a browser that made or took them, and nowhere at the relay",
  { timeout: 180_000 },
  async () => {
    const { relay } = stage.app;
    const [maker, taker] = [await launchChromium(), await launchChromium()];
    try {
      const addresses: string[] = [];
      const troubles: string[] = [];
      const begin = async (browser: typeof maker, name: string): Promise<Page> => {
        await rememberChips(browser.context);
        const opened = await openPage(browser.context);
        const { page } = opened;
        page.on("close", () => troubles.push(...opened.troubles));
        page.on("request", (request) => addresses.push(request.url()));
        page.on("framenavigated", (frame) => addresses.push(frame.url()));
        await page.goto(stage.app.url);
        await giveName(page, name);
        return page;
      };
      const olga = await begin(maker, "Olga");
      await writeDocument(olga, "Plan", "Rope and tea");
      const words = await makeWords(olga);
      const canaries = canariesOf(words);
      const stored = (page: Page): Promise<string> =>
        page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.title, history.state]));
      const search = createCanarySearch(canaries);
      const findings = (place: string, text: string): readonly string[] =>
        search.search(place, Buffer.from(text)).map(({ canary, form }) => `${canary} ${form} in ${place}`);
      expect(findings("the maker's page", await stored(olga))).toEqual([]);
      await maker.context.close();

      const fresh = await begin(taker, "Somebody");
      await restore(fresh, words);
      await fresh.getByRole("link", { name: "Plan" }).waitFor({ timeout: 60_000 });
      expect(findings("the taker's page", await stored(fresh))).toEqual([]);
      await taker.context.close();
      expect(findings("addresses", addresses.join("\n"))).toEqual([]);
      expect(troubles).toEqual([]);
      expect(await relay.stop()).toBe(0);

      const inFolder = (folder: string): readonly string[] =>
        [...filePieces(folder)]
          .flatMap((piece) => search.search(...piece))
          .map(({ canary, form, place }) => `${canary} ${form} in ${place}`);
      for (const browser of [maker, taker]) expect(inFolder(path.join(browser.folder, "Default"))).toEqual([]);
      expect(inFolder(relay.folder)).toEqual([]);
      const rows = await levelPieces(relay.folder);
      expect(rows.length).toBeGreaterThan(10);
      expect(rows.flatMap((piece) => search.search(...piece))).toEqual([]);
      expect(findings("the relay's log", relay.output())).toEqual([]);
      // The search would find them.
      expect(findings("planted", `x ${words.slice(3, 9).join(" ")} y`)).not.toEqual([]);
    } finally {
      await maker.close();
      await taker.close();
    }
  },
);

test("every screen of it is accessible in both themes, on a desktop and on a phone", { timeout: 300_000 }, async () => {
  const found: string[] = [];
  const look = async (page: Page, screen: string): Promise<void> => {
    found.push(...(await problemsInEveryLook(page, screen, [".kit-words li"])));
  };

  const { page } = await freshDevice(stage, "Olga");
  await page.getByRole("button", { name: "I have recovery words…" }).waitFor();
  await look(page, "home, empty");
  await page.getByRole("button", { name: "I have recovery words…" }).click();
  await wordsField(page).fill("1. abandon 2. ability");
  await devicesDialog(page).getByText("2 of 24 words").first().waitFor();
  await look(page, "restore");
  await submitWords(page, "1. abandon 2. abilitee");
  await problemIn(page).waitFor();
  await look(page, "restore, wrong word");
  await devicesDialog(page).getByRole("button", { name: "Scan the sheet" }).click();
  await problemIn(page).waitFor();
  await look(page, "restore, no camera");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await look(page, "devices, empty");
  await devicesDialog(page).getByRole("button", { name: "Close" }).click();

  await writeDocument(page, "Plan", "Rope and tea");
  const dialog = await openDevices(page);
  await dialog.getByRole("button", { name: "Make recovery words…" }).waitFor();
  await look(page, "devices, no words");
  await dialog.getByRole("button", { name: "Make recovery words…" }).click();
  await look(page, "explanation");
  await dialog.getByRole("button", { name: "Make the words" }).click();
  const words = await wordsShown(page);
  await look(page, "words");
  await page.keyboard.press("Escape");
  await look(page, "leaving");
  await dialog.getByRole("button", { name: "Back to the words" }).click();
  await dialog.getByRole("button", { name: "I have written them down" }).click();
  await look(page, "check");
  await dialog.getByRole("button", { name: "Done" }).click();
  await problemIn(page).waitFor();
  await look(page, "check, wrong");
  await answer(page, words);
  await dialog.getByText(/^Made on /).waitFor();
  await look(page, "devices, words");
  await dialog.getByRole("button", { name: /^End…/ }).click();
  await look(page, "end");
  await page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "Make new words…" }).click();
  await look(page, "explanation, new ones");
  expect(found).toEqual([]);
});
