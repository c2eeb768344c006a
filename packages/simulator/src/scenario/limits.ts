/** What a scenario may hold at most. */
import { dayMs } from "./duration.ts";

export const scenarioLimits: {
  readonly devices: number;
  readonly steps: number;
  readonly expectations: number;
  readonly durationMs: number;
  readonly settleMs: number;
  readonly tabs: number;
  readonly textChars: number;
  readonly updateChars: number;
  readonly wordChars: number;
  readonly aboutChars: number;
  readonly fileChars: number;
} = {
  devices: 8,
  steps: 10_000,
  expectations: 100,
  durationMs: 90 * dayMs,
  settleMs: dayMs,
  tabs: 8,
  textChars: 60_000,
  updateChars: 2_000_000,
  wordChars: 200,
  aboutChars: 4000,
  fileChars: 32_000_000,
};
