import { expect, test } from "vitest";
import { clockOf, minutesOf } from "./countdown.ts";

test.each([
  [300_000, "5:00", 5],
  [299_999, "5:00", 5],
  [299_000, "4:59", 5],
  [240_000, "4:00", 4],
  [60_001, "1:01", 2],
  [59_000, "0:59", 1],
  [1, "0:01", 1],
  [0, "0:00", 0],
  [-5000, "0:00", 0],
])("%i ms are shown as %s, and told as %i minutes", (leftMs, clock, minutes) => {
  expect(clockOf(leftMs)).toBe(clock);
  expect(minutesOf(leftMs)).toBe(minutes);
});

test("in five minutes, the ear hears five things and the eye sees each second", () => {
  const moments = Array.from({ length: 5 * 60 * 4 }, (_, quarter) => 300_000 - quarter * 250);
  expect(new Set(moments.map(minutesOf)).size).toBe(5);
  expect(new Set(moments.map(clockOf)).size).toBe(300);
});
