/**
 * `npm run simulate -- --spaces [--runs 100] [--from 1] [--mutant ID] [--stop] [--twice PERCENT] [--story] [--json FILE]`: runs of spaces with access logs. Ends with 1
 * if one fails. With `--mutant` a bug is planted, and a failure is what is wanted.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { accessMutants } from "../mutants/access.ts";
import { bundleSimulator, repositoryRoot } from "../mutants/bundle.ts";

const args = process.argv.slice(2);
const at = args.indexOf("--mutant");
if (at < 0) await import("./run-spaces-seeds.ts");
else {
  const [, id] = args.splice(at, 2);
  const mutant = accessMutants.find((one) => one.id === id);
  if (mutant === undefined) {
    process.stderr.write(`There is no planted bug called ${id ?? ""}. There are: ${accessMutants.map((one) => one.id).join(", ")}.\n`);
    process.exitCode = 2;
  } else {
    // Within the repository, so that what is external is found.
    const folder = mkdtempSync(path.join(repositoryRoot, "node_modules", ".spaces-"));
    try {
      const outFile = path.join(folder, "spaces.mjs");
      await bundleSimulator({ entry: "packages/simulator/src/cli/run-spaces-seeds.ts", outFile, mutant });
      process.exitCode = spawnSync(process.execPath, [outFile, ...args], { stdio: "inherit" }).status ?? 1;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
