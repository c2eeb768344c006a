/** The devices dialog, and devices that have not got anything yet. */
import type { Locator, Page } from "playwright-core";
import { giveName } from "./app.ts";
import type { Person, Stage } from "./people.ts";

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
