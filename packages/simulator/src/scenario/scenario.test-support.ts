/** Scenarios that pass the parser, made from the same tables, for property tests. */
import fc from "fast-check";
import type { Arbitrary } from "fast-check";
import { formatDuration } from "./duration.ts";
import type { Field, Fields } from "./field.ts";
import { atField, deviceFields, expectationTable, scenarioFields } from "./scenario-table.ts";
import type { Scenario, Step } from "./scenario.ts";
import { stepKinds, stepTable } from "./step-table.ts";

const devices = ["ana", "ben", "cleo"];

function valueOf(field: Field): Arbitrary<unknown> {
  switch (field.kind) {
    case "duration":
      return fc
        .integer({ min: field.minMs, max: Math.min(field.maxMs, 86_400_000) })
        .chain((ms) => fc.constantFrom<unknown>(ms, formatDuration(ms)));
    case "number":
      return field.whole
        ? fc.integer({ min: field.min, max: field.max })
        : fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);
    case "truth":
      return fc.boolean();
    case "always-true":
      return fc.constant(true);
    case "text":
      return fc.string({ minLength: field.min, maxLength: 12 });
    case "base64":
      return fc.constantFrom("", "AAA=", "AAAA");
    case "seed":
      return fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String));
    case "choice":
      return fc.constantFrom(...Object.keys(field.values));
    case "name":
      return fc.constantFrom(...devices, ...field.also);
    case "names":
      return fc.uniqueArray(fc.constantFrom(...devices), { minLength: field.min });
    default:
      return fc.integer({ min: 0, max: 1_000_000_000 }).map((number) => `copy-${number}`);
  }
}

const objectOf = (fields: Fields): Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, valueOf(field)])), {
    requiredKeys: Object.entries(fields).flatMap(([key, field]) => (field.optional ? [] : [key])),
    noNullPrototype: true,
  });

/** Any step but an attack: only hostile devices may. */
export const anyStep: Arbitrary<Step> = fc
  .constantFrom(...stepKinds.filter((kind) => kind !== "attack"))
  .chain((kind) => objectOf({ at: atField, ...stepTable[kind].fields }).map((fields) => ({ do: kind, ...fields }) as unknown as Step));

export const anyScenario: Arbitrary<Scenario> = fc
  .record({
    top: objectOf(Object.fromEntries(Object.entries(scenarioFields).filter(([key]) => key !== "until"))),
    devices: fc.record(Object.fromEntries(devices.map((name) => [name, objectOf(deviceFields)])), { noNullPrototype: true }),
    steps: fc.array(anyStep, { maxLength: 12 }),
    expect: fc.option(fc.array(fc.oneof(...Object.values(expectationTable).map(({ fields }) => objectOf(fields))), { maxLength: 3 }), {
      nil: undefined,
    }),
  })
  .map(({ top, devices: options, steps, expect }) => {
    const honest = Object.fromEntries(Object.entries(options).map(([name, device]) => [name, { ...device, hostile: false }]));
    // At most five copies, each with a name of its own.
    const copies = new Set<string>();
    const kept = steps.filter((step) => {
      if (step.do !== "clone-profile") return true;
      if (copies.size >= 5 || copies.has(step.as)) return false;
      copies.add(step.as);
      return true;
    });
    return { v: 1, ...top, devices: honest, steps: kept, ...(expect === undefined ? {} : { expect }) } as unknown as Scenario;
  });
