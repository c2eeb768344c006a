// Node 24 beside the Node that runs us: the registry package carries its binary.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cache, npm, works } from "./machine.mjs";

const version = "24.21.0";

/** Path of a Node 24, or undefined with the reason if this platform has none. */
export async function ensureNode24() {
  if (process.versions.node.startsWith("24.")) return { file: process.execPath };
  const folder = path.join(cache, `node-${version}`);
  const candidates = () =>
    ["node_modules/node/bin/node", `node_modules/node-bin-${process.platform}-${process.arch}/bin/node`]
      .map((file) => path.join(folder, file))
      .filter((file) => existsSync(file) && works(file, ["--version"]));
  if (candidates().length === 0) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n');
    const { output } = await npm(["install", "--no-audit", "--no-fund", "--no-save", "--foreground-scripts", `node@${version}`], {
      cwd: folder,
      quiet: true,
    });
    if (candidates().length === 0) return { reason: output };
  }
  return { file: candidates()[0] };
}
