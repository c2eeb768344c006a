/**
 * Makes a failing scenario small: fewer steps (Zeller and Hildebrandt's ddmin, 2002), fewer devices, an earlier end, shorter and rounder times, shorter
 * text, no options that do not matter. Whatever it tries must still fail in the same way, which `stillFails` says. Bounded by a number of runs.
 */
import { assert } from "@skerry/protocol";
import { checkScenario } from "./parse-scenario.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { formatScenario } from "./format-scenario.ts";
import type { Field, Fields } from "./field.ts";
import { deviceFields, expectationTable, scenarioFields } from "./scenario-table.ts";
import type { Scenario, Step } from "./scenario.ts";
import { stepTable } from "./step-table.ts";

export interface ShrinkProgress {
  readonly runs: number;
  readonly steps: number;
  readonly devices: number;
}
export interface ShrinkOptions {
  /** Calls of `stillFails`, at most. */
  readonly budgetRuns: number;
  /** When the failure showed: later steps are tried first to be left out. */
  readonly failedAtMs?: number;
  /** Asked before each run. True: what there is by now is the answer. */
  readonly stop?: () => boolean;
  readonly onProgress?: (progress: ShrinkProgress) => void;
}
export interface ShrinkResult {
  readonly scenario: Scenario;
  readonly runs: number;
  /** False if the budget was used up, or it was stopped, before nothing could be made smaller any more. */
  readonly complete: boolean;
}

/** `scenario` is one that fails; it is not run again. */
export async function shrinkScenario(
  scenario: Scenario,
  stillFails: (candidate: Scenario) => Promise<boolean>,
  options: ShrinkOptions,
): Promise<ShrinkResult> {
  assert(options.budgetRuns >= 0, "a budget of runs");
  let best = scenario;
  let runs = 0;
  let spent = false;
  /** What was tried already, as text. As many as runs: bounded. */
  const tried = new Set<string>([formatScenario(scenario)]);

  /** True if the candidate fails too: then it is the best so far. */
  const attempt = async (candidate: Scenario): Promise<boolean> => {
    if (spent) return false;
    const text = formatScenario(candidate);
    if (tried.has(text) || !checkScenario(candidate).ok) return false;
    if (runs >= options.budgetRuns || options.stop?.() === true) {
      spent = true;
      return false;
    }
    runs++;
    tried.add(text);
    const fails = await stillFails(candidate);
    if (fails) best = candidate;
    options.onProgress?.({ runs, steps: best.steps.length, devices: Object.keys(best.devices).length });
    return fails;
  };
  const inTurn = async (candidates: Iterable<() => Scenario | undefined>): Promise<void> => {
    for (const candidate of candidates) {
      const made = spent ? undefined : candidate();
      // oxlint-disable-next-line no-await-in-loop -- each attempt builds on the one before.
      if (made !== undefined) await attempt(made);
    }
  };

  await attempt(inOrder(best));
  if (options.failedAtMs !== undefined) await attempt(cutAfter(best, options.failedAtMs));
  for (let before = ""; !spent && before !== formatScenario(best);) {
    before = formatScenario(best);
    await inTurn(groupsOf(best).map((gone) => () => without(best, gone)));
    await fewerSteps(() => best, attempt);
    await inTurn(Object.keys(best.devices).map((name) => () => withoutDevice(best, name)));
    await inTurn((best.expect ?? []).map((gone) => () => ({ ...best, expect: (best.expect ?? []).filter((one) => one !== gone) })));
    await inTurn(smallerTop(() => best));
    await inTurn(everyStep(() => best));
    await inTurn(closerSteps(() => best));
  }
  return { scenario: best, runs, complete: !spent };
}

const withSteps = (scenario: Scenario, steps: readonly Step[]): Scenario => ({ ...scenario, steps });
const atMs = (step: Step): number => parseDuration(step.at) ?? 0;

/** As they happen: what is equal now would not stay so when times change. */
function inOrder(scenario: Scenario): Scenario {
  return withSteps(
    scenario,
    [...scenario.steps].sort((a, b) => atMs(a) - atMs(b)),
  );
}

function cutAfter(scenario: Scenario, ms: number): Scenario {
  return withSteps(
    scenario,
    scenario.steps.filter((step) => atMs(step) <= ms),
  );
}

/** Steps of one kind, and of one actor: whole groups go in one run. */
function groupsOf(scenario: Scenario): ReadonlySet<Step>[] {
  const groups = new Map<string, Set<Step>>();
  for (const step of scenario.steps) {
    const actor = "who" in step ? String(step.who) : "relay";
    for (const key of [`group ${stepTable[step.do].group}`, `kind ${step.do}`, `actor ${actor}`, `${step.do} of ${actor}`]) {
      const group = groups.get(key) ?? new Set();
      groups.set(key, group.add(step));
    }
  }
  return [...groups.values()].filter((group) => group.size > 1).sort((a, b) => b.size - a.size);
}
const without = (scenario: Scenario, gone: ReadonlySet<Step>): Scenario | undefined => {
  const steps = scenario.steps.filter((step) => !gone.has(step));
  return steps.length < scenario.steps.length ? withSteps(scenario, steps) : undefined;
};

/** ddmin, by complements only: what one chunk alone shows is a complement of finer ones. From the end, where less depends on it. */
async function fewerSteps(best: () => Scenario, attempt: (candidate: Scenario) => Promise<boolean>): Promise<void> {
  for (let size = Math.max(1, best().steps.length >> 1); best().steps.length > 0;) {
    let removed = false;
    for (let to = best().steps.length; to > 0; to -= size) {
      const { steps } = best();
      // oxlint-disable-next-line no-await-in-loop -- each attempt builds on the one before.
      if (await attempt(withSteps(best(), [...steps.slice(0, Math.max(0, to - size)), ...steps.slice(to)]))) removed = true;
    }
    if (size > 1) size >>= 1;
    else if (!removed) return;
  }
}

/** Without the device, its steps, and what else names it. */
function withoutDevice(scenario: Scenario, name: string): Scenario | undefined {
  if (Object.keys(scenario.devices).length < 2) return undefined;
  const gone = new Set([name]);
  for (const step of scenario.steps) if (step.do === "clone-profile" && gone.has(step.who)) gone.add(step.as);
  const { without: dead, expect, ...rest } = scenario;
  const steps = scenario.steps.flatMap((step): Step[] => {
    if (step.do === "clone-relay") {
      const who = step.who.filter((one) => !gone.has(one));
      return who.length === 0 ? [] : [{ ...step, who }];
    }
    return "who" in step && gone.has(step.who) ? [] : [step];
  });
  return {
    ...rest,
    devices: Object.fromEntries(Object.entries(scenario.devices).filter(([other]) => !gone.has(other))),
    steps,
    ...(dead === undefined ? {} : { without: dead.filter((other) => !gone.has(other)) }),
    ...(expect === undefined ? {} : { expect: expect.filter((one) => !("by" in one && one.by !== undefined && gone.has(one.by))) }),
  };
}

type Plain = Readonly<Record<string, unknown>>;
const omit = <T extends object>(object: T, key: string): T =>
  Object.fromEntries(Object.entries(object).filter(([other]) => other !== key)) as T;

/** Smaller values for a field, the smallest first. */
function smallerValues(field: Field, value: unknown): unknown[] {
  switch (field.kind) {
    case "duration": {
      const ms = parseDuration(value) ?? 0;
      const rounds = [60_000, 1000].map((unit) => Math.floor(ms / unit) * unit);
      return [Math.max(0, field.minMs), 1000, 10_000, Math.floor(ms / 4), Math.floor(ms / 2), ...rounds]
        .filter((smaller) => smaller >= field.minMs && smaller < ms)
        .map(formatDuration);
    }
    case "number": {
      const number = Number(value);
      const halves = field.whole ? [Math.floor(number / 2)] : [Math.round(number * 10) / 10];
      return [Math.max(0, field.min), field.max === 1 ? 1 : field.min, ...halves].filter(
        (smaller) => smaller !== number && smaller >= field.min,
      );
    }
    case "text": {
      const text = String(value);
      return [text.slice(0, Math.max(1, field.min)), text.slice(0, text.length >> 1)].filter(
        (smaller) => smaller.length < text.length && smaller.length >= field.min,
      );
    }
    default:
      return [];
  }
}

/** `object` with one field left out, or smaller. */
function* smallerObjects<T extends object>(object: T, fields: Fields, keep: readonly string[] = []): Generator<T> {
  for (const [key, field] of Object.entries(fields)) {
    const value = (object as Plain)[key];
    if (value === undefined || keep.includes(key)) continue;
    if (field.optional) yield omit(object, key);
    for (const smaller of smallerValues(field, value)) yield { ...object, [key]: smaller };
  }
}

/** Thunks are asked one after another, and each looks at the best so far: what was found meanwhile is not undone. */
function* smallerTop(best: () => Scenario): Generator<() => Scenario | undefined> {
  const { until } = best();
  const lastMs = Math.max(0, ...best().steps.map(atMs));
  const untilMs = until === undefined ? undefined : (parseDuration(until) ?? 0);
  yield () => ("until" in best() ? omit(best(), "until") : undefined);
  for (const ms of [lastMs, lastMs + 1000, lastMs + 10_000, lastMs + 60_000]) {
    if (untilMs !== undefined && ms < untilMs) yield () => (best().until === until ? { ...best(), until: formatDuration(ms) } : undefined);
  }
  for (const key of Object.keys(scenarioFields)) {
    if (scenarioFields[key]?.optional === true && key !== "name" && key !== "about" && key !== "until") {
      yield () => (key in best() ? omit(best(), key) : undefined);
    }
  }
  yield () => (best().expect?.length === 0 ? omit(best(), "expect") : undefined);
  for (const name of Object.keys(best().devices)) {
    for (const key of Object.keys(deviceFields)) {
      yield () => {
        const device = best().devices[name];
        return device !== undefined && key in device ? { ...best(), devices: { ...best().devices, [name]: omit(device, key) } } : undefined;
      };
    }
  }
  for (const [index, one] of (best().expect ?? []).entries()) {
    const entry = Object.entries(expectationTable).find(([key]) => key in one)?.[1];
    for (const smaller of smallerObjects(one, entry?.fields ?? {}, ["alarm", "sometimes"])) {
      yield () =>
        best().expect?.[index] === one
          ? { ...best(), expect: (best().expect ?? []).map((other) => (other === one ? smaller : other)) }
          : undefined;
    }
  }
}

/** The same step in another place of the list is another step: `index` stays right, as no pass of this kind removes any. */
function* smallerStep(best: () => Scenario, index: number): Generator<() => Scenario | undefined> {
  const replaced = (step: Step): Scenario =>
    withSteps(
      best(),
      best().steps.map((other, at) => (at === index ? step : other)),
    );
  for (;;) {
    const step = best().steps[index];
    if (step === undefined) return;
    for (const smaller of smallerObjects(step, stepTable[step.do].fields)) {
      yield () => replaced(smaller);
      if (best().steps[index] !== step) break;
    }
    if (best().steps[index] === step) return;
  }
}

function* everyStep(best: () => Scenario): Generator<() => Scenario | undefined> {
  for (const index of best().steps.keys()) yield* smallerStep(best, index);
}

/** Rounder and earlier times: every step to a whole minute, second or tenth, and gaps between steps closed. */
function* closerSteps(best: () => Scenario): Generator<() => Scenario | undefined> {
  const moved = (move: (ms: number, index: number) => number): Scenario =>
    withSteps(
      best(),
      best().steps.map((step, index) => {
        const [old, next] = [atMs(step), Math.max(0, move(atMs(step), index))];
        return next === old ? step : { ...step, at: formatDuration(next) };
      }),
    );
  for (const unit of [1000, 100]) yield () => moved((ms) => Math.round(ms / unit) * unit);
  for (const index of best().steps.keys()) {
    for (const unit of [60_000, 1000, 100]) yield () => moved((ms, at) => (at === index ? Math.round(ms / unit) * unit : ms));
  }
  for (const index of best().steps.keys()) {
    for (const left of [0, 1000, 10_000, 60_000]) {
      yield () => {
        const here = atMs(best().steps[index] as Step);
        const before = Math.max(
          0,
          ...best()
            .steps.map(atMs)
            .filter((ms) => ms < here),
        );
        const earlier = here - before - left;
        return earlier > 0 ? moved((ms) => (ms >= here ? ms - earlier : ms)) : undefined;
      };
    }
  }
}
