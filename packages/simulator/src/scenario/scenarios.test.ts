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

test.each([1n, 2n, 11n])("SM-1 seed %s is the same run, recorded or not, first or later in its process", async (seed) => {
  const hashes: string[] = [];
  for (const record of [false, true, false]) {
    // oxlint-disable-next-line no-await-in-loop -- one world at a time.
    hashes.push((await runScenario(generateScenario(seed), { endOfTurn, record })).traceHash);
  }
  expect(new Set(hashes).size).toBe(1);
});

test("SM-2 a step that is taken out leaves what is drawn for the others as it was", async () => {
  const steps = read("train-tunnel.json").steps;
  const base: Scenario = {
    v: 1,
    seed: 5,
    devices: { ana: {}, ben: { joins: "1s" }, cleo: { joins: "80d" } },
    steps,
    until: "11m",
    without: ["cleo"],
  };
  const extra: Scenario = {
    ...base,
    steps: [
      { at: "3s", do: "garble", who: "cleo", how: "drop", rate: 0.5 },
      { at: "4s", do: "delay", who: "cleo", ms: 10, jitter: 1000 },
      { at: "4s", do: "clock", who: "cleo", by: "1h" },
      ...steps,
    ],
  };
  const sent = async (scenario: Scenario): Promise<string[]> => {
    const { trace } = await runScenario(scenario, { endOfTurn, record: true });
    const frames = trace.flatMap((event) => (event.kind === "send" ? [`${event.t} ${event.who} ${event.dir} ${event.bytes}`] : []));
    expect(frames.length).toBeGreaterThan(50);
    return frames;
  };
  expect(await sent(extra)).toEqual(await sent(base));
});
