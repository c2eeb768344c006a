import { describe, expect, test } from "vitest";
import { parseScenario } from "./parse-scenario.ts";
import { scenarioJsonSchema } from "./json-schema.ts";
import { stepKinds, stepTable } from "./step-table.ts";

interface Branch {
  readonly if: { readonly properties: { readonly do: { readonly const: string } } };
  readonly then: {
    readonly properties: Readonly<Record<string, object>>;
    readonly required: readonly string[];
    readonly additionalProperties: boolean;
  };
}

describe("SM-9 the schema and the parser know the same", () => {
  const schema = scenarioJsonSchema() as unknown as { readonly $defs: { readonly step: { readonly allOf: readonly Branch[] } } };
  const branches = schema.$defs.step.allOf;

  test("SM-9 steps and their fields", () => {
    expect(branches.map((branch) => branch.if.properties.do.const)).toEqual(stepKinds);
    for (const { if: condition, then } of branches) {
      const { fields } = stepTable[condition.properties.do.const as (typeof stepKinds)[number]];
      expect(Object.keys(then.properties)).toEqual(["at", "do", ...Object.keys(fields)]);
      expect(then.additionalProperties).toBe(false);
      const required = Object.keys(fields).filter((key) => fields[key]?.optional === false);
      expect(then.required).toEqual(["at", "do", ...required]);
    }
  });

  test("SM-9 a step that lacks what the schema requires is refused by the parser, one by one", () => {
    for (const { if: condition, then } of branches) {
      const parsed = parseScenario(JSON.stringify({ v: 1, seed: 1, devices: { ana: {} }, steps: [{ do: condition.properties.do.const }] }));
      const lacking = parsed.ok ? [] : parsed.error.map(({ path }) => path.replace("steps[0].", ""));
      expect(lacking.sort()).toEqual(then.required.filter((key) => key !== "do").sort());
    }
  });
});
