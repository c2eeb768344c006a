/** Servers at which not everybody may make documents that can be shared: people are told what to do, and lose nothing meanwhile. */
import { afterEach, expect, test } from "vitest";
import { giveName, newDocument } from "../support/app.ts";
import { problemsInEveryLook } from "../support/axe.ts";
import { goHome } from "../support/devices.ts";
import { focusedWords, press, reach } from "../support/keyboard.ts";
import { chipBecomes, openStage, readFromRelay, shareLink, shows, startDocument } from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";
import { until } from "../support/wait.ts";

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

const token = "tide-table-31";
const field = "Access token of this server";

async function openTokenStage(): Promise<Stage> {
  stage = await openStage({ relay: { SKERRY_SPACES: "token", SKERRY_SPACE_TOKEN: token } });
  return stage;
}

/** A new document at a server that does not take it, with one line. */
async function startRefused(person: Person, text: string): Promise<void> {
  await startDocument(person);
  await person.page.keyboard.type(text);
  await chipBecomes(person.page, ["not-shared"]);
}

test("a server that wants a token asks for it, by the keyboard alone: a wrong one is told at the field, the right one shares all that was written", async () => {
  const { app, person, troubles } = await openTokenStage();
  const olga = await person("Olga");
  const { page } = olga;
  await startRefused(olga, "Rope and tea");
  const asked = page.getByRole("alert").filter({ hasText: "This server asks for an access token" });
  await asked.getByText("What you write is safe on this device").waitFor();
  expect(await problemsInEveryLook(page, "asked for the token")).toEqual([]);

  await press(page, "Use token");
  await page.getByText("Type the token that you were given.").waitFor();
  await until("the field has the focus", async () => (await focusedWords(page)) === field);
  await page.keyboard.type("low tide");
  await page.keyboard.press("Enter");
  const problem = page.getByRole("alert").filter({ hasText: "The server does not know this token." });
  await problem.waitFor();
  expect(await page.getByLabel(field).getAttribute("aria-describedby")).toBe(await problem.getAttribute("id"));
  await until("the field has the focus", async () => (await focusedWords(page)) === field);
  expect(await problemsInEveryLook(page, "wrong token")).toEqual([]);
  // It says so also to whoever comes back later.
  await page.reload();
  await problem.waitFor();
  await shows(page, "Rope and tea");

  await reach(page, field);
  await page.keyboard.type(`  ${token} `);
  await page.keyboard.press("Enter");
  await chipBecomes(page, ["synced"]);
  await page.getByRole("status").filter({ hasText: "The server takes your documents now." }).waitFor();
  await until("the focus is not lost", async () => (await focusedWords(page)).startsWith("The server takes your documents now."));
  expect(await page.getByLabel(field).count()).toBe(0);
  expect(await readFromRelay(app, await shareLink(olga, olga.url))).toBe("Rope and tea");

  // Given once: the next document is taken without a word, also after a reload.
  await page.reload();
  await goHome(page);
  await newDocument(page);
  await page.keyboard.type("Low at six");
  await chipBecomes(page, ["synced"]);
  expect(await page.getByLabel(field).count()).toBe(0);

  // The token is where nobody sees it.
  expect(page.url()).not.toContain(token);
  const stored = await page.evaluate(() =>
    JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, history.state]),
  );
  expect(stored).not.toContain(token);
  expect(app.relay.output()).not.toContain(token);
  expect(await troubles()).toEqual([]);
});

test("a token that is given while the server is away is kept, and used as soon as it is back", async () => {
  const { app, person } = await openTokenStage();
  const olga = await person("Olga");
  const { page } = olga;
  await startRefused(olga, "Rope and tea");
  await app.relay.kill();
  await page.getByLabel(field).fill(token);
  await page.getByRole("button", { name: "Use token" }).click();
  await page.getByText("Asking the server…").waitFor();
  await page.getByText("The token is kept on this device, and tried as soon as it does.").waitFor({ timeout: 40_000 });
  await app.relay.restart();
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await chipBecomes(page, ["synced"], 60_000);
  await until("the field is gone", async () => (await page.getByLabel(field).count()) === 0);
});

test("who is not on the server's list sees which id to send, and is let through once it is on it", async () => {
  stage = await openStage({ relay: { SKERRY_SPACES: "allowlist" } });
  const olga = await stage.person("Olga");
  const { page, context } = olga;
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await startRefused(olga, "Rope and tea");
  await page.getByRole("alert").filter({ hasText: "You are not on this server's list yet" }).waitFor();
  expect(await problemsInEveryLook(page, "not on the list")).toEqual([]);
  expect(await page.getByLabel(field).count()).toBe(0);
  await press(page, "Copy id");
  await until("it says so", async () => (await focusedWords(page)) === "Copied");
  const id = await page.evaluate(() => navigator.clipboard.readText());
  expect(id).toBe(await page.getByLabel("Your account's id").inputValue());
  expect(id).toMatch(/^[\w-]{43}$/);

  // The operator adds it, and starts the relay again.
  await stage.app.relay.stop();
  await stage.app.relay.restart({ SKERRY_SPACE_ACCOUNTS: id });
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await chipBecomes(page, ["synced"], 60_000);
  await until("the note is gone", async () => (await page.getByText("You are not on this server's list yet").count()) === 0);
  await shows(page, "Rope and tea");
});

test("where everybody may, nobody is asked", async () => {
  stage = await openStage();
  const olga = await stage.person("Olga");
  await olga.page.goto(olga.url);
  await giveName(olga.page, "Olga");
  await newDocument(olga.page);
  await olga.page.keyboard.type("Rope and tea");
  await chipBecomes(olga.page, ["synced"]);
  expect(await olga.page.getByLabel(field).count()).toBe(0);
});
