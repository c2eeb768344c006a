/** Counts what runs gave. Bounded: of failures beyond `failuresKept` only the number. */
import type { JobResult, Outcome } from "./job.ts";

export interface Failure {
  /** "I1" to "I19", "expect", "crash", "hang". */
  readonly invariant: string;
  readonly message: string;
  readonly atMs: number;
}

export interface Tally {
  /** What is wrong with it, if anything. */
  add(label: string, result: JobResult): Failure | undefined;
  /** A second run of the same seed. */
  compare(label: string, first: Outcome, second: JobResult): Failure | undefined;
  summary(elapsedMs: number): Summary;
}

export interface Summary {
  readonly runs: number;
  readonly ranTwice: number;
  readonly failed: number;
  readonly seedsPerSecond: number;
  readonly clientHours: number;
  readonly clientHoursPerSecond: number;
  readonly events: number;
  readonly edits: number;
  readonly elapsedMs: number;
  readonly failuresByInvariant: Readonly<Record<string, number>>;
  /** Label and failure of the first ones. */
  readonly failures: readonly (Failure & { readonly run: string })[];
  /** In how many runs each rare state was reached, and how often in all. */
  readonly sometimes: Readonly<Record<string, { readonly runs: number; readonly times: number }>>;
}

export const failuresKept = 1000;
const statesKept = 10_000;

export function createTally(): Tally {
  let [runs, ranTwice, failed, events, edits, clientMs] = [0, 0, 0, 0, 0, 0];
  const byInvariant = new Map<string, number>();
  const failures: (Failure & { readonly run: string })[] = [];
  const sometimes = new Map<string, { runs: number; times: number }>();

  const note = (run: string, failure: Failure | undefined): Failure | undefined => {
    if (failure === undefined) return undefined;
    failed++;
    byInvariant.set(failure.invariant, (byInvariant.get(failure.invariant) ?? 0) + 1);
    if (failures.length < failuresKept) failures.push({ run, ...failure });
    return failure;
  };
  return {
    add: (label, result) => {
      runs++;
      if (result.kind === "outcome") {
        const { outcome } = result;
        events += outcome.events;
        edits += outcome.edits;
        clientMs += outcome.simulatedMs * outcome.devices;
        for (const [state, times] of Object.entries(outcome.sometimes)) {
          const known = sometimes.get(state) ?? { runs: 0, times: 0 };
          if (times > 0 && (sometimes.size < statesKept || sometimes.has(state))) {
            sometimes.set(state, { runs: known.runs + 1, times: known.times + times });
          }
        }
      }
      return note(label, failureOf(result));
    },
    compare: (label, first, second) => {
      ranTwice++;
      if (second.kind === "outcome" && second.outcome.traceHash === first.traceHash) return undefined;
      const found = second.kind === "outcome" ? `trace hash ${second.outcome.traceHash}` : `a ${second.kind} (${second.detail})`;
      return note(label, { invariant: "I19", message: `run twice: first trace hash ${first.traceHash}, then ${found}`, atMs: 0 });
    },
    summary: (elapsedMs) => {
      const seconds = Math.max(elapsedMs, 1) / 1000;
      const clientHours = clientMs / 3_600_000;
      return {
        runs,
        ranTwice,
        failed,
        seedsPerSecond: runs / seconds,
        clientHours,
        clientHoursPerSecond: clientHours / seconds,
        events,
        edits,
        elapsedMs,
        failuresByInvariant: Object.fromEntries([...byInvariant].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))),
        failures,
        sometimes: Object.fromEntries([...sometimes].sort(([a], [b]) => a.localeCompare(b, "en"))),
      };
    },
  };
}

export function failureOf(result: JobResult): Failure | undefined {
  if (result.kind !== "outcome") return { invariant: result.kind, message: result.detail, atMs: 0 };
  if (result.outcome.ok) return undefined;
  const first = result.outcome.violations[0];
  return first ?? { invariant: "expect", message: "it failed and does not say why", atMs: 0 };
}
