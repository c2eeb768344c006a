/**
 * A value that changes with the log: its versions by position, so that the state at any position can be asked for without keeping a copy of each
 * state. Asking costs O(log versions).
 */
import { assert } from "@skerry/protocol";

export interface Timeline<Value> {
  readonly positions: number[];
  readonly values: Value[];
}

export const newTimeline = <Value>(): Timeline<Value> => ({ positions: [], values: [] });

/** How many of ascending `positions` are at or before `position`. */
export function countUpTo(positions: readonly number[], position: number): number {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value after the operation at `position`; undefined before the first version. */
export function valueAt<Value>({ positions, values }: Timeline<Value>, position: number): Value | undefined {
  // Nearly always it is the last one that is asked for.
  const last = positions.length - 1;
  if (last < 0) return undefined;
  return values[(positions[last] ?? Infinity) <= position ? last : countUpTo(positions, position) - 1];
}

/** Adds a version, or replaces the one that the same operation made. */
export function setAt<Value>({ positions, values }: Timeline<Value>, position: number, value: Value): void {
  const last = positions.length - 1;
  const at = positions[last];
  assert(at === undefined || at <= position, "a timeline grows at its end");
  if (at === position) values[last] = value;
  else {
    positions.push(position);
    values.push(value);
  }
}

/** The same up to `position`. */
export function timelineUpTo<Value>({ positions, values }: Timeline<Value>, position: number): Timeline<Value> {
  const count = countUpTo(positions, position);
  return { positions: positions.slice(0, count), values: values.slice(0, count) };
}

/** Timelines by key, in the order in which the keys came. */
export type Timelines<Value> = Map<string, Timeline<Value>>;

export function entryAt<Value>(timelines: Timelines<Value>, key: string, position: number): Value | undefined {
  const timeline = timelines.get(key);
  return timeline === undefined ? undefined : valueAt(timeline, position);
}

export function setEntryAt<Value>(timelines: Timelines<Value>, key: string, position: number, value: Value): void {
  const timeline = timelines.get(key) ?? newTimeline<Value>();
  setAt(timeline, position, value);
  timelines.set(key, timeline);
}

export function timelinesUpTo<Value>(timelines: Timelines<Value>, position: number): Timelines<Value> {
  const copy: Timelines<Value> = new Map();
  for (const [key, timeline] of timelines) {
    const shorter = timelineUpTo(timeline, position);
    if (shorter.positions.length > 0) copy.set(key, shorter);
  }
  return copy;
}

/** All keys that have a value at `position`, with it. */
export function* entriesAt<Value>(timelines: Timelines<Value>, position: number): Generator<readonly [string, Value]> {
  for (const [key, timeline] of timelines) {
    const value = valueAt(timeline, position);
    if (value !== undefined) yield [key, value];
  }
}
