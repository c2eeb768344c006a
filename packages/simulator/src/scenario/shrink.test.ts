import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { formatScenario } from "./format-scenario.ts";
import { checkScenario } from "./parse-scenario.ts";
import { anyScenario } from "./scenario.test-support.ts";
import type { Scenario, Step } from "./scenario.ts";
import { shrinkScenario } from "./shrink.ts";

const budgetRuns = 2000;
const shrunk = async (scenario: Scenario, fails: (candidate: Scenario) => boolean, options: object = {}) =>
  shrinkScenario(scenario, (candidate) => Promise.resolve(fails(candidate)), { budgetRuns, ...options });
const has = (scenario: Scenario, kind: Step["do"], who?: string): boolean =>
  scenario.steps.some((step) => step.do === kind && (who === undefined || ("who" in step && step.who === who)));

/** Three hundred steps by four devices, in which three matter. */
const noisy: Scenario = {
  v: 1,
  seed: 1,
  devices: { ana: {}, ben: { joins: "7s", skew: "3m" }, cleo: { tabs: 2 }, dan: {} },
  steps: [
    ...Array.from({ length: 300 }, (_, index): Step => {
      const who = ["ana", "ben", "cleo", "dan"][index % 4] ?? "ana";
      return index % 3 === 0
        ? { at: 1013 * index, do: "cut", who, for: "17s" }
        : { at: 1013 * index, do: "type", who, text: `word${index} `, where: 0.37 };
    }),
    { at: 111_111, do: "backup" },
    { at: 222_222, do: "rollback" },
    { at: 303_000, do: "crash", who: "ben", how: "power", after: 7, down: "43s" },
  ],
  until: "2h",
  settleWithin: "7m",
  expect: [{ noAlarm: true }, { words: "word1" }],
};

describe("SM-4 shrinking", () => {
  test("SM-4 leaves the steps that matter, and nothing else", async () => {
    const fails = (scenario: Scenario): boolean => has(scenario, "backup") && has(scenario, "rollback") && has(scenario, "crash", "ben");
    const { scenario, complete, runs } = await shrunk(noisy, fails);
    expect(complete).toBe(true);
    expect(runs).toBeLessThan(400);
    expect(scenario).toEqual({
      v: 1,
      seed: 1,
      devices: { ben: {} },
      steps: [
        { at: "0s", do: "backup" },
        { at: "0s", do: "rollback" },
        { at: "0s", do: "crash", who: "ben" },
      ],
    });
  });

  test("SM-4 keeps an order, a gap and a size that matter", async () => {
    const at = (scenario: Scenario, kind: Step["do"]): number => parseDuration(scenario.steps.find((step) => step.do === kind)?.at) ?? -1;
    const fails = (scenario: Scenario): boolean =>
      has(scenario, "backup") &&
      at(scenario, "rollback") - at(scenario, "backup") >= 60_000 &&
      scenario.steps.some(
        (step) => step.do === "type" && step.text.length >= 3 && (parseDuration(step.at) ?? 0) > at(scenario, "rollback"),
      );
    const { scenario } = await shrunk(noisy, fails);
    expect(scenario.steps.map((step) => step.do)).toEqual(["backup", "rollback", "type"]);
    expect(at(scenario, "rollback")).toBe(60_000);
    expect(at(scenario, "type")).toBeLessThanOrEqual(62_000);
    const typed = scenario.steps[2];
    expect(typed?.do === "type" && typed.text.length).toBeLessThan(6);
    expect(Object.keys(scenario.devices)).toHaveLength(1);
  });

  test("SM-4 finds pairs that only matter together, wherever they stand", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(302), { minLength: 1, maxLength: 6 }), async (indices) => {
        const needed = indices.map((index) => noisy.steps[index] as Step);
        const fails = (scenario: Scenario): boolean => needed.every((step) => scenario.steps.includes(step));
        const { scenario, complete } = await shrunk(noisy, fails);
        expect(complete).toBe(true);
        expect(new Set(scenario.steps)).toEqual(new Set(needed));
      }),
      { numRuns: 30 },
    );
  });

  test("SM-4 what comes out fails in the same way, is valid, and is no larger", async () => {
    await fc.assert(
      fc.asyncProperty(anyScenario, fc.nat(10), fc.nat(10), async (scenario, one, two) => {
        const kinds = [scenario.steps[one]?.do, scenario.steps[two]?.do].filter((kind) => kind !== undefined);
        const fails = (candidate: Scenario): boolean => kinds.every((kind) => has(candidate, kind));
        const result = await shrunk(scenario, fails);
        expect(fails(result.scenario)).toBe(true);
        expect(checkScenario(result.scenario).ok).toBe(true);
        expect(result.scenario.steps.length).toBe(new Set(kinds).size);
        expect(formatScenario(result.scenario).length).toBeLessThanOrEqual(formatScenario(scenario).length);
      }),
      { numRuns: 60 },
    );
  });

  test("SM-4 stops when the budget is used up, and gives what it has by then", async () => {
    let runs = 0;
    const result = await shrinkScenario(
      noisy,
      (candidate) => {
        runs++;
        return Promise.resolve(has(candidate, "backup"));
      },
      { budgetRuns: 5 },
    );
    expect([runs, result.runs, result.complete]).toEqual([5, 5, false]);
    expect(has(result.scenario, "backup")).toBe(true);
    expect((await shrunk(noisy, () => true, { stop: () => true })).runs).toBe(0);
  });

  test("SM-4 never runs the same scenario twice, nor one that the parser refuses, and tells how far it is", async () => {
    const seen: string[] = [];
    const told: number[] = [];
    const cloned: Scenario = {
      ...noisy,
      steps: [{ at: 1, do: "clone-profile", who: "ana", as: "copy" }, { at: 2, do: "type", who: "copy", text: "x" }, ...noisy.steps],
    };
    await shrunk(
      cloned,
      (scenario) => {
        expect(checkScenario(scenario).ok).toBe(true);
        seen.push(formatScenario(scenario));
        return has(scenario, "type", "copy");
      },
      { onProgress: ({ runs }: { runs: number }) => told.push(runs) },
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(told).toEqual(seen.map((_, index) => index + 1));
  });

  test("SM-4 steps after the failure go first", async () => {
    let second: Scenario | undefined;
    let runs = 0;
    await shrunk(
      noisy,
      (scenario) => {
        if (++runs === 2) second = scenario;
        return true;
      },
      { failedAtMs: 100_000 },
    );
    expect(second?.steps.length).toBe(99);
  });
});
