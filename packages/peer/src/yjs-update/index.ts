/** A pure toolkit over Yjs V1 updates: bounded validation, what the log gives, what is unsent, splitting, state bytes. */
export { createAckedState, decodeAckedState } from "./acked-state.ts";
export type { AckedState } from "./acked-state.ts";
export type { UpdateFault } from "./fault.ts";
export { fitUpdate } from "./fit.ts";
export { disableFormatCleanup } from "./format-cleanup.ts";
export { editorLimits, recordLimits } from "./limits.ts";
export type { UpdateLimits } from "./limits.ts";
export { isWaiting } from "./pending.ts";
export { compareContent } from "./same-content.ts";
export type { Comparison } from "./same-content.ts";
export { splitUpdate } from "./split.ts";
export { ackedStateBytes, stateBytes } from "./state-bytes.ts";
export { startTrial } from "./trial.ts";
export type { Trial, TrialWords } from "./trial.ts";
export { deriveUnsent, hasUnsent } from "./unsent.ts";
export { validateUpdate } from "./validate.ts";
export type { ClientRange, UpdateSummary } from "./validate.ts";
