/** The Partition Lab in a real Chromium: journeys by mouse and by keyboard, files that replay on the command line, and nothing that it must not touch. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseScenario } from "@skerry/simulator/lab";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openPage, startApp } from "../support/app.ts";
import type { App } from "../support/app.ts";
import { axeProblems } from "../support/axe.ts";
import { chromiumArgs, chromiumPath } from "../support/chromium.ts";
import { until } from "../support/wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

let app: App;
let browser: Browser;
let folder: string;
let context: BrowserContext;
let page: Page;
let troubles: string[];

beforeAll(async () => {
  app = await startApp();
  browser = await chromium.launch({ executablePath: chromiumPath, headless: false, args: [...chromiumArgs] });
  folder = await mkdtemp(path.join(tmpdir(), "skerry-lab-"));
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await app?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, acceptDownloads: true });
  ({ page, troubles } = await openPage(context));
});

afterEach(async () => {
  await context.close();
  expect(troubles).toEqual([]);
});

const agreement = (): Locator => page.locator(".lab-agreement");
const card = (who: string): Locator => page.getByRole("article", { name: `Device of ${who}` });
const editor = (who: string): Locator => page.getByRole("textbox", { name: `Text on the device of ${who}` });
const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();

async function openLab(): Promise<void> {
  await page.goto(`${app.url}/lab`);
  await agreement().filter({ hasText: "All three agree" }).waitFor();
}

async function type(who: string, text: string): Promise<void> {
  await editor(who).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text);
}

const textOf = (who: string): Promise<string> =>
  editor(who).evaluate((content) => [...content.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));

/** The colour of a device's state, as painted. */
const colourOf = (who: string): Promise<string> =>
  card(who)
    .locator(".lab-letter")
    .evaluate((letter) => getComputedStyle(letter).backgroundColor);

const colours = async (...all: string[]): Promise<number> => {
  // A colour that is on its way to another one is none.
  await page.emulateMedia({ reducedMotion: "reduce" });
  return new Set(await Promise.all(all.map(colourOf))).size;
};

/** Runs quickly until the page says so. */
async function playUntil(what: () => Promise<void>): Promise<void> {
  await page.getByRole("radio", { name: "10×" }).check({ force: true });
  if (await page.getByRole("button", { name: "Play", exact: true }).isVisible()) await press("Play");
  await what();
}

async function saveScenario(name: string): Promise<string> {
  await press("Scenario");
  const [download] = await Promise.all([page.waitForEvent("download"), press("Save as a file")]);
  const file = path.join(folder, name);
  await download.saveAs(file);
  await page.getByText(`npm run simulate -- --scenario ${download.suggestedFilename()}`).waitFor();
  await page.keyboard.press("Escape");
  return file;
}

/** The trace hash that "Check now" shows, and whether everything held. */
async function check(): Promise<{ readonly hash: string; readonly verdict: string }> {
  await press("Check now");
  const hash = (await page.locator(".lab-hash").textContent({ timeout: 60_000 })) ?? "";
  const verdict = (await page.locator(".lab-verdict").textContent()) ?? "";
  await page.keyboard.press("Escape");
  return { hash, verdict };
}

/** The same file through `npm run simulate`. */
async function replay(file: string): Promise<string> {
  const out = `${file}.result.json`;
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(process.execPath, ["tools/simulate.mjs", "--scenario", file, "--json", out], { cwd: root });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    child.on("error", reject);
    child.on("close", () => resolve(printed));
  });
  const result = await readFile(out, "utf8").catch(() => `no result: ${output}`);
  return /"traceHash":\s*"([0-9a-f]{16})"/.exec(result)?.[1] ?? result;
}

describe("the Lab", () => {
  test("opens without a name, storage, a peer or a connection to the relay", async () => {
    await context.addInitScript(() => {
      Object.defineProperty(globalThis, "indexedDB", { value: undefined });
      const touched: string[] = [];
      Object.assign(globalThis, { touched });
      for (const name of ["SharedWorker", "WebSocket"] as const) {
        Object.defineProperty(globalThis, name, {
          value: function Refused() {
            touched.push(name);
          },
        });
      }
    });
    await openLab();
    expect(await page.getByLabel("Your name").count()).toBe(0);
    expect(await page.evaluate(() => (globalThis as unknown as { readonly touched: string[] }).touched)).toEqual([]);
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
    expect(await textOf("cleo")).toContain("Ferry at six.");
    expect(await page.title()).toBe("Partition Lab · Skerry");
  });

  test("is a link away from the documents, and back", async () => {
    await page.goto(app.url);
    await page.getByLabel("Your name").fill("Mira");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("link", { name: "Partition Lab" }).click();
    await agreement().waitFor();
    await page.getByRole("link", { name: "Skerry, all documents" }).click();
    await page.getByRole("heading", { name: "Documents" }).waitFor();
  });

  test("cut, edit apart, heal: equal colours; the saved file gives the same trace hash on the command line, and loads again", async () => {
    await openLab();
    expect(await colours("ana", "ben", "cleo")).toBe(1);
    const heights = await page.locator(".lab-device").evaluateAll((cards) => cards.map((one) => one.getBoundingClientRect().height));
    await press("Cut off ben");
    await card("ben").getByText("Link is cut").waitFor();
    await type("ana", "Ana brings tea. ");
    await type("ben", "Ben brings no tea. ");
    await agreement().filter({ hasText: "Two versions: ana and cleo | ben" }).waitFor();
    await card("cleo").getByText("same as ana").waitFor();
    await card("ben").getByText("differs").waitFor();
    await card("ben")
      .getByText(/^Not seen yet: .*ana/)
      .waitFor();
    expect(await colours("ana", "ben", "cleo")).toBe(2);
    expect(await colours("ana", "cleo")).toBe(1);
    await playUntil(() => card("ben").locator('[data-kind="offline"]').waitFor());
    // Nothing moved while all those words changed.
    expect(await page.locator(".lab-device").evaluateAll((cards) => cards.map((one) => one.getBoundingClientRect().height))).toEqual(
      heights,
    );

    await press("Heal the link of ben");
    await agreement().filter({ hasText: "All three agree" }).waitFor();
    expect(await colours("ana", "ben", "cleo")).toBe(1);
    const text = await textOf("ben");
    for (const words of ["Ferry at six.", "Ana brings tea.", "Ben brings no tea."]) expect(text.split(words)).toHaveLength(2);
    expect(await textOf("ana")).toBe(text);
    expect(await textOf("cleo")).toBe(text);

    await press("Pause");
    const file = await saveScenario("apart.json");
    const read = parseScenario(await readFile(file, "utf8"));
    expect(read.ok ? read.value.steps.map((step) => step.do).filter((kind) => kind !== "update") : read.error).toEqual([
      "type",
      "cut",
      "heal",
    ]);
    const { hash, verdict } = await check();
    expect(verdict).toBe("Everything holds");
    expect(await replay(file)).toBe(hash);

    await page.reload();
    await agreement().waitFor();
    await press("Scenario");
    await page.locator('input[type="file"]').setInputFiles(file);
    await playUntil(async () => {
      await agreement().filter({ hasText: "Two versions" }).waitFor();
      await agreement().filter({ hasText: "All three agree" }).waitFor();
      await until("the text is there again", async () => (await textOf("cleo")) === text);
    });
    expect((await check()).hash).toBe(hash);
  });

  test("a file that is no scenario is refused with the place and a hint", async () => {
    await openLab();
    await press("Scenario");
    const broken = { v: 1, seed: 1, devices: { ana: {}, ben: {} }, steps: [{ at: "1s", do: "cutt", who: "ben" }] };
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: "broken.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(broken)) });
    const alert = page.getByRole("alert");
    await alert.getByText("This file is not a scenario that Skerry can run").waitFor();
    expect(await alert.textContent()).toContain('Did you mean "cut"?');
  });

  test("back in time: what came later comes again, until something new is done", async () => {
    await openLab();
    await press("Pause");
    await type("ana", "First. ");
    await press("+10 s");
    await until("cleo has it", async () => (await textOf("cleo")).includes("First."));
    await type("ben", "Second. ");
    await press("+10 s");
    await until("cleo has both", async () => (await textOf("cleo")).includes("Second."));
    const slider = page.getByRole("slider");
    const clock = Number(await slider.inputValue());
    await slider.fill(String(clock - 14_000));
    await page.getByText(/You are in the past: \d+ steps? done later/).waitFor();
    await until("the second is not there yet", async () => !(await textOf("cleo")).includes("Second."));
    await press("Back to the latest");
    await until("the second is there again", async () => (await textOf("cleo")).includes("Second."));

    await slider.fill(String(clock - 14_000));
    await page.getByText(/You are in the past/).waitFor();
    await until("the second is not there yet", async () => !(await textOf("cleo")).includes("Second."));
    await type("cleo", "Instead. ");
    await page.getByText(/from later on (was|were) dropped/).waitFor();
    await press("+10 s");
    await until("ana has what was done instead", async () => (await textOf("ana")).includes("Instead."));
    expect(await textOf("ana")).not.toContain("Second.");
    expect((await check()).verdict).toBe("Everything holds");
  });

  test("the server crashes and comes back; rolled back, it is caught", async () => {
    await openLab();
    const server = page.getByRole("region", { name: "Server" });
    await press("Crash");
    await server.getByText("down", { exact: true }).waitFor();
    await type("ben", "While it was down. ");
    await agreement().filter({ hasText: "Two versions" }).waitFor();
    await playUntil(() => server.getByText("running", { exact: true }).waitFor());
    await agreement().filter({ hasText: "All three agree" }).waitFor();
    expect(await textOf("cleo")).toContain("While it was down.");

    await press("Back up");
    await type("ana", "After the backup. ");
    await until("cleo has it", async () => (await textOf("cleo")).includes("After the backup."));
    await press("Roll back");
    await page
      .locator(".lab-alarm")
      .filter({ hasText: /older version|different versions/ })
      .first()
      .waitFor();
    await agreement().filter({ hasText: "All three agree" }).waitFor();
    expect(await textOf("ben")).toContain("After the backup.");
  });

  test("a device more, one that crashes, one whose lid is closed", async () => {
    await openLab();
    await press("Add a device");
    await playUntil(() => agreement().filter({ hasText: "All four agree" }).waitFor());
    expect(await textOf("dov")).toContain("Ferry at six.");
    await press("More for dov");
    await page.getByRole("button", { name: /^Crash \(/ }).click();
    await card("dov").locator('[data-kind="off"]').waitFor();
    await card("dov").locator('[data-kind="synced"]').waitFor();
    await press("More for ana");
    await page.getByRole("button", { name: "Close the lid for 30 s" }).click();
    await card("ana").locator('[data-kind="asleep"]').waitFor();
    await card("ana").locator('[data-kind="synced"]').waitFor();
  });

  test("a ready-made scenario plays to its end", async () => {
    await openLab();
    await press("Scenario");
    await page.getByRole("button", { name: /Two people/i }).click();
    await page.getByText("Press play, and step in whenever you like").waitFor();
    await page.getByRole("radio", { name: "60×" }).check({ force: true });
    await press("Play");
    await until("time has passed", async () => Number(await page.getByRole("slider").inputValue()) > 30_000);
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("the whole journey by keyboard alone", async () => {
    await openLab();
    const focusName = (): Promise<string> =>
      page.evaluate(() => {
        const inner = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
        return inner?.getAttribute("aria-label") ?? inner?.textContent ?? "";
      });
    /** Tabs on, round the page if need be, to what has this name. */
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; presses < 80; presses++) {
        await page.keyboard.press("Tab");
        if ((await focusName()) === name) return;
      }
      throw new Error(`"${name}" is not reached by Tab; the focus is on "${await focusName()}"`);
    };
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await tabTo("Cut off ben");
    await page.keyboard.press("Enter");
    // The button stays, with the focus, and now heals.
    await until("the focus stays", async () => (await focusName()) === "Heal the link of ben");
    await tabTo("Text on the device of ana");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("By keys. ");
    await tabTo("Text on the device of ben");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("Too. ");
    await agreement().filter({ hasText: "Two versions" }).waitFor();
    await tabTo("More for cleo");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "More for cleo" }).waitFor();
    await tabTo("Cut upward only");
    await page.keyboard.press("Enter");
    await card("cleo").getByText("Cut upward: nothing leaves").waitFor();
    await until("the focus is back", async () => (await focusName()) === "More for cleo");
    await tabTo("Heal everything");
    await page.keyboard.press("Space");
    await agreement().filter({ hasText: "All three agree" }).waitFor();
    await tabTo("Pause");
    await page.keyboard.press("Space");
    await until("it is paused", async () => (await focusName()) === "Play");
    await tabTo("Virtual time. Moving it back runs everything again from the start to there");
    await page.keyboard.press("Home");
    await page.getByText(/You are in the past/).waitFor();
    await tabTo("Check now");
    await page.keyboard.press("Enter");
    await page.locator(".lab-verdict").waitFor({ timeout: 60_000 });
    await page.keyboard.press("Escape");
    await until("the focus is back", async () => (await focusName()) === "Check now");
  });

  test("every screen is accessible, light and dark, wide and narrow", { timeout: 240_000 }, async () => {
    await openLab();
    await press("Pause");
    const look = async (screen: string): Promise<void> => {
      const found: string[] = [];
      for (const [width, height] of [
        [1280, 1000],
        [360, 740],
      ] as const) {
        await page.setViewportSize({ width, height });
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          found.push(...(await axeProblems(page, `${screen}, ${colorScheme}, ${width} px`)));
        }
      }
      await page.setViewportSize({ width: 1280, height: 1000 });
      expect(found).toEqual([]);
    };
    await look("at first");
    await press("Cut off ben");
    await type("ben", "Apart. ");
    await press("+10 s");
    await agreement().filter({ hasText: "Two versions" }).waitFor();
    await look("apart");
    await press("More for ben");
    await look("menu of a device");
    await page.keyboard.press("Escape");
    await press("More for the server");
    await look("menu of the server");
    await page.keyboard.press("Escape");
    await press("Scenario");
    await page.getByRole("heading", { name: "Ready-made" }).waitFor();
    await page.locator(".lab-ready button").first().waitFor();
    await look("scenarios");
    await page.keyboard.press("Escape");
    await press("Back up");
    await press("Roll back");
    await press("+10 s");
    await press("+10 s");
    await look("alarms");
    await page.getByRole("slider").fill("6000");
    await page.getByText(/You are in the past/).waitFor();
    await look("in the past");
    await press("Check now");
    await page.locator(".lab-hash").waitFor({ timeout: 60_000 });
    await look("verdict");
    await page.keyboard.press("Escape");
    await press("Crash");
    await press("More for ana");
    await page.getByRole("button", { name: /^Crash \(/ }).click();
    await card("ana").locator('[data-kind="off"]').waitFor();
    await look("everything is down");
  });
});
