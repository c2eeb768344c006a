/** A run as a file, and back. */
import { formatScenario, parseScenario, tellProblems } from "@skerry/simulator/lab";
import type { Scenario } from "@skerry/simulator/lab";
import { labStrings } from "./strings.ts";

/** As many bytes as the parser takes characters. */
export const fileBytesMax = 32_000_000;

/** "lab-two-people-offline.json": letters, digits and dashes, so that it needs no quotes on a command line. */
export function fileNameOf(scenario: Scenario): string {
  const name = (scenario.name ?? "experiment")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 60);
  return `lab-${name === "" ? "experiment" : name}.json`;
}

export const toFile = (scenario: Scenario): string => formatScenario(scenario);

export type ReadFile = { readonly ok: true; readonly scenario: Scenario } | { readonly ok: false; readonly problem: string };

export async function fromFile(file: Blob): Promise<ReadFile> {
  if (file.size > fileBytesMax) return { ok: false, problem: labStrings.scenario.tooLarge };
  const read = parseScenario(await file.text());
  return read.ok ? { ok: true, scenario: read.value } : { ok: false, problem: tellProblems(read.error) };
}
