/** The file that a failure leaves: the scenario, what went wrong, and the trace hash that a replay must give. Also read as what it holds. */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { formatScenario } from "../scenario/format-scenario.ts";
import { checkScenario, parseScenario } from "../scenario/parse-scenario.ts";
import { tellProblems } from "../scenario/problem.ts";
import { readJson } from "../scenario/read-json.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Failure } from "./tally.ts";

export interface FailureFile {
  readonly scenario: Scenario;
  /** Undefined: it was a bare scenario. */
  readonly expected: (Failure & { readonly traceHash: string; readonly mutant: string | undefined }) | undefined;
}

export function formatFailure(scenario: Scenario, failure: Failure, traceHash: string, mutant: string | undefined): string {
  const inner = formatScenario(scenario).trimEnd().replaceAll("\n", "\n  ");
  const head = { failure: 1, ...failure, traceHash, ...(mutant === undefined ? {} : { mutant }) };
  const lines = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${[...lines, `  "scenario": ${inner}`].join(",\n")}\n}\n`;
}

/** The error is for people. */
export function parseFailure(text: string): Result<FailureFile, string> {
  const read = readJson(text);
  const whole = read.ok ? read.value.value : undefined;
  if (!read.ok || typeof whole !== "object" || whole === null || !("failure" in whole)) {
    const scenario = parseScenario(text);
    return scenario.ok ? ok({ scenario: scenario.value, expected: undefined }) : err(tellProblems(scenario.error));
  }
  const file = whole as Readonly<Record<string, unknown>>;
  if (file["failure"] !== 1) return err("This file was written by a newer Skerry.");
  const scenario = checkScenario(file["scenario"], (path) => read.value.lineOf(path === "" ? "scenario" : `scenario.${path}`));
  if (!scenario.ok) return err(tellProblems(scenario.error));
  const words = (key: string): string => (typeof file[key] === "string" ? file[key] : "");
  return ok({
    scenario: scenario.value,
    expected: {
      invariant: words("invariant"),
      message: words("message"),
      atMs: typeof file["atMs"] === "number" ? file["atMs"] : 0,
      traceHash: words("traceHash"),
      mutant: words("mutant") === "" ? undefined : words("mutant"),
    },
  });
}
