import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generate, generatedFile } from "../../../../tools/build-timeline.mjs";
import type { RunResult } from "../run/simulation.ts";
import { renderTimeline } from "./render-timeline.ts";
import { sampleRun } from "./sample-trace.test-support.ts";

const pageOf = (run: RunResult): string => renderTimeline(run, { replay: "npm run simulate -- --seed 7" });
const sha256 = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;

test("the generated script is that of the sources", async () => {
  const current = await generate();
  // `node tools/build-timeline.mjs` makes it current again.
  expect(readFileSync(generatedFile, "utf8") === current).toBe(true);
});

test("the page loads nothing, and its policy allows only its own script and style", () => {
  const html = pageOf(sampleRun());
  expect(html).not.toMatch(/\b(src|href|action)=|@import|url\(/);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
  const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "";
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
  expect(policy).toBe(
    `default-src 'none'; script-src '${sha256(script)}'; style-src '${sha256(style)}'; base-uri 'none'; form-action 'none'`,
  );
  expect(html).not.toMatch(/ style="| on\w+="/);
});

test("hostile names and texts stay text", () => {
  const hostile = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> &amp; \u2028 \ud800";
  const run = sampleRun({ name: hostile, texts: [hostile, "--><b>"], minutes: 1, fails: true });
  const html = renderTimeline({ ...run, violations: [{ invariant: hostile, message: hostile, atMs: 5 }] }, { replay: hostile });
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html.match(/<\/script/g)).toHaveLength(2);
  expect(html).not.toMatch(/<img|<b>|<!--/);
});

test("the header tells what was run and how it ended", () => {
  expect(pageOf(sampleRun())).toContain("Everything held: no invariant was broken.");
  const failed = pageOf(sampleRun({ fails: true }));
  expect(failed).toContain("Broken: I14, All&#39;s well in the end");
  expect(failed).toContain("Once everything is healed, all devices that are left agree");
  expect(failed).toContain("npm run simulate -- --seed 7");
  expect(renderTimeline(sampleRun(), { replay: "again 'x'" })).toContain("again &#39;x&#39;");
});

test("the same run gives the same page, and a run without a trace gives one, too", () => {
  expect(pageOf(sampleRun()) === pageOf(sampleRun())).toBe(true);
  expect(pageOf({ ...sampleRun(), trace: [] })).toContain("<main>");
});
