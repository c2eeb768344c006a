/** Each frame's beginning and end, which stand apart in a trace. */
import type { TraceEvent } from "../trace/trace-event.ts";

export interface PairedFrame {
  readonly send: Extract<TraceEvent, { kind: "send" }>;
  /** Arrived or lost; undefined if it was on its way at the end. A frame that comes twice counts as it came first. */
  readonly end?: Extract<TraceEvent, { kind: "arrive" | "lost" }>;
}

export function pairFrames(trace: readonly TraceEvent[]): PairedFrame[] {
  const ends = new Map<number, Extract<TraceEvent, { kind: "arrive" | "lost" }>>();
  for (const event of trace) {
    if ((event.kind !== "arrive" && event.kind !== "lost") || ends.has(event.frame)) continue;
    ends.set(event.frame, event);
  }
  const frames: PairedFrame[] = [];
  for (const event of trace) {
    if (event.kind !== "send") continue;
    const end = ends.get(event.frame);
    frames.push(end === undefined ? { send: event } : { send: event, end });
  }
  return frames;
}
