import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scenarioJsonSchema } from "../scenario/json-schema.ts";
import { referenceSections, withSections } from "./sections.ts";

const read = (fromRoot: string): string => readFileSync(new URL(`../../../../${fromRoot}`, import.meta.url), "utf8");
const remedy = "run `node tools/simulation-reference.mjs`";

test("SM-9 the tables of docs/simulation.md are those of the program", () => {
  const document = read("docs/simulation.md");
  expect(withSections(document) === document, remedy).toBe(true);
  expect(withSections(document.replace("| `type` |", "| `tpye` |"))).toBe(document);
  expect(() => withSections(document.replace("<!-- steps:end -->", ""))).toThrow(/lacks/);
});

test("SM-9 the schema file is the one of the parser's tables", () => {
  const text = read("packages/simulator/scenarios/scenario.schema.json");
  expect(JSON.stringify(JSON.parse(text)) === JSON.stringify(scenarioJsonSchema()), remedy).toBe(true);
});

test("SM-9 no cell of a table is empty", () => {
  for (const make of Object.values(referenceSections)) expect(make()).not.toMatch(/\| +\||undefined/);
});
