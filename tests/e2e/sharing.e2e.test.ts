/** Sharing that can be taken back, as people do it: links with a role and an end, roles that change, removal, leaving, safety numbers. */
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { editorOf, giveName, textOf } from "../support/app.ts";
import { axeProblems, problemsInEveryLook } from "../support/axe.ts";
import { caretToLine, chipBecomes, chipSayings, fragmentOf, openLink, openStage, readFromRelay, shows } from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";
import { focusedWords } from "../support/keyboard.ts";
import { closeShare, cutOff, dialogOf, makeLink, olgasDocument, openShare, reconnect, rowOf } from "../support/sharing.ts";
import { until } from "../support/wait.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(() => stage?.close());

test("a viewer's link lets somebody read live and not write, an editor's link write; made an editor, the viewer writes without a reload", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const [vito, edda] = [await stage.person("Vito"), await stage.person("Edda")];
  await openLink(vito, await makeLink(olga, "Can view", vito.url));
  await openLink(edda, await makeLink(olga, "Can edit", edda.url));
  for (const { page } of [vito, edda]) await shows(page, "Plan:");

  await vito.page.getByRole("status").getByText("You can view this document.").waitFor();
  expect(await vito.page.getByLabel("Title").getAttribute("readonly")).not.toBeNull();
  expect(await editorOf(vito.page).getAttribute("contenteditable")).toBe("false");
  await editorOf(vito.page).focus();
  await vito.page.keyboard.type("not mine");
  await vito.page.keyboard.press("Control+z");

  await caretToLine(edda.page, 0);
  await edda.page.keyboard.type(" rope");
  for (const { page } of [olga, vito, edda]) await shows(page, "Plan: rope");
  await chipBecomes(vito.page, ["synced"]);

  // What a viewer's dialog has: everybody, and no controls.
  const seen = await openShare(vito.page);
  await until("Vito knows all names", async () => (await seen.getByRole("listitem").allInnerTexts()).join().includes("Edda"));
  expect(await seen.getByRole("listitem").count()).toBe(3);
  expect(await seen.getByRole("combobox").count()).toBe(0);
  for (const name of ["Create link", "Remove…", "Change the keys"]) expect(await seen.getByRole("button", { name }).count()).toBe(0);
  await closeShare(vito.page);

  const dialog = await openShare(olga.page);
  await dialog.getByRole("combobox", { name: "Role of Vito" }).selectOption({ label: "Can edit" });
  await dialog.getByText("Vito: Can edit.").waitFor();
  await closeShare(olga.page);
  await until("Vito may write", async () => (await editorOf(vito.page).getAttribute("contenteditable")) === "true");
  expect(await vito.page.getByRole("status").getByText("You can view this document.").count()).toBe(0);
  await caretToLine(vito.page, 0);
  await vito.page.keyboard.type(", tea");
  for (const { page } of [olga, vito, edda]) await shows(page, "Plan: rope, tea");
  for (const { page } of [olga, vito, edda]) await chipBecomes(page, ["synced"]);
  expect(await stage.troubles()).toEqual([]);
});

test("one of two documents is given alone, by keyboard: its guest has that and no more, and it is taken away; a removed person gets it back alone", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  await olga.page.getByLabel("Title").fill("Plan");
  // A second document with the same people, from the first one's list of people.
  let dialog = await openShare(olga.page);
  await dialog.getByText("A document that you make here has the same people.").waitFor();
  expect(await dialog.getByRole("group", { name: "It opens" }).count()).toBe(0);
  await dialog.getByRole("button", { name: "New document with these people" }).press("Enter");
  await olga.page.getByLabel("Title").fill("Ledger");
  await caretToLine(olga.page, 0);
  await olga.page.keyboard.type("Costs:");
  await chipBecomes(olga.page, ["synced"]);
  dialog = await openShare(olga.page);
  await dialog.getByRole("heading", { name: "Documents with these people · 2" }).waitFor();
  await dialog.getByRole("link", { name: "Plan" }).press("Enter");
  await dialogOf(olga.page).waitFor({ state: "hidden" });
  await shows(olga.page, "Plan:");

  const gina = await stage.person("Gina");
  dialog = await openShare(olga.page);
  await dialog.getByRole("radio", { name: "Only this document" }).press("Space");
  await dialog.getByRole("button", { name: "Create link" }).press("Enter");
  await dialog.getByText("Anyone with this link can read and change this document, and nothing else here.").waitFor();
  await dialog.getByText("Can edit, only this document", { exact: true }).waitFor();
  const link = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
  await closeShare(olga.page);
  await openLink(gina, `${gina.url}/s#${fragmentOf(link)}`);
  await shows(gina.page, "Plan:");
  await caretToLine(gina.page, 0);
  await gina.page.keyboard.type(" rope");
  for (const { page } of [olga, gina]) await shows(page, "Plan: rope");
  const hers = await openShare(gina.page);
  await hers.getByText("It was given to you alone").waitFor();
  expect(await hers.getByRole("button", { name: "New document with these people" }).count()).toBe(0);
  expect(await hers.getByRole("link").count()).toBe(0);
  await closeShare(gina.page);
  await gina.page.getByRole("link", { name: "All documents" }).click();
  await gina.page.getByRole("link", { name: /Plan/ }).waitFor();
  expect(await gina.page.getByRole("link", { name: /Ledger/ }).count()).toBe(0);
  await gina.page.goBack();
  await shows(gina.page, "Plan: rope");

  dialog = await openShare(olga.page);
  const guests = dialog.getByRole("region", { name: "Only this document · 1" });
  await guests.getByText("Gina", { exact: true }).waitFor();
  expect(await axeProblems(olga.page, "people with a guest")).toEqual([]);
  await guests.getByRole("button", { name: "Take away…" }).press("Enter");
  await dialog.getByRole("heading", { name: "Take this document away from Gina?" }).waitFor();
  expect(await axeProblems(olga.page, "take away")).toEqual([]);
  await dialog.getByRole("button", { name: "Take away", exact: true }).press("Enter");
  await dialog.getByText("Gina has no access to this document any more.").waitFor();
  await gina.page.getByRole("alert").getByText("You were removed from this document").waitFor();
  expect(await dialog.getByRole("heading", { name: "Open links" }).count()).toBe(0);
  await closeShare(olga.page);
  await caretToLine(olga.page, 0);
  await olga.page.keyboard.type(", tea");
  await chipBecomes(olga.page, ["synced"]);
  expect(await textOf(gina.page)).toBe("Plan: rope");

  // Edda is removed from everything, and let back in to this document alone.
  const edda = await stage.person("Edda");
  await openLink(edda, await makeLink(olga, "Can edit", edda.url));
  await shows(edda.page, "Plan: rope, tea");
  dialog = await openShare(olga.page);
  await rowOf(dialog, "Edda").getByRole("button", { name: "Remove…" }).click();
  await dialog.getByText("This is about all 2 documents that have these people.").waitFor();
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog.getByRole("button", { name: "Let back in… (Edda)" }).click();
  await dialog.getByRole("radio", { name: "Only this document" }).check();
  await dialog.getByRole("radio", { name: "Can view" }).check();
  await dialog.getByRole("button", { name: "Let back in", exact: true }).click();
  await dialog.getByText("Edda is in again.").waitFor();
  await dialog.getByRole("region", { name: "Only this document · 1" }).getByText("Edda", { exact: true }).waitFor();
  await closeShare(olga.page);
  await edda.page.reload();
  await edda.page.getByRole("status").getByText("You can view this document.").waitFor();
  expect(await stage.troubles()).toEqual([]);
});

test("who is removed while offline is told, keeps and can download what was never sent, and the others never see it", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const [vito, edda] = [await stage.person("Vito"), await stage.person("Edda")];
  await openLink(vito, await makeLink(olga, "Can view", vito.url));
  await openLink(edda, await makeLink(olga, "Can edit", edda.url));
  await shows(edda.page, "Plan:");
  await caretToLine(edda.page, 0);
  await edda.page.keyboard.type(" sent");
  await shows(olga.page, "Plan: sent");
  await chipBecomes(edda.page, ["synced"]);

  await cutOff(edda);
  await edda.page.keyboard.type(" NEVERSENT");
  await chipBecomes(edda.page, ["offline"]);
  const dialog = await openShare(olga.page);
  await rowOf(dialog, "Edda").getByRole("button", { name: "Remove…" }).click();
  await dialog.getByRole("heading", { name: "Remove Edda?" }).waitFor();
  await dialog.getByText("Edda loses access at once").waitFor();
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog.getByText("Edda was removed.").waitFor();
  const former = dialog.getByRole("region", { name: "No longer here" });
  await rowOf(former, "Edda").getByText("Removed").waitFor();
  expect(await rowOf(dialog, "Edda").count()).toBe(1);
  await until("the focus is in the list", () =>
    olga.page.evaluate(() => document.activeElement?.textContent?.startsWith("People") === true),
  );
  await closeShare(olga.page);
  await caretToLine(olga.page, 0);
  await olga.page.keyboard.type(" SECRET");
  await shows(vito.page, "Plan: sent SECRET");

  const since = Date.now();
  await reconnect(edda);
  const alert = edda.page.getByRole("alert").filter({ hasText: "You were removed from this document" });
  await alert.waitFor({ timeout: 40_000 });
  await alert.getByText(/never sent; nobody else has/).waitFor();
  await chipBecomes(edda.page, ["removed"]);
  expect(await editorOf(edda.page).getAttribute("contenteditable")).toBe("false");
  expect(await textOf(edda.page)).toBe("Plan: sent NEVERSENT");
  const downloading = edda.page.waitForEvent("download");
  await alert.getByRole("button", { name: "Download the text" }).click();
  expect(readFileSync(await (await downloading).path(), "utf8")).toBe("Plan: sent NEVERSENT\n");
  // From the moment on in which she was back, no chip claimed that all was well.
  const said = (await chipSayings(edda.page)).filter(({ at }) => at >= since);
  expect(said.filter(({ text }) => /synced/i.test(text))).toEqual([]);

  await caretToLine(olga.page, 0);
  await olga.page.keyboard.type(" more");
  await shows(vito.page, "Plan: sent SECRET more");
  expect(await textOf(olga.page)).toBe("Plan: sent SECRET more");
  expect(await readFromRelay(stage.app, await makeLink(olga, "Can view", olga.url))).toBe("Plan: sent SECRET more");
  // A reload shows the same: it is on the disk, and nothing of hers is gone.
  await edda.page.reload();
  await alert.waitFor();
  await shows(edda.page, "Plan: sent NEVERSENT");

  // An owner's word brings her back: she reads what was written meanwhile, and what she kept is sent.
  const again = await openShare(olga.page);
  await rowOf(again.getByRole("region", { name: "No longer here" }), "Edda")
    .getByRole("button", { name: "Let back in…" })
    .click();
  await again.getByRole("heading", { name: "Let Edda back in?" }).waitFor();
  await again.getByRole("button", { name: "Let back in", exact: true }).click();
  await again.getByText("Edda is in again.").waitFor();
  await closeShare(olga.page);
  await edda.page.reload();
  for (const { page } of [edda, olga, vito])
    await until("all words are with everybody", async () => {
      const text = await textOf(page);
      return ["NEVERSENT", "SECRET", "more"].every((word) => text.includes(word));
    });
  await chipBecomes(edda.page, ["synced"]);
  expect(await stage.troubles()).toEqual([]);
});

test("a revoked link lets nobody in, and says so; who came by it before stays", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const [vito, nina] = [await stage.person("Vito"), await stage.person("Nina")];
  const link = await makeLink(olga, "Can edit", vito.url);
  await openLink(vito, link);
  await shows(vito.page, "Plan:");
  const dialog = await openShare(olga.page);
  await dialog.getByRole("heading", { name: "Open links" }).waitFor();
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await dialog.getByText("The link is revoked.").waitFor();
  await until("no link is open", async () => (await dialog.getByRole("button", { name: "Revoke" }).count()) === 0);
  // The list is gone, and with it the button that had the focus: it is somewhere in the dialog all the same.
  await until("the focus is in the dialog", () => olga.page.evaluate(() => document.activeElement?.closest("dialog") !== null));
  await closeShare(olga.page);

  await nina.page.goto(`${nina.url}/s#${fragmentOf(link)}`);
  await giveName(nina.page, "Nina");
  await nina.page.getByRole("heading", { level: 1, name: /^This link (does not let you in|lets nobody in any more)$/ }).waitFor();
  await nina.page.getByRole("main").getByText("Ask whoever shared the document for a new link.").waitFor();
  await chipBecomes(nina.page, ["not-let-in"]);
  expect(await editorOf(nina.page).count()).toBe(0);

  await caretToLine(vito.page, 0);
  await vito.page.keyboard.type(" still here");
  await shows(olga.page, "Plan: still here");
  // Another link lets her in, also where she was refused.
  await nina.page.getByLabel("Or paste it here").fill(await makeLink(olga, "Can view", nina.url));
  await nina.page.getByRole("button", { name: "Open", exact: true }).click();
  await editorOf(nina.page).waitFor();
  await shows(nina.page, "Plan: still here");
  expect(await stage.troubles()).toEqual([]);
});

const words = "correct horse battery staple";
const mayBeWrong = /The passphrase may be wrong, or the link has ended/;
const passphraseOf = (page: Page | Locator): Locator => page.getByLabel("Passphrase", { exact: true });

test("a link with a passphrase: who opens it is asked, told if it does not do, and let in with the right one, also after a reload", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const vito = await stage.person("Vito");
  const dialog = await openShare(olga.page);
  expect(await passphraseOf(dialog).count()).toBe(0);
  await dialog.getByRole("checkbox", { name: "Also ask for a passphrase" }).check();
  await passphraseOf(dialog).fill("  short ");
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByRole("alert").getByText("Use at least 8 characters.").waitFor();
  await until("the field has the focus", async () => (await focusedWords(olga.page)) === "Passphrase");
  await passphraseOf(dialog).fill(words);
  expect(await passphraseOf(dialog).getAttribute("type")).toBe("password");
  await dialog.getByRole("button", { name: "Show the passphrase" }).click();
  expect(await passphraseOf(dialog).getAttribute("type")).toBe("text");
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByText("The link is ready.").waitFor();
  await dialog.getByText("Anyone with this link and the passphrase can read and change the document.").waitFor();
  await rowOf(dialog, "for 10 more people · with a passphrase").waitFor();
  const link = `${vito.url}/s#${fragmentOf(await dialog.getByRole("textbox", { name: "Link" }).inputValue())}`;
  // The next link has none, unless it is asked for again.
  expect(await passphraseOf(dialog).count()).toBe(0);
  await closeShare(olga.page);

  const { page } = vito;
  await page.goto(link);
  await giveName(page, "Vito");
  await page.getByRole("heading", { level: 1, name: "This link needs a passphrase" }).waitFor();
  await until("the field has the focus", async () => (await focusedWords(page)) === "Passphrase");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alert").getByText("Type the passphrase.").waitFor();
  // It is where it was before it was asked for: nothing is stored.
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "This link has no key in it" }).waitFor();
  await page.goto(link);
  await passphraseOf(page).fill("wrong horse battery staple");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "You were not let in" }).waitFor();
  await page.getByRole("alert").getByText(mayBeWrong).waitFor();
  await until("the field has the focus", async () => (await focusedWords(page)) === "Passphrase");
  await chipBecomes(page, ["not-let-in"]);
  await page.reload();
  await page.getByRole("alert").getByText(mayBeWrong).waitFor();
  // Copied, with what copying brings along.
  await passphraseOf(page).fill(` ${words} `);
  await page.getByRole("button", { name: "Continue" }).click();
  await shows(page, "Plan:");
  await caretToLine(page, 0);
  await page.keyboard.type(" rope");
  await shows(olga.page, "Plan: rope");
  // Who is in is asked nothing.
  await page.goto(link);
  await shows(page, "Plan: rope");
  for (const secret of [words, encodeURIComponent(words), words.replaceAll(" ", "+")]) {
    for (const person of [olga, vito]) expect(person.page.url()).not.toContain(secret);
    expect(stage.app.relay.output()).not.toContain(secret);
    expect(link).not.toContain(secret);
  }
  expect(await stage.troubles()).toEqual([]);
});

test("a link with a passphrase, pasted, by the keyboard alone; cancelled, nothing is asked or stored", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const edda = await stage.person("Edda");
  const { page } = edda;
  const link = await makeLink(olga, "Can view", edda.url, { passphrase: words });
  await page.goto(edda.url);
  await giveName(page, "Edda");
  await reach(page, "Tab", "Open a link");
  await page.keyboard.insertText(link);
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "This link needs a passphrase" }).waitFor();
  await until("the passphrase has the focus", async () => (await focusedWords(page)) === "Passphrase");
  await reach(page, "Tab", "Cancel");
  await page.keyboard.press("Enter");
  await until("the link has the focus", async () => (await focusedWords(page)) === "Open a link");
  await page.getByText("Your island is empty").waitFor();
  await page.keyboard.press("Enter");
  await until("the passphrase has the focus", async () => (await focusedWords(page)) === "Passphrase");
  await page.keyboard.type("wrong horse");
  await reach(page, "Tab", "Show the passphrase");
  await page.keyboard.press("Enter");
  expect(await focusedWords(page)).toBe("Hide the passphrase");
  await reach(page, "Tab", "Continue");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText(mayBeWrong).waitFor();
  await until("the passphrase has the focus", async () => (await focusedWords(page)) === "Passphrase");
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
  await shows(page, "Plan:");
  await page.getByRole("status").getByText("You can view this document.").waitFor();
  expect(await stage.troubles()).toEqual([]);
});

test("without the server nothing of it can be changed, and the dialog says that nothing was", { timeout: 180_000 }, async () => {
  const olga = await olgasDocument(stage, "Plan:");
  await cutOff(olga);
  await until("it is known", async () => (await chipSayings(olga.page)).at(-1)?.kind === "unreachable");
  const dialog = await openShare(olga.page);
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByText("Making the link. The server has to agree…").waitFor();
  await dialog.getByText("Nothing was changed, as far as this device knows").waitFor({ timeout: 40_000 });
  expect(await dialog.getByRole("textbox", { name: "Link" }).count()).toBe(0);
  await reconnect(olga);
  await chipBecomes(olga.page, ["synced"], 40_000);
  expect(await dialog.getByRole("button", { name: "Revoke" }).count()).toBe(0);
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByText("The link is ready.").waitFor();
  await dialog.getByRole("button", { name: "Revoke" }).first().waitFor();
  expect(await dialog.getByRole("button", { name: "Revoke" }).count()).toBe(1);
});

test("both see the same safety number, and what one of them verified stays; the owner hands over and leaves", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const edda = await stage.person("Edda");
  await openLink(edda, await makeLink(olga, "Can edit", edda.url));
  await shows(edda.page, "Plan:");
  const numberSeenBy = async (person: Person, other: string): Promise<readonly string[]> => {
    const dialog = await openShare(person.page);
    await rowOf(dialog, other).getByRole("button", { name: "Compare safety number…" }).click();
    const list = dialog.getByRole("list", { name: "Safety number" });
    await list.waitFor();
    return list.getByRole("listitem").allInnerTexts();
  };
  const seen = await numberSeenBy(olga, "Edda");
  expect(seen).toHaveLength(12);
  for (const group of seen) expect(group).toMatch(/^\d{5}$/);
  expect(await numberSeenBy(edda, "Olga")).toEqual(seen);

  const olgas = dialogOf(olga.page);
  await olgas.getByRole("button", { name: "They match" }).click();
  await olgas.getByText("Edda is verified on this device.").waitFor();
  await rowOf(olgas, "Edda").getByText("Verified").waitFor();
  await olga.page.reload();
  await editorOf(olga.page).waitFor();
  await openShare(olga.page);
  await rowOf(olgas, "Edda").getByText("Verified").waitFor();

  await rowOf(olgas, "Olga").getByRole("button", { name: "Leave…" }).click();
  await olgas.getByText("Make somebody else owner first").waitFor();
  expect(await olgas.getByRole("button", { name: "Leave", exact: true }).count()).toBe(0);
  await olga.page.keyboard.press("Escape");
  await rowOf(olgas, "Edda").getByRole("button", { name: "Make owner…" }).click();
  await olgas.getByRole("radio", { name: "I hand over, and can edit" }).check();
  await olgas.getByRole("button", { name: "Make owner", exact: true }).click();
  await olgas.getByText("Edda is the owner now. You can edit.").waitFor();
  await rowOf(olgas, "Olga").getByRole("button", { name: "Leave…" }).click();
  await olgas.getByRole("button", { name: "Leave", exact: true }).click();
  const alert = olga.page.getByRole("alert").filter({ hasText: "You left this document" });
  await alert.waitFor();
  await until("what that led to has the focus", () =>
    olga.page.evaluate(() => document.activeElement?.textContent === "You left this document"),
  );
  await chipBecomes(olga.page, ["left"]);
  const eddas = dialogOf(edda.page);
  await edda.page.keyboard.press("Escape");
  await rowOf(eddas.getByRole("region", { name: "No longer here" }), "Olga")
    .getByText("Left")
    .waitFor();
  await until(
    "Edda is alone",
    async () =>
      (await eddas
        .getByRole("region", { name: /^People · 1$/ })
        .getByRole("listitem")
        .count()) === 1,
  );
  await eddas.getByRole("button", { name: "Create link" }).waitFor();
  expect(await stage.troubles()).toEqual([]);
});

async function reach(page: Page, key: "Tab" | "Shift+Tab", words: string): Promise<void> {
  for (let steps = 0; steps < 40; steps += 1) {
    if ((await focusedWords(page)).startsWith(words)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not reach ${words}`);
}

test("all of it works with the keyboard alone: the focus goes where something appeared, and back where it was", async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const { page } = olga;
  await olga.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: olga.url });
  const vito = await stage.person("Vito");
  await reach(page, "Shift+Tab", "Share");
  await page.keyboard.press("Enter");
  const dialog = dialogOf(page);
  await dialog.waitFor();
  expect(await focusedWords(page)).toBe("Can edit");
  await page.keyboard.press("ArrowRight");
  expect(await focusedWords(page)).toBe("Can view");
  await reach(page, "Tab", "Create link");
  await page.keyboard.press("Enter");
  await until("the link has the focus", async () => (await focusedWords(page)) === "Link");
  await reach(page, "Tab", "Copy link");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain(`${olga.url}/s#`);
  await openLink(vito, `${vito.url}/s#${fragmentOf(link)}`);
  await vito.page.getByRole("status").getByText("You can view this document.").waitFor();
  await rowOf(dialog, "Vito").waitFor();

  // The role, on the menu itself.
  await reach(page, "Tab", "Role of Vito");
  await page.keyboard.press("ArrowUp");
  await dialog.getByText("Vito: Can edit.").waitFor();
  expect(await focusedWords(page)).toContain("Role of Vito");
  await until("Vito may write", async () => (await editorOf(vito.page).getAttribute("contenteditable")) === "true");

  // Each question takes the focus; Escape takes one step back, to what asked it.
  for (const [button, heading] of [
    ["Compare safety number…", "Compare with Vito"],
    ["Make owner…", "Make Vito an owner?"],
    ["Remove…", "Remove Vito?"],
  ] as const) {
    await reach(page, "Tab", button);
    await page.keyboard.press("Enter");
    await until(`${heading} has the focus`, async () => (await focusedWords(page)) === heading);
    await page.keyboard.press("Escape");
    await dialog.getByRole("heading", { name: heading }).waitFor({ state: "hidden" });
    expect(await focusedWords(page)).toContain(button);
  }

  await reach(page, "Tab", "More");
  await page.keyboard.press("Enter");
  await reach(page, "Tab", "Change the keys");
  await page.keyboard.press("Enter");
  await dialog.getByText("The keys were changed.").waitFor();
  expect(await focusedWords(page)).toBe("Change the keys");

  await reach(page, "Shift+Tab", "Remove…");
  await page.keyboard.press("Enter");
  await until("the question has the focus", async () => (await focusedWords(page)) === "Remove Vito?");
  await page.keyboard.press("Tab");
  expect(await focusedWords(page)).toBe("Cancel");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await dialog.getByText("Vito was removed.").waitFor();
  await until("the list has the focus", async () => (await focusedWords(page)).startsWith("People"));
  await vito.page.getByRole("alert").getByText("You were removed from this document").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await focusedWords(page)).toBe("Share");
  expect(await stage.troubles()).toEqual([]);
});

test("every screen of it is accessible in both themes, on a desktop and on a phone", { timeout: 300_000 }, async () => {
  const olga = await olgasDocument(stage, "Plan:");
  const [vito, edda, nina] = [await stage.person("Vito"), await stage.person("Edda"), await stage.person("Nina")];
  const found: string[] = [];
  const look = async ({ page }: Person, screen: string): Promise<void> => {
    found.push(...(await problemsInEveryLook(page, screen)));
  };

  const viewing = await makeLink(olga, "Can view", vito.url);
  await openLink(vito, viewing);
  await vito.page.getByRole("status").getByText("You can view this document.").waitFor();
  await look(vito, "document, viewing");
  await openShare(vito.page);
  await look(vito, "people, as a viewer");
  await openLink(edda, await makeLink(olga, "Can edit", edda.url));

  const dialog = await openShare(olga.page);
  await rowOf(dialog, "Vito").getByRole("button", { name: "Make owner…" }).waitFor();
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByText("The link is ready.").waitFor();
  await dialog.getByText("More", { exact: true }).click();
  await look(olga, "people, as the owner");
  for (const [button, heading] of [
    ["Make owner…", "Make Vito an owner?"],
    ["Compare safety number…", "Compare with Vito"],
    ["Remove…", "Remove Vito?"],
  ] as const) {
    await rowOf(dialog, "Vito").getByRole("button", { name: button }).click();
    await dialog.getByRole("heading", { name: heading }).waitFor();
    if (heading.startsWith("Compare")) await dialog.getByRole("list", { name: "Safety number" }).waitFor();
    await look(olga, heading);
    if (!heading.startsWith("Remove")) await olga.page.keyboard.press("Escape");
  }
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog.getByText("Vito was removed.").waitFor();
  // With a second document there is a choice of what a link and a word let into.
  await dialog.getByRole("button", { name: "New document with these people" }).click();
  await chipBecomes(olga.page, ["synced"]);
  await openShare(olga.page);
  await dialog.getByRole("heading", { name: "Documents with these people · 2" }).waitFor();
  await rowOf(dialog, "Vito").getByRole("button", { name: "Let back in…" }).click();
  await look(olga, "let back in");
  await dialog.getByRole("radio", { name: "Only this document" }).check();
  await dialog.getByRole("button", { name: "Let back in", exact: true }).click();
  const guests = dialog.getByRole("region", { name: "Only this document · 1" });
  await guests.getByRole("button", { name: "Take away…" }).click();
  await look(olga, "take away");
  await dialog.getByRole("button", { name: "Take away", exact: true }).click();
  await guests.waitFor({ state: "hidden" });
  await dialog.getByRole("radio", { name: "Only this document" }).check();
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByText("Can edit, only this document", { exact: true }).waitFor();
  await look(olga, "people, two documents, somebody was removed");
  await rowOf(dialog, "Olga").getByRole("button", { name: "Leave…" }).click();
  await look(olga, "leave, as the only owner");

  await vito.page.keyboard.press("Escape");
  await vito.page.getByRole("alert").filter({ hasText: "You were removed from this document" }).waitFor();
  await look(vito, "document, removed");
  await vito.page.locator("button.chip").click();
  await look(vito, "where your changes are, removed");

  await openShare(edda.page);
  await rowOf(dialogOf(edda.page), "Edda").getByRole("button", { name: "Leave…" }).click();
  await look(edda, "leave");

  await olga.page.keyboard.press("Escape");
  await closeShare(olga.page);
  const guarded = await makeLink(olga, "Can view", nina.url, { passphrase: words });
  await olga.page.getByRole("button", { name: "Share" }).click();
  await dialog.getByRole("checkbox", { name: "Also ask for a passphrase" }).check();
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByRole("alert").waitFor();
  await look(olga, "a link with a passphrase");
  await nina.page.goto(guarded);
  await giveName(nina.page, "Nina");
  await passphraseOf(nina.page).waitFor();
  await look(nina, "the passphrase of a link");
  await passphraseOf(nina.page).fill("wrong horse battery staple");
  await nina.page.keyboard.press("Enter");
  await nina.page.getByRole("alert").getByText(mayBeWrong).waitFor();
  await look(nina, "a wrong passphrase");
  await nina.page.getByRole("button", { name: "Cancel" }).click();
  await nina.page.getByLabel("Open a link").fill(guarded);
  await nina.page.keyboard.press("Enter");
  await passphraseOf(nina.page).waitFor();
  await look(nina, "the passphrase of a pasted link");

  // The removal ended the link that Vito came by.
  await nina.page.goto(`${nina.url}/s#${fragmentOf(viewing)}`);
  await nina.page.getByRole("heading", { level: 1, name: /^This link/ }).waitFor();
  await chipBecomes(nina.page, ["not-let-in"]);
  await look(nina, "not let in");
  expect(found).toEqual([]);
  expect(await stage.troubles()).toEqual([]);
});
