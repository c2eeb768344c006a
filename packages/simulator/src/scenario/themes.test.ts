import { expect, test } from "vitest";
import { createPrng } from "../prng.ts";
import { quietMs } from "./cast.ts";
import { deviceThemes } from "./device-themes.ts";
import { generateScenario } from "./generate.ts";
import { logThemes } from "./log-themes.ts";
import { parseScenario } from "./parse-scenario.ts";
import { tellProblems } from "./problem.ts";

const casts = [
  ["ana", "ben"],
  ["ana", "ben", "cleo", "dora", "emil"],
];

test.each([...logThemes, ...deviceThemes].map((theme) => [theme.name, theme] as const))(
  "SM-8 “%s” is a scenario that can be read, for few and for many",
  (_, theme) => {
    for (const devices of casts)
      for (let seed = 0n; seed < 40n; seed++) {
        const steps = theme.make(createPrng(seed), { devices, lengthMs: 20_000 });
        expect(steps.length).toBeGreaterThan(0);
        expect(Math.min(...steps.map(([atMs]) => atMs))).toBeGreaterThanOrEqual(0);
        const inOrder = [...steps].sort(([a], [b]) => a - b).map(([atMs, step]) => ({ at: quietMs + atMs, ...step }));
        const written = {
          v: 1,
          seed: 1,
          devices: { ...Object.fromEntries(devices.map((name) => [name, {}])), mallory: { hostile: true } },
          steps: inOrder,
        };
        const parsed = parseScenario(JSON.stringify(written));
        expect(parsed.ok ? "" : tellProblems(parsed.error)).toBe("");
      }
  },
);

test("SM-10 of a thousand seeds five or more have twins that both write", () => {
  let twins = 0;
  for (let seed = 1n; seed <= 1_000n; seed++)
    if (generateScenario(seed).steps.some((step) => step.do === "clone-profile" && step.as === "twin")) twins++;
  expect(twins).toBeGreaterThanOrEqual(5);
});
