/**
 * `npm run simulate -- --spaces [--runs 100] [--from 1] [--mutant ID] [--stop] [--twice PERCENT] [--story] [--json FILE]`: runs of spaces with access logs, one seed
 * after another. Ends with 1 if one fails. With `--mutant` a bug is planted, and a failure is what is wanted.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { runSpaces as RunSpaces, SpacesResult } from "../spaces/run-spaces.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    mutant: { type: "string" },
    stop: { type: "boolean", default: false },
    story: { type: "boolean", default: false },
    twice: { type: "string", default: "5" },
    json: { type: "string" },
  },
});

/** Turns of the real event loop are dear, a tick of Node is not, and comes after all promises, too. */
const endOfTurn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

async function engine(): Promise<{ readonly run: typeof RunSpaces; readonly end: () => void }> {
  if (values.mutant === undefined) return { run: (await import("../spaces/run-spaces.ts")).runSpaces, end: () => {} };
  const [{ bundleSimulator }, { accessMutants }] = await Promise.all([import("../mutants/bundle.ts"), import("../mutants/access.ts")]);
  const mutant = accessMutants.find(({ id }) => id === values.mutant);
  if (mutant === undefined) throw new Error(`there is no planted bug called ${values.mutant}`);
  const folder = mkdtempSync(path.join(tmpdir(), "skerry-spaces-"));
  const outFile = path.join(folder, "bundle.mjs");
  await bundleSimulator({ entry: "packages/simulator/src/spaces/run-spaces.ts", outFile, mutant });
  const bundled = (await import(pathToFileURL(outFile).href)) as { readonly runSpaces: typeof RunSpaces };
  return { run: bundled.runSpaces, end: () => rmSync(folder, { recursive: true, force: true }) };
}

const { run, end } = await engine();
const failures: { readonly seed: string; readonly invariant: string; readonly message: string }[] = [];
const sometimes = new Map<string, number>();
let runs = 0;
let ranTwice = 0;
const began = performance.now();

const note = (result: SpacesResult): void => {
  for (const state of Object.keys(result.sometimes)) sometimes.set(state, (sometimes.get(state) ?? 0) + 1);
  const [first] = result.violations;
  if (values.story) process.stdout.write(`${result.story.join("\n")}\n`);
  if (first === undefined) return;
  failures.push({ seed: String(result.seed), invariant: first.invariant, message: first.message });
  process.stdout.write(`seed ${result.seed}: ${first.invariant} at ${Math.round(first.atMs)} ms: ${first.message}\n`);
};

try {
  for (let seed = BigInt(values.from); runs < Number(values.runs); seed++) {
    const result = await run(seed, { endOfTurn, record: values.story });
    runs++;
    note(result);
    if ((runs * Number(values.twice)) % 100 < Number(values.twice)) {
      ranTwice++;
      const again = await run(seed, { endOfTurn });
      if (again.traceHash !== result.traceHash) {
        failures.push({ seed: String(seed), invariant: "I19", message: "two runs of one seed differ" });
        process.stdout.write(`seed ${seed}: I19: two runs of one seed differ\n`);
      }
    }
    if (values.stop && failures.length > 0) break;
  }
} finally {
  end();
}
const seconds = (performance.now() - began) / 1000;
process.stdout.write(`${runs} runs of spaces in ${seconds.toFixed(1)} s, ${failures.length} failed\n`);
if (values.json !== undefined)
  writeFileSync(
    values.json,
    JSON.stringify({
      runs,
      ranTwice,
      failures,
      sometimes: Object.fromEntries([...sometimes].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    }),
  );
process.exitCode = failures.length > 0 ? 1 : 0;
