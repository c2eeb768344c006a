/** The process that runs simulations: does one job after another, and answers. Started by `simulate.ts`. */
import { runScenario } from "../run/run-scenario.ts";
import { generateScenario } from "../scenario/generate.ts";
import { renderTimeline } from "../timeline/render-timeline.ts";
import { doJob } from "./do-job.ts";
import type { Engine } from "./do-job.ts";
import type { Job } from "./job.ts";

const engine: Engine = {
  run: (scenario, { record }) => runScenario(scenario, { record, endOfTurn: () => new Promise((resolve) => setImmediate(resolve)) }),
  generate: generateScenario,
  renderTimeline,
};

process.on("message", (job: Job) => {
  void doJob(engine, job).then((result) => process.send?.(result));
});
// Whoever asked is gone: so is the reason to live.
process.on("disconnect", () => process.exit(0));
