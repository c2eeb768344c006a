/** The dialog with a document's people and links, and being without the server meanwhile. */
import { faults } from "@skerry/simulator";
import type { Locator, Page } from "playwright-core";
import { chipBecomes, fragmentOf, startDocument } from "./people.ts";
import type { Person, Stage } from "./people.ts";

/** Olga, who owns a document with this text, all of it at the relay. */
export async function olgasDocument(stage: Stage, text: string): Promise<Person> {
  const olga = await stage.person("Olga");
  await startDocument(olga);
  await olga.page.keyboard.insertText(text);
  await chipBecomes(olga.page, ["synced"]);
  return olga;
}

export const dialogOf = (page: Page): Locator => page.getByRole("dialog", { name: "Share this document" });

export async function openShare(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = dialogOf(page);
  await dialog.waitFor();
  return dialog;
}

export async function closeShare(page: Page): Promise<void> {
  await dialogOf(page).getByRole("button", { name: "Close" }).click();
  await dialogOf(page).waitFor({ state: "hidden" });
}

export interface LinkWishes {
  readonly passphrase?: string;
  readonly reads?: "All versions" | "From now on";
}

/** Makes a link in the dialog and closes it. As it is for someone at `url`. */
export async function makeLink(
  from: Person,
  role: "Can edit" | "Can view",
  url: string,
  { passphrase, reads }: LinkWishes = {},
): Promise<string> {
  const dialog = await openShare(from.page);
  await dialog.getByRole("radio", { name: role }).check();
  if (reads !== undefined) await dialog.getByRole("radio", { name: reads }).check();
  if (passphrase !== undefined) {
    await dialog.getByRole("checkbox", { name: "Also ask for a passphrase" }).check();
    await dialog.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  }
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByText("The link is ready.").waitFor();
  const link = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
  await closeShare(from.page);
  return `${url}/s#${fragmentOf(link)}`;
}

export const rowOf = (dialog: Locator, name: string): Locator => dialog.getByRole("listitem").filter({ hasText: name });

export async function cutOff(person: Person): Promise<void> {
  await person.proxy.set({ ...faults.cut("drop"), newConnections: "refuse" });
  person.proxy.dropConnections();
}

export async function reconnect(person: Person): Promise<void> {
  await person.proxy.heal();
  await person.page.evaluate(() => dispatchEvent(new Event("online")));
}
