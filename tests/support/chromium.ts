/** A real Chromium for tests, driven by playwright-core, and pages for it that are bundled on the fly and served on a free port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import type { BrowserContext } from "playwright-core";

export const chromiumPath: string = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/** No network of its own, no first-run pages, and no sandbox, which root can't have. */
export const chromiumArgs: readonly string[] = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** One browser with a profile on disk. Closing it leaves the profile, so that it can be searched and opened again. */
export function openProfile(folder: string, args: readonly string[] = []): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, {
    executablePath: chromiumPath,
    // playwright's own headless mode is another browser (chrome-headless-shell) with other storage timing.
    headless: false,
    args: [...chromiumArgs, ...args],
  });
}

export interface TestBrowser {
  readonly folder: string;
  readonly context: BrowserContext;
  /** Ends the browser and deletes the profile. */
  close(): Promise<void>;
}

export async function launchChromium(args: readonly string[] = []): Promise<TestBrowser> {
  const folder = await mkdtemp(join(tmpdir(), "skerry-chromium-"));
  const context = await openProfile(folder, args);
  return {
    folder,
    context,
    close: async () => {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** The processes of a living browser that run pages and their workers. Linux. */
export function rendererPids({ folder }: TestBrowser): readonly number[] {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The name of the program, in brackets, may hold anything.
        const parent = Number(
          readFileSync(`/proc/${name}/stat`, "latin1")
            .replace(/^.*\) /s, "")
            .split(" ")[1],
        );
        // Chromium writes its own command lines over, with blanks between their parts.
        const command = readFileSync(`/proc/${name}/cmdline`, "latin1").split(/[\0 ]/);
        return [{ pid: Number(name), parent, command }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
  const root = processes.find(
    ({ command }) => command.includes(`--user-data-dir=${folder}`) && !command.some((part) => part.startsWith("--type=")),
  );
  const isIn = (pid: number): boolean =>
    pid === root?.pid || processes.some((one) => one.pid === pid && one.parent !== pid && isIn(one.parent));
  return processes.filter(({ pid, command }) => command.includes("--type=renderer") && isIn(pid)).map(({ pid }) => pid);
}

export interface PageServer {
  /** Address of the page; each entry `name` is at `${url}/${name}.js`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Bundles each entry (name → source file) from source, and serves `/` as a page that loads the entry called `page`. Answers everything else
 * with 404. Workspace packages are read through their `@skerry/source` condition.
 */
export async function servePage(entries: Readonly<Record<string, string>>): Promise<PageServer> {
  const bundled = await build({
    entryPoints: { ...entries },
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    conditions: ["@skerry/source"],
    outdir: "/",
    write: false,
    logLevel: "silent",
  });
  const files = new Map(bundled.outputFiles.map((file) => [file.path.replaceAll("\\", "/").replace(/^.*\//, "/"), file.text]));
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const script = files.get(path);
    if (script !== undefined) response.writeHead(200, { "content-type": "text/javascript", "cache-control": "no-store" }).end(script);
    else if (path === "/") {
      response
        .writeHead(200, { "content-type": "text/html" })
        .end('<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>');
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
