/** What the command line asks of a process that runs simulations, and what it gets back. */
import type { Violation } from "../run/simulation.ts";
import type { Scenario } from "../scenario/scenario.ts";

export interface Job {
  /** Decimal: the scenario is generated from it. */
  readonly seed?: string;
  /** Else this one is run. */
  readonly scenario?: Scenario;
  /** Records the run, for a story and, if wanted, a timeline. */
  readonly record: boolean;
  /** The timeline says which command shows the run again. */
  readonly timeline: false | { readonly replay: string };
}

/** A run that came to its end, whatever its verdict. */
export interface Outcome {
  readonly ok: boolean;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly edits: number;
  readonly devices: number;
  readonly sometimes: Readonly<Record<string, number>>;
  /** If it failed or was recorded. */
  readonly scenario?: Scenario;
  /** If it was recorded. */
  readonly story?: readonly string[];
  readonly timeline?: string;
  readonly text?: string;
}

export type JobResult =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  /** The process died, or the simulator itself threw. */
  | { readonly kind: "crash"; readonly detail: string }
  /** It was stopped after the time that a run is given. */
  | { readonly kind: "hang"; readonly detail: string };

export const detailMax = 4000;
