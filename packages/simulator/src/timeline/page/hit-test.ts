/** What is under the pointer, in words. */
import { describeFrame, wayOf } from "../describe-frame.ts";
import { bandHeight } from "../lane-layout.ts";
import { connectionStates, savedLevels } from "../model.ts";
import { deviceAt, valueAt } from "../state-at.ts";
import { grouped, plural, timeText } from "../words.ts";
import { arrowOf, drawsArrows, timeOf, xOf } from "./draw-lanes.ts";
import type { LaneDrawing } from "./draw-lanes.ts";

export interface Hit {
  readonly lines: readonly string[];
  readonly frame: number;
}

type Place = Pick<LaneDrawing, "model" | "layout" | "view" | "width">;

const savedWords = { unsaved: "not saved yet", device: "saved on this device", relay: "saved on the relay", others: "others have it" };

export function hitAt(place: Place, x: number, y: number): Hit | undefined {
  const { model, layout, view, width } = place;
  const t = timeOf(view, width, x);
  const near = model.marks.filter((mark) => Math.abs(xOf(view, width, mark.at) - x) <= 5);
  const isInSteps = y < layout.steps.y + layout.steps.height;
  const run = near.filter((mark) => mark.kind === "violation" || (isInSteps && (mark.kind === "step" || mark.kind === "phase")));
  if (run.length > 0) return { lines: run.slice(0, 4).map((mark) => `${timeText(mark.at)} ${mark.text}`), frame: -1 };

  const lane = layout.lanes.findIndex((one) => y >= one.y - 2 && y <= one.y + one.height + 2);
  const at = layout.lanes[lane];
  if (at === undefined) return frameAt(place, x, y);
  const name = model.lanes[lane]?.name ?? "";
  const band = model.bands.find(
    (one) =>
      one.lane === lane &&
      one.from <= t &&
      t <= one.to &&
      y >= at.bands.y + one.row * bandHeight &&
      y < at.bands.y + (one.row + 1) * bandHeight,
  );
  if (band !== undefined) return { lines: [`${name}: ${band.what}`, `${timeText(band.from)} to ${timeText(band.to)}`], frame: -1 };
  const own = near.filter((mark) => mark.lane === lane && (mark.kind === "alarm" || mark.kind === "edit"));
  if (own.length > 0 && y < at.edits.y + at.edits.height + 2) {
    const more = own.length > 4 ? [`and ${grouped(own.length - 4)} more`] : [];
    return { lines: [...own.slice(0, 4).map((mark) => `${timeText(mark.at)} ${name} ${mark.text}`), ...more], frame: -1 };
  }
  if (model.lanes[lane]?.role === "relay") {
    const seq = valueAt(model.tracks[lane]?.log ?? { at: [], value: [] }, t);
    return { lines: [name, `log holds ${plural(seq ?? 0, "entry", "entries")}`], frame: -1 };
  }
  const device = deviceAt(model, lane, t);
  const { status } = device;
  return {
    lines: [
      `${name}${device.life === "up" ? "" : device.life === "frozen" ? ", frozen" : ", not running"}`,
      device.state < 0 ? "holds nothing yet" : `state ${model.states[device.state]?.hash.slice(0, 8) ?? ""}`,
      ...(status === undefined
        ? []
        : [
            `${savedWords[savedLevels[status.saved] ?? "unsaved"]}, ${status.unsent === 0 ? "nothing" : plural(status.unsent, "change")} unsent`,
          ]),
      { closed: "not connected", connecting: "connecting", open: "connected" }[
        connectionStates[connectionStates.indexOf(device.connection)] ?? "closed"
      ],
    ],
    frame: -1,
  };
}

/** The arrow nearest to the pointer, if one is near. */
function frameAt(place: Place, x: number, y: number): Hit | undefined {
  const { model, view, width } = place;
  if (!drawsArrows(model, view, width)) return undefined;
  let best = 7;
  let found = -1;
  for (let i = 0; i < model.frames.sentAt.length; i += 1) {
    if ((model.frames.sentAt[i] ?? 0) > view.to) break;
    const ends = arrowOf(place, i);
    if (ends === undefined || Math.max(ends.x1, ends.x2) < x - 8 || Math.min(ends.x1, ends.x2) > x + 8) continue;
    const distance = distanceTo(ends, x, y);
    if (distance < best) {
      best = distance;
      found = i;
    }
  }
  return found < 0
    ? undefined
    : { lines: [`${timeText(model.frames.sentAt[found] ?? 0)} ${wayOf(model, found)}`, describeFrame(model, found)], frame: found };
}

function distanceTo(
  ends: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number },
  x: number,
  y: number,
): number {
  const dx = ends.x2 - ends.x1;
  const dy = ends.y2 - ends.y1;
  const share = Math.min(1, Math.max(0, ((x - ends.x1) * dx + (y - ends.y1) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ends.x1 - share * dx, y - ends.y1 - share * dy);
}
