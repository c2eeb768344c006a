/** Times as people write them, in the reader's language. */
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayWithYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const longDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const longDayWithYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const isSameDay = (a: number, b: number): boolean => new Date(a).toDateString() === new Date(b).toDateString();

/** "14:02" today, else "3 May, 14:02". */
export const clockTime = (ms: number, nowMs: number): string =>
  isSameDay(ms, nowMs) ? time.format(ms) : `${day.format(ms)}, ${time.format(ms)}`;

/** "at 14:02" today, "on 3 May, 14:02" before. */
export const atTime = (ms: number, nowMs: number): string =>
  isSameDay(ms, nowMs) ? `at ${time.format(ms)}` : `on ${day.format(ms)}, ${time.format(ms)}`;

/** "12 March 2026". */
export const fullDayOf = (ms: number): string => longDayWithYear.format(ms);

/** "12 March", and the year if it is another one. */
export const dayOf = (ms: number, nowMs: number): string =>
  new Date(ms).getFullYear() === new Date(nowMs).getFullYear() ? longDay.format(ms) : fullDayOf(ms);

/** "now", "5 minutes ago", "14:02", "yesterday", "3 May", "3 May 2024". */
export function roughTime(ms: number, nowMs: number): string {
  const minutes = Math.round((nowMs - ms) / 60_000);
  if (minutes < 1) return relative.format(0, "second");
  if (minutes < 60) return relative.format(-minutes, "minute");
  if (isSameDay(ms, nowMs)) return relative.format(-Math.round(minutes / 60), "hour");
  if (isSameDay(ms, nowMs - 86_400_000)) return relative.format(-1, "day");
  return new Date(ms).getFullYear() === new Date(nowMs).getFullYear() ? day.format(ms) : dayWithYear.format(ms);
}
