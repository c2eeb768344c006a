// `npm run bench`: installs the field's servers into bench/field, builds the relay, and runs the workloads.
import { existsSync } from "node:fs";
import path from "node:path";
import { bin, checkNode, ensureBuilt, ensureInstalled, giveUp, npm, root, run } from "./lib/machine.mjs";
import { ensureNode24 } from "./lib/node24.mjs";

checkNode();
if (process.platform !== "linux") giveUp("The bench reads /proc and runs on Linux only.");
await ensureInstalled();
await ensureBuilt();
const field = path.join(root, "bench/field");
if (!existsSync(path.join(field, "node_modules/.package-lock.json"))) {
  process.stdout.write("Installing the field's servers…\n");
  const { code, output } = await npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: field, quiet: true });
  if (code !== 0) giveUp(`${output}\nThe field's servers could not be installed (see above).`);
}
const node24 = await ensureNode24();
if (node24.file === undefined)
  giveUp(`${node24.reason}\nHocuspocus needs Node 22 or newer, and Node 24 could not be installed (see above).`);
const { code } = await run(
  process.execPath,
  [
    "--import",
    path.join(path.dirname(bin("tsx")), "esm/index.mjs"),
    "--conditions=@skerry/source",
    "bench/main.ts",
    ...process.argv.slice(2),
  ],
  {
    env: { SKERRY_BENCH_NODE24: node24.file },
  },
);
process.exit(code);
