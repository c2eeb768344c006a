// Bundles the timeline page's script and style sheet into a module of strings, so that `renderTimeline` needs neither files nor a bundler.
// `node tools/build-timeline.mjs` after a change below packages/simulator/src/timeline; a test says when it was forgotten.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, transform } from "esbuild";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "../packages/simulator/src/timeline");
export const generatedFile = path.join(folder, "page-script.generated.ts");

const hashOf = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

// As oxfmt would write it: in the quotes that need fewer escapes.
const literal = (text) => {
  const json = JSON.stringify(text);
  const doubles = text.split('"').length;
  const singles = text.split("'").length;
  return doubles <= singles ? json : `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
};

export async function generate() {
  const bundled = await build({
    entryPoints: [path.join(folder, "page/main.ts")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    logLevel: "silent",
  });
  const script = (bundled.outputFiles[0]?.text ?? "").trim();
  const css = await readFile(path.join(folder, "page/page.css"), "utf8");
  const style = (await transform(css, { loader: "css", minify: true })).code.trim();
  // Either would end its element early.
  if (/<\/script|<!--/i.test(script) || /<\/style|<!--/i.test(style)) throw new Error("the page's script or style can't stand in HTML");
  return `/** Made by \`node tools/build-timeline.mjs\` from \`page/\`: do not edit. The hashes are for the page's content security policy. */
export const pageScript: string =
  ${literal(script)};
export const pageScriptHash: string = "${hashOf(script)}";
export const pageStyle: string =
  ${literal(style)};
export const pageStyleHash: string = "${hashOf(style)}";
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await writeFile(generatedFile, await generate());
