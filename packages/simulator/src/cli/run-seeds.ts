/** `--runs`, and `--seed` with a range. */
import { requiredStates } from "../invariants/required-states.ts";
import { missingStates, runCampaign } from "./campaign.ts";
import { finalReport, progressLine, reportFailure } from "./report.ts";
import { createProgress, keepFailure, mutantOption } from "./session.ts";
import type { Session } from "./session.ts";

export async function runSeeds(session: Session, from: bigint, count: number): Promise<number> {
  const { args, pool, say } = session;
  const progress = createProgress(session);
  const summary = await runCampaign({
    from,
    count,
    pool,
    jobs: Math.min(args.jobs, count),
    twicePercent: args.twicePercent,
    stopAtFirst: args.stop,
    timeLimitMs: args.timeLimitMs,
    interrupted: session.interrupted,
    nowMs: session.nowMs,
    onFailure: (seed, failure, first, recorded) => {
      const told = recorded?.kind === "outcome" ? recorded.outcome : first.kind === "outcome" ? first.outcome : undefined;
      const name = `seed-${seed}-${failure.invariant}`;
      const file = told?.scenario === undefined ? undefined : keepFailure(session, name, told.scenario, failure, told.traceHash);
      const command = `npm run simulate -- --seed ${seed}${mutantOption(session)}`;
      progress.clear();
      say(reportFailure({ label: `seed ${seed}`, failure, story: told?.story ?? [], command, file }));
    },
    onProgress: (soFar) => progress.line(() => progressLine(soFar(), count)),
  });
  if (session.interrupted()) say(`Stopped after ${summary.runs.toLocaleString("en")} of ${count.toLocaleString("en")} seeds.\n`);
  // A planted bug may well end the runs that would reach a state.
  const missing = args.mutant === undefined ? missingStates(summary, requiredStates) : [];
  const failed = summary.failed > 0 || missing.length > 0 || session.interrupted();
  progress.clear();
  if (!args.quiet || failed || session.interrupted()) say(finalReport(summary, missing));
  if (args.json !== undefined) {
    const result = { v: 1, from: String(from), mutant: args.mutant, ...summary, missingStates: missing };
    session.write(session.here(args.json), `${JSON.stringify(result, null, 2)}\n`);
  }
  return failed ? 1 : 0;
}
