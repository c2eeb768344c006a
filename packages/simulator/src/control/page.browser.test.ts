/** The chaos proxy's page in a real Chromium: with a mouse, with the keyboard alone, in both schemes, on a phone. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromiumArgs, chromiumPath } from "../../../../tests/support/chromium.ts";
import type { ChaosProxy } from "../proxy/chaos-proxy.ts";
import { until } from "../proxy/net.test-support.ts";
import { openSocket, sendAll, startProxy, startWeb } from "../proxy/web.test-support.ts";
import type { Client, Web } from "../proxy/web.test-support.ts";
import { startControlServer } from "./control-server.ts";

/** Waits until it is so, or tells how it is. */
const poll = <T>(read: () => T): ReturnType<typeof expect.poll<T>> => expect.poll(read, { timeout: 20_000, interval: 20 });

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: chromiumPath, headless: false, args: [...chromiumArgs] });
}, 60_000);
afterAll(() => browser?.close());

interface Stage {
  readonly web: Web;
  readonly proxy: ChaosProxy;
  readonly client: Client;
  readonly page: Page;
  readonly troubles: string[];
  readonly url: string;
}

async function stage(options: Parameters<Browser["newContext"]>[0] = {}): Promise<Stage> {
  const web = await startWeb({ silent: true });
  const proxy = await startProxy(web.port);
  const control = await startControlServer({ proxy, upstream: `127.0.0.1:${web.port}` });
  const client = await openSocket(proxy.url);
  const context = await browser.newContext(options);
  onTestFinished(async () => {
    await context.close();
    await control.close();
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => troubles.push(message.text()));
  await page.goto(control.url);
  await page.getByText("1 · WebSocket").waitFor();
  return { web, proxy, client, page, troubles, url: control.url };
}

describe("CX-13 the page", () => {
  test("CX-13 shows what is there and what happens, and sends what is chosen", async () => {
    const { web, proxy, client, page, troubles } = await stage();
    const summary = page.getByRole("status");
    const [up, down] = [page.getByRole("region", { name: "Up" }), page.getByRole("region", { name: "Down" })];
    await poll(() => summary.textContent()).toBe("Nothing is broken.");
    expect(await page.getByText(proxy.url).count()).toBe(1);

    await up.getByLabel("cut, arrive late").check();
    await poll(() => proxy.fault().up).toEqual({ flow: "hold" });
    await poll(() => summary.textContent()).toBe("Up: cut.");
    await up.getByLabel("pass").check();
    await down.getByLabel("Delay, ms").fill("120");
    await down.getByLabel("Rate, kB/s").fill("2.5");
    await up.getByLabel("Drop").fill("50");
    await up.getByLabel("Corrupt").fill("0.5");
    await up.getByLabel("Corrupt").blur();
    await poll(() => proxy.fault()).toEqual({
      up: {
        flow: "pass",
        frames: [
          { do: "drop", chance: 0.5 },
          { do: "corrupt", chance: 0.005 },
        ],
      },
      down: { delayMs: 120, bytesPerSecond: 2500 },
    });
    await up.getByLabel("Drop").fill("");
    await up.getByLabel("Drop").blur();
    await poll(() => proxy.fault().up?.frames).toEqual([{ do: "corrupt", chance: 0.005 }]);
    await page.getByLabel("New connections").selectOption("hang");
    await poll(() => proxy.fault().newConnections).toBe("hang");

    await page.getByRole("button", { name: "Heal", exact: true }).click();
    await poll(() => proxy.fault()).toEqual({});
    await poll(() => up.getByLabel("Corrupt").inputValue()).toBe("");
    expect(await page.getByLabel("New connections").inputValue()).toBe("accept");

    await up.getByRole("button", { name: "Drop" }).click();
    await poll(() => summary.textContent()).toBe("A fault waits for a message.");
    await sendAll(proxy, client, ["secret-a", "b"]);
    await until(() => expect(web.received).toEqual(["b"]));
    await page.getByText("Connection 1 up: a text of 8 bytes dropped").waitFor();
    await poll(() => summary.textContent()).toBe("Nothing is broken.");

    await page.getByRole("button", { name: "Cut both ways" }).click();
    await poll(() => summary.textContent()).toBe("Up: cut. Down: cut.");
    await page.getByRole("button", { name: "Half-open connection 1" }).click();
    await page.getByText("1 · WebSocket, half open").waitFor();
    await page.getByRole("button", { name: "Heal and reset all" }).click();
    await until(() => expect(client.closes).toEqual([1006]));
    await page.getByText("Nobody is connected.").waitFor();
    expect(await page.content()).not.toContain("secret-a");
    expect(troubles).toEqual([]);
  });

  test("CX-13 shows what others change, and keeps rules that it has no field for", async () => {
    const { proxy, page } = await stage();
    const up = page.getByRole("region", { name: "Up" });
    const rule = { do: "drop", match: { opcode: "binary", bytes: "00" } } as const;
    await proxy.set({ up: { delayMs: 7, sliceBytes: 3, frames: [rule, { do: "duplicate" }] } });
    await poll(() => up.getByLabel("Delay, ms").inputValue()).toBe("7");
    expect(await up.getByLabel("Duplicate").inputValue()).toBe("100");
    await up.getByText("And a rule that came through the API.").waitFor();
    await up.getByLabel("Reorder").fill("10");
    await up.getByLabel("Reorder").blur();
    await poll(() => proxy.fault().up?.frames).toEqual([rule, { do: "duplicate", chance: 1 }, { do: "reorder", chance: 0.1 }]);
    // What can't be is not sent, and said.
    await up.getByLabel("Reorder").fill("101");
    await up.getByLabel("Reorder").blur();
    await poll(() => page.getByRole("alert").textContent()).toContain("Reorder:");
    expect(proxy.fault().up?.frames).toHaveLength(3);
  });

  test("CX-13 works with the keyboard alone", async () => {
    const { proxy, client, page } = await stage();
    const focused = (): Promise<string> =>
      page.evaluate<string>(`{
        const { activeElement: at } = document;
        at.getAttribute("aria-label") ?? (at.labels?.[0] ?? at).textContent.trim();
      }`);
    const tabTo = async (name: string): Promise<void> => {
      for (let step = 0; step < 60; step += 1) {
        if ((await focused()) === name) return;
        await page.keyboard.press("Tab");
      }
      throw new Error(`no way to ${name}`);
    };
    await tabTo("pass");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await poll(() => proxy.fault().up?.flow).toBe("drop");
    await tabTo("Delay, ms");
    await page.keyboard.type("15");
    await page.keyboard.press("Enter");
    await poll(() => proxy.fault().up?.delayMs).toBe(15);
    await tabTo("Truncate");
    await tabTo("Half-open connection 1");
    await page.keyboard.press("Enter");
    await poll(() => proxy.connections()[0]?.halfOpen).toBe(true);
    // The list was drawn again: the focus is where it was.
    await page.getByText("1 · WebSocket, half open").waitFor();
    expect(await focused()).toBe("Half-open connection 1");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Space");
    await until(() => expect(client.closes).toEqual([1006]));
  });

  test("CX-13 says when the proxy is gone, and shows it again when it is back", async () => {
    const { page, url, web } = await stage();
    const proxy = await startProxy(web.port);
    const other = await startControlServer({ proxy, upstream: "127.0.0.1:1" });
    await page.goto(other.url);
    await poll(() => page.getByRole("status").textContent()).toBe("Nothing is broken.");
    await other.close();
    await poll(() => page.getByRole("status").textContent()).toBe("The proxy does not answer. Is it still running?");
    const again = await startControlServer({ proxy, upstream: "127.0.0.1:1", port: other.port });
    onTestFinished(() => again.close());
    await poll(() => page.getByRole("status").textContent()).toBe("Nothing is broken.");
    expect(url).not.toBe(other.url);
  });

  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 320],
    ["dark", 320],
  ] as const)("CX-13 %s, %i px wide: nothing that axe finds, nothing wider than the screen", async (colorScheme, width) => {
    const { proxy, page } = await stage({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true, hasTouch: width < 400 });
    await proxy.set({
      up: { flow: "drop", frames: [{ do: "drop", match: { bytes: "00" } }] },
      down: { delayMs: 5 },
      newConnections: "refuse",
    });
    await page.getByText("Up: cut, bytes lost, messages harmed. Down: late. New connections: refuse.").waitFor();
    await page.evaluate(axeSource);
    const violations = await page.evaluate<string[]>(`
      axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
        .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html.slice(0, 120))))
    `);
    expect(violations).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")).toBe(true);
  });
});

test("CX-10 a page of another origin can't use the API, not even blindly", async () => {
  const { proxy, url, page } = await stage();
  const elsewhere = await startWeb();
  await page.goto(`http://127.0.0.1:${elsewhere.port}/`);
  const outcomes = await page.evaluate(async (api) => {
    const tries = [
      () => fetch(`${api}/heal`, { method: "POST", mode: "no-cors", body: "{}" }),
      () => fetch(`${api}/connections/drop`, { method: "POST", mode: "no-cors" }),
      () => fetch(`${api}/state`),
      () => fetch(`${api}/fault`, { method: "PUT", body: "{}", headers: { "content-type": "application/json" } }),
    ];
    return Promise.all(
      tries.map((run) =>
        run().then(
          ({ type }) => type,
          () => "failed",
        ),
      ),
    );
  }, url);
  expect(outcomes).toEqual(["failed", "failed", "failed", "failed"]);
  expect(proxy.recentEvents().map(({ type }) => type)).toEqual(["connection-opened", "connection-upgraded"]);
});
