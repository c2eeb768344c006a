/** @skerry/simulator: faults for tests. Imported by tests and labs only. */
export * from "./proxy/capture.ts";
export * from "./proxy/chaos-proxy.ts";
export * from "./forgery.ts";
export { laneBufferBytesMax, noLaneFault } from "./proxy/lane.ts";
export type { LaneFault } from "./proxy/lane.ts";
export * from "./prng.ts";
export { chainHashesOf, tailOf } from "./recorded-log.ts";
export type { RecordedLogs } from "./recorded-log.ts";
export * from "./tamperers.ts";
export { honest, packFrames } from "./tamper.ts";
export type { Tamper, TamperContext, Tamperer } from "./tamper.ts";
export * from "./tampering-proxy.ts";
