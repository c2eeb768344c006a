/**
 * A run as a scenario that grows: what was done, and what is still to come. All of it pure; `session.ts` lets the worker carry it out.
 */
import { durationMs, scenarioLimits } from "@skerry/simulator/lab";
import type { Scenario, Step } from "@skerry/simulator/lab";

export const devicesMin = 2;
export const devicesMax = 6;

/** Nothing more can be done by hand: a file with more steps could not be read. Room is left for what is on its way. */
export const isFull = (plan: Scenario): boolean => plan.steps.length >= scenarioLimits.steps - 100;

/** Names for devices, in the order in which they are given. */
export const deviceNames = ["ana", "ben", "cleo", "dov", "eve", "finn"] as const;

/** What a visitor finds: some text that everyone has. */
export function firstScenario(devices: number, seed: number, text: string): Scenario {
  return {
    v: 1,
    seed,
    devices: Object.fromEntries(
      deviceNames
        .slice(0, Math.min(devicesMax, Math.max(devicesMin, devices)))
        .map((name, index) => [name, index === 0 ? {} : { joins: 1000 }]),
    ),
    steps: [{ at: 200, do: "type", who: deviceNames[0], text }],
  };
}

/** When the text of `firstScenario` has reached everyone. */
export const firstLookMs = 6000;

export const stepTime = (step: Step): number => durationMs(step.at);

/** How many steps come after `nowMs`. */
export const laterSteps = (plan: Scenario, nowMs: number): number => plan.steps.filter((step) => stepTime(step) > nowMs).length;

/** The plan without what comes after `nowMs`. */
export function withoutLater(plan: Scenario, nowMs: number): Scenario {
  // What the end should be like was said of the whole run.
  const { until: _until, expect: _expect, ...rest } = plan;
  return { ...rest, steps: plan.steps.filter((step) => stepTime(step) <= nowMs) };
}

/** What was done up to `nowMs`, as the simulation recorded it, and what the plan still has. */
export function joined(done: Scenario, plan: Scenario, nowMs: number): Scenario {
  const steps = [...done.steps.filter((step) => stepTime(step) <= nowMs), ...plan.steps.filter((step) => stepTime(step) > nowMs)];
  const last = Math.max(0, ...steps.map(stepTime));
  const { until, ...rest } = plan;
  return { ...rest, steps, ...(until !== undefined && durationMs(until) >= last ? { until } : {}) };
}

/** A new device comes at `nowMs`; all that was before stays as it was. Undefined if there are enough. */
export function withDevice(plan: Scenario, nowMs: number): { readonly plan: Scenario; readonly name: string } | undefined {
  const taken = deviceNamesOf(plan);
  const name = deviceNames.find((candidate) => !taken.includes(candidate));
  if (name === undefined || taken.length >= devicesMax) return undefined;
  return { name, plan: { ...plan, devices: { ...plan.devices, [name]: { joins: Math.ceil(nowMs) } } } };
}

/** All devices of a plan, copies of others included. */
export const deviceNamesOf = (plan: Scenario): readonly string[] => [
  ...Object.keys(plan.devices),
  ...plan.steps.flatMap((step) => (step.do === "clone-profile" ? [step.as] : [])),
];

/** A device that stays off: it is not waited for at the end. */
export const withoutAtEnd = (plan: Scenario, who: string): Scenario => ({
  ...plan,
  without: [...new Set([...(plan.without ?? []), who])],
});
