/** The devices dialog, pairing as people do it, and devices that have not got anything yet. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { giveName, newDocument } from "./app.ts";
import { chipBecomes } from "./people.ts";
import type { Person, Stage } from "./people.ts";
import { until } from "./wait.ts";

export const devicesDialog = (page: Page): Locator => page.getByRole("dialog", { name: "Devices" });

export async function goHome(page: Page): Promise<void> {
  await page.getByRole("link", { name: "All documents" }).click();
  await page.getByRole("heading", { level: 1, name: "Documents" }).waitFor();
}

export async function openDevices(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Devices…" }).click();
  await devicesDialog(page).waitFor();
  return devicesDialog(page);
}

/** A device at its home page, with nothing on it. */
export async function freshDevice(stage: Stage, name: string): Promise<Person> {
  const device = await stage.person(name);
  await device.page.goto(device.url);
  await giveName(device.page, name);
  return device;
}

/** A new document with a title and one line, at the relay; back at the home page. */
export async function writeDocument(page: Page, title: string, text: string): Promise<void> {
  await newDocument(page);
  await page.keyboard.type(text);
  await page.getByLabel("Title").fill(title);
  await chipBecomes(page, ["synced"]);
  await goHome(page);
}

export async function closeDevices(page: Page): Promise<void> {
  await devicesDialog(page).getByRole("button", { name: "Close" }).click();
  await devicesDialog(page).waitFor({ state: "hidden" });
}

/** The code that the dialog shows, as a person reads it. */
export async function codeIn(dialog: Locator, form: "full" | "short" = "full"): Promise<string> {
  const text = dialog.getByRole("group", { name: "Code" }).getByRole("paragraph");
  const characters = form === "full" ? 54 : 29;
  return until(`the ${form} code is there`, async () => {
    const code = (await text.count()) === 0 ? "" : (await text.innerText()).replaceAll(/\s/g, "");
    return code.replaceAll("-", "").length === characters ? code : undefined;
  });
}

export const shownBy = (dialog: Locator): Locator => dialog.getByRole("group", { name: "Digits and words" });

const same = { name: "They are the same" } as const;

/** Compares as people do, confirms on both, and leaves both at their home page. */
export async function compareAndConfirm(old: Person, fresh: Person): Promise<void> {
  const [has, wants] = [devicesDialog(old.page), devicesDialog(fresh.page)];
  for (const dialog of [has, wants]) await shownBy(dialog).waitFor();
  const seen = await shownBy(has).innerText();
  expect(seen).toMatch(/^\d{3}\s*\d{3}\s/);
  expect(await shownBy(has).getByRole("listitem").count()).toBe(3);
  expect(await shownBy(wants).innerText()).toBe(seen);
  for (const dialog of [has, wants]) await dialog.getByRole("button", same).click();
  await wants.getByRole("heading", { name: "This device has your account now" }).waitFor({ timeout: 40_000 });
  await wants.getByRole("button", { name: "Show my documents" }).click();
  await has.getByRole("heading", { name: "The device was added" }).waitFor();
  await has.getByRole("button", { name: "Back to the devices" }).click();
  await until("both devices are in the list", async () => (await has.getByRole("listitem").count()) === 2);
  await closeDevices(old.page);
}
