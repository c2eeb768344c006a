/** The virtual IndexedDB says what Chromium's says. `SKERRY_RECORD=1` writes Chromium's logs anew. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { launchChromium, servePage } from "../../../../tests/support/chromium.ts";
import { scripts } from "./fidelity.test-support.ts";

type Global = typeof globalThis & { readonly runFidelityScript: (title: string) => Promise<string[]> };

test("Chromium says what is recorded, which Node's test compares with the virtual IndexedDB", { timeout: 120_000 }, async () => {
  const server = await servePage({ page: fileURLToPath(new URL("fidelity-page.test-support.ts", import.meta.url)) });
  const browser = await launchChromium();
  try {
    const page = await browser.context.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => "runFidelityScript" in globalThis);
    const logs: Record<string, string[]> = {};
    for (const title of Object.keys(scripts))
      logs[title] = await page.evaluate((wanted) => (globalThis as Global).runFidelityScript(wanted), title);
    const file = new URL("fidelity.logs.json", import.meta.url);
    if (process.env["SKERRY_RECORD"] === "1") await writeFile(file, `${JSON.stringify(logs, undefined, 2)}\n`);
    expect(logs).toEqual(JSON.parse(await readFile(file, "utf8")));
  } finally {
    await browser.close();
    await server.close();
  }
});
