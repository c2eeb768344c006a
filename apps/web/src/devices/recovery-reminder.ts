/** When people are reminded that they have no recovery words: late enough to have something to lose, and seldom. */
import type { DevicesStatus, DocumentSummary } from "../client.ts";

const dayMs = 24 * 3_600_000;
/** After the first document; before, nobody knows yet what it would be for. */
export const remindAfterMs: number = 7 * dayMs;
export const putOffForMs: number = 30 * dayMs;

/** Whether recovery words are there; undefined as long as that is not known, or they would be good for nothing. */
export function recoveryState(
  { kit, devices, read }: Pick<DevicesStatus, "kit" | "devices" | "read">,
  documents: readonly unknown[],
): "set-up" | "not-set-up" | undefined {
  if (kit !== undefined) return "set-up";
  return read && (devices.length > 1 || documents.length > 0) ? "not-set-up" : undefined;
}

export interface ReminderParts {
  readonly devices: Pick<DevicesStatus, "kit" | "devices" | "read" | "revoked" | "mayJoinAccount">;
  readonly documents: readonly Pick<DocumentSummary, "createdAtMs">[];
  /** When the person last said "not now" on this device; undefined if never. */
  readonly putOffAtMs: number | undefined;
  /** Wall clock. */
  readonly nowMs: number;
}

export function isReminderDue({ devices, documents, putOffAtMs, nowMs }: ReminderParts): boolean {
  if (devices.revoked || recoveryState(devices, documents) !== "not-set-up") return false;
  // Links that hold their key open their documents without an account.
  if (devices.mayJoinAccount) return false;
  const isOld = documents.some(({ createdAtMs }) => nowMs - createdAtMs >= remindAfterMs);
  // What was put off in the future was put off by a wrong clock.
  const isPutOff = putOffAtMs !== undefined && nowMs >= putOffAtMs && nowMs - putOffAtMs < putOffForMs;
  return isOld && !isPutOff;
}
