/** What someone does who found this repository: clone, `npm start`, open the printed address, write. Needs a package registry, as they do. */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { editorOf, giveName, newDocument, openPage, textOf } from "../support/app.ts";
import { launchChromium } from "../support/chromium.ts";
import type { TestBrowser } from "../support/chromium.ts";
import { freePort } from "../support/relay-process.ts";
import { until } from "../support/wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const installMs = 300_000;

let folder: string | undefined;
let npm: ChildProcess | undefined;
let browser: TestBrowser | undefined;

afterEach(async () => {
  await browser?.close();
  endGroup(npm?.pid);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

/** npm has a process group of its own: ends whatever is left of it. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** The environment without what vitest and an outer `npm` put there; how to reach the registry stays. */
function newcomersEnv(port: number): NodeJS.ProcessEnv {
  const strange = /^(npm_(?!config_)|VITEST|SKERRY_|NODE_ENV$|NODE_OPTIONS$|NODE_PATH$|INIT_CWD$|TEST$|MODE$|DEV$|PROD$|SSR$|BASE_URL$)/;
  const kept = Object.entries(process.env).filter(([name]) => !strange.test(name));
  return { ...Object.fromEntries(kept), SKERRY_PORT: String(port) };
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

test("git clone, npm start, a document in the browser, and SIGTERM ends it in good order", { timeout: installMs + 120_000 }, async () => {
  folder = mkdtempSync(path.join(tmpdir(), "skerry-newcomer-"));
  const clone = path.join(folder, "skerry");
  execFileSync("git", ["clone", "--quiet", `file://${root}`, clone]);
  const port = await freePort();
  let printed = "";
  const started = spawn("npm", ["start"], { cwd: clone, env: newcomersEnv(port), stdio: ["ignore", "pipe", "pipe"], detached: true });
  npm = started;
  const ended = new Promise<number | null>((resolve) => started.on("exit", (code) => resolve(code)));
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (const stream of [started.stdout, started.stderr]) stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));

  const address = await until(
    "the address is printed",
    () => {
      if (isOver) throw new Error(`npm start ended:\n${printed}`);
      return /^.*(http:\/\/127\.0\.0\.1:\d+)/m.exec(printed)?.[1];
    },
    installMs,
  );
  expect(address).toBe(`http://127.0.0.1:${port}`);

  browser = await launchChromium();
  const { page, troubles } = await openPage(browser.context);
  await page.goto(address);
  await giveName(page, "Newcomer");
  await newDocument(page);
  await page.keyboard.type("It works.");
  await page.locator('button.chip[data-kind="synced"]').waitFor();
  expect(await textOf(page)).toBe("It works.");
  await page.reload();
  await editorOf(page).waitFor();
  expect(await textOf(page)).toBe("It works.");
  expect(troubles).toEqual([]);
  expect(existsSync(path.join(clone, "data"))).toBe(true);

  // To npm alone, as a supervisor does.
  started.kill("SIGTERM");
  expect(await ended).not.toBe(1);
  await until("the relay has stopped in good order", () => printed.includes('"event":"stopped"'));
  await until("the port is free", async () => !(await isListening(port)));
  expect(execFileSync("git", ["status", "--porcelain"], { cwd: clone, encoding: "utf8" })).toBe("");
});
