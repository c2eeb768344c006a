/** The command line: its options, and what is wrong with what somebody typed. The help and docs/simulation.md come from the table. */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { didYouMean } from "../scenario/did-you-mean.ts";
import { parseDuration } from "../scenario/duration.ts";

export type Task =
  /** `count` seeds from `from` on. `single`: one was asked for by its number. */
  | { readonly kind: "seeds"; readonly from: bigint; readonly count: number; readonly single: boolean }
  | { readonly kind: "scenario"; readonly file: string }
  | { readonly kind: "replay"; readonly file: string }
  /** `file` may be a seed, too. */
  | { readonly kind: "shrink"; readonly file: string }
  | { readonly kind: "list" }
  | { readonly kind: "help" };

export interface Arguments {
  readonly task: Task;
  readonly jobs: number;
  readonly json: string | undefined;
  readonly timeline: string | undefined;
  readonly out: string | undefined;
  readonly twicePercent: number;
  readonly mutant: string | undefined;
  readonly timeLimitMs: number | undefined;
  readonly watchdogMs: number;
  readonly budgetRuns: number;
  readonly stop: boolean;
  readonly quiet: boolean;
}

interface Option {
  readonly name: string;
  /** Empty: it takes no value. */
  readonly value: string;
  readonly means: string;
}

export const optionTable: readonly Option[] = [
  { name: "seed", value: "N or A-B", means: "Runs the scenario that comes from a seed, or from each seed of a range." },
  { name: "runs", value: "N", means: "Runs N seeds, one after another, from `--from` on." },
  { name: "from", value: "N", means: "The first seed of `--runs`. Default 1." },
  { name: "scenario", value: "FILE", means: "Runs a scenario." },
  {
    name: "replay",
    value: "FILE",
    means: "Runs the scenario of a failure, and says whether the same happens again. Ends with 1 if it fails: fit for `git bisect run`.",
  },
  { name: "shrink", value: "FILE or N", means: "Makes a failing scenario (or that of a seed) as small as it gets." },
  { name: "list", value: "", means: "Lists scenarios, invariants, rare states that must be reached, and planted bugs." },
  { name: "jobs", value: "N", means: "Processes at a time. Default: one for each core." },
  { name: "stop", value: "", means: "Ends at the first failure. Without it, `--runs` goes on to the end." },
  { name: "time", value: "5m", means: "Starts no run after this long." },
  { name: "twice", value: "PERCENT", means: "Share of the seeds that are run twice and compared. Default 5." },
  { name: "mutant", value: "ID", means: "Plants a bug (`--list` has them): then failures are what is wanted." },
  { name: "budget", value: "N", means: "Runs that `--shrink` may use. Default 1,000." },
  { name: "watchdog", value: "60s", means: "A run that takes longer is stopped and counts as a failure." },
  { name: "json", value: "FILE", means: "Writes the results as JSON." },
  { name: "timeline", value: "FILE", means: "Writes one page of HTML that shows the run: `--seed`, `--scenario`, `--replay`, `--shrink`." },
  { name: "out", value: "FOLDER", means: "Where failures are written. Default `.cache/simulate`." },
  { name: "quiet", value: "", means: "Says nothing but failures." },
  { name: "help", value: "", means: "This." },
];

export const runsMax = 100_000_000;
const percent = { min: 0, max: 100 };

export function parseArguments(given: readonly string[], defaults: { readonly jobs: number }): Result<Arguments, string> {
  const values = new Map<string, string>();
  for (let at = 0; at < given.length; at++) {
    const word = given[at] ?? "";
    const match = /^--([a-z]+)(?:=(.*))?$/s.exec(word === "-h" ? "--help" : word);
    const name = match?.[1] ?? "";
    const option = optionTable.find((one) => one.name === name);
    if (option === undefined) {
      const meant = didYouMean(
        word.replace(/^-*/, "").replace(/=.*$/s, ""),
        optionTable.map((one) => one.name),
      );
      return err(
        `There is no option ${word}.${meant === undefined ? " `npm run simulate -- --help` lists them." : ` Did you mean --${meant}?`}`,
      );
    }
    if (values.has(name)) return err(`--${name} stands twice.`);
    if (option.value === "") {
      if (match?.[2] !== undefined) return err(`--${name} takes no value.`);
      values.set(name, "");
      continue;
    }
    const value = match?.[2] ?? given[++at];
    if (value === undefined || value === "" || value.startsWith("--")) return err(`--${name} needs a value: --${name} ${option.value}.`);
    values.set(name, value);
  }

  const problems: string[] = [];
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const text = values.get(name);
    if (text === undefined) return fallback;
    const value = /^\d{1,12}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max && (name === "twice" || Number.isInteger(value))) return value;
    problems.push(`--${name} is a whole number from ${min} to ${max}; found ${text}.`);
    return fallback;
  };
  const time = (name: string): number | undefined => {
    const text = values.get(name);
    const ms = text === undefined ? undefined : parseDuration(text);
    if (text !== undefined && (ms === undefined || ms < 1)) problems.push(`--${name} is a time such as 90s, 5m or 8h; found ${text}.`);
    return ms;
  };
  const tasks = ["seed", "runs", "scenario", "replay", "shrink", "list"].filter((name) => values.has(name));
  if (tasks.length > 1) problems.push(`Only one of ${tasks.map((name) => `--${name}`).join(", ")} at a time.`);
  if (values.has("from") && !values.has("runs")) problems.push("--from goes with --runs.");

  const parsed: Arguments = {
    task: values.has("help") || tasks.length === 0 ? { kind: "help" } : taskOf(tasks[0] ?? "", values, number, problems),
    jobs: number("jobs", defaults.jobs, 1, 256),
    json: values.get("json"),
    timeline: values.get("timeline"),
    out: values.get("out"),
    twicePercent: number("twice", 5, percent.min, percent.max),
    mutant: values.get("mutant"),
    timeLimitMs: time("time"),
    watchdogMs: time("watchdog") ?? 60_000,
    budgetRuns: number("budget", 1000, 1, 1_000_000),
    stop: values.has("stop"),
    quiet: values.has("quiet"),
  };
  const one = parsed.task.kind !== "seeds" || parsed.task.count === 1;
  if (parsed.timeline !== undefined && (!one || parsed.task.kind === "list"))
    problems.push("--timeline shows one run: give one --seed, --scenario, --replay or --shrink.");
  return problems.length > 0 && !values.has("help") ? err(problems.join("\n")) : ok(parsed);
}

function taskOf(
  name: string,
  values: ReadonlyMap<string, string>,
  number: (name: string, fallback: number, min: number, max: number) => number,
  problems: string[],
): Task {
  const value = values.get(name) ?? "";
  if (name === "list") return { kind: "list" };
  if (name === "scenario" || name === "replay" || name === "shrink") return { kind: name, file: value };
  if (name === "runs") {
    const from = parseSeed(values.get("from") ?? "1");
    if (from === undefined) problems.push(`--from is a seed, a number below 2^64; found ${values.get("from") ?? ""}.`);
    return { kind: "seeds", from: from ?? 1n, count: number("runs", 1, 1, runsMax), single: false };
  }
  const range = /^(\d+)-(\d+)$/.exec(value);
  const [from, to] = [parseSeed(range?.[1] ?? value), parseSeed(range?.[2] ?? value)];
  if (from === undefined || to === undefined || to < from || to - from >= BigInt(runsMax)) {
    problems.push(`--seed is a number below 2^64, or a range such as 1-100; found ${value}.`);
    return { kind: "help" };
  }
  return { kind: "seeds", from, count: Number(to - from) + 1, single: range === null };
}

/** 64 bits, decimal. */
export function parseSeed(text: string): bigint | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const seed = BigInt(text);
  return seed < 1n << 64n ? seed : undefined;
}

export function helpText(): string {
  const left = (option: Option): string => `--${option.name}${option.value === "" ? "" : ` ${option.value}`}`;
  const width = Math.max(...optionTable.map((option) => left(option).length));
  const lines = optionTable.map((option) => `  ${left(option).padEnd(width)}  ${option.means.replaceAll("`", "")}`);
  return [
    "Runs Skerry in simulated time, with faults, and checks that nothing is lost. docs/simulation.md explains it.",
    "",
    "  npm run simulate -- --runs 1000",
    "  npm run simulate -- --seed 42",
    "  npm run simulate -- --scenario packages/simulator/scenarios/train-tunnel.json",
    "",
    ...lines,
    "",
    "Ends with 0 if all is well, 1 if something failed, 2 if it was called in a wrong way.",
    "",
  ].join("\n");
}
