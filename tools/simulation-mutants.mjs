// `node tools/simulation-mutants.mjs [--most 2000] [--time 5m] [--jobs 2] [ID …]`: how many seeds each planted bug needs until it is caught. Writes
// packages/simulator/src/mutants/caught.json and the table of docs/simulation.md. Ends with 1 if one was not caught.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bin, cache, checkNode, ensureInstalled, giveUp, root, run } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();

const args = process.argv.slice(2);
const option = (name, fallback) => {
  const at = args.indexOf(name);
  return at < 0 ? fallback : args.splice(at, 2)[1];
};
const most = Number(option("--most", "2000"));
const time = option("--time", "10m");
const jobs = Number(option("--jobs", "2"));
if (!Number.isInteger(most) || most < 1 || !Number.isInteger(jobs) || jobs < 1) giveUp("--most and --jobs take whole numbers from 1 on.");

const node = [path.join(path.dirname(bin("tsx")), "esm/index.mjs"), "--conditions=@skerry/source"];
const simulate = (...more) =>
  run(process.execPath, ["--import", ...node, "packages/simulator/src/cli/simulate.ts", ...more], { quiet: true });
const listed = await run(process.execPath, ["--import", ...node, "packages/simulator/src/mutants/list.ts"], { quiet: true });
if (listed.code !== 0) giveUp(`${listed.output}\nThe planted bugs could not be listed (see above).`);
const mutants = JSON.parse(listed.output);

const file = path.join(root, "packages/simulator/src/mutants/caught.json");
const caught = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const known = new Set(mutants.map(({ id }) => id));
for (const id of Object.keys(caught)) if (!known.has(id)) delete caught[id];
const wanted = args.length > 0 ? args : mutants.map(({ id }) => id);
for (const id of wanted) if (!known.has(id)) giveUp(`There is no planted bug called ${id}.`);

const folder = path.join(cache, "mutants");
mkdirSync(folder, { recursive: true });

async function hunt(id) {
  const json = path.join(folder, `${id}.json`);
  const { code, output } = await simulate(
    ...["--mutant", id, "--runs", String(most), "--stop", "--quiet", "--jobs", "1", "--twice", "0", "--time", time],
    ...["--json", json, "--out", path.join(folder, "failures")],
  );
  if (code === 2 || !existsSync(json)) giveUp(`${output}\nThe simulator could not run with ${id} (see above).`);
  const { failures, runs } = JSON.parse(readFileSync(json, "utf8"));
  const [first] = failures;
  if (first === undefined) {
    delete caught[id];
    process.stdout.write(`${id}: not caught in ${runs} seeds\n`);
  } else {
    caught[id] = { invariant: first.invariant, seed: Number(first.run) };
    process.stdout.write(`${id}: ${first.invariant} at seed ${first.run}\n`);
  }
  save();
}

function save() {
  const sorted = Object.fromEntries(Object.entries(caught).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
  const rows = mutants.map(({ id, bug, loss }) => {
    const found = caught[id];
    return `| \`${id}\` | ${bug} | ${loss} | ${found === undefined ? "not yet" : `${found.invariant} | ${found.seed}`}${found === undefined ? " | –" : ""} |`;
  });
  const table = [
    "| planted bug | what is wrong | what users would lose | caught by | seeds needed |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
  const docs = path.join(root, "docs/simulation.md");
  const text = readFileSync(docs, "utf8");
  const [begin, end] = ["<!-- mutants:begin -->", "<!-- mutants:end -->"];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) giveUp("docs/simulation.md has lost the marks of its table of planted bugs.");
  writeFileSync(docs, `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`);
}

const queue = [...wanted];
await Promise.all(
  Array.from({ length: Math.min(jobs, queue.length) }, async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) await hunt(id);
  }),
);
save();
process.exit(wanted.every((id) => caught[id] !== undefined) ? 0 : 1);
