import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, servePage } from "../../../../tests/support/chromium.ts";
import type { PageServer, TestBrowser } from "../../../../tests/support/chromium.ts";
import { until } from "../node/until.test-support.ts";
import type { Member } from "./leadership-page.test-support.ts";

type Global = typeof globalThis & { readonly skerryMember: Member };

let server: PageServer;
let browser: TestBrowser;
beforeAll(async () => {
  server = await servePage({ page: fileURLToPath(new URL("leadership-page.test-support.ts", import.meta.url)) });
  browser = await launchChromium();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await server.close();
});

async function join(clock: string): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(`${server.url}/?clock=${clock}`);
  await page.waitForFunction(() => "skerryMember" in globalThis);
  return page;
}

const events = (page: Page): Promise<string[]> => page.evaluate(() => (globalThis as Global).skerryMember.events);
const heard = (page: Page): Promise<string[]> => page.evaluate(() => (globalThis as Global).skerryMember.heard);
const hello = (page: Page): Promise<void> =>
  page.evaluate(() => (globalThis as Global).skerryMember.say({ kind: "hello", relayUrl: "ws://x" }));

describe("leadership", () => {
  test("BS-8 one leads, the other's tabs reach it; a frozen leader is replaced, told so, and passes on from then on", async () => {
    const frozen = await join("frozen");
    await until("the first leads", async () => (await events(frozen)).includes("leads"));
    const ordinary = await join("ordinary");
    await hello(ordinary);
    await until("answered through the channel", async () => (await heard(ordinary)).includes("ready"));
    expect(await events(ordinary)).toEqual([]);
    expect(await events(frozen)).toContain("hello of ordinary");
    const hasty = await join("hasty");
    await until("the silent one is replaced", async () => (await events(hasty)).includes("leads"));
    await until("and knows", async () => (await events(frozen)).includes("replaced"));
    await until("tabs of the others begin again", async () => (await heard(ordinary)).includes("reset"));
    await hello(frozen);
    await until("the replaced one passes on", async () => (await events(hasty)).includes("hello of frozen"));
    const leaders = await Promise.all(
      [frozen, ordinary, hasty].map(async (page) => (await events(page)).filter((event) => event === "leads").length),
    );
    expect(leaders).toEqual([1, 0, 1]);
    await hasty.close();
    await until(
      "someone leads again",
      async () => (await events(ordinary)).includes("leads") || (await events(frozen)).filter((event) => event === "leads").length === 2,
    );
  });
});
