import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { invariantMeanings, meaningOf } from "../invariants/meaning.ts";
import type { RunResult } from "../run/simulation.ts";
import { parseDuration } from "../scenario/duration.ts";
import { anyScenario, anyStep } from "../scenario/scenario.test-support.ts";
import type { Scenario, Step } from "../scenario/scenario.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import { clauseOf } from "./step-clause.ts";
import { sentencesMax, storySentences, tellStory } from "./tell.ts";

const resultOf = (scenario: Scenario, more: Partial<RunResult> = {}): RunResult => ({
  scenario,
  ok: more.violations === undefined,
  violations: [],
  traceHash: "0123456789abcdef",
  events: 1,
  simulatedMs: 60_000,
  edits: 1,
  sometimes: {},
  text: undefined,
  trace: [],
  ...more,
});
const stepEvents = (steps: readonly Step[]): TraceEvent[] =>
  steps.map((step, index) => ({ t: parseDuration(step.at) ?? 0, kind: "step", index, step }));
const status = (t: number, who: string, saved: string, unsent = 0): TraceEvent => ({
  ...{ t, kind: "status", who, phase: "ready", saved, unsent, seq: 1, relaySeq: 1, storage: "ok", connection: "online" },
});
const replica = (t: number, who: string, text: string): TraceEvent => ({ t, kind: "replica", who, hash: text, text, missing: 0 });

const steps: readonly Step[] = [
  { at: "1s", do: "type", who: "ana", text: "a1 " },
  { at: "2s", do: "type", who: "ana", text: "a2 " },
  { at: "3s", do: "type", who: "ana", text: "a3 " },
  { at: "9s", do: "cut", who: "ben" },
  { at: "12s", do: "type", who: "ben", text: "b7 " },
  { at: "14s", do: "crash", who: "relay", how: "power", after: 3 },
  { at: "20s", do: "heal", who: "ben" },
];
const scenario: Scenario = { v: 1, seed: 7, devices: { ana: {}, ben: {} }, steps };

describe("SM-3 the story of a run", () => {
  test("SM-3 tells people, faults, what was shown and what was lost", () => {
    const result = resultOf(scenario, {
      violations: [{ invariant: "I4", message: "ben is shown Synced, and b7 is on no disk of the relay", atMs: 40_000 }],
      trace: [
        ...stepEvents(steps),
        { t: 22_000, kind: "log", relay: "relay", seq: 9 },
        { t: 23_000, kind: "log", relay: "relay", seq: 4 },
        { t: 24_000, kind: "alarm", who: "ana", alarm: "rollback", seq: 4, by: "" },
        { t: 30_000, kind: "phase", phase: "healing" },
        status(31_000, "ana", "relay"),
        status(31_000, "ben", "device", 2),
        replica(32_000, "ana", "a1 a2 a3"),
        replica(32_000, "ben", "a1 a2 a3 b7"),
        status(50_000, "ana", "unsaved"),
      ],
    });
    expect(storySentences(result)).toMatchInlineSnapshot(`
      [
        "ana and ben shared a document.",
        "From 1 s to 3 s ana typed “a1”, “a2” and “a3”.",
        "At 9 s ben was cut off.",
        "At 12 s ben, who had been cut off since 9 s, typed “b7”.",
        "At 14 s the relay lost power (after 3 more effects).",
        "At 20 s ben had a good connection again.",
        "At 23 s the relay's log went back from entry 9 to 4.",
        "At 24 s ana was warned (the relay has less than it had).",
        "At 30 s everything was healed.",
        "In the end ana was shown “Synced” and ben was shown “Saved on this device · sending”.",
        "ana did not have “b7”.",
        "At 40 s I4 was broken: ben is shown Synced, and b7 is on no disk of the relay.",
        "Somebody was told that their work is safe when it was not.",
      ]
    `);
  });

  test("SM-3 a run without a trace is told by its scenario", () => {
    expect(tellStory(resultOf(scenario, { text: "a1 a2 a3 b7 " }))).toMatchInlineSnapshot(
      `"ana and ben shared a document. From 1 s to 3 s ana typed “a1”, “a2” and “a3”. At 9 s ben was cut off. At 12 s ben, who had been cut off since 9 s, typed “b7”. At 14 s the relay lost power (after 3 more effects). At 20 s ben had a good connection again. In the end all agreed on “a1 a2 a3 b7”, after 1 min."`,
    );
  });

  test("SM-3 a long run is told by its last moments, and what was before in one sentence", () => {
    const many: Step[] = Array.from({ length: 400 }, (_, index): Step => {
      const who = index % 2 === 0 ? "ana" : "ben";
      if (index % 20 === 0) return { at: index * 1000, do: "reset", who };
      return index % 7 === 0 ? { at: index * 1000, do: "caret", who, where: 1 } : { at: index * 1000, do: "type", who, text: `w${index}` };
    });
    const result = resultOf(
      { ...scenario, steps: many },
      { violations: [{ invariant: "expect", message: "the text lacks w5", atMs: 395_000 }] },
    );
    expect(storySentences(result)).toMatchInlineSnapshot(`
      [
        "ana and ben shared a document.",
        "Until 4 min 40 s there were 228 edits, and 15 other things happened.",
        "From 4 min 41 s to 4 min 59 s ben and ana made 17 edits.",
        "At 5 min ana lost the connection.",
        "From 5 min 2 s to 5 min 19 s ana and ben made 16 edits.",
        "At 5 min 20 s ana lost the connection.",
        "From 5 min 21 s to 5 min 39 s ben and ana made 16 edits.",
        "At 5 min 40 s ana lost the connection.",
        "From 5 min 41 s to 5 min 59 s ben and ana made 16 edits.",
        "At 6 min ana lost the connection.",
        "From 6 min 1 s to 6 min 19 s ben and ana made 16 edits.",
        "At 6 min 20 s ana lost the connection.",
        "From 6 min 21 s to 6 min 35 s ben and ana made 13 edits.",
        "At 6 min 35 s an expectation failed: the text lacks w5.",
        "Something that this scenario expects did not come true.",
      ]
    `);
  });

  test("SM-3 every step can be told, and no story is longer than fifteen sentences", () => {
    const around: TraceEvent[] = [
      { t: 1, kind: "phase", phase: "healing" },
      status(1, "ana", "relay"),
      replica(1, "ana", "a"),
      replica(1, "ben", "b"),
    ];
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), anyScenario, fc.boolean(), (list, other, recorded) => {
        for (const step of list) expect(clauseOf(step).verb).toMatch(/^\S.*\S$/);
        const result = resultOf(
          { ...other, steps: list },
          { violations: [{ invariant: "I1", message: "x", atMs: 86_400_000 }], trace: recorded ? [...stepEvents(list), ...around] : [] },
        );
        const story = storySentences(result);
        expect(story.length).toBeLessThanOrEqual(sentencesMax);
        expect(story.at(-1)).toBe(invariantMeanings.I1.broken);
        for (const line of story) expect(line).not.toMatch(/undefined|NaN|\[object/);
      }),
    );
  });

  test("SM-3 every invariant has a meaning in plain words, and an unknown one does no harm", () => {
    expect(Object.keys(invariantMeanings)).toEqual(Array.from({ length: 19 }, (_, index) => `I${index + 1}`));
    for (const { title, holds, broken } of Object.values(invariantMeanings)) {
      for (const line of [title, holds, broken]) expect(line).toMatch(/\S/);
      expect([holds, broken].join(" ")).not.toMatch(/\bCRDT|quiescence|idempotent/i);
    }
    expect(meaningOf("constructor")).toEqual({ title: "constructor", holds: "", broken: "" });
  });
});
