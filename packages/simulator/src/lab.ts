/** What the web app's Partition Lab and other browsers need: no Node, no sockets. */
export { meaningOf, nameOf } from "./invariants/meaning.ts";
export { openSimulation, runScenario } from "./run/run-scenario.ts";
export type * from "./run/simulation.ts";
export { durationMs, formatDuration, sayDuration } from "./scenario/duration.ts";
export { formatScenario } from "./scenario/format-scenario.ts";
export { scenarioLimits } from "./scenario/limits.ts";
export { parseScenario } from "./scenario/parse-scenario.ts";
export { tellProblems } from "./scenario/problem.ts";
export type { Problem } from "./scenario/problem.ts";
export type * from "./scenario/scenario.ts";
export type * from "./trace/trace-event.ts";
