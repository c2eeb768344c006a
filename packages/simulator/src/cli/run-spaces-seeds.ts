/** Runs of spaces with access logs, one seed after another, in this process. With a planted bug it is bundled first: `simulate-spaces.ts`. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runSpaces } from "../spaces/run-spaces.ts";
import type { SpacesResult } from "../spaces/run-spaces.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    stop: { type: "boolean", default: false },
    story: { type: "boolean", default: false },
    twice: { type: "string", default: "5" },
    json: { type: "string" },
  },
});

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
  if (values.story) process.stdout.write(`${result.story.join("\n")}\n`);
  if (first === undefined) return;
  failures.push({ seed: String(result.seed), invariant: first.invariant, message: first.message });
  process.stdout.write(`seed ${result.seed}: ${first.invariant} at ${Math.round(first.atMs)} ms: ${first.message}\n`);
};

for (let seed = BigInt(values.from); runs < Number(values.runs); seed++) {
  const result = await runSpaces(seed, { endOfTurn, record: values.story });
  runs++;
  note(result);
  if ((runs * Number(values.twice)) % 100 < Number(values.twice)) {
    ranTwice++;
    const again = await runSpaces(seed, { endOfTurn });
    if (again.traceHash !== result.traceHash) {
      failures.push({ seed: String(seed), invariant: "I19", message: "two runs of one seed differ" });
      process.stdout.write(`seed ${seed}: I19: two runs of one seed differ\n`);
    }
  }
  if (values.stop && failures.length > 0) break;
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
