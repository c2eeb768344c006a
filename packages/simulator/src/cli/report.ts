/** What the command line says. Pure: text from results. */
import { meaningOf, nameOf } from "../invariants/meaning.ts";
import { sayDuration } from "../scenario/duration.ts";
import type { Outcome } from "./job.ts";
import type { Failure, Summary } from "./tally.ts";

export interface FailureReport {
  /** "seed 7", or a file. */
  readonly label: string;
  readonly failure: Failure;
  readonly story: readonly string[];
  /** The one command. */
  readonly command: string;
  /** Where the scenario was written, if it was. */
  readonly file: string | undefined;
  readonly traceHash?: string | undefined;
}

const columns = 100;

export function wrap(text: string, indent = "  "): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent.length + line.length + 1 + word.length > columns) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join("\n");
}

export function reportFailure({ label, failure, story, command, file, traceHash }: FailureReport): string {
  const { holds } = meaningOf(failure.invariant);
  return [
    `FAILED ${label}: ${nameOf(failure.invariant)}`,
    ...(holds === "" ? [] : [wrap(holds)]),
    wrap(`Found${failure.atMs > 0 ? ` at ${sayDuration(failure.atMs)}` : ""}: ${failure.message}`),
    "",
    ...(story.length === 0 ? [] : [wrap(story.join(" ")), ""]),
    `  Replay it: ${command}`,
    ...(file === undefined ? [] : [`  Scenario: ${file}`]),
    ...(traceHash === undefined ? [] : [`  Trace hash: ${traceHash}`]),
    "",
    "",
  ].join("\n");
}

const number = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });

export function progressLine(summary: Summary, total: number): string {
  const failed = summary.failed === 0 ? "" : `, ${number(summary.failed)} failed`;
  return `${number(summary.runs)} of ${number(total)} seeds${failed}, ${number(summary.seedsPerSecond)}/s, ${number(summary.clientHoursPerSecond)} client-hours/s`;
}

const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`.trimEnd(),
  );
};

export function finalReport(summary: Summary, missing: readonly string[]): string {
  const seeds = `${number(summary.runs)} seed${summary.runs === 1 ? "" : "s"}`;
  const failures = Object.entries(summary.failuresByInvariant);
  const states = Object.entries(summary.sometimes);
  return [
    `${seeds} in ${sayDuration(summary.elapsedMs)}: ${number(summary.seedsPerSecond)} seeds/s, ${number(summary.clientHoursPerSecond)} client-hours/s ` +
      `(${number(summary.clientHours)} client-hours, ${number(summary.events)} events, ${number(summary.edits)} edits)`,
    ...(summary.ranTwice > 0 ? [`${number(summary.ranTwice)} of them twice, and compared`] : []),
    ...(states.length === 0
      ? []
      : [
          "",
          "Rare states reached",
          ...table([["", "in seeds", "times"], ...states.map(([state, { runs, times }]) => [state, number(runs), number(times)])]),
        ]),
    ...(missing.length === 0
      ? []
      : [
          "",
          "Rare states that must be reached, and were not: these seeds prove less than they claim",
          ...missing.map((state) => `  ${state}`),
        ]),
    "",
    ...(failures.length === 0
      ? ["No failure."]
      : ["Failures", ...table(failures.map(([invariant, count]) => [nameOf(invariant), number(count)]))]),
    "",
  ].join("\n");
}

export function reportRun(label: string, outcome: Outcome): string {
  const states = Object.keys(outcome.sometimes).sort();
  return [
    `ok ${label}`,
    ...(outcome.story === undefined ? [] : [wrap(outcome.story.join(" "))]),
    `  ${number(outcome.events)} events, ${number(outcome.edits)} edits, ${sayDuration(outcome.simulatedMs)} of virtual time`,
    ...(states.length === 0 ? [] : [wrap(`Rare states: ${states.join(", ")}`)]),
    `  Trace hash: ${outcome.traceHash}`,
    "",
  ].join("\n");
}
