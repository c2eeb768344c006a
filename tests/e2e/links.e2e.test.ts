/** Links that can't be opened, or not yet: a plain sentence with what to do, and nothing hangs. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { editorOf, giveName, newDocument } from "../support/app.ts";
import { startFront } from "../support/front.ts";
import type { Front } from "../support/front.ts";
import { chipBecomes, chipNow, fragmentOf, linkInDialog, openLink, openStage, shareLink, shows, startDocument } from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";

let stage: Stage;
let front: Front;
/** Their sync goes through `front.sync`, their pages past it. */
let ana: Person;
let ben: Person;

beforeEach(async () => {
  stage = await openStage();
  front = await startFront(stage.app.relay.port);
  ana = { ...(await stage.person("Ana")), url: front.url };
  ben = await stage.person("Ben");
}, 60_000);

afterEach(async () => {
  await stage?.close();
  await front?.close();
});

test("a document that the server never got has no link yet: Ana is told, and makes one as soon as the server is back", async () => {
  await front.sync.set({ newConnections: "refuse" });
  await startDocument(ana);
  await ana.page.keyboard.type("Written on the island.");
  await chipBecomes(ana.page, ["offline"]);
  await ana.page.getByRole("button", { name: "Share" }).click();
  await ana.page.getByText("Links can be made once the server has been reached").waitFor();
  expect(await ana.page.getByRole("button", { name: "Create link" }).count()).toBe(0);

  // The dialog stays open meanwhile, and offers it by itself.
  await front.sync.heal();
  await ana.page.evaluate(() => dispatchEvent(new Event("online")));
  await ana.page.getByRole("button", { name: "Create link" }).waitFor({ timeout: 40_000 });
  const link = await linkInDialog(ana.page);
  await ana.page.keyboard.press("Escape");
  await openLink(ben, `${ben.url}/s#${fragmentOf(link)}`);
  await shows(ben.page, "Written on the island.");
  await chipBecomes(ana.page, ["synced"], 40_000);
  await chipBecomes(ben.page, ["synced"]);
  expect(await stage.troubles()).toEqual([]);
});

test("the server can't be reached when a link is opened for the first time: it says so and opens by itself later", async () => {
  await startDocument(ben);
  await ben.page.keyboard.type("Tide tables");
  await chipBecomes(ben.page, ["synced"]);
  const link = await shareLink(ben, ana.url);
  await front.sync.set({ newConnections: "refuse" });
  await ana.page.goto(link);
  await giveName(ana.page, "Ana");
  await ana.page.getByRole("heading", { name: "Waiting for the server" }).waitFor();
  await ana.page.getByText("It opens by itself as soon as there is a connection.").waitFor();
  expect((await chipNow(ana.page)).text).toBe("Waiting for the server");
  // A reload changes nothing: the key is on this device now.
  await ana.page.reload();
  await ana.page.getByRole("heading", { name: "Waiting for the server" }).waitFor();
  await front.sync.heal();
  // Its own next try may be quicker than the hand, and takes the button away.
  await Promise.any([ana.page.getByRole("button", { name: "Try now" }).click(), editorOf(ana.page).waitFor()]);
  await shows(ana.page, "Tide tables");
  await chipBecomes(ana.page, ["synced"]);
  expect(await stage.troubles()).toEqual([]);
});

test(
  "links cut anywhere, changed anywhere, or of something else: each gets its sentence, none opens a document",
  { timeout: 180_000 },
  async () => {
    await startDocument(ben);
    await ben.page.keyboard.type("x");
    await chipBecomes(ben.page, ["synced"]);
    const secret = fragmentOf(await shareLink(ben, ben.url));
    const changed = (at: number): string => `${secret.slice(0, at)}${secret[at] === "A" ? "B" : "A"}${secret.slice(at + 1)}`;
    const cut = /^(This link is not complete|This is not a Skerry link)$/;
    const wrong: [string, RegExp][] = [
      ["", /^This link has no key in it$/],
      ["hello there", /^This is not a Skerry link$/],
      ["%F0%9F%A6%AD", /^This is not a Skerry link$/],
      [`${secret}${secret}`, cut],
      ...Array.from({ length: Math.floor(secret.length / 12) }, (_, index): [string, RegExp] => [secret.slice(0, 1 + index * 12), cut]),
      [secret.slice(0, -1), cut],
      [secret.slice(1), /^(This link is not complete|This is not a Skerry link|This link comes from a newer Skerry)$/],
      ...[7, 20, 40, 80, 120, secret.length - 2].filter((at) => at < secret.length).map((at): [string, RegExp] => [changed(at), cut]),
    ];
    await ana.page.goto(ana.url);
    await giveName(ana.page, "Ana");
    for (const [fragment, heading] of wrong) {
      await ana.page.goto("about:blank");
      await ana.page.goto(`${ana.url}/s#${fragment}`);
      const title = ana.page.getByRole("heading", { level: 1 });
      await title.waitFor();
      expect(await title.textContent(), `for ${fragment.length} characters`).toMatch(heading);
      expect(ana.page.url()).toBe(`${ana.url}/s`);
      await ana.page.getByLabel("Or paste it here").waitFor();
    }
    // Nothing was made of any of them, and the right one still opens.
    await ana.page.getByRole("link", { name: "All documents" }).click();
    await ana.page.getByText("Your island is empty").waitFor();
    await ana.page.getByLabel("Open a link").fill(`${ana.url}/s#${secret}`);
    await ana.page.getByRole("button", { name: "Open", exact: true }).click();
    await editorOf(ana.page).waitFor();
    await shows(ana.page, "x");
    expect(await stage.troubles()).toEqual([]);
  },
);

test("the bare address of a document opens nothing without its key; the link pasted there does", async () => {
  await ana.page.goto(ana.url);
  await giveName(ana.page, "Ana");
  await newDocument(ana.page);
  await chipBecomes(ana.page, ["synced"]);
  const address = new URL(ana.page.url()).pathname;
  await ben.page.goto(`${ben.url}${address}`);
  await giveName(ben.page, "Ben");
  await ben.page.getByRole("heading", { name: "This document is not on this device" }).waitFor();
  await ben.page.getByText("the key to read it is in the share link").waitFor();
  await ben.page
    .getByRole("textbox")
    .first()
    .fill(await shareLink(ana, ben.url));
  await ben.page.keyboard.press("Enter");
  await editorOf(ben.page).waitFor();
  await chipBecomes(ben.page, ["synced"]);
  expect(await stage.troubles()).toEqual([]);
});
