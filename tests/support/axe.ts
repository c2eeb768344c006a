/** What axe-core finds on a page at WCAG 2.2 AA, and whether the page is wider than the screen. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
  }[];
  readonly passes: readonly unknown[];
}

export async function axeProblems(page: Page, screen: string): Promise<string[]> {
  const found: string[] = [];
  // Waits for fonts and finished transitions; colours in the middle of one are nobody's.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getTiming().iterations === 1)
        .map((animation) => animation.finished),
    ),
  );
  await page.evaluate(axeSource);
  const result = await page.evaluate<AxeResult, string[]>(
    (values) =>
      (globalThis as unknown as { axe: { run: (node: Document, options: object) => Promise<AxeResult> } }).axe.run(document, {
        runOnly: values,
      }),
    tags,
  );
  if (result.passes.length <= 10) found.push(`${screen}: axe has looked at nothing`);
  for (const violation of result.violations)
    for (const node of violation.nodes) found.push(`${screen}: ${violation.id} at ${node.target.join(" ")}: ${node.failureSummary ?? ""}`);
  const isWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  if (isWide) found.push(`${screen}: wider than the screen`);
  return found;
}

/** A desk, a phone, and the narrowest that WCAG asks for (1.4.10). */
const sizes = [
  [1180, 800],
  [390, 760],
  [320, 640],
] as const;

/** The screen as it is, in both themes and at every size: what axe-core finds, and what does not fit. `more`: selectors of what must not be cut, beside dialogs. */
export async function problemsInEveryLook(page: Page, screen: string, more: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  const before = page.viewportSize();
  for (const [width, height] of sizes) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const where = `${screen}, ${colorScheme}, ${width} px`;
      found.push(...(await axeProblems(page, where)));
      const fits = await page.evaluate(
        (selectors) =>
          [...document.querySelectorAll(selectors)].every(
            (element) =>
              element.scrollWidth <= element.clientWidth &&
              // The body of a dialog scrolls, the dialog around it does not.
              (element.tagName !== "DIALOG" || element.scrollHeight <= element.clientHeight),
          ),
        ["dialog", ".dialog-body", ...more].join(),
      );
      if (!fits) found.push(`${where}: does not fit`);
    }
  }
  if (before !== null) await page.setViewportSize(before);
  return found;
}
