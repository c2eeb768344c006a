/** @skerry/simulator: faults for tests. Imported by tests and labs only. */
export * from "./capture.ts";
export * from "./chaos-proxy.ts";
export * from "./forgery.ts";
export { laneBufferBytesMax, noLaneFault } from "./lane.ts";
export type { LaneFault } from "./lane.ts";
export * from "./prng.ts";
export { chainHashesOf, tailOf } from "./recorded-log.ts";
export type { RecordedLogs } from "./recorded-log.ts";
export * from "./tamperers.ts";
export * from "./tampering-proxy.ts";
