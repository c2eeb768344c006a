import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatScenario } from "./format-scenario.ts";
import { checkScenario, parseScenario } from "./parse-scenario.ts";
import { problemsMax, tellProblem, tellProblems } from "./problem.ts";
import { readJson } from "./read-json.ts";
import { anyScenario } from "./scenario.test-support.ts";
import type { Scenario } from "./scenario.ts";

const good = {
  v: 1,
  seed: 7,
  devices: { ana: {}, ben: { joins: "1s" } },
  steps: [
    { at: "2s", do: "type", who: "ana", text: "a1 " },
    { at: "3s", do: "cut", who: "ben", for: "1h" },
  ],
} as const;

const problemsOf = (text: string): string[] => {
  const result = parseScenario(text);
  return result.ok ? [] : result.error.map(tellProblem);
};
const wrong = (change: (scenario: Record<string, unknown>) => void): string[] => {
  const scenario = structuredClone(good) as unknown as Record<string, unknown>;
  change(scenario);
  return problemsOf(JSON.stringify(scenario, null, 1));
};
const step = (fields: object): string[] => wrong((scenario) => (scenario["steps"] = [fields]));

describe("SM-8 a scenario is read strictly", () => {
  test("SM-8 a good one comes through as it is", () => {
    expect(parseScenario(JSON.stringify(good))).toEqual({ ok: true, value: good });
    expect(parseScenario(JSON.stringify({ $schema: "./scenario.schema.json", ...good }))).toEqual({ ok: true, value: good });
  });

  test("SM-8 what is formatted is read again as the same, and formatted as the same text", () => {
    fc.assert(
      fc.property(anyScenario, (scenario) => {
        const text = formatScenario(scenario);
        const read = parseScenario(text);
        expect(read).toEqual({ ok: true, value: scenario });
        expect(formatScenario((read as { value: Scenario }).value)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  test("SM-8 the reader of JSON reads what JSON.parse reads, and refuses what it refuses", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.slice(0, -1)),
          fc.json().map((text) => `${text},`),
        ),
        (text) => {
          let expected: unknown;
          try {
            expected = JSON.parse(text) as unknown;
          } catch {
            expect(readJson(text).ok).toBe(false);
            return;
          }
          const read = readJson(text);
          expect(read.ok && read.value.duplicates.length > 0 ? expected : read.ok ? read.value.value : read.error).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each<[string, string[], RegExp]>([
    [
      "an unknown field",
      step({ at: "1s", do: "type", who: "ana", text: "x", wher: 0.5 }),
      /line \d+, steps\[0\]\.wher: found "wher"; accepted: .*where.*Did you mean "where"\?/,
    ],
    ["an unknown field of the scenario", wrong((s) => (s["untill"] = "5s")), /untill: found "untill"; accepted: .*Did you mean "until"\?/],
    [
      "an unknown step",
      step({ at: "1s", do: "tpye", who: "ana", text: "x" }),
      /steps\[0\]\.do: found "tpye"; accepted: one of type, .*Did you mean "type"\?/,
    ],
    ["another word for a step", step({ at: "1s", do: "kill", who: "ana" }), /Did you mean "crash"\?/],
    [
      "a step that is called as something that all objects have",
      step({ at: "1s", do: "constructor", who: "ana" }),
      /found "constructor"; accepted: one of/,
    ],
    ["a device that is called so", step({ at: "1s", do: "type", who: "constructor", text: "x" }), /accepted: one of ana, ben/],
    [
      "an unknown device",
      step({ at: "1s", do: "type", who: "anna", text: "x" }),
      /steps\[0\]\.who: found "anna"; accepted: one of ana, ben\. Did you mean "ana"\?/,
    ],
    ["the relay where a device is wanted", step({ at: "1s", do: "type", who: "relay", text: "x" }), /accepted: one of ana, ben\./],
    ["a missing field", step({ at: "1s", do: "type", who: "ana" }), /steps\[0\]\.text: found nothing; accepted: a text of 1 to/],
    [
      "a time that is none",
      step({ at: "5 sec", do: "retry", who: "ana" }),
      /steps\[0\]\.at: found "5 sec"; accepted: a time from 0 to 90 days, such as "5s".*Did you mean "5s"\?/,
    ],
    ["a time out of bounds", step({ at: "91d", do: "retry", who: "ana" }), /found "91d"; accepted: a time from 0 to 90 days/],
    ["a negative time", step({ at: "-1s", do: "retry", who: "ana" }), /found "-1s"/],
    ["a step after the end", wrong((s) => (s["until"] = "1s")), /steps\[0\]\.at: found "2s"; accepted: at most "until", "1s"/],
    ["a number out of bounds", step({ at: "1s", do: "caret", who: "ana", where: 1.5 }), /found 1\.5; accepted: a number from 0 to 1/],
    ["half a tab", step({ at: "1s", do: "type", who: "ana", text: "x", tab: 0.5 }), /accepted: a whole number from 0 to 7/],
    [
      "a value that is none of the choices",
      step({ at: "1s", do: "disk", fault: "ful", for: "1s" }),
      /accepted: one of full, .*Did you mean "full"\?/,
    ],
    ["text that is not base64", step({ at: "1s", do: "update", who: "ana", update: "?" }), /accepted: base64/],
    [
      "a device twice in a list",
      step({ at: "1s", do: "clone-relay", who: ["ana", "ana"], for: "1s" }),
      /who\[1\]: found "ana"; accepted: each device once/,
    ],
    [
      "a copy with a name that is taken",
      step({ at: "1s", do: "clone-profile", who: "ana", as: "ben" }),
      /as: found "ben", which is there already/,
    ],
    [
      "an attack by an honest device",
      step({ at: "1s", do: "attack", who: "ana", how: "wrong-key" }),
      /found "ana", who is honest; accepted: a device that has "hostile": true/,
    ],
    [
      "typing by a hostile device",
      wrong((s) => (s["devices"] = { ana: { hostile: true }, ben: {} })),
      /found "type" by "ana", who is hostile/,
    ],
    ["another version", wrong((s) => (s["v"] = 2)), /v: found 2; accepted: 1/],
    ["a seed that is too large", wrong((s) => (s["seed"] = "18446744073709551616")), /seed: found "18446744073709551616"/],
    ["a seed that JSON numbers cannot hold", wrong((s) => (s["seed"] = 2 ** 53)), /a text of digits/],
    ["no devices", wrong((s) => (s["devices"] = {})), /devices: found \{\}/],
    ["a name that is taken", wrong((s) => (s["devices"] = { relay: {} })), /devices\.relay: found "relay"/],
    ["nine devices", wrong((s) => (s["devices"] = Object.fromEntries("abcdefghi".split("").map((name) => [name, {}])))), /found 9 devices/],
    ["an unknown alarm", wrong((s) => (s["expect"] = [{ alarm: "roll-back" }])), /expect\[0\]\.alarm: .*Did you mean "rollback"\?/],
    ["an unknown expectation", wrong((s) => (s["expect"] = [{ word: "a1" }])), /Did you mean "words"\?/],
    ["no object at all", problemsOf("[]"), /found \[\]; accepted: an object/],
    ["a trailing comma", problemsOf('{\n "v": 1,\n}'), /^line 3, column 1: found `}`; accepted: another name, or no comma/],
    ["a comment", problemsOf("{ // hello\n}"), /found a comment; .*write them into `about`/],
    ["a time without quotes", problemsOf('{ "at": 5s }'), /a time with its unit is a text, in double quotes/],
    ["single quotes", problemsOf("{ 'v': 1 }"), /in double quotes/],
    ["a name twice", problemsOf('{ "v": 1, "devices": { "ana": {},\n "ana": {} } }'), /^line 2, devices\.ana: found the same name twice/],
  ])("SM-8 %s is said, with place and remedy", (_what, problems, wanted) => {
    expect(problems.join("\n")).toMatch(wanted);
  });

  test("SM-8 nonsense gives a bounded list of problems, and never an exception", () => {
    const result = checkScenario({ ...good, steps: Array.from({ length: 10_000 }, () => ({ do: 1 })) });
    expect(result.ok).toBe(false);
    if (!result.ok) expect(tellProblems(result.error).split("\n")).toHaveLength(problemsMax + 1);
    fc.assert(
      fc.property(fc.anything(), (value) => {
        checkScenario(value);
        checkScenario({ ...good, steps: [value], expect: [value], devices: value });
      }),
    );
    expect(parseScenario("[".repeat(100_000)).ok).toBe(false);
  });
});
