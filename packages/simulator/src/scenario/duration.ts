/** Times as testers write them: milliseconds, or text with a unit. */
import { assert } from "@skerry/protocol";
import type { Duration } from "./scenario.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
export const dayMs: number = 86_400_000;
/** A hundred years: the farthest that a wall clock is set wrong. */
export const durationMaxMs: number = 36_500 * dayMs;

/** Whole milliseconds, or undefined if it is not a duration or is beyond `durationMaxMs` either way. */
export function parseDuration(value: unknown): number | undefined {
  const ms = typeof value === "number" ? value : typeof value === "string" ? fromText(value) : undefined;
  if (ms === undefined || !Number.isFinite(ms) || Math.abs(ms) > durationMaxMs) return undefined;
  const rounded = Math.round(ms);
  return rounded === 0 ? 0 : rounded;
}

function fromText(text: string): number | undefined {
  const match = /^(-?\d{1,13}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text);
  const unit = unitMs[match?.[2] ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** For durations that the parser has let through. */
export function durationMs(value: Duration): number {
  const ms = parseDuration(value);
  assert(ms !== undefined, "a duration that the parser has not seen");
  return ms;
}

/** The shortest text that is read as just this: 3600000 → "1h", 90000 → "90s", 0 → "0s". */
export function formatDuration(ms: number): string {
  const unit = ["d", "h", "m", "s"].find((name) => ms % (unitMs[name] ?? 1) === 0) ?? "ms";
  return ms === 0 ? "0s" : `${ms / (unitMs[unit] ?? 1)}${unit}`;
}

/** For people, in two units at most: "250 ms", "12.4 s", "2 min 5 s", "1 h", "30 days". */
export function sayDuration(ms: number): string {
  const whole = Math.abs(ms);
  if (whole < 1000) return `${Math.round(whole)} ms`;
  if (whole < 60_000) return `${Math.round(whole / 100) / 10} s`;
  const pair = (large: number, largeName: string, small: number, smallName: string): string => {
    const smalls = Math.round(whole / small);
    const rest = smalls % (large / small);
    const larges = (smalls - rest) / (large / small);
    return `${larges} ${largeName === "day" && larges !== 1 ? "days" : largeName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`;
  };
  if (whole < 3_600_000) return pair(60_000, "min", 1000, "s");
  if (whole < dayMs) return pair(3_600_000, "h", 60_000, "min");
  return pair(dayMs, "day", 3_600_000, "h");
}

/** What somebody who wrote "5 sec" or "2 Hours" may have meant. */
export function guessDuration(value: unknown): string | undefined {
  const match = typeof value === "string" ? /^\s*(-?\d{1,13}(?:\.\d{1,6})?)\s*([a-z]*)\.?\s*$/i.exec(value) : null;
  const word = match?.[2]?.toLowerCase() ?? "";
  const unit = [
    ["ms", /^(ms|msecs?|milli\w*)$/],
    ["s", /^(s|secs?|seconds?)$/],
    ["m", /^(m|mins?|minutes?)$/],
    ["h", /^(h|hrs?|hours?)$/],
    ["d", /^(d|days?)$/],
  ].find(([, pattern]) => (pattern as RegExp).test(word === "" ? "ms" : word))?.[0];
  return match === null || unit === undefined ? undefined : `${match[1] ?? ""}${String(unit)}`;
}
