/** A running simulation, as the command line, the Lab and the tests drive it. */
import type { Scenario, Step } from "../scenario/scenario.ts";
import type { TraceEvent } from "../trace/trace-event.ts";

export interface Violation {
  /** "I1" to "I19", or "expect". */
  readonly invariant: string;
  readonly message: string;
  readonly atMs: number;
}

/** What a person at this device sees, and what the simulator knows beyond that. */
export interface ReplicaView {
  readonly who: string;
  readonly alive: boolean;
  readonly frozen: boolean;
  readonly text: string;
  /** Equal: same state. */
  readonly hash: string;
  readonly phase: string;
  readonly saved: string;
  readonly unsent: number;
  readonly connection: string;
  readonly storage: string;
  readonly alarms: readonly string[];
  /** Who made how many of the edits that this replica has not seen yet: device name → edits. */
  readonly missing: Readonly<Record<string, number>>;
  /** Faults of its link and itself, in words. */
  readonly faults: readonly string[];
}

export interface SimulationView {
  readonly nowMs: number;
  readonly converged: boolean;
  readonly replicas: readonly ReplicaView[];
  readonly relay: { readonly alive: boolean; readonly frozen: boolean; readonly seq: number; readonly faults: readonly string[] };
  readonly violations: readonly Violation[];
}

export interface RunResult {
  readonly scenario: Scenario;
  readonly ok: boolean;
  readonly violations: readonly Violation[];
  /** 16 hexadecimal digits: equal for equal runs, on every machine. */
  readonly traceHash: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly edits: number;
  /** How often each rare state was reached. */
  readonly sometimes: Readonly<Record<string, number>>;
  /** The text that all agree on at the end; undefined if they don't. */
  readonly text: string | undefined;
  readonly trace: readonly TraceEvent[];
}

export interface SimulationOptions {
  /** Resolves when this turn of the loop is over: `setImmediate` in Node, a message to oneself in browsers. */
  readonly endOfTurn: () => Promise<void>;
  /** Keeps `trace`. Costs time. */
  readonly record?: boolean;
  readonly onTrace?: (event: TraceEvent) => void;
}

/** A simulated tab's text, as a real editor elsewhere mirrors it. Its edits come back by `perform` of "update". */
export interface MirroredEditor {
  readonly text: string;
  /** Calls back with every change of the tab's document, by whomever. Returns what ends that. */
  onUpdate(listener: (update: Uint8Array) => void): () => void;
  /** The whole document as one Yjs update. */
  state(): Uint8Array;
}

export interface Simulation {
  nowMs(): number;
  /** Of everything up to now. */
  traceHash(): string;
  /** Runs on to this virtual time; steps of the scenario happen on the way. Stops at the first violation. */
  runTo(atMs: number): Promise<void>;
  /** A step now, by hand; it becomes part of the scenario, with the present time. The next `runTo` may be to the present time. */
  perform(step: Step): Promise<void>;
  view(): SimulationView;
  /** A device that is up has it. After the tab was closed or the device died, ask again. */
  editor(who: string, tab: number): MirroredEditor;
  /** What was done so far, by the scenario and by hand: replayed, it gives the same trace hash at the same time. */
  scenario(): Scenario;
  /** Heals everything, demands quiet and agreement, checks all that can be checked at the end, and lets go. */
  finish(): Promise<RunResult>;
  /** Lets go without a verdict. Idempotent. */
  close(): void;
}
