/** The devices of one account, as a person has them: a second one is paired by a code and by comparing, shares everything, and is revoked. */
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { editorOf, textOf } from "../support/app.ts";
import { problemsInEveryLook } from "../support/axe.ts";
import { caretToLine, chipBecomes, openStage, shows } from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";
import {
  closeDevices,
  codeIn,
  compareAndConfirm,
  devicesDialog,
  freshDevice,
  goHome,
  openDevices,
  shownBy,
  writeDocument,
} from "../support/devices.ts";
import { focusComesTo, focusedWords, press, reach } from "../support/keyboard.ts";
import { until } from "../support/wait.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(() => stage?.close());

const rowOf = (dialog: Locator, words: string): Locator => dialog.getByRole("listitem").filter({ hasText: words });
const revokedNote = (page: Page): Locator => page.getByRole("alert").filter({ hasText: "This device was revoked" });

async function openDocument({ page }: Person, title: string): Promise<void> {
  await page.getByRole("link", { name: title }).click();
  await editorOf(page).waitFor();
}

async function typeCode(device: Person, code: string): Promise<Locator> {
  await device.page.getByRole("button", { name: "Use your account here…" }).click();
  const dialog = devicesDialog(device.page);
  await dialog.getByLabel("Code from the other device").fill(code);
  await dialog.getByRole("button", { name: "Continue" }).click();
  return dialog;
}

async function pair(old: Person, fresh: Person): Promise<void> {
  const has = await openDevices(old.page);
  await has.getByRole("button", { name: "Add a device…" }).click();
  await typeCode(fresh, await codeIn(has));
  await compareAndConfirm(old, fresh);
}

async function laptopAndPhone(): Promise<readonly [Person, Person]> {
  const laptop = await freshDevice(stage, "Olga");
  await writeDocument(laptop.page, "Plan", "Rope and tea");
  const phone = await freshDevice(stage, "Olga's phone");
  await pair(laptop, phone);
  return [laptop, phone];
}

test("a second device is paired by a typed code, has every document with its text, and both write into them; a document made later comes too", async () => {
  const laptop = await freshDevice(stage, "Olga");
  await writeDocument(laptop.page, "Plan", "Rope and tea");
  await writeDocument(laptop.page, "Tides", "Low at six");
  const phone = await freshDevice(stage, "Olga's phone");
  await pair(laptop, phone);

  const list = phone.page.getByRole("list", { name: "Documents on this device" });
  await until("both documents are there", async () => (await list.getByRole("listitem").count()) === 2);
  await openDocument(phone, "Tides");
  await shows(phone.page, "Low at six");
  await goHome(phone.page);
  await openDocument(phone, "Plan");
  await shows(phone.page, "Rope and tea");
  await openDocument(laptop, "Plan");
  await caretToLine(phone.page, 0);
  await phone.page.keyboard.type(", and cake");
  await shows(laptop.page, "Rope and tea, and cake");
  await caretToLine(laptop.page, 0);
  await laptop.page.keyboard.type(" for two");
  await shows(phone.page, "Rope and tea, and cake for two");

  await goHome(laptop.page);
  await goHome(phone.page);
  await writeDocument(laptop.page, "Birds", "Two terns");
  await phone.page.getByRole("link", { name: "Birds" }).waitFor({ timeout: 40_000 });
  await openDocument(phone, "Birds");
  await shows(phone.page, "Two terns");
  expect(await stage.troubles()).toEqual([]);
});

test("a revoked device is told, keeps what it has, and gets nothing that is written afterwards", async () => {
  const [laptop, phone] = await laptopAndPhone();
  await openDocument(phone, "Plan");
  await shows(phone.page, "Rope and tea");

  const dialog = await openDevices(laptop.page);
  expect(await rowOf(dialog, "This device").getByRole("button", { name: "Revoke…" }).count()).toBe(0);
  await dialog.getByRole("button", { name: "Revoke…" }).click();
  await dialog.getByText("It loses access at once.").waitFor();
  await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
  await dialog.getByText("was revoked.").waitFor();
  await dialog.getByRole("region", { name: "Revoked" }).getByRole("listitem").waitFor();
  expect(await dialog.getByRole("button", { name: "Revoke…" }).count()).toBe(0);
  await closeDevices(laptop.page);
  await revokedNote(phone.page).waitFor({ timeout: 40_000 });
  await chipBecomes(phone.page, ["revoked"]);
  await until("nothing can be typed any more", async () => (await editorOf(phone.page).getAttribute("contenteditable")) === "false");

  await openDocument(laptop, "Plan");
  await caretToLine(laptop.page, 0);
  await laptop.page.keyboard.type(" SECRET");
  await chipBecomes(laptop.page, ["synced"]);
  await goHome(laptop.page);
  await writeDocument(laptop.page, "Hidden", "not for the phone");
  // A reload asks the relay for everything there is.
  await phone.page.reload();
  await revokedNote(phone.page).waitFor();
  await chipBecomes(phone.page, ["revoked"]);
  await shows(phone.page, "Rope and tea");
  const downloading = phone.page.waitForEvent("download");
  await revokedNote(phone.page).getByRole("button", { name: "Download the text" }).click();
  await downloading;
  await goHome(phone.page);
  await revokedNote(phone.page).waitFor();
  expect(await phone.page.getByRole("link", { name: "Hidden" }).count()).toBe(0);
  const seen = await openDevices(phone.page);
  for (const name of ["Add a device…", "Use your account here…", "Revoke…", "Rename…"])
    expect(await seen.getByRole("button", { name }).count()).toBe(0);
  await closeDevices(phone.page);
  await openDocument(phone, "Plan");
  expect(await textOf(phone.page)).toBe("Rope and tea");
});

test("a typing mistake costs no try; who sees other digits says so, and the next try works, also with a code that the new device shows", async () => {
  const laptop = await freshDevice(stage, "Olga");
  await writeDocument(laptop.page, "Plan", "Rope and tea");
  const phone = await freshDevice(stage, "Olga's phone");
  const has = await openDevices(laptop.page);
  await has.getByRole("button", { name: "Add a device…" }).click();
  await codeIn(has);
  await has.getByRole("button", { name: "Show a shorter code to type" }).click();
  const code = await codeIn(has, "short");
  await has.getByText("1 try left.").waitFor();
  const wrong = `${code.slice(0, 3)}${code[3] === "7" ? "8" : "7"}${code.slice(4)}`;
  const wants = await typeCode(phone, wrong);
  await wants.getByRole("alert").filter({ hasText: "typing mistake" }).waitFor();
  await wants.getByLabel("Code from the other device").fill(code.toLowerCase().replaceAll("-", " "));
  await wants.getByRole("button", { name: "Continue" }).click();
  for (const dialog of [has, wants]) await shownBy(dialog).waitFor();
  for (const dialog of [has, wants]) {
    await dialog.getByRole("button", { name: "They differ" }).click();
    await dialog.getByText("Somebody may be in between. Nothing was given away.").waitFor();
  }
  await wants.getByText("2 tries left.").waitFor();

  await wants.getByRole("button", { name: "Try again" }).click();
  await wants.getByRole("button", { name: "Show a code here instead" }).click();
  const next = await codeIn(wants);
  await has.getByRole("button", { name: "Back", exact: true }).click();
  await has.getByRole("button", { name: "Add a device…" }).click();
  await codeIn(has);
  await has.getByRole("button", { name: "Take the code of the other device instead" }).click();
  await has.getByLabel("Code from the other device").fill(next);
  await has.getByRole("button", { name: "Continue" }).click();
  await compareAndConfirm(laptop, phone);
  await phone.page.getByRole("link", { name: "Plan" }).waitFor({ timeout: 40_000 });
  expect(await stage.troubles()).toEqual([]);
});

test("a browser with documents of its own says why it can't join another account, and a name given to a device is seen on the other", async () => {
  const [laptop, phone] = await laptopAndPhone();
  const hers = await openDevices(laptop.page);
  await rowOf(hers, "This device").getByRole("button", { name: "Rename…" }).click();
  await hers.getByLabel("Name of the device").fill("Grey laptop");
  await hers.getByRole("button", { name: "Save" }).click();
  await hers.getByText("The device is called Grey laptop now.").waitFor();
  await rowOf(hers, "Grey laptop").getByText("This device").waitFor();
  const seen = await openDevices(phone.page);
  await rowOf(seen, "Grey laptop").getByRole("button", { name: "Revoke…" }).waitFor({ timeout: 40_000 });

  const other = await freshDevice(stage, "Vito");
  await writeDocument(other.page, "Mine", "All mine");
  expect(await other.page.getByRole("button", { name: "Use your account here…" }).count()).toBe(0);
  const his = await openDevices(other.page);
  await his.getByText("This browser already has documents that belong to an account of its own.").waitFor();
  expect(await his.getByRole("button", { name: "Use your account here…" }).count()).toBe(0);
  expect(await stage.troubles()).toEqual([]);
});

test("all of it works with the keyboard alone: the focus goes where something appeared, and back where it was", async () => {
  const laptop = await freshDevice(stage, "Olga");
  await writeDocument(laptop.page, "Plan", "Rope and tea");
  const phone = await freshDevice(stage, "Olga's phone");
  const [{ page: a }, { page: b }] = [laptop, phone];

  await press(a, "Settings");
  await press(a, "Devices…");
  const has = devicesDialog(a);
  await has.waitFor();
  await press(a, "Add a device…");
  await focusComesTo(a, "Add a device");
  await codeIn(has);
  await press(a, "Take the code of the other device instead");
  await focusComesTo(a, "Take the code of the other device");
  // One step back is not out of it.
  await a.keyboard.press("Escape");
  await focusComesTo(a, "Add a device");
  await a.keyboard.press("Escape");
  await until("the focus is back", async () => (await focusedWords(a)).startsWith("Add a device…"));
  await a.keyboard.press("Enter");
  await focusComesTo(a, "Add a device");
  const code = await codeIn(has);

  await press(b, "Use your account here…");
  await focusComesTo(b, "Use your account here");
  await reach(b, "Code from the other device");
  await b.keyboard.type("nonsense");
  await b.keyboard.press("Enter");
  await devicesDialog(b).getByRole("alert").waitFor();
  expect(await focusedWords(b)).toBe("Code from the other device");
  await b.keyboard.press("Control+a");
  await b.keyboard.type(code);
  await b.keyboard.press("Enter");
  for (const page of [a, b]) {
    await focusComesTo(page, "Do both devices show the same?");
    await press(page, "They are the same");
  }
  await focusComesTo(b, "This device has your account now");
  await press(b, "Show my documents");
  await focusComesTo(b, "Documents");
  await focusComesTo(a, "The device was added");
  await press(a, "Back to the devices");
  await focusComesTo(a, "Your devices");

  for (const [button, heading] of [
    ["Rename…", /^Rename /],
    ["Revoke…", /^Revoke .*\?$/],
  ] as const) {
    await press(a, button);
    await until(`${button} asks`, async () => heading.test(await focusedWords(a)));
    await a.keyboard.press("Escape");
    await until("the focus is back", async () => (await focusedWords(a)).startsWith(button));
  }
  await a.keyboard.press("Enter");
  await until("it asks again", async () => (await focusedWords(a)).startsWith("Revoke "));
  await a.keyboard.press("Tab");
  expect(await focusedWords(a)).toBe("Cancel");
  await a.keyboard.press("Tab");
  await a.keyboard.press("Enter");
  await has.getByText("was revoked.").waitFor();
  await focusComesTo(a, "Your devices");
  await a.keyboard.press("Escape");
  await has.waitFor({ state: "hidden" });
  expect(await focusedWords(a)).toContain("Settings");
});

test("every screen of it is accessible in both themes, on a desktop and on a phone", { timeout: 300_000 }, async () => {
  const found: string[] = [];
  const look = async ({ page }: Person, screen: string): Promise<void> => {
    found.push(...(await problemsInEveryLook(page, screen)));
  };

  const laptop = await freshDevice(stage, "Olga");
  await writeDocument(laptop.page, "Plan", "Rope and tea");
  const phone = await freshDevice(stage, "Olga's phone");
  await phone.page.getByRole("button", { name: "Use your account here…" }).waitFor();
  await look(phone, "home, empty");
  await laptop.page.getByRole("button", { name: "Settings" }).click();
  await look(laptop, "settings");
  await laptop.page.getByRole("button", { name: "Devices…" }).click();
  const [has, wants] = [devicesDialog(laptop.page), devicesDialog(phone.page)];
  await rowOf(has, "This device").waitFor();
  await look(laptop, "devices, with documents");
  const seen = await openDevices(phone.page);
  await seen.getByRole("button", { name: "Use your account here…" }).waitFor();
  await look(phone, "devices, without documents");
  await closeDevices(phone.page);

  // Each look takes a while, and pairing is open for five minutes: it begins anew where nothing depends on it.
  await has.getByRole("button", { name: "Add a device…" }).click();
  await codeIn(has);
  await look(laptop, "code to scan");
  await has.getByRole("button", { name: "Show a shorter code to type" }).click();
  await codeIn(has, "short");
  await look(laptop, "code to type");
  await has.getByRole("button", { name: "Take the code of the other device instead" }).click();
  await look(laptop, "takes a code");
  await laptop.page.keyboard.press("Escape");
  await laptop.page.keyboard.press("Escape");

  await has.getByRole("button", { name: "Add a device…" }).click();
  const first = await codeIn(has);
  await typeCode(phone, "nonsense");
  await wants.getByRole("alert").waitFor();
  await look(phone, "no code");
  await wants.getByRole("button", { name: "Scan with the camera" }).click();
  await wants.getByRole("alert").waitFor();
  await look(phone, "no camera");
  await wants.getByRole("button", { name: "Type the code instead" }).click();
  await wants.getByLabel("Code from the other device").fill(first);
  await wants.getByRole("button", { name: "Continue" }).click();
  for (const dialog of [has, wants]) await shownBy(dialog).waitFor();
  await look(laptop, "compare, has the account");
  await look(phone, "compare, wants it");
  for (const dialog of [has, wants]) await dialog.getByRole("button", { name: "They differ" }).click();
  await has.getByRole("button", { name: "Try again" }).waitFor();
  await look(laptop, "they differ");
  for (const page of [laptop.page, phone.page]) {
    await page.keyboard.press("Escape");
    await closeDevices(page);
  }

  await pair(laptop, phone);
  await phone.page.getByRole("link", { name: "Plan" }).waitFor({ timeout: 40_000 });
  await openDevices(laptop.page);
  await has.getByRole("button", { name: "Rename…" }).first().click();
  await look(laptop, "rename");
  await laptop.page.keyboard.press("Escape");
  await has.getByRole("button", { name: "Revoke…" }).click();
  await look(laptop, "revoke");
  await has.getByRole("button", { name: "Revoke", exact: true }).click();
  await has.getByText("was revoked.").waitFor();
  await look(laptop, "devices, one was revoked");
  await revokedNote(phone.page).waitFor({ timeout: 40_000 });
  await look(phone, "home, revoked");
  await openDevices(phone.page);
  await look(phone, "devices, revoked");
  await closeDevices(phone.page);
  await openDocument(phone, "Plan");
  await look(phone, "document, revoked");
  expect(found).toEqual([]);
});
