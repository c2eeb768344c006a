/** Keeps the newest part of a long trace, and what still held when it begins. The end of a run is where it failed or settled. */
import type { TraceEvent } from "../trace/trace-event.ts";
import { grouped, timeText } from "./words.ts";

export const framesMax = 100_000;
export const othersMax = 150_000;

export interface CappedTrace {
  readonly trace: readonly TraceEvent[];
  readonly leftOut: readonly string[];
}

export interface TraceLimits {
  readonly frames: number;
  readonly others: number;
}

const isOfFrame = (event: TraceEvent): event is Extract<TraceEvent, { kind: "send" | "arrive" | "lost" }> =>
  event.kind === "send" || event.kind === "arrive" || event.kind === "lost";

export function capTrace(trace: readonly TraceEvent[], limits: TraceLimits = { frames: framesMax, others: othersMax }): CappedTrace {
  const sends = trace.filter((event) => event.kind === "send");
  const others = trace.length - trace.filter(isOfFrame).length;
  if (sends.length <= limits.frames && others <= limits.others) return { trace, leftOut: [] };

  const leftOut: string[] = [];
  const droppedFrames = new Set(sends.slice(0, Math.max(0, sends.length - limits.frames)).map((event) => event.frame));
  if (droppedFrames.size > 0) {
    const first = sends[droppedFrames.size]?.t ?? 0;
    leftOut.push(
      `${grouped(droppedFrames.size)} frames sent before ${timeText(first)} are left out; the last ${grouped(limits.frames)} are here.`,
    );
  }
  let toDrop = Math.max(0, others - limits.others);
  /** What held last, by who and what: it still holds when the kept part begins. */
  const held = new Map<string, TraceEvent>();
  const kept: TraceEvent[] = [];
  let cutAt = 0;
  for (const event of trace) {
    if (isOfFrame(event)) {
      if (!droppedFrames.has(event.frame)) kept.push(event);
    } else if (toDrop > 0) {
      toDrop -= 1;
      cutAt = event.t;
      const key = heldKey(event);
      if (key === undefined) continue;
      held.delete(key);
      if (event.kind !== "fault" || event.on) held.set(key, event);
    } else kept.push(event);
  }
  if (others > limits.others) {
    leftOut.push(
      `${grouped(others - limits.others)} other events up to ${timeText(cutAt)} are left out; the last ${grouped(limits.others)} are here.`,
    );
  }
  return { trace: [...held.values(), ...kept].sort((a, b) => a.t - b.t), leftOut };
}

function heldKey(event: TraceEvent): string | undefined {
  switch (event.kind) {
    case "life":
    case "connection":
    case "replica":
    case "status":
      return JSON.stringify([event.kind, event.who]);
    case "fault":
      return JSON.stringify([event.kind, event.who, event.what]);
    case "log":
      return JSON.stringify([event.kind, event.relay]);
    case "violation":
      return JSON.stringify([event.kind, event.invariant, event.message]);
    default:
      return undefined;
  }
}
