/** `--shrink`: a failing scenario as small as it gets, written to a file, told, and ready to be run. */
import path from "node:path";
import { formatScenario } from "../scenario/format-scenario.ts";
import { shrinkScenario } from "../scenario/shrink.ts";
import type { Job } from "./job.ts";
import { runOne } from "./run-one.ts";
import { createProgress } from "./session.ts";
import type { Session } from "./session.ts";
import { failureOf } from "./tally.ts";

export async function runShrink(session: Session, what: Pick<Job, "seed" | "scenario">, label: string, name: string): Promise<number> {
  const { args, pool, say, nowMs } = session;
  const first = await pool.run({ ...what, record: true, timeline: false });
  const failure = failureOf(first);
  const scenario = what.scenario ?? (first.kind === "outcome" ? first.outcome.scenario : undefined);
  if (failure === undefined || scenario === undefined) {
    say(
      `${label} ${failure === undefined ? "does not fail" : "did not come so far that its scenario is known"}: there is nothing to shrink.\n`,
    );
    return 2;
  }
  const progress = createProgress(session);
  const startedMs = nowMs();
  const shrunk = await shrinkScenario(
    scenario,
    async (candidate) =>
      failureOf(await pool.run({ scenario: candidate, record: false, timeline: false }))?.invariant === failure.invariant,
    {
      budgetRuns: args.budgetRuns,
      ...(failure.atMs > 0 ? { failedAtMs: failure.atMs } : {}),
      stop: () => args.timeLimitMs !== undefined && nowMs() - startedMs > args.timeLimitMs,
      onProgress: ({ runs, steps, devices }) => progress.line(() => `${runs} runs: ${steps} steps, ${devices} devices`),
    },
  );
  progress.clear();
  const file = path.join(session.outFolder, `${name.replace(/-shrunk$/, "")}-shrunk.json`);
  const text = formatScenario(shrunk.scenario);
  session.write(file, text);
  const more = shrunk.complete ? "" : " It was stopped before it was as small as it gets (--budget, --time).";
  say(`From ${scenario.steps.length} steps to ${shrunk.scenario.steps.length}, in ${shrunk.runs} runs.${more}\n\n${text}\n`);
  const shown = session.shown(file);
  return runOne(session, { job: { scenario: shrunk.scenario }, label: shown, keepAs: undefined, option: `--scenario ${shown}` });
}
