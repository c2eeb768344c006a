/** `node tools/simulation-reference.mjs`: writes the tables of docs/simulation.md and the JSON Schema of scenarios. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { scenarioJsonSchemaText } from "../scenario/json-schema.ts";
import { withSections } from "./sections.ts";

const file = (fromRoot: string): string => fileURLToPath(new URL(`../../../../${fromRoot}`, import.meta.url));
const document = file("docs/simulation.md");
writeFileSync(document, withSections(readFileSync(document, "utf8")));
writeFileSync(file("packages/simulator/scenarios/scenario.schema.json"), scenarioJsonSchemaText());
