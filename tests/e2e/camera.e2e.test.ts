/** Codes that are read with a camera: a device is paired by another's screen, and an account comes back from a printed sheet. */
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { qrPath } from "../../apps/web/src/devices/qr-path.ts";
import { axeProblems } from "../support/axe.ts";
import { createFakeCamera, drawnOn } from "../support/camera.ts";
import type { FakeCamera } from "../support/camera.ts";
import { codeIn, compareAndConfirm, devicesDialog, freshDevice, openDevices, writeDocument } from "../support/devices.ts";
import { focusComesTo, press } from "../support/keyboard.ts";
import { openStage, shows } from "../support/people.ts";
import type { Person, Stage } from "../support/people.ts";
import { beginToMake, makeWords, wordsShown } from "../support/recovery.ts";
import { until } from "../support/wait.ts";

let camera: FakeCamera;
let stage: Stage;

beforeEach(async () => {
  camera = await createFakeCamera();
  stage = await openStage({ browserArgs: camera.args("allow") });
}, 60_000);
afterEach(async () => {
  await stage?.close();
  await camera?.close();
});

const scanner = (page: Page): Locator => devicesDialog(page).getByLabel("What the camera sees");
const foot = (page: Page): Locator => devicesDialog(page).getByRole("status");

/** From now on, whether a camera that this page opened is on. */
async function watchCamera(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => {
    const tracks: MediaStreamTrack[] = [];
    Object.assign(globalThis, { tracks });
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      tracks.push(...stream.getTracks());
      return stream;
    };
  });
  return () =>
    page.evaluate(() => (globalThis as unknown as { tracks: MediaStreamTrack[] }).tracks.some(({ readyState }) => readyState === "live"));
}

async function laptopWithCode(): Promise<Person> {
  const laptop = await freshDevice(stage, "Olga");
  await writeDocument(laptop.page, "Plan", "Rope and tea");
  await (await openDevices(laptop.page)).getByRole("button", { name: "Add a device…" }).click();
  await codeIn(devicesDialog(laptop.page));
  return laptop;
}

async function hasThePlan({ page }: Person): Promise<void> {
  await page.getByRole("link", { name: "Plan" }).click({ timeout: 60_000 });
  await shows(page, "Rope and tea", 60_000);
}

test("the new device reads the code off the old one's screen; another code is told as such, and the camera is off afterwards", async () => {
  const laptop = await laptopWithCode();
  const phone = await freshDevice(stage, "Olga's phone");
  const isOn = await watchCamera(phone.page);
  await phone.page.getByRole("button", { name: "Use your account here…" }).click();
  const wants = devicesDialog(phone.page);
  const scan = wants.getByRole("button", { name: "Scan with the camera" });
  await camera.holdBefore(qrPath("https://example.org/menu"));
  await scan.click();
  await foot(phone.page).filter({ hasText: "That is another kind of code." }).waitFor();
  expect(await scanner(phone.page).isVisible()).toBe(true);
  expect(await isOn()).toBe(true);
  await wants.getByRole("button", { name: "Type the code instead" }).click();
  await until("the camera is off", async () => !(await isOn()));

  await camera.holdBefore(await drawnOn(devicesDialog(laptop.page).locator("svg.qr")));
  await scan.click();
  await compareAndConfirm(laptop, phone);
  expect(await isOn()).toBe(false);
  await hasThePlan(phone);
  expect(await stage.troubles()).toEqual([]);
});

test("the old device reads the code off the new one's screen", async () => {
  const laptop = await laptopWithCode();
  const phone = await freshDevice(stage, "Olga's phone");
  await phone.page.getByRole("button", { name: "Use your account here…" }).click();
  const [has, wants] = [devicesDialog(laptop.page), devicesDialog(phone.page)];
  await wants.getByRole("button", { name: "Show a code here instead" }).click();
  await codeIn(wants);
  await camera.holdBefore(await drawnOn(wants.locator("svg.qr")));
  await has.getByRole("button", { name: "Take the code of the other device instead" }).click();
  await has.getByRole("button", { name: "Scan with the camera" }).click();
  await compareAndConfirm(laptop, phone);
  await hasThePlan(phone);
  expect(await stage.troubles()).toEqual([]);
});

test("the square on the printed sheet brings the account back, without a key being typed", async () => {
  const olga = await freshDevice(stage, "Olga");
  await writeDocument(olga.page, "Plan", "Rope and tea");
  await beginToMake(olga.page);
  const words = await wordsShown(olga.page);
  const sheet = await drawnOn(olga.page.locator(".kit-sheet svg.qr"));
  await olga.context.close();

  const fresh = await freshDevice(stage, "Somebody");
  const { page } = fresh;
  const isOn = await watchCamera(page);
  await press(page, "I have recovery words…");
  await focusComesTo(page, "Use your recovery words");
  await camera.holdBefore(qrPath("C9R2D-5BTFQ-2NY0M-3ARMN-4X0SD-ZJ9G7-HWXTR-S43Z8-E5TVM-NA7QB-3D2"));
  await press(page, "Scan the sheet");
  await focusComesTo(page, "Scan your recovery sheet");
  await foot(page).filter({ hasText: "That is another kind of code." }).waitFor();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect(await axeProblems(page, `scanning, ${colorScheme}`)).toEqual([]);
  }
  await press(page, "Type the words instead");
  await until("the camera is off", async () => !(await isOn()));
  await camera.holdBefore(sheet);
  await press(page, "Scan the sheet");
  await devicesDialog(page).waitFor({ state: "hidden", timeout: 60_000 });
  expect(await isOn()).toBe(false);
  await hasThePlan(fresh);
  // The words are nowhere in the page any more, nor in its address or its storage.
  const left = await page.evaluate(() =>
    [document.documentElement.outerHTML, location.href, ...Object.values(localStorage), ...Object.values(sessionStorage)].join("\n"),
  );
  expect(left).not.toMatch(new RegExp(`${words[0]}\\W+${words[1]}`));
  expect(await stage.troubles()).toEqual([]);
});

test("a sheet whose words were replaced is told as such, with its words in the field; one that was misprinted, too", async () => {
  const olga = await freshDevice(stage, "Olga");
  await writeDocument(olga.page, "Plan", "Rope and tea");
  const old = await makeWords(olga.page);
  await makeWords(olga.page);

  const { page } = await freshDevice(stage, "Somebody");
  await page.getByRole("button", { name: "I have recovery words…" }).click();
  const dialog = devicesDialog(page);
  const scan = async (words: readonly string[], sentence: string): Promise<void> => {
    await camera.holdBefore(qrPath(words.join(" ")));
    await dialog.getByRole("button", { name: "Scan the sheet" }).click();
    await dialog.getByRole("alert").filter({ hasText: sentence }).waitFor({ timeout: 40_000 });
    expect(await dialog.getByRole("textbox", { name: "Recovery words" }).inputValue()).toBe(words.join(" "));
    await focusComesTo(page, "Recovery words");
  };
  await scan(old, "Newer words may have replaced them");
  await scan(old.with(4, "tehr"), "Word 5 is not one of the 2,048 words.");
  expect(await stage.troubles()).toEqual([]);
});

test("who does not allow the camera is told, and can type", async () => {
  await stage.close();
  stage = await openStage({ browserArgs: camera.args("deny") });
  const { page } = await freshDevice(stage, "Olga");
  for (const [open, scan, type, back] of [
    ["Use your account here…", "Scan with the camera", "Type the code instead", "Code from the other device"],
    ["I have recovery words…", "Scan the sheet", "Type the words instead", "Recovery words"],
  ] as const) {
    await page.getByRole("button", { name: open }).click();
    const dialog = devicesDialog(page);
    await dialog.getByRole("button", { name: scan }).click();
    await dialog.getByRole("alert").filter({ hasText: "The camera may not be used here." }).waitFor();
    await dialog.getByRole("button", { name: type }).click();
    await dialog.getByRole("textbox", { name: back }).waitFor();
    await page.keyboard.press("Escape");
    await dialog.getByRole("button", { name: "Close" }).click();
  }
});
