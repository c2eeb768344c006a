/** @skerry/simulator: faults for tests. Imported by tests and labs only. */
export * from "./proxy/capture.ts";
export * from "./proxy/chaos-proxy.ts";
export type { ChaosConnection, ChaosStats } from "./proxy/connection.ts";
export type { ChaosEvent, ChaosHappening } from "./proxy/events.ts";
export * from "./proxy/fault.ts";
export { frameActions, frameRuleLimits } from "./proxy/frame-rules.ts";
export type { FrameAction, FrameMatch, FrameRule, OneShot, PendingOneShot } from "./proxy/frame-rules.ts";
export * from "./forgery.ts";
export { laneBufferBytesMax, noLaneFault } from "./proxy/lane.ts";
export type { LaneFault } from "./proxy/lane.ts";
export * from "./prng.ts";
export * from "./random-tamperer.ts";
export { chainHashesOf, tailOf } from "./recorded-log.ts";
export type { RecordedLogs } from "./recorded-log.ts";
export * from "./tamperers.ts";
export { honest, packFrames } from "./tamper.ts";
export type { Tamper, TamperContext, Tamperer } from "./tamper.ts";
export * from "./tampering-proxy.ts";
