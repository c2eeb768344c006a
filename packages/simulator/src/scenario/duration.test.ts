import fc from "fast-check";
import { expect, test } from "vitest";
import { durationMaxMs, formatDuration, guessDuration, parseDuration, sayDuration } from "./duration.ts";

test("SM-8 durations are milliseconds or text with a unit", () => {
  expect(["250ms", "5s", "2m", "1h", "30d", "1.5h", "-2s", "0s", "0.5ms"].map(parseDuration)).toEqual([
    250, 5000, 120_000, 3_600_000, 2_592_000_000, 5_400_000, -2000, 0, 1,
  ]);
  expect([0, 1.4, -3].map(parseDuration)).toEqual([0, 1, -3]);
  for (const bad of [
    "",
    "5",
    "5 s",
    "s",
    "1e3s",
    "+1s",
    "5S",
    ".5s",
    "1w",
    Number.NaN,
    Infinity,
    durationMaxMs + 1,
    "36501d",
    null,
    {},
    [5],
    true,
  ]) {
    expect(parseDuration(bad)).toBeUndefined();
  }
});

test("SM-8 what is formatted is read as the same", () => {
  expect([0, 250, 90_000, 3_600_000, 86_400_000, -1000].map(formatDuration)).toEqual(["0s", "250ms", "90s", "1h", "1d", "-1s"]);
  fc.assert(
    fc.property(fc.integer({ min: -durationMaxMs, max: durationMaxMs }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});

test("durations are said in at most two units", () => {
  expect(
    [0, 250, 12_400, 59_999, 60_000, 125_000, 3_599_999, 3_900_000, 86_399_999, 86_400_000, 30 * 86_400_000, 90_000_000].map(sayDuration),
  ).toEqual(["0 ms", "250 ms", "12.4 s", "60 s", "1 min", "2 min 5 s", "60 min", "1 h 5 min", "24 h", "1 day", "30 days", "1 day 1 h"]);
});

test("SM-8 what people write instead is understood well enough to be corrected", () => {
  expect(["5 sec", "2 Hours", "3 min.", "10 days", "7 ms", "12"].map(guessDuration)).toEqual(["5s", "2h", "3m", "10d", "7ms", "12ms"]);
  expect(guessDuration("soon")).toBeUndefined();
});
