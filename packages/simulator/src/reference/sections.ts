/** The tables of docs/simulation.md, from the same tables that the program reads. Each stands between two markers. */
import { readFileSync } from "node:fs";
import { optionTable } from "../cli/arguments.ts";
import { invariantIds, invariantMeanings } from "../invariants/meaning.ts";
import { requiredStates } from "../invariants/required-states.ts";
import { faultClasses, themeNames } from "../scenario/generate.ts";
import { accessMutants } from "../mutants/access.ts";
import { acceptedOf } from "../scenario/parse-scenario.ts";
import type { Field, Fields } from "../scenario/field.ts";
import { deviceFields, expectationTable, scenarioFields } from "../scenario/scenario-table.ts";
import { stepGroups, stepKinds, stepTable } from "../scenario/step-table.ts";
import type { StepGroup } from "../scenario/step-table.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

const values = (field: Field): string =>
  field.kind === "choice"
    ? `: ${Object.entries(field.values)
        .map(([value, means]) => `\`${value}\` (${means})`)
        .join(", ")}`
    : "";
const also = (field: Field): string => (field.kind === "name" ? field.also.map((one) => `, or \`${one}\``).join("") : "");
const described = (key: string, field: Field): string =>
  `\`${key}\` ${field.means}${also(field)}${values(field)}${field.optional ? ` [${field.fallback ?? "optional"}]` : ""}`;
const fieldRows = (fields: Fields): string[][] =>
  Object.entries(fields).map(([key, field]) => [
    `\`${key}\``,
    `${field.means}${values(field)}`,
    acceptedOf(field),
    field.optional ? (field.fallback ?? "") : "must be given",
  ]);

const steps = (): string =>
  (Object.keys(stepGroups) as StepGroup[])
    .map((group) => {
      const kinds = stepKinds.filter((kind) => stepTable[kind].group === group);
      const rows = kinds.map((kind) => [
        `\`${kind}\``,
        stepTable[kind].means,
        Object.entries(stepTable[kind].fields)
          .map(([key, field]) => described(key, field))
          .join("; ") || "none",
      ]);
      return `**${stepGroups[group]}**\n\n${table(["`do`", "what happens", "fields"], rows)}`;
    })
    .join("\n\n");

interface Caught {
  readonly invariant: string;
  readonly seeds: readonly number[];
  readonly of: number;
}
const caughtInSpaces = (): Readonly<Record<string, Caught>> =>
  JSON.parse(readFileSync(new URL("../mutants/caught-spaces.json", import.meta.url), "utf8")) as Readonly<Record<string, Caught>>;

const spacesMutants = (): string => {
  const caught = caughtInSpaces();
  const rows = accessMutants.map(({ id, bug, loss }) => {
    const { invariant = "not yet", seeds = [], of = 150 } = caught[id] ?? {};
    return [`\`${id}\``, bug, loss, invariant, `${seeds.join(", ") || "none"} of ${of}`];
  });
  return table(["planted bug", "what is wrong", "what users would lose", "caught by", "seeds that catch it"], rows);
};

export const referenceSections: Readonly<Record<string, () => string>> = {
  options: () =>
    table(
      ["option", "what it does"],
      optionTable.map(({ name, value, means }) => [`\`--${name}${value === "" ? "" : ` ${value}`}\``, means]),
    ),
  scenario: () => table(["field", "what it is", "accepted", "default"], fieldRows(scenarioFields)),
  devices: () => table(["field", "what it is", "accepted", "default"], fieldRows(deviceFields)),
  steps,
  expectations: () =>
    table(
      ["expectation", "what it says", "fields"],
      Object.entries(expectationTable).map(([kind, { means, fields }]) => [
        `\`${kind}\``,
        means,
        Object.entries(fields)
          .map(([key, field]) => described(key, field))
          .join("; "),
      ]),
    ),
  drawn: () => `Classes of fault: ${faultClasses.join(", ")}.\n\nSituations: ${themeNames.join("; ")}.`,
  invariants: () =>
    table(
      ["id", "name", "what always holds", "if it is broken"],
      invariantIds.map((id) => [id, invariantMeanings[id].title, invariantMeanings[id].holds, invariantMeanings[id].broken]),
    ),
  "spaces-mutants": spacesMutants,
  "rare-states": () => requiredStates.map((state) => `- ${state}`).join("\n"),
};

const begin = (name: string): string => `<!-- ${name}:begin -->`;
const end = (name: string): string => `<!-- ${name}:end -->`;

/** The document with every section as it is now. Throws if it lacks a marker. */
export function withSections(document: string): string {
  let text = document;
  for (const [name, make] of Object.entries(referenceSections)) {
    const [from, to] = [text.indexOf(begin(name)), text.indexOf(end(name))];
    if (from < 0 || to < from) throw new Error(`docs/simulation.md lacks ${begin(name)} … ${end(name)}`);
    text = `${text.slice(0, from + begin(name).length)}\n\n${make()}\n\n${text.slice(to)}`;
  }
  return text;
}
