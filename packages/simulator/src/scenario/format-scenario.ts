/** A scenario as a file: always the same text for the same scenario, one device, step and expectation a line, so that differences are readable. */
import { deviceFields, expectationTable, scenarioFields } from "./scenario-table.ts";
import type { Scenario } from "./scenario.ts";
import { stepTable } from "./step-table.ts";

const inLine = (object: object, order: readonly string[]): string => {
  const given = object as Readonly<Record<string, unknown>>;
  const parts = order.filter((key) => given[key] !== undefined).map((key) => `${JSON.stringify(key)}: ${spaced(given[key])}`);
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
};
const spaced = (value: unknown): string => (Array.isArray(value) ? `[${value.map(spaced).join(", ")}]` : JSON.stringify(value));

const block = (open: string, lines: readonly string[], close: string): string =>
  lines.length === 0 ? `${open}${close}` : `${open}\n${lines.map((line) => `    ${line}`).join(",\n")}\n  ${close}`;

/** `schema` is where editors find the JSON Schema, relative to the file. */
export function formatScenario(scenario: Scenario, options: { readonly schema?: string } = {}): string {
  const { devices, steps, expect } = scenario;
  const given = scenario as unknown as Readonly<Record<string, unknown>>;
  const scalar = (key: string): string[] => (given[key] === undefined ? [] : [`${JSON.stringify(key)}: ${spaced(given[key])}`]);
  const expectationKeys = [...new Set(Object.values(expectationTable).flatMap(({ fields }) => Object.keys(fields)))];
  const order = Object.keys(scenarioFields);
  const before = order.slice(0, order.indexOf("seed") + 1);
  const members = [
    ...(options.schema === undefined ? [] : [`"$schema": ${JSON.stringify(options.schema)}`]),
    '"v": 1',
    ...before.flatMap(scalar),
    `"devices": ${block(
      "{",
      Object.entries(devices).map(([name, device]) => `${JSON.stringify(name)}: ${inLine(device, Object.keys(deviceFields))}`),
      "}",
    )}`,
    `"steps": ${block(
      "[",
      steps.map((step) =>
        inLine(step, [
          "at",
          ...("who" in step ? ["who"] : []),
          "do",
          ...Object.keys(stepTable[step.do].fields).filter((key) => key !== "who"),
        ]),
      ),
      "]",
    )}`,
    ...order.filter((key) => !before.includes(key)).flatMap(scalar),
    ...(expect === undefined
      ? []
      : [
          `"expect": ${block(
            "[",
            expect.map((one) => inLine(one, expectationKeys)),
            "]",
          )}`,
        ]),
  ];
  return `{\n${members.map((member) => `  ${member}`).join(",\n")}\n}\n`;
}
