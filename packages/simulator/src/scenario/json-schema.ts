/** The JSON Schema (2020-12) of scenarios, for editors, made from the same tables as the parser. The parser knows more: names, times in relation. */
import { namePattern } from "./parse-scenario.ts";
import type { Field, Fields } from "./field.ts";
import { scenarioLimits as limits } from "./limits.ts";
import { atField, deviceFields, expectationTable, scenarioFields } from "./scenario-table.ts";
import { stepKinds, stepTable } from "./step-table.ts";

export type JsonSchema = { readonly [key: string]: unknown };

const device: JsonSchema = { type: "string", pattern: namePattern.source };

function typeOf(field: Field): JsonSchema {
  switch (field.kind) {
    case "duration":
      return { $ref: field.minMs < 0 ? "#/$defs/signedDuration" : "#/$defs/duration" };
    case "number":
      return { type: field.whole ? "integer" : "number", minimum: field.min, maximum: field.max };
    case "truth":
      return { type: "boolean" };
    case "always-true":
      return { const: true };
    case "text":
      return { type: "string", minLength: field.min, maxLength: field.max };
    case "base64":
      return { type: "string", contentEncoding: "base64", maxLength: field.max };
    case "seed":
      return {
        oneOf: [
          { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          { type: "string", pattern: "^(0|[1-9][0-9]{0,19})$" },
        ],
      };
    case "choice":
      return { enum: Object.keys(field.values) };
    case "names":
      return { type: "array", items: device, minItems: field.min, maxItems: limits.devices, uniqueItems: true };
    default:
      return device;
  }
}

const described = (field: Field): JsonSchema => {
  const values =
    field.kind === "choice"
      ? `: ${Object.entries(field.values)
          .map(([value, means]) => `${value} – ${means}`)
          .join("; ")}`
      : "";
  return { ...typeOf(field), description: `${field.means}${values}${field.fallback === undefined ? "" : ` (default: ${field.fallback})`}` };
};

const closed = (fields: Fields, more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
  type: "object",
  properties: { ...more, ...Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, described(field)])) },
  required: [...Object.keys(more), ...Object.entries(fields).flatMap(([key, field]) => (field.optional ? [] : [key]))],
  additionalProperties: false,
});

/** One branch a step, chosen by `do`: editors complete the right fields and say which one is wrong. */
const step = (): JsonSchema => ({
  type: "object",
  required: ["at", "do"],
  properties: { at: described(atField), do: { enum: stepKinds, description: "what happens" } },
  allOf: stepKinds.map((kind) => ({
    if: { properties: { do: { const: kind } }, required: ["do"] },
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word.
    then: {
      ...closed(stepTable[kind].fields, { at: { $ref: "#/$defs/duration" }, do: { const: kind } }),
      description: stepTable[kind].means,
    },
  })),
});

export function scenarioJsonSchema(): JsonSchema {
  const top = closed(scenarioFields, {
    v: { const: 1, description: "version of the format" },
    devices: {
      type: "object",
      description: "who takes part, in the order of joining; the first one makes the document",
      propertyNames: device,
      additionalProperties: { $ref: "#/$defs/device" },
      minProperties: 1,
      maxProperties: limits.devices,
    },
    steps: { type: "array", items: { $ref: "#/$defs/step" }, maxItems: limits.steps },
  });
  const expect: JsonSchema = {
    type: "array",
    description: "what must hold besides the invariants",
    items: { oneOf: Object.values(expectationTable).map(({ fields, means }) => ({ ...closed(fields), description: means })) },
    maxItems: limits.expectations,
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Skerry scenario, version 1",
    description: "What people do, what goes wrong, and what must hold. docs/simulation.md explains it.",
    ...top,
    properties: { $schema: { type: "string" }, ...(top["properties"] as object), expect },
    $defs: {
      duration: {
        description: "milliseconds, or a number with ms, s, m, h or d",
        oneOf: [
          { type: "number", minimum: 0 },
          { type: "string", pattern: "^[0-9]{1,13}(\\.[0-9]{1,6})?(ms|s|m|h|d)$" },
        ],
      },
      signedDuration: {
        description: "milliseconds, or a number with ms, s, m, h or d; may be negative",
        oneOf: [{ type: "number" }, { type: "string", pattern: "^-?[0-9]{1,13}(\\.[0-9]{1,6})?(ms|s|m|h|d)$" }],
      },
      device: closed(deviceFields),
      step: step(),
    },
  };
}

export const scenarioJsonSchemaText = (): string => `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
