/** A run as a short story: who did what, what went wrong, what people were shown, and what was lost. People first; fifteen sentences at most. */
import { meaningOf } from "../invariants/meaning.ts";
import type { RunResult } from "../run/simulation.ts";
import { parseDuration, sayDuration } from "../scenario/duration.ts";
import { alarmMeanings } from "../scenario/scenario-table.ts";
import type { Step } from "../scenario/scenario.ts";
import { stepTable } from "../scenario/step-table.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import { createPlights } from "./plight.ts";
import { shownStatus } from "./shown-status.ts";
import { clauseOf, subjectOf } from "./step-clause.ts";
import { enumerate, plural, quote, sentence } from "./words.ts";

export const sentencesMax = 15;

export function tellStory(result: RunResult): string {
  return storySentences(result).join(" ");
}

export function storySentences(result: RunResult): readonly string[] {
  const violation = result.violations[0];
  const endMs = violation?.atMs ?? result.simulatedMs;
  const before = result.trace.filter((event) => event.t <= endMs);
  const end = violation === undefined ? ending(result) : failure(violation, before);
  // Besides the moments: the opening, the end, and perhaps one sentence about what was before.
  const told = happenings(moments(result, before, endMs), sentencesMax - 2 - end.length);
  return [opening(result), ...told, ...end].map(sentence);
}

function opening(result: RunResult): string {
  const names = Object.keys(result.scenario.devices);
  const hostile = names.filter((name) => result.scenario.devices[name]?.hostile === true);
  const many = names.length > 1 ? `${enumerate(names, 8)} shared a document` : `${names[0] ?? "nobody"} had a document`;
  return hostile.length === 0 ? many : `${many}; ${enumerate(hostile)} was hostile`;
}

/** Something that happened at a time; `edits` counts those of people in it. */
interface Moment {
  readonly atMs: number;
  readonly toMs: number;
  readonly who: string;
  readonly key: string;
  readonly start: string;
  readonly objects: readonly string[];
  readonly times: number;
  readonly edit: boolean;
}

/** Steps that were carried out, as the trace has them; of a run without a trace as the scenario has them. */
function stepsOf(result: RunResult, before: readonly TraceEvent[], endMs: number): readonly (readonly [number, Step])[] {
  const traced = before.flatMap((event) => (event.kind === "step" && event.refused === undefined ? [[event.t, event.step] as const] : []));
  if (result.trace.length > 0) return traced;
  return result.scenario.steps
    .map((step) => [parseDuration(step.at) ?? 0, step] as const)
    .filter(([at]) => at <= endMs)
    .sort((a, b) => a[0] - b[0]);
}

function moments(result: RunResult, before: readonly TraceEvent[], endMs: number): Moment[] {
  const plights = createPlights(Object.keys(result.scenario.devices));
  const found: Moment[] = stepsOf(result, before, endMs).map(([atMs, step]) => {
    const { subject, verb, key, object } = clauseOf(step);
    const edit = stepTable[step.do].group === "edit";
    const plight = edit && "who" in step && typeof step.who === "string" ? plights.of(step.who, atMs) : "";
    plights.happen(step, atMs);
    const objects = object === undefined ? [] : [object];
    return { atMs, toMs: atMs, who: subjectOf(step), key: key + plight, start: `${subject}${plight} ${verb}`, objects, times: 1, edit };
  });
  return [...found, ...observed(before)].sort((a, b) => a.atMs - b.atMs);
}

/** What nobody did: warnings, the first of each kind on each device, and a log that went back. */
function observed(before: readonly TraceEvent[]): Moment[] {
  const logs = new Map<string, number>();
  const warned = new Set<string>();
  const found: {
    readonly atMs: number;
    readonly key: string;
    readonly who: string[];
    readonly told: (who: readonly string[]) => string;
  }[] = [];
  for (const event of before) {
    if (event.kind === "alarm" && !warned.has(`${event.who} ${event.alarm}`)) {
      warned.add(`${event.who} ${event.alarm}`);
      const last = found.at(-1);
      // One cheat, one warning for all whom it reaches.
      if (last?.key === event.alarm && event.t - last.atMs < 10_000) last.who.push(event.who);
      else found.push({ atMs: event.t, key: event.alarm, who: [event.who], told: (who) => warning(who, event.alarm) });
    }
    if (event.kind === "log") {
      const last = logs.get(event.relay) ?? 0;
      logs.set(event.relay, event.seq);
      const told = `the relay's log went back from entry ${last} to ${event.seq}`;
      if (event.seq < last) found.push({ atMs: event.t, key: "log", who: [event.relay], told: () => told });
    }
  }
  return found.map(({ atMs, key, who, told }): Moment => {
    return { atMs, toMs: atMs, who: enumerate(who), key: `${key} ${atMs}`, start: told(who), objects: [], times: 1, edit: false };
  });
}

function warning(who: readonly string[], alarm: string): string {
  const meaning = Object.hasOwn(alarmMeanings, alarm) ? alarmMeanings[alarm as keyof typeof alarmMeanings] : alarm;
  return `${enumerate(who, 8)} ${who.length === 1 ? "was" : "were"} warned (${meaning})`;
}

/** Alike ones in a row become one; if they are still too many, edits in a row do; if still, only the last are told. */
function happenings(all: readonly Moment[], momentsMax: number): string[] {
  const alike = merged(all, (a, b) => a.key === b.key);
  const few = alike.length <= momentsMax ? alike : merged(withoutCarets(alike), (a, b) => a.key === b.key || (a.edit && b.edit));
  const told = few.slice(-momentsMax).map(toldMoment);
  const left = few.slice(0, -momentsMax);
  if (left.length === 0) return told;
  const edits = left.reduce((sum, moment) => sum + (moment.edit ? moment.times : 0), 0);
  const faults = left.reduce((sum, moment) => sum + (moment.edit ? 0 : moment.times), 0);
  const until = sayDuration(left.at(-1)?.toMs ?? 0);
  return [`Until ${until} there were ${plural(edits, "edit")}, and ${plural(faults, "other thing")} happened`, ...told];
}

const withoutCarets = (all: readonly Moment[]): Moment[] => all.filter(({ start }) => !start.endsWith("moved the caret"));

function merged(all: readonly Moment[], same: (a: Moment, b: Moment) => boolean): Moment[] {
  const result: Moment[] = [];
  for (const moment of all) {
    const last = result.at(-1);
    if (last === undefined || !same(last, moment)) {
      result.push(moment);
      continue;
    }
    const oneKey = last.key === moment.key;
    const who = oneKey || last.who.split(" and ").includes(moment.who) ? last.who : `${last.who} and ${moment.who}`;
    result[result.length - 1] = {
      ...last,
      toMs: moment.toMs,
      who,
      key: oneKey ? last.key : "edits",
      start: oneKey ? last.start : "",
      objects: oneKey ? [...last.objects, ...moment.objects] : [],
      times: last.times + moment.times,
    };
  }
  return result;
}

function toldMoment({ atMs, toMs, start, objects, times, who }: Moment): string {
  const [from, to] = [sayDuration(atMs), sayDuration(toMs)];
  const when = from === to ? `At ${from}` : `From ${from} to ${to}`;
  if (start === "") return `${when} ${enumerate(who.split(" and "))} made ${plural(times, "edit")}`;
  const what = objects.length > 0 ? ` ${enumerate(objects, 4)}` : times === 2 ? ", twice" : times > 2 ? `, ${times} times` : "";
  return `${when} ${start}${what}`;
}

function failure(violation: RunResult["violations"][number], before: readonly TraceEvent[]): string[] {
  const healed = before.find((event) => event.kind === "phase" && event.phase === "healing");
  const statuses = new Map<string, string>();
  for (const event of before) if (event.kind === "status") statuses.set(event.who, shownStatus(event));
  const shown = [...statuses].slice(0, 8).map(([who, words]) => `${who} was shown ${words}`);
  const [invariant, meaning] = [violation.invariant, meaningOf(violation.invariant)];
  return [
    ...(healed === undefined ? [] : [`At ${sayDuration(healed.t)} everything was healed`]),
    ...(shown.length === 0 ? [] : [`In the end ${enumerate(shown, 8)}`]),
    ...differences(before),
    `At ${sayDuration(violation.atMs)} ${invariant === "expect" ? "an expectation failed" : `${invariant} was broken`}: ${violation.message}`,
    ...(meaning.broken === "" ? [] : [meaning.broken]),
  ];
}

/** Words that one has and another lacks. */
function differences(before: readonly TraceEvent[]): string[] {
  const texts = new Map<string, string>();
  for (const event of before) if (event.kind === "replica") texts.set(event.who, event.text);
  const wordsOf = (text: string): Set<string> => new Set(text.split(/\s+/).filter((word) => word !== ""));
  const all = new Set([...texts.values()].flatMap((text) => [...wordsOf(text)]));
  const lacking = [...texts].flatMap(([who, text]) => {
    const words = wordsOf(text);
    const missing = [...all].filter((word) => !words.has(word));
    return missing.length === 0 ? [] : [`${who} did not have ${enumerate(missing.map(quote), 4)}`];
  });
  if (lacking.length > 0) return [enumerate(lacking, 4)];
  return new Set(texts.values()).size > 1 ? ["All had the same words, in different places"] : [];
}

function ending(result: RunResult): string[] {
  const agreed = result.text === undefined ? "Nothing was broken" : `In the end all agreed on ${quote(result.text)}`;
  return [`${agreed}, after ${sayDuration(result.simulatedMs)}`];
}
