/** The page in a real browser, opened from a file: no errors, no network, what it shows is what the trace says, by pointer and by keys. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../../../../tests/support/chromium.ts";
import type { TestBrowser } from "../../../../tests/support/chromium.ts";
import type { RunResult } from "../run/simulation.ts";
import { renderTimeline } from "./render-timeline.ts";
import { hugeRun, sampleRun } from "./sample-trace.test-support.ts";
import { timeText } from "./words.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "skerry-timeline-"));
let browser: TestBrowser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  readonly troubles: string[];
}

async function open(run: RunResult, width = 1280): Promise<Opened> {
  const file = join(folder, "run.html");
  writeFileSync(file, renderTimeline(run, { replay: "npm run simulate -- --seed 7" }));
  const page = await browser.context.newPage();
  await page.setViewportSize({ width, height: 900 });
  const troubles: string[] = [];
  page.on("console", (message) => troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) troubles.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  await page.locator("#playhead:not([hidden])").waitFor({ state: "attached" });
  return { page, troubles };
}

const momentIs = (page: Page, t: number): Promise<unknown> => page.locator("#moment", { hasText: timeText(t) }).waitFor();
const textsOf = (page: Page): Promise<string[]> => page.locator(".card-text").allTextContents();

/** The last text of each device at `t`, straight from the trace. */
const toldTexts = (run: RunResult, t: number): string[] =>
  Object.keys(run.scenario.devices).map((who) => {
    const last = run.trace.findLast((event) => event.kind === "replica" && event.who === who && event.t <= t);
    return last?.kind === "replica" ? last.text : "";
  });

test("every moment shows the texts that the trace says, by overview, keys and list", async () => {
  const run = sampleRun();
  const { page, troubles } = await open(run);
  await momentIs(page, run.simulatedMs);
  expect(await textsOf(page)).toEqual(toldTexts(run, run.simulatedMs));
  expect(await page.locator("#agreement").textContent()).toBe("All 3 replicas hold the same text and the same state.");
  expect(await page.locator("mark").count()).toBe(0);

  const box = await page.locator("#overview").boundingBox();
  if (box === null) throw new Error("no overview");
  await page.mouse.click(box.x + box.width * 0.34, box.y + 10);
  await page.locator("#agreement", { hasText: "different states" }).waitFor();
  const shown = Number(await page.locator("#stage").getAttribute("aria-valuenow"));
  expect(await textsOf(page)).toEqual(toldTexts(run, shown));
  expect(await page.locator("mark").count()).toBeGreaterThan(0);
  await page
    .locator(".card", { hasText: "ben" })
    .getByText(/^Offline · \d+ changes kept on this device$/)
    .waitFor();
  await page.locator(".card", { hasText: "ben" }).getByText("link cut").waitFor();

  // Through the edits only: each step is one.
  await page.getByLabel("Edits").check();
  await page.locator("#stage").focus();
  const edits = run.trace.filter((event) => event.kind === "step" && event.step.do === "type").map((event) => event.t);
  const next = edits.filter((t) => t > shown);
  await page.keyboard.press("ArrowRight");
  await momentIs(page, next[0] ?? -1);
  await page.keyboard.press("ArrowRight");
  await momentIs(page, next[1] ?? -1);
  await page.keyboard.press("ArrowLeft");
  await momentIs(page, next[0] ?? -1);
  expect(await textsOf(page)).toEqual(toldTexts(run, next[0] ?? -1));
  await page.keyboard.press("Shift+ArrowRight");
  await momentIs(page, (next[0] ?? 0) + 1000);
  await page.keyboard.press("Home");
  await momentIs(page, 0);
  await page.keyboard.press("End");
  await momentIs(page, run.simulatedMs);

  // A row of the list.
  await page.getByLabel("Alarms").check();
  const alarm = run.trace.find((event) => event.kind === "alarm");
  await page
    .locator("#events")
    .getByRole("button", { name: /raises an alarm/ })
    .click();
  await momentIs(page, alarm?.t ?? -1);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-current"))).toBe("true");
  expect(troubles).toEqual([]);
  await page.close();
});

test("a journey by keyboard alone: zoom, pan, play, theme, table", async () => {
  const { page, troubles } = await open(sampleRun());
  const stage = page.locator("#stage");
  for (let i = 0; i < 40 && !(await stage.evaluate((one) => one === document.activeElement)); i += 1) await page.keyboard.press("Tab");
  expect(await stage.evaluate((one) => one === document.activeElement)).toBe(true);
  const fitted = page.locator("#zoom-fit");
  expect(await fitted.getAttribute("aria-disabled")).toBe("true");
  await page.keyboard.press("+");
  await page.locator('#zoom-fit[aria-disabled="false"]').waitFor();
  await page.keyboard.press("[");
  await page.keyboard.press("0");
  await page.locator('#zoom-fit[aria-disabled="true"]').waitFor();
  await page.keyboard.press("Home");
  await momentIs(page, 0);
  await page.keyboard.press("Space");
  await page.locator('#play[aria-label="Pause"]').waitFor();
  await page.waitForFunction(() => Number(document.querySelector("#stage")?.getAttribute("aria-valuenow")) > 500);
  await page.keyboard.press("Space");
  await page.locator('#play[aria-label="Play"]').waitFor();

  await page.locator("input[value=system]").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("dark");

  await page.locator(".all-events summary").focus();
  await page.keyboard.press("Enter");
  await page.locator("#table-rows tr").first().waitFor();
  expect(await page.locator("#table-rows tr").count()).toBe(200);
  await page.locator("#table-after").focus();
  await page.keyboard.press("Enter");
  await page.locator("#table-place", { hasText: "201 to 400" }).waitFor();
  expect(troubles).toEqual([]);
  await page.close();
});

test("click jumps, dragging the playhead scrubs, dragging the lanes moves, the wheel zooms", async () => {
  const run = sampleRun();
  const { page, troubles } = await open(run);
  const box = await page.locator("#stage").boundingBox();
  if (box === null) throw new Error("no stage");
  const now = async (): Promise<number> => Number(await page.locator("#stage").getAttribute("aria-valuenow"));
  const at = (share: number): number => box.x + box.width * share;
  const y = box.y + 150;
  const settles = (low: number, high: number): Promise<unknown> =>
    page.waitForFunction(
      ([from, to]) => {
        const value = Number(document.querySelector("#stage")?.getAttribute("aria-valuenow"));
        return value >= (from ?? 0) && value <= (to ?? 0);
      },
      [low * run.simulatedMs, high * run.simulatedMs],
    );
  await page.mouse.click(at(0.5), y);
  await settles(0.49, 0.51);
  await page.mouse.move(at(0.5), y);
  await page.mouse.down();
  await page.mouse.move(at(0.6), y, { steps: 4 });
  await page.mouse.up();
  await settles(0.59, 0.61);
  const before = await now();
  await page.mouse.wheel(0, -300);
  await page.locator('#zoom-fit[aria-disabled="false"]').waitFor();
  await page.mouse.move(at(0.3), y);
  await page.mouse.down();
  await page.mouse.move(at(0.4), y, { steps: 4 });
  await page.mouse.up();
  expect(await now()).toBe(before);
  expect(troubles).toEqual([]);
  await page.close();
});

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
  }[];
  readonly passes: readonly unknown[];
}

test("is accessible in light and dark, at 1280 and at 360 px, and never wider than the screen", { timeout: 180_000 }, async () => {
  const found: string[] = [];
  // Pages under their own policy can't be given a script by address; `evaluate` is not bound by it.
  const { page } = await open(sampleRun({ fails: true }));
  await page
    .locator("details")
    .first()
    .evaluate((details) => details.setAttribute("open", ""));
  await page.locator("#all-events").evaluate((details) => details.setAttribute("open", ""));
  // Few rows: axe looks at each.
  await page.getByLabel("Faults").check();
  const box = await page.locator("#overview").boundingBox();
  await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) * 0.34, (box?.y ?? 0) + 10);
  await page.locator("mark").first().waitFor();
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(axeSource);
      const result = await page.evaluate<AxeResult>(() =>
        (globalThis as unknown as { axe: { run: (node: Document, options: object) => Promise<AxeResult> } }).axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        }),
      );
      expect(result.passes.length).toBeGreaterThan(10);
      for (const violation of result.violations)
        for (const node of violation.nodes)
          found.push(`${width} ${colorScheme} ${violation.id} at ${node.target.join(" ")}: ${node.failureSummary ?? ""}`);
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      if (isWide) found.push(`${width} ${colorScheme}: wider than the screen`);
    }
  }
  expect(found).toEqual([]);
  await page.close();
});

test("hostile text stays text", async () => {
  const hostile = '</script><script>document.title="taken"</script><img src=x onerror=alert(1)> ';
  const run = sampleRun({ name: hostile, texts: [hostile], minutes: 1, devices: ["ana", "<b>ben</b>", "cleo"] });
  const { page, troubles } = await open(run);
  expect(await page.locator("h1").textContent()).toBe(hostile);
  expect(await textsOf(page)).toEqual(toldTexts(run, run.simulatedMs));
  expect(await page.locator("img, b").count()).toBe(0);
  expect(await page.title()).toBe(`${hostile.trim().replace(/\s+/g, " ")} – Skerry simulator`);
  expect(troubles).toEqual([]);
  await page.close();
});

test("an empty run and a run of 480,000 events open without trouble", async () => {
  const empty = await open({ ...sampleRun({ minutes: 1 }), trace: [], simulatedMs: 0 });
  await empty.page.getByText("No replica holds the document at this moment.").waitFor();
  await empty.page.getByText("Nothing of this kind happened.").first().waitFor();
  expect(empty.troubles).toEqual([]);
  await empty.page.close();
  const huge = await open(hugeRun(160_000));
  await huge.page.getByText("60,000 frames sent before").waitFor();
  await huge.page.locator("#zoom-in").click();
  await huge.page.locator('#zoom-out[aria-disabled="false"]').waitFor();
  expect(huge.troubles).toEqual([]);
  await huge.page.close();
});
