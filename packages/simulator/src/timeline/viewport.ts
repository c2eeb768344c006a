/** Which part of the run is on the screen. Pure: each move gives a new view. */

export interface View {
  readonly from: number;
  readonly to: number;
}

/** Closer than this nothing is to be seen: events have whole milliseconds or nearly so. */
export const spanMinMs = 5;

export const fit = (endMs: number): View => ({ from: 0, to: endMs });

export function clampView(view: View, endMs: number): View {
  const span = Math.min(Math.max(view.to - view.from, Math.min(spanMinMs, endMs)), endMs);
  const from = Math.min(Math.max(view.from, 0), endMs - span);
  return { from, to: from + span };
}

/** `factor` below 1 comes closer. The moment `around` stays where it is. */
export function zoom(view: View, factor: number, around: number, endMs: number): View {
  const share = (around - view.from) / (view.to - view.from);
  const span = Math.min(Math.max((view.to - view.from) * factor, Math.min(spanMinMs, endMs)), endMs);
  const from = around - share * span;
  return clampView({ from, to: from + span }, endMs);
}

export const pan = (view: View, byMs: number, endMs: number): View => clampView({ from: view.from + byMs, to: view.to + byMs }, endMs);

/** As little as needed for `t` to be on the screen, with some room before the edge it came from. */
export function follow(view: View, t: number, endMs: number): View {
  const span = view.to - view.from;
  if (t >= view.from && t <= view.to) return view;
  return clampView(t > view.to ? { from: t - span * 0.1, to: t + span * 0.9 } : { from: t - span * 0.9, to: t + span * 0.1 }, endMs);
}

const nice = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000];
const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400, 43_200].map((value) => value * 60_000);

/** The distance of marks on the time axis, for about `count` of them. */
export function tickStep(spanMs: number, count: number): number {
  const wanted = spanMs / Math.max(1, count);
  return [...nice, ...minutes].find((step) => step >= wanted) ?? 86_400_000 * Math.ceil(wanted / 86_400_000);
}
