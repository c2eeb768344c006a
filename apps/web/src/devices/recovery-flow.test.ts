import { describe, expect, test } from "vitest";
import { nextKitState, twoPlaces } from "./recovery-flow.ts";
import type { KitEvent, KitState } from "./recovery-flow.ts";

const words = Array.from({ length: 24 }, (_, index) => `word${index}`);
const asked = [3, 17] as const;
const states: Readonly<Record<KitState["at"], KitState>> = {
  explain: { at: "explain" },
  making: { at: "making" },
  words: { at: "words", words },
  check: { at: "check", words, asked },
  leaving: { at: "leaving", words },
};
const leavingEarly: KitState = { at: "leaving", words: undefined };

test("the way of somebody who writes them down", () => {
  const events: readonly KitEvent[] = [{ kind: "make" }, { kind: "made", words }, { kind: "check", asked }, { kind: "show" }];
  const seen = events.reduce<(KitState | undefined)[]>(
    (all, event) => {
      const last = all.at(-1);
      return [...all, last === undefined ? undefined : nextKitState(last, event)];
    },
    [states.explain],
  );
  expect(seen).toEqual([states.explain, states.making, states.words, states.check, states.words]);
});

describe("nobody gets out without a warning once the server was asked", () => {
  test.each(["making", "words", "check"] as const)("away with the dialog: %s", (at) => {
    expect(nextKitState(states[at], { kind: "close" })).toEqual({ at: "leaving", words: at === "making" ? undefined : words });
  });

  test("a step back", () => {
    expect(nextKitState(states.explain, { kind: "back" })).toBeUndefined();
    expect(nextKitState(states.making, { kind: "back" })).toEqual(leavingEarly);
    expect(nextKitState(states.words, { kind: "back" })).toEqual(states.leaving);
    expect(nextKitState(states.check, { kind: "back" })).toEqual(states.words);
  });

  test.each(["back", "close", "stay"] as const)("the warning itself is left towards the words by %s", (kind) => {
    expect(nextKitState(states.leaving, { kind })).toEqual(states.words);
    expect(nextKitState(leavingEarly, { kind })).toEqual(states.making);
  });
});

test("words that come while the warning is shown are not lost, and it is told if there are none", () => {
  expect(nextKitState(leavingEarly, { kind: "made", words })).toEqual(states.leaving);
  for (const state of [states.making, leavingEarly]) expect(nextKitState(state, { kind: "not-made" })).toEqual(states.explain);
});

test("what does not fit changes nothing", () => {
  for (const at of ["making", "words", "check", "leaving"] as const) expect(nextKitState(states[at], { kind: "make" })).toBe(states[at]);
  for (const at of ["explain", "words", "check"] as const) {
    expect(nextKitState(states[at], { kind: "made", words: [] })).toBe(states[at]);
    expect(nextKitState(states[at], { kind: "not-made" })).toBe(states[at]);
    expect(nextKitState(states[at], { kind: "stay" })).toBe(states[at]);
  }
  for (const at of ["explain", "making", "check", "leaving"] as const)
    expect(nextKitState(states[at], { kind: "check", asked })).toBe(states[at]);
  for (const at of ["explain", "making", "words", "leaving"] as const) expect(nextKitState(states[at], { kind: "show" })).toBe(states[at]);
});

test("two different words are asked for, in order, and each pair as often as any other", () => {
  const times = new Map<string, number>();
  for (let first = 0; first < 24; first += 1)
    for (let second = 0; second < 23; second += 1) {
      const drawn = [first, second];
      const [a, b] = twoPlaces(() => drawn.shift() ?? 0);
      expect(a).toBeGreaterThanOrEqual(0);
      expect(a).toBeLessThan(b);
      expect(b).toBeLessThan(24);
      times.set(`${a} ${b}`, (times.get(`${a} ${b}`) ?? 0) + 1);
    }
  expect(times.size).toBe((24 * 23) / 2);
  expect(new Set(times.values())).toEqual(new Set([2]));
});

test("they are drawn from all words", () => {
  const limits: number[] = [];
  twoPlaces((limit) => {
    limits.push(limit);
    return 0;
  });
  expect(limits).toEqual([24, 23]);
});
