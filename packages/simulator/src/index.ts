/** @skerry/simulator: faults for tests. Imported by tests and labs only. */
export * from "./capture.ts";
export * from "./chaos-proxy.ts";
export { laneBufferBytesMax, noLaneFault } from "./lane.ts";
export type { LaneFault } from "./lane.ts";
export * from "./prng.ts";
