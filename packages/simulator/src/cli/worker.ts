/** The process that runs simulations: does one job after another, and answers. Started by `simulate.ts`. */
import { runScenario } from "../run/run-scenario.ts";
import { generateScenario } from "../scenario/generate.ts";
import { renderTimeline } from "../timeline/render-timeline.ts";
import { doJob } from "./do-job.ts";
import type { Engine } from "./do-job.ts";
import type { Job } from "./job.ts";

/** Turns of the real event loop are dear, a tick of Node is not, and comes after all promises, too. Now and then the loop has to hear that its parent died. */
const turnsAtOnce = 256;
let turns = 0;
const endOfTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (++turns % turnsAtOnce === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });

const engine: Engine = {
  run: (scenario, { record }) => runScenario(scenario, { record, endOfTurn }),
  generate: generateScenario,
  renderTimeline,
};

process.on("message", (job: Job) => {
  void doJob(engine, job).then((result) => process.send?.(result));
});
// Ctrl-C reaches all processes of a terminal: whoever asked decides.
process.on("SIGINT", () => {});
// Whoever asked is gone: so is the reason to live.
process.on("disconnect", () => process.exit(0));
