/** Two people in one document, each with a browser storage of their own, on a real relay; and one person with two tabs. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { chipOf, editorOf, openPage, textOf } from "../support/app.ts";
import { startFront } from "../support/front.ts";
import {
  caretToLine,
  chipBecomes,
  fragmentOf,
  openLink,
  openStage,
  readFromRelay,
  shareLink,
  shows,
  startDocument,
} from "../support/people.ts";
import type { Stage } from "../support/people.ts";
import { until } from "../support/wait.ts";
import { plantInWorkers, workerTroubles } from "../support/worker-troubles.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
}, 60_000);
afterEach(() => stage?.close());

test("both type at once and see each other's text, caret and name; the link's secret stays out of addresses and storage", async () => {
  const ana = await stage.person("Ana");
  const ben = await stage.person("Ben");
  const docId = await startDocument(ana);
  await ana.page.getByLabel("Title").fill("Packing list");
  await editorOf(ana.page).focus();
  await ana.page.keyboard.type("Ana:\nBen:");
  await chipBecomes(ana.page, ["synced"]);
  const link = await shareLink(ana, ben.url);

  await openLink(ben, link);
  await shows(ben.page, "Ana:\nBen:");
  expect(await ben.page.getByLabel("Title").inputValue()).toBe("Packing list");

  await caretToLine(ana.page, 0);
  await caretToLine(ben.page, 1);
  const words = (name: string): string[] => Array.from({ length: 12 }, (_, index) => ` ${name}${index}`);
  const type = async (page: typeof ana.page, list: readonly string[]): Promise<void> => {
    for (const word of list) await page.keyboard.type(word);
  };
  await Promise.all([type(ana.page, words("rope")), type(ben.page, words("tea"))]);
  const both = `Ana:${words("rope").join("")}\nBen:${words("tea").join("")}`;
  await Promise.all([shows(ana.page, both), shows(ben.page, both)]);

  for (const [person, other] of [
    [ana, ben],
    [ben, ana],
  ] as const) {
    const name = person.page.locator(".cm-caret-name");
    await name.waitFor({ state: "attached" });
    expect(await name.textContent()).toBe(other.name);
    // It stands where the other one types: at the end of the other's line.
    const line = await person.page.locator(".cm-line", { has: person.page.locator(".cm-caret") }).evaluate((element) => {
      const copy = element.cloneNode(true) as Element;
      const caret = copy.querySelector(".cm-caret");
      const after = document.createRange();
      if (caret !== null) after.setStartAfter(caret);
      after.setEndAfter(copy.lastChild ?? copy);
      return { rest: after.toString(), line: copy.textContent };
    });
    expect(line.line).toContain(`${other.name}:`);
    expect(line.rest.replaceAll("\u2060", "")).toBe("");
    await person.page.getByRole("button", { name: "2 people are here" }).waitFor();
    expect(await chipBecomes(person.page, ["synced"])).toMatchObject({ text: expect.stringMatching(/^Synced( · |$)/) as string });
  }
  expect(await readFromRelay(stage.app, link)).toBe(both);

  // Nowhere in Ben's page: not the whole secret, nor a piece of it.
  const secret = fragmentOf(link);
  // The browser keeps the address that a page was navigated to in that page's own timing entry; no page can change it, and it ends with the page.
  const seen = await ben.page.evaluate(() =>
    [
      location.href,
      document.referrer,
      document.title,
      document.documentElement.outerHTML,
      JSON.stringify(history.state),
      JSON.stringify(localStorage),
      JSON.stringify(sessionStorage),
      document.cookie,
      ...performance
        .getEntries()
        .filter(({ entryType }) => entryType !== "navigation")
        .map(({ name }) => name),
    ].join("\n"),
  );
  const devtools = await ben.context.newCDPSession(ben.page);
  const { entries } = await devtools.send("Page.getNavigationHistory");
  const addresses = entries.map((entry) => `${entry.url}\n${entry.title}`).join("\n");
  for (let at = 0; at + 16 <= secret.length; at += 8) {
    const piece = secret.slice(at, at + 16);
    // The document's own id is in its address, and may be in the link.
    if (docId.includes(piece)) continue;
    expect(seen).not.toContain(piece);
    expect(stage.app.relay.output()).not.toContain(piece);
    expect(addresses).not.toContain(piece);
  }
  expect(await stage.troubles()).toEqual([]);
});

test("two tabs of one person are one device: one connection to the relay, both live, one person to the other", async () => {
  const front = await startFront(stage.app.relay.port);
  try {
    const ana = { ...(await stage.person("Ana")), url: front.url };
    const ben = await stage.person("Ben");
    const docId = await startDocument(ana);
    await ana.page.keyboard.type("One\nTwo\nBen");
    await chipBecomes(ana.page, ["synced"]);
    const second = await openPage(ana.context);
    await second.page.goto(`${ana.url}/d/${docId}`);
    await shows(second.page, "One\nTwo\nBen");
    const link = await shareLink(ana, ben.url);
    await openLink(ben, link);
    await shows(ben.page, "One\nTwo\nBen");

    await caretToLine(ana.page, 0);
    await caretToLine(second.page, 1);
    await caretToLine(ben.page, 2);
    await Promise.all([ana.page.keyboard.type(" first tab"), second.page.keyboard.type(" second tab"), ben.page.keyboard.type(" and I")]);
    const all = "One first tab\nTwo second tab\nBen and I";
    for (const page of [ana.page, second.page, ben.page]) await shows(page, all);
    for (const page of [ana.page, second.page, ben.page]) await chipBecomes(page, ["synced"]);
    await ben.page.getByRole("button", { name: "2 people are here" }).click();
    await ben.page.getByRole("dialog", { name: "Who is here" }).getByText("in 2 windows").waitFor();
    await ben.page.keyboard.press("Escape");
    expect([front.sync.stats.accepted, front.sync.connections().length]).toEqual([1, 1]);

    // The tab that came first closes; the other goes on, over the same connection.
    await ana.page.close();
    await caretToLine(second.page, 1);
    await second.page.keyboard.type(" alone");
    await shows(ben.page, "One first tab\nTwo second tab alone\nBen and I");
    await chipBecomes(second.page, ["synced"]);
    expect([front.sync.stats.accepted, front.sync.connections().length]).toEqual([1, 1]);
    expect(await textOf(second.page)).toBe(await textOf(ben.page));
    await until("Ana is in one window", async () => (await ben.page.getByText("in 2 windows").count()) === 0);
    expect(await chipOf(second.page).count()).toBe(1);
    expect([...(await stage.troubles()), ...second.troubles]).toEqual([]);
  } finally {
    await front.close();
  }
});

test("what a worker prints or throws is seen", async () => {
  const ana = await stage.person("Ana");
  await startDocument(ana);
  await chipBecomes(ana.page, ["synced"]);
  expect(await stage.troubles()).toEqual([]);
  expect(await plantInWorkers(stage.browser, "planted")).toBe(1);
  const seen = await until("both are seen", async () => {
    const troubles = await workerTroubles(stage.browser);
    return troubles.length >= 2 ? troubles : undefined;
  });
  expect(seen.toSorted()).toMatchObject([expect.stringMatching(/^worker: error: Error: planted/), "worker: warning: planted"]);
});
