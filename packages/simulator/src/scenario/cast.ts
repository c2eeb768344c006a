/** What classes of fault and situations are made of: who is there, and steps with times from a beginning of their own. */
import type { Prng } from "../prng.ts";
import type { Step } from "./scenario.ts";

type WithoutTime<T> = T extends unknown ? Omit<T, "at"> : never;
export type Timeless = WithoutTime<Step>;
export type TimedStep = readonly [number, Timeless];

export interface Cast {
  readonly devices: readonly string[];
  readonly lengthMs: number;
}

/** Everything starts within this time, and nothing that destroys storage happens before it. */
export const quietMs = 6_000;

export const one = (random: Prng, cast: Cast): string => random.pick(cast.devices);
export const rotated = (list: readonly string[], by: number): readonly string[] => [...list.slice(by), ...list.slice(0, by)];
