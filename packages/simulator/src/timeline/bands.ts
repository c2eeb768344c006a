/** Faults as bands: from when it went wrong to when it was well again, in rows, so that none covers another. */
import type { TraceEvent } from "../trace/trace-event.ts";
import type { Band } from "./model.ts";

/** Rows below each other in one lane. What does not fit lies over the last one. */
export const bandRowsMax = 3;

export function bandsOf(trace: readonly TraceEvent[], laneOf: (who: string) => number, endMs: number): Band[] {
  const open = new Map<string, { readonly lane: number; readonly what: string; readonly from: number }>();
  const found: Omit<Band, "row">[] = [];
  for (const event of trace) {
    if (event.kind !== "fault") continue;
    const key = JSON.stringify([event.who, event.what]);
    const begun = open.get(key);
    if (event.on) {
      if (begun === undefined) open.set(key, { lane: laneOf(event.who), what: event.what, from: event.t });
    } else if (begun !== undefined) {
      open.delete(key);
      found.push({ ...begun, to: event.t });
    }
  }
  for (const begun of open.values()) found.push({ ...begun, to: endMs });
  return inRows(found.filter((band) => band.lane >= 0).sort((a, b) => a.from - b.from || a.to - b.to));
}

function inRows(bands: readonly Omit<Band, "row">[]): Band[] {
  const ends = new Map<number, number[]>();
  return bands.map((band) => {
    const rows = ends.get(band.lane) ?? [];
    ends.set(band.lane, rows);
    const free = rows.findIndex((end) => end <= band.from);
    const row = free >= 0 ? free : Math.min(rows.length, bandRowsMax - 1);
    rows[row] = Math.max(rows[row] ?? 0, band.to);
    return { ...band, row };
  });
}
