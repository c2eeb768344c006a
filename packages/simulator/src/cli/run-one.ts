/** `--seed`, `--scenario`, `--replay`: one run, recorded and told. */
import type { FailureFile } from "./failure-file.ts";
import type { Job, Outcome } from "./job.ts";
import { reportFailure, reportRun } from "./report.ts";
import { keepFailure, mutantOption } from "./session.ts";
import type { Session } from "./session.ts";
import { failureOf } from "./tally.ts";
import type { Failure } from "./tally.ts";

export interface OneRun {
  readonly job: Pick<Job, "seed" | "scenario">;
  /** "seed 7", or a file. */
  readonly label: string;
  /** Of the file that a failure is kept in; undefined: it is not kept, because it came from one. */
  readonly keepAs: string | undefined;
  /** The option that runs this again. */
  readonly option: string;
  /** What happened when it failed before. */
  readonly expected?: FailureFile["expected"];
}

export async function runOne(session: Session, { job: what, label, keepAs, option, expected }: OneRun): Promise<number> {
  const { args, pool, say } = session;
  const command = `npm run simulate -- ${option}${mutantOption(session)}`;
  const job: Job = { ...what, record: true, timeline: args.timeline !== undefined && { replay: command } };
  const result = await pool.run(job);
  const outcome = result.kind === "outcome" ? result.outcome : undefined;
  const failure =
    failureOf(result) ?? (args.twicePercent === 100 && outcome !== undefined ? await differs(session, job, outcome) : undefined);
  if (args.timeline !== undefined && outcome?.timeline !== undefined) session.write(session.here(args.timeline), outcome.timeline);
  if (args.json !== undefined) {
    const { timeline: _, ...plain } = outcome ?? { timeline: undefined };
    const written = { v: 1, run: label, mutant: args.mutant, failure, ...(outcome === undefined ? result : plain) };
    session.write(session.here(args.json), `${JSON.stringify(written, null, 2)}\n`);
  }
  if (failure !== undefined) {
    const kept =
      outcome?.scenario === undefined || keepAs === undefined
        ? undefined
        : keepFailure(session, `${keepAs}-${failure.invariant}`, outcome.scenario, failure, outcome.traceHash);
    say(reportFailure({ label, failure, story: outcome?.story ?? [], command, file: kept, traceHash: outcome?.traceHash }));
  } else if (outcome !== undefined && !args.quiet) say(reportRun(label, outcome));
  if (expected !== undefined) say(`${compared(expected, failure, outcome?.traceHash)}\n`);
  return failure === undefined ? 0 : 1;
}

async function differs({ pool }: Session, job: Job, first: Outcome): Promise<Failure | undefined> {
  const again = await pool.run({ ...job, timeline: false });
  if (again.kind === "outcome" && again.outcome.traceHash === first.traceHash) return undefined;
  return { invariant: "I19", message: `a second run of it was another one; the first had trace hash ${first.traceHash}`, atMs: 0 };
}

function compared(expected: NonNullable<FailureFile["expected"]>, failure: Failure | undefined, traceHash: string | undefined): string {
  const { invariant } = expected;
  if (failure === undefined)
    return `Not reproduced: ${invariant} holds now. It was put right, or the code has changed so that this run no longer meets it.`;
  if (failure.invariant !== invariant) return `Not reproduced: it fails, but in another way. It was ${invariant} then.`;
  if (traceHash === expected.traceHash) return "Reproduced: the same invariant, and the very same run.";
  return `Reproduced: the same invariant, but in another run (trace hash ${expected.traceHash} then): the code has changed since.`;
}
