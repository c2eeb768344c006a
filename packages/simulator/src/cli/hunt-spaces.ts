/**
 * `node packages/simulator/src/cli/hunt-spaces.ts [ID …]` (with `tsx` and `--conditions=@skerry/source`): how often each planted bug of spaces is caught. Seeds from 1 on are run
 * until three have caught it, or 150 were run, and go into `mutants/caught-spaces.json`. Ends with 1 if one was not caught.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { accessMutants } from "../mutants/access.ts";
import { bundleSimulator, repositoryRoot } from "../mutants/bundle.ts";
import type { Mutant } from "../mutants/mutant.ts";

interface Caught {
  readonly invariant: string;
  /** Those that caught it, of the first `of`. */
  readonly seeds: readonly number[];
  readonly of: number;
}
type Failures = readonly { readonly seed: string; readonly invariant: string }[];

const enough = 3;
const most = 150;
const batch = 6;
const file = path.join(repositoryRoot, "packages/simulator/src/mutants/caught-spaces.json");

async function hunt(mutant: Mutant): Promise<Caught | undefined> {
  // Within the repository, so that what is external is found.
  const folder = mkdtempSync(path.join(repositoryRoot, "node_modules", ".spaces-"));
  try {
    const [outFile, json] = [path.join(folder, "spaces.mjs"), path.join(folder, "result.json")];
    await bundleSimulator({ entry: "packages/simulator/src/cli/run-spaces-seeds.ts", outFile, mutant });
    const seeds: number[] = [];
    let invariant: string | undefined;
    let of = 0;
    while (of < most && seeds.length < enough) {
      const args = ["--from", String(of + 1), "--runs", String(batch), "--twice", "0", "--json", json];
      spawnSync(process.execPath, [outFile, ...args], { stdio: "ignore" });
      const { failures } = JSON.parse(readFileSync(json, "utf8")) as { readonly failures: Failures };
      rmSync(json);
      of += batch;
      // Another invariant is another story: a bug has to be caught by one that it is planted for.
      const ours = failures.filter((failure) => mutant.expect.some((id) => id === failure.invariant));
      invariant ??= ours[0]?.invariant;
      seeds.push(...ours.map(({ seed }) => Number(seed)));
    }
    return invariant === undefined ? undefined : { invariant, seeds, of };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const caught = new Map<string, Caught>(
  existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, Caught>>) : [],
);
const wanted = process.argv.slice(2);
for (const id of [...caught.keys()]) if (!accessMutants.some((one) => one.id === id)) caught.delete(id);
for (const mutant of accessMutants.filter(({ id }) => wanted.length === 0 || wanted.includes(id))) {
  const found = await hunt(mutant);
  if (found === undefined) {
    caught.delete(mutant.id);
    process.exitCode = 1;
  } else caught.set(mutant.id, found);
  process.stdout.write(
    `${mutant.id}: ${found === undefined ? "not caught" : `${found.invariant} at ${found.seeds.join(", ")} of ${found.of}`}\n`,
  );
  const sorted = Object.fromEntries([...caught].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}
