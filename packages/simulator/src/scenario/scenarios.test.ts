import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runScenario } from "../run/run-scenario.ts";
import { storySentences } from "../story/tell.ts";
import { generateScenario } from "./generate.ts";
import { parseScenario } from "./parse-scenario.ts";
import { tellProblems } from "./problem.ts";
import type { Scenario } from "./scenario.ts";

const folder = new URL("../../scenarios/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".json") && file !== "scenario.schema.json");
const read = (file: string): Scenario => {
  const parsed = parseScenario(readFileSync(new URL(file, folder), "utf8"));
  if (!parsed.ok) throw new Error(tellProblems(parsed.error));
  return parsed.value;
};
const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the scenarios of packages/simulator/scenarios", () => {
  test("SM-8 are ten or more, each with a name, a purpose and an expectation", () => {
    expect(files.length).toBeGreaterThanOrEqual(10);
    for (const file of files) {
      expect(file).toMatch(/^[a-z0-9-]+\.json$/);
      const { name, about, expect: expectations } = read(file);
      expect([name, about, expectations?.length ?? 0]).toEqual([
        expect.stringMatching(/\S/),
        expect.stringMatching(/\S/),
        expect.any(Number),
      ]);
      expect(expectations?.length).toBeGreaterThan(0);
    }
  });

  test.each(files)("SM-1 %s holds, twice with the same trace, recorded or not", async (file) => {
    const scenario = read(file);
    const first = await runScenario(scenario, { endOfTurn, record: true });
    expect(first.violations.length === 0 ? "" : storySentences(first).join("\n")).toBe("");
    const second = await runScenario(scenario, { endOfTurn });
    expect(second.traceHash).toBe(first.traceHash);
  });
});

test("SM-8 generated scenarios can be written to a file and read again", () => {
  for (let seed = 0n; seed < 500n; seed++) {
    const scenario = generateScenario(seed);
    const parsed = parseScenario(JSON.stringify(scenario));
    expect(parsed.ok ? "" : `seed ${seed}: ${tellProblems(parsed.error)}`).toBe("");
    expect(parsed.ok && parsed.value).toEqual(scenario);
  }
});
