/** Does one job, in the process that runs simulations. */
import type { RunResult } from "../run/simulation.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { storySentences } from "../story/tell.ts";
import type { Job, JobResult } from "./job.ts";
import { detailMax } from "./job.ts";

/** What a job needs of the simulator. */
export interface Engine {
  run(scenario: Scenario, options: { readonly record: boolean }): Promise<RunResult>;
  generate(seed: bigint): Scenario;
  renderTimeline(result: RunResult, options: { readonly replay: string }): string;
}

export async function doJob(engine: Engine, job: Job): Promise<JobResult> {
  try {
    const scenario = job.scenario ?? engine.generate(BigInt(job.seed ?? "0"));
    const result = await engine.run(scenario, { record: job.record });
    return {
      kind: "outcome",
      outcome: {
        ok: result.ok,
        violations: result.violations.slice(0, 20),
        traceHash: result.traceHash,
        events: result.events,
        simulatedMs: result.simulatedMs,
        edits: result.edits,
        devices: Object.keys(scenario.devices).length,
        sometimes: result.sometimes,
        ...(job.record || !result.ok ? { scenario: result.scenario } : {}),
        ...(job.record ? { story: storySentences(result) } : {}),
        ...(job.timeline === false ? {} : { timeline: engine.renderTimeline(result, job.timeline) }),
        ...(result.text === undefined ? {} : { text: result.text.slice(0, detailMax) }),
      },
    };
  } catch (error) {
    // Not hidden: it is reported as a failure of this seed.
    return { kind: "crash", detail: (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, detailMax) };
  }
}
