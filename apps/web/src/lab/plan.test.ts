import { expect, test } from "vitest";
import type { Scenario } from "@skerry/simulator/lab";
import { parseScenario } from "@skerry/simulator/lab";
import { deviceNamesOf, devicesMax, firstScenario, joined, laterSteps, withDevice, withoutAtEnd, withoutLater } from "./plan.ts";
import { fileNameOf, toFile } from "./scenario-file.ts";

const plan: Scenario = {
  v: 1,
  seed: 1,
  devices: { ana: {}, ben: {} },
  steps: [
    { at: "1s", do: "cut", who: "ben" },
    { at: 2000, do: "type", who: "ana", text: "x" },
    { at: "5s", do: "heal", who: "ben" },
  ],
  until: "20s",
  expect: [{ noAlarm: true }],
};

test("the first scenario has two to six devices and is one that the parser takes", () => {
  for (const devices of [0, 2, 3, 6, 9]) {
    const first = firstScenario(devices, 1, "Some text.\n");
    expect(Object.keys(first.devices)).toHaveLength(Math.min(6, Math.max(2, devices)));
    expect(parseScenario(toFile(first))).toEqual({ ok: true, value: first });
  }
});

test("what comes later is counted, and can be dropped with what was said of the end", () => {
  expect([0, 1000, 1999, 5000].map((nowMs) => laterSteps(plan, nowMs))).toEqual([3, 2, 2, 0]);
  expect(withoutLater(plan, 2000)).toEqual({ v: 1, seed: 1, devices: plan.devices, steps: plan.steps.slice(0, 2) });
});

test("a run and the rest of its plan join to one scenario", () => {
  const byHand = { at: 3000, do: "cut", who: "ana" } as const;
  const done = { ...plan, steps: [...plan.steps.slice(0, 2), byHand] };
  expect(joined(done, plan, 3000).steps).toEqual([...plan.steps.slice(0, 2), byHand, ...plan.steps.slice(2)]);
  // A recording that holds the rest of the plan as well gives the same.
  expect(joined({ ...done, steps: [...done.steps, ...plan.steps.slice(2)] }, plan, 3000)).toEqual(joined(done, plan, 3000));
  expect(joined(done, plan, 3000).until).toBe("20s");
  // An end that was overtaken is no end any more.
  expect(joined({ ...plan, steps: [{ at: "30s", do: "heal", who: "ana" }] }, plan, 30_000).until).toBeUndefined();
});

test("a new device gets a free name and comes now; six are enough", () => {
  const more = withDevice(plan, 1234.5);
  expect(more).toEqual({ name: "cleo", plan: { ...plan, devices: { ana: {}, ben: {}, cleo: { joins: 1235 } } } });
  expect(withDevice(firstScenario(devicesMax, 1, ""), 0)).toBeUndefined();
  // Copies count, and keep their names.
  const copied: Scenario = { ...plan, steps: [{ at: 0, do: "clone-profile", who: "ana", as: "cleo" }] };
  expect(deviceNamesOf(copied)).toEqual(["ana", "ben", "cleo"]);
  expect(withDevice(copied, 0)?.name).toBe("dov");
});

test("a device that is off for good is not waited for, once", () => {
  expect(withoutAtEnd(withoutAtEnd(plan, "ben"), "ben").without).toEqual(["ben"]);
});

test("file names need no quotes", () => {
  expect(fileNameOf(plan)).toBe("lab-experiment.json");
  expect(fileNameOf({ ...plan, name: "Two people: offline “for” an hour!" })).toBe("lab-two-people-offline-for-an-hour.json");
  expect(fileNameOf({ ...plan, name: "…" })).toBe("lab-experiment.json");
});
