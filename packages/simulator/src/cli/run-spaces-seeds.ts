/** Runs of spaces with access logs, one seed after another, in this process. With a planted bug it is bundled first: `simulate-spaces.ts`. */
import { writeFileSync } from "node:fs";
import { runSpaces } from "../spaces/run-spaces.ts";
import type { SpacesResult } from "../spaces/run-spaces.ts";
import { parseSpacesArguments } from "./spaces-arguments.ts";

const parsed = parseSpacesArguments(process.argv.slice(2));
if (!parsed.ok) {
  process.stderr.write(`${parsed.error}\n`);
  process.exit(2);
}
const { from, count, twicePercent, stop, story, json } = parsed.value;

/** Turns of the real event loop are dear, a tick of Node is not, and comes after all promises, too. */
const endOfTurn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const failures: { readonly seed: string; readonly invariant: string; readonly message: string }[] = [];
const sometimes = new Map<string, number>();
let runs = 0;
let ranTwice = 0;
const began = performance.now();

const note = (result: SpacesResult): void => {
  for (const state of Object.keys(result.sometimes)) sometimes.set(state, (sometimes.get(state) ?? 0) + 1);
  const [first] = result.violations;
  if (story) process.stdout.write(`${result.story.join("\n")}\n`);
  if (first === undefined) return;
  failures.push({ seed: String(result.seed), invariant: first.invariant, message: first.message });
  process.stdout.write(`seed ${result.seed}: ${first.invariant} at ${Math.round(first.atMs)} ms: ${first.message}\n`);
};

for (let seed = from; runs < count; seed++) {
  const result = await runSpaces(seed, { endOfTurn, record: story });
  runs++;
  note(result);
  if ((runs * twicePercent) % 100 < twicePercent) {
    ranTwice++;
    const again = await runSpaces(seed, { endOfTurn });
    if (again.traceHash !== result.traceHash) {
      failures.push({ seed: String(seed), invariant: "I19", message: "two runs of one seed differ" });
      process.stdout.write(`seed ${seed}: I19: two runs of one seed differ\n`);
    }
  }
  if (stop && failures.length > 0) break;
}
const seconds = (performance.now() - began) / 1000;
process.stdout.write(`${runs} runs of spaces in ${seconds.toFixed(1)} s, ${failures.length} failed\n`);
if (json !== undefined)
  writeFileSync(
    json,
    JSON.stringify({
      runs,
      ranTwice,
      failures,
      sometimes: Object.fromEntries([...sometimes].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    }),
  );
process.exitCode = failures.length > 0 ? 1 : 0;
