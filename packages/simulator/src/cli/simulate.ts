/** `npm run simulate`: the composition root of the command line. What is said and decided is elsewhere. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { bundleSimulator, repositoryRoot } from "../mutants/bundle.ts";
import { mutantById, mutants } from "../mutants/index.ts";
import type { Mutant } from "../mutants/mutant.ts";
import { didYouMean } from "../scenario/did-you-mean.ts";
import { parseScenario } from "../scenario/parse-scenario.ts";
import { helpText, parseArguments, parseSeed } from "./arguments.ts";
import type { Task } from "./arguments.ts";
import { startChildProcess } from "./child-process.ts";
import { parseFailure } from "./failure-file.ts";
import type { FailureFile } from "./failure-file.ts";
import { listAll } from "./list-all.ts";
import { createPool } from "./pool.ts";
import { runOne } from "./run-one.ts";
import { runSeeds } from "./run-seeds.ts";
import { runShrink } from "./run-shrink.ts";
import { Misuse } from "./session.ts";
import type { Session } from "./session.ts";

const scenarioFolder = path.join(repositoryRoot, "packages/simulator/scenarios");
const cacheFolder = path.join(repositoryRoot, ".cache/simulate");
/** Where the caller was when they said `npm run`. */
const startFolder = process.env["INIT_CWD"] ?? process.cwd();
const here = (file: string): string => path.resolve(startFolder, file);
const shown = (file: string): string => {
  const relative = path.relative(repositoryRoot, file);
  return relative.startsWith("..") ? file : relative;
};
const say = (text: string): void => void process.stdout.write(text);

interface Source {
  readonly label: string;
  readonly name: string;
  readonly file: FailureFile;
}

function readSource(given: string): Source {
  let text: string;
  try {
    text = readFileSync(here(given), "utf8");
  } catch {
    throw new Misuse(`${given} can't be read. \`npm run simulate -- --list\` names the scenarios that are here.`);
  }
  const parsed = parseFailure(text);
  if (!parsed.ok) throw new Misuse(`${given} is no scenario:\n${parsed.error}`);
  return { label: shown(here(given)), name: path.basename(given).replace(/\.json$/, ""), file: parsed.value };
}

function plantedBug(id: string | undefined): Mutant | undefined {
  const mutant = id === undefined ? undefined : mutantById(id);
  if (id === undefined || mutant !== undefined) return mutant;
  const ids = mutants.map((one) => one.id);
  const meant = didYouMean(id, ids);
  throw new Misuse(`There is no planted bug ${id}.${meant === undefined ? " --list has them." : ` Did you mean ${meant}?`}`);
}

function list(): number {
  const files = readdirSync(scenarioFolder).filter((file) => file.endsWith(".json") && file !== "scenario.schema.json");
  const scenarios = files.map((file) => {
    const parsed = parseScenario(readFileSync(path.join(scenarioFolder, file), "utf8"));
    return {
      file: shown(path.join(scenarioFolder, file)),
      name: parsed.ok ? (parsed.value.name ?? "") : "can't be read: run it to see why",
    };
  });
  say(listAll(scenarios, mutants));
  return 0;
}

function run(session: Session, task: Exclude<Task, { readonly kind: "list" | "help" }>, source: Source | undefined): Promise<number> {
  if (task.kind === "seeds") {
    const { from, count, single } = task;
    if (!single) return runSeeds(session, from, count);
    return runOne(session, { job: { seed: String(from) }, label: `seed ${from}`, keepAs: `seed-${from}`, option: `--seed ${from}` });
  }
  if (source === undefined) return runShrink(session, { seed: task.file }, `seed ${task.file}`, `seed-${task.file}`);
  const { label, name, file } = source;
  const job = { scenario: file.scenario };
  if (task.kind === "shrink") return runShrink(session, job, label, name);
  const replay = task.kind === "replay";
  return runOne(session, {
    job,
    label,
    keepAs: replay ? undefined : name,
    option: `--${task.kind} ${label}`,
    ...(replay ? { expected: file.expected } : {}),
  });
}

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2), { jobs: availableParallelism() });
  if (!parsed.ok) throw new Misuse(parsed.error);
  const { task } = parsed.value;
  if (task.kind === "help") {
    say(helpText());
    return process.argv.length > 2 ? 0 : 2;
  }
  if (task.kind === "list") return list();
  const isFile = task.kind !== "seeds" && !(task.kind === "shrink" && parseSeed(task.file) !== undefined);
  const source = isFile ? readSource(task.file) : undefined;
  const mutant = plantedBug(parsed.value.mutant ?? source?.file.expected?.mutant);
  const args = { ...parsed.value, mutant: mutant?.id };

  const bundle = path.join(cacheFolder, `worker-${process.pid}.mjs`);
  mkdirSync(cacheFolder, { recursive: true });
  const entry = "packages/simulator/src/cli/worker.ts";
  await bundleSimulator({ entry, outFile: bundle, ...(mutant === undefined ? {} : { mutant }) });
  const pool = createPool({
    start: (events) => startChildProcess(bundle, repositoryRoot, events),
    size: task.kind === "seeds" ? Math.min(args.jobs, task.count) : 1,
    watchdogMs: args.watchdogMs,
    after: (ms, late) => {
      const timer = setTimeout(late, ms);
      return () => clearTimeout(timer);
    },
  });
  let interrupted = false;
  // Once: what was found so far is told. Twice: at once. What is no campaign has nothing to tell before its end.
  if (task.kind === "seeds" && !task.single)
    process.once("SIGINT", () => {
      interrupted = true;
      say("\nStopping: what runs comes to its end. Once more ends it at once.\n");
    });
  const session: Session = {
    interrupted: () => interrupted,
    args,
    pool,
    say,
    terminal: process.stdout.isTTY,
    nowMs: () => performance.now(),
    write: (file, text) => {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    },
    here,
    shown,
    outFolder: args.out === undefined ? cacheFolder : here(args.out),
  };
  try {
    return await run(session, task, source);
  } finally {
    pool.close();
    rmSync(bundle, { force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Misuse)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
