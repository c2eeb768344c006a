/** The built web app on a real relay, and pages of it in a real browser. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { startRelayProcess } from "./relay-process.ts";
import type { RelayProcess } from "./relay-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface App {
  readonly url: string;
  readonly relay: RelayProcess;
  close(): Promise<void>;
}

/** `npm test` builds the app before; a single test file run by hand builds it if it was never built. `relayOptions`: docs/operating.md. */
export async function startApp(relayOptions: Readonly<Record<string, string>> = {}): Promise<App> {
  if (!existsSync(path.join(root, "apps/web/dist/index.html"))) {
    // vitest's NODE_ENV would give React's development build.
    const built = spawnSync(
      process.execPath,
      [path.join(root, "node_modules/vite/bin/vite.js"), "build", "apps/web", "--logLevel", "warn"],
      { cwd: root, encoding: "utf8" },
    );
    if (built.status !== 0) throw new Error(`the web app did not build:\n${built.stdout}${built.stderr}`);
  }
  const relay = await startRelayProcess({ env: relayOptions });
  return { url: relay.url, relay, close: () => relay.close() };
}

/** A page that collects what must never happen in it: uncaught errors, refused resources, policy violations, anything printed. */
export async function openPage(context: BrowserContext): Promise<{ readonly page: Page; readonly troubles: string[] }> {
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Chromium itself reports sockets that can't connect; that is what some tests are about.
    if (!/WebSocket connection|ERR_CONNECTION_REFUSED|net::ERR/.test(message.text())) troubles.push(`${message.type()}: ${message.text()}`);
  });
  return { page, troubles };
}

/** Answers the one question of a first visit. */
export async function giveName(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { level: 1 }).first().waitFor();
}

/** The editable text, inside the editor's shadow root. */
export const editorOf = (page: Page): ReturnType<Page["locator"]> => page.locator(".cm-content");

/** What a reader sees as text: without the names at other people's carets and the placeholder. */
export const textOf = (page: Page): Promise<string> =>
  editorOf(page).evaluate((content) =>
    [...content.querySelectorAll(".cm-line")]
      .map((line) => {
        const copy = line.cloneNode(true) as Element;
        for (const extra of copy.querySelectorAll(".cm-caret, .cm-placeholder")) extra.remove();
        return copy.textContent;
      })
      .join("\n"),
  );

export const chipOf = (page: Page): ReturnType<Page["locator"]> => page.locator("button.chip");

/** From home to a new, empty, open document. Returns its id. */
export async function newDocument(page: Page): Promise<string> {
  await page.getByRole("button", { name: "New document" }).click();
  await editorOf(page).waitFor();
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}
