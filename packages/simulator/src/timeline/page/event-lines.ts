/** A line of the trace, for reading. */
import { describeFrame, wayOf } from "../describe-frame.ts";
import type { TimelineModel } from "../model.ts";

export function whoText(model: TimelineModel, line: number): string {
  const frame = model.lines.frame[line] ?? -1;
  if (frame >= 0) return wayOf(model, frame);
  return model.lanes[model.lines.lane[line] ?? -1]?.name ?? "run";
}

export function lineText(model: TimelineModel, line: number): string {
  const frame = model.lines.frame[line] ?? -1;
  if (frame >= 0) return describeFrame(model, frame, model.lines.at[line]);
  return model.words[model.lines.text[line] ?? -1] ?? "";
}
