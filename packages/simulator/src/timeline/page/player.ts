/** What is shown: a moment, a part of the run, a kind of events. Everything on the page is drawn from it, once a frame. */
import type { Group, TimelineModel } from "../model.ts";
import { firstAfter, firstFrom } from "../search.ts";
import { clampView, fit, follow, zoom } from "../viewport.ts";
import type { View } from "../viewport.ts";

export type Filter = Group | "all";

export interface Shown {
  readonly t: number;
  readonly view: View;
  readonly playing: boolean;
  readonly speed: number;
  readonly filter: Filter;
  /** Index in the lines, or -1: what is highlighted. */
  readonly picked: number;
}

export interface Player {
  shown(): Shown;
  /** Lines that the filter lets through, by index. */
  filtered(): readonly number[];
  jump(t: number, options?: { readonly picked?: number; readonly keepView?: boolean }): void;
  /** To the next moment (1) or the one before (-1) at which something of the filtered kind happened. */
  stepEvent(by: 1 | -1): void;
  setView(view: View): void;
  zoomBy(factor: number, around?: number): void;
  setFilter(filter: Filter): void;
  setSpeed(speed: number): void;
  setPlaying(playing: boolean): void;
  /** Called before the next frame, after any change. */
  onShown(draw: (shown: Shown) => void): void;
  /** Something else than what is shown has changed: size, theme. */
  redraw(): void;
}

export const speeds = [0.1, 0.25, 1, 4, 10, 30, 60, 600, 3600, 36_000];

/** So that a run takes about half a minute to watch. */
export const speedFor = (endMs: number): number =>
  speeds.reduce(
    (best, speed) => (Math.abs(Math.log(endMs / 30_000 / speed)) < Math.abs(Math.log(endMs / 30_000 / best)) ? speed : best),
    1,
  );

export function createPlayer(model: TimelineModel, groupNumber: (filter: Filter) => number): Player {
  const { endMs, lines } = model;
  const all = lines.at.map((_, index) => index);
  const byFilter = new Map<Filter, readonly number[]>([["all", all]]);
  const draws: ((shown: Shown) => void)[] = [];
  let shown: Shown = { t: 0, view: fit(endMs), playing: false, speed: speedFor(endMs), filter: "all", picked: -1 };
  let asked = false;
  let lastFrameAt = 0;

  const filtered = (): readonly number[] => {
    const known = byFilter.get(shown.filter);
    if (known !== undefined) return known;
    const group = groupNumber(shown.filter);
    const made = all.filter((index) => lines.group[index] === group);
    byFilter.set(shown.filter, made);
    return made;
  };
  const timesByFilter = new Map<Filter, Float64Array>();
  const times = (): Float64Array => {
    const known = timesByFilter.get(shown.filter) ?? Float64Array.from(filtered(), (index) => lines.at[index] ?? 0);
    timesByFilter.set(shown.filter, known);
    return known;
  };

  const frame = (now: number): void => {
    asked = false;
    if (shown.playing) {
      // A tab that was hidden comes back after a long time: it goes on where it was.
      const t = shown.t + Math.min(now - lastFrameAt, 100) * shown.speed;
      const isOver = t >= endMs;
      shown = { ...shown, t: isOver ? endMs : t, playing: !isOver, view: follow(shown.view, Math.min(t, endMs), endMs), picked: -1 };
    }
    lastFrameAt = now;
    for (const draw of draws) draw(shown);
    if (shown.playing) ask();
  };
  const ask = (): void => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(frame);
  };
  const change = (to: Partial<Shown>): void => {
    shown = { ...shown, ...to };
    ask();
  };
  const jump: Player["jump"] = (to, { picked = -1, keepView = false } = {}) => {
    const t = Math.min(Math.max(to, 0), endMs);
    change({ t, picked, view: keepView ? shown.view : follow(shown.view, t, endMs) });
  };
  return {
    shown: () => shown,
    filtered,
    jump,
    stepEvent: (by) => {
      const column = times();
      const index = by === 1 ? firstAfter(column, shown.t) : firstFrom(column, shown.t) - 1;
      const t = column[index];
      if (t === undefined) jump(by === 1 ? endMs : 0);
      else jump(t, { picked: filtered()[by === 1 ? index : index] ?? -1 });
    },
    setView: (view) => change({ view: clampView(view, endMs) }),
    zoomBy: (factor, around) => {
      const isSeen = shown.t >= shown.view.from && shown.t <= shown.view.to;
      change({ view: zoom(shown.view, factor, around ?? (isSeen ? shown.t : (shown.view.from + shown.view.to) / 2), endMs) });
    },
    setFilter: (filter) => change({ filter, picked: -1 }),
    setSpeed: (speed) => change({ speed }),
    setPlaying: (playing) => {
      if (playing) lastFrameAt = performance.now();
      change({ playing, ...(playing && shown.t >= endMs ? { t: 0, view: follow(shown.view, 0, endMs) } : {}) });
    },
    onShown: (draw) => {
      draws.push(draw);
      ask();
    },
    redraw: ask,
  };
}
