/** `--list`. */
import { invariantIds, invariantMeanings } from "../invariants/meaning.ts";
import { requiredStates } from "../invariants/required-states.ts";
import type { Mutant } from "../mutants/mutant.ts";

export interface ListedScenario {
  readonly file: string;
  readonly name: string;
}

export const listAll = (scenarios: readonly ListedScenario[], mutants: readonly Mutant[]): string =>
  [
    "Scenarios",
    ...scenarios.map(({ file, name }) => `  ${file}\n      ${name}`),
    "",
    "Invariants",
    ...invariantIds.map((id) => `  ${id.padEnd(4)} ${invariantMeanings[id].title}: ${invariantMeanings[id].holds}`),
    "",
    "Rare states that 1,000 seeds must reach",
    ...requiredStates.map((state) => `  ${state}`),
    "",
    "Planted bugs",
    ...mutants.map(({ id, bug }) => `  ${id}\n      ${bug}`),
    "",
  ].join("\n");
