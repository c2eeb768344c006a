/** The time that is left, for the eye each second and for the ear each minute. */
const secondMs = 1000;
const minuteMs = 60 * secondMs;

/** "4:59". Never below "0:00". */
export function clockOf(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / secondMs));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Minutes that have begun: 5 for 4:59, 1 for 0:59, 0 at the end. Changes once a minute. */
export const minutesOf = (leftMs: number): number => Math.max(0, Math.ceil(leftMs / minuteMs));
