/** Draws the lanes: what each one held, what was wrong, and what went between them. */
import { densityOf } from "../density.ts";
import { describePhase } from "../describe-phase.ts";
import { bandHeight, rulerHeight } from "../lane-layout.ts";
import type { Layout, LanePlace } from "../lane-layout.ts";
import type { TimelineModel, Track } from "../model.ts";
import { firstFrom } from "../search.ts";
import { indexAt } from "../state-at.ts";
import { tickStep } from "../viewport.ts";
import type { View } from "../viewport.ts";
import { timeText } from "../words.ts";
import { hatch } from "./canvas.ts";
import type { Paint } from "./paint.ts";

export interface LaneDrawing {
  readonly context: CanvasRenderingContext2D;
  readonly model: TimelineModel;
  readonly layout: Layout;
  readonly paint: Paint;
  readonly view: View;
  readonly width: number;
  readonly height: number;
  /** Index of a frame to be highlighted, or -1. */
  readonly frame: number;
}

export const xOf = (view: View, width: number, t: number): number => ((t - view.from) / (view.to - view.from)) * width;
export const timeOf = (view: View, width: number, x: number): number => view.from + (x / width) * (view.to - view.from);

/** More frames than this for a pixel's width, and slices of time are drawn instead of arrows. */
const arrowsPerPixel = 0.6;

export const drawsArrows = (model: TimelineModel, view: View, width: number): boolean =>
  firstFrom(model.frames.sentAt, view.to) - firstFrom(model.frames.sentAt, view.from) <= Math.max(120, width * arrowsPerPixel);

export function drawLanes(drawing: LaneDrawing): void {
  drawGrid(drawing);
  if (drawsArrows(drawing.model, drawing.view, drawing.width)) drawArrows(drawing);
  else {
    drawDensity(drawing);
    if (drawing.frame >= 0) drawArrow(drawing, drawing.frame, true, true);
  }
  drawing.model.lanes.forEach((lane, index) => {
    const place = drawing.layout.lanes[index];
    if (place === undefined) return;
    if (lane.role === "device") drawDevice(drawing, index, place);
    else drawRelay(drawing, index, place);
    drawBands(drawing, index, place);
  });
  drawMarks(drawing);
}

function drawGrid({ context, paint, view, width, height, model }: LaneDrawing): void {
  const step = tickStep(view.to - view.from, width / 110);
  const digits = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  context.font = `11px ${paint.font}`;
  context.textBaseline = "middle";
  for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
    const x = Math.round(xOf(view, width, t)) + 0.5;
    context.strokeStyle = paint.line;
    context.lineWidth = 1;
    line(context, x, rulerHeight, x, height);
    context.fillStyle = paint["ink-soft"];
    const label = timeText(t, digits);
    const space = context.measureText(label).width / 2;
    // The first and the last stay whole.
    context.textAlign = x < space ? "left" : x > width - space ? "right" : "center";
    context.fillText(label, Math.min(Math.max(x, 1), width - 1), rulerHeight / 2);
  }
  context.textAlign = "left";
  const healing = model.marks.find((mark) => mark.kind === "phase" && mark.text.startsWith("Everything is healed"));
  if (healing !== undefined) {
    const from = Math.max(0, xOf(view, width, healing.at));
    context.fillStyle = paint["accent-soft"];
    context.globalAlpha = 0.5;
    context.fillRect(from, rulerHeight, width - from, height);
    context.globalAlpha = 1;
  }
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

/** Runs through the parts of a track that are on the screen; those narrower than `least` come together as one (`many`). */
function eachPart(
  track: Track,
  { view, width, model }: LaneDrawing,
  draw: (from: number, to: number, value: number, many: number, isLast: boolean) => void,
  least = 0,
): void {
  let index = Math.max(0, indexAt(track, view.from));
  while (index < track.at.length && (track.at[index] ?? 0) <= view.to) {
    const from = xOf(view, width, track.at[index] ?? 0);
    let many = 1;
    // The same again is one part.
    while (index + 1 < track.at.length && track.value[index + 1] === track.value[index]) index += 1;
    let to = xOf(view, width, track.at[index + 1] ?? model.endMs);
    while (to - from < least && index + 1 < track.at.length) {
      index += 1;
      many += 1;
      to = xOf(view, width, track.at[index + 1] ?? model.endMs);
      // A long part is not swallowed by the short ones before it.
      const own = xOf(view, width, track.at[index] ?? 0);
      if (to - own >= least) {
        to = own;
        index -= 1;
        many -= 1;
        break;
      }
    }
    draw(Math.max(from, -2), Math.min(to, width + 2), track.value[index] ?? 0, many, index === track.at.length - 1);
    index += 1;
  }
}

function drawDevice(drawing: LaneDrawing, index: number, place: LanePlace): void {
  const { context, model, paint, width } = drawing;
  const tracks = model.tracks[index];
  if (tracks === undefined) return;
  const { state, saved, connection } = place;
  // Arrows pass behind.
  context.fillStyle = paint.bg;
  context.fillRect(0, state.y - 1, width, saved.y + saved.height - state.y + 2);

  context.font = `500 11px ${paint.font}`;
  eachPart(
    tracks.state,
    drawing,
    (from, to, value, many) => {
      const colour = model.states[value];
      context.fillStyle = paint.stateFill(colour);
      const space = to - from > 4 ? 1 : 0;
      context.fillRect(from, state.y, Math.max(to - from - space, 0.75), state.height);
      if (many > 2) {
        context.fillStyle = hatch(context, paint["ink-soft"], 5);
        context.fillRect(from, state.y, to - from, state.height);
      } else if (to - Math.max(from, 0) > 46 && colour !== undefined) {
        context.fillStyle = paint.stateInk(colour);
        context.fillText(colour.hash.slice(0, 4), Math.max(from, 0) + 6, state.y + state.height / 2 + 0.5);
      }
    },
    2,
  );
  drawLife(drawing, index, { y: state.y, height: saved.y + saved.height - state.y });
  eachPart(tracks.saved, drawing, (from, to, value) => {
    context.fillStyle = value === 0 ? paint.danger : value === 1 ? paint.warning : value === 2 ? paint["line-strong"] : paint.good;
    // What is well steps back.
    context.globalAlpha = value < 2 ? 1 : 0.5;
    const height = (saved.height / 4) * (value + 1);
    context.fillRect(from, saved.y + saved.height - height, Math.max(to - from, 0.75), height);
    context.globalAlpha = 1;
  });
  context.strokeStyle = paint.accent;
  context.lineWidth = 2;
  const y = connection.y + connection.height / 2;
  eachPart(tracks.connection, drawing, (from, to, value) => {
    if (value === 0) return;
    context.setLineDash(value === 1 ? [2, 3] : []);
    line(context, from, y, Math.max(to, from + 1), y);
  });
  context.setLineDash([]);
}

function drawLife(drawing: LaneDrawing, index: number, strip: { readonly y: number; readonly height: number }): void {
  const { context, model, paint } = drawing;
  const tracks = model.tracks[index];
  if (tracks === undefined) return;
  eachPart(tracks.life, drawing, (from, to, value) => {
    if (value === 1) return;
    const isDown = value === 0;
    context.globalAlpha = isDown ? 1 : 0.62;
    context.fillStyle = paint.bg;
    context.fillRect(from, strip.y - 1, to - from, strip.height + 2);
    context.globalAlpha = 1;
    if (isDown) {
      context.fillStyle = hatch(context, paint["line-strong"], 7);
      context.fillRect(from, strip.y, to - from, strip.height);
    }
    label(drawing, isDown ? "not running" : "frozen", from, to, strip.y + Math.min(strip.height / 2, 11));
  });
}

/** Words on a plate of the page's colour, if there is room. */
function label({ context, paint, width }: LaneDrawing, text: string, from: number, to: number, y: number): void {
  context.font = `500 11px ${paint.font}`;
  const wide = context.measureText(text).width;
  const left = Math.max(from, 0);
  const right = Math.min(to, width);
  if (right - left < wide + 16) return;
  const x = left + (right - left - wide) / 2;
  context.fillStyle = paint.bg;
  context.fillRect(x - 5, y - 8, wide + 10, 16);
  context.fillStyle = paint.ink;
  context.fillText(text, x, y + 0.5);
}

function drawRelay(drawing: LaneDrawing, index: number, place: LanePlace): void {
  const { context, model, paint, width, view } = drawing;
  const tracks = model.tracks[index];
  if (tracks === undefined) return;
  const { state, saved } = place;
  context.fillStyle = paint.bg;
  context.fillRect(0, state.y - 1, width, saved.y + saved.height - state.y + 2);
  context.fillStyle = paint.sand;
  const start = Math.max(0, xOf(view, width, 0));
  context.fillRect(start, state.y, Math.min(width, xOf(view, width, model.endMs)) - start, state.height);
  drawLife(drawing, index, { y: state.y, height: state.height });

  const most = tracks.log.value.reduce((high, value) => Math.max(high, value), 1);
  context.fillStyle = paint["accent-soft"];
  context.strokeStyle = paint.accent;
  context.lineWidth = 1.25;
  context.beginPath();
  const bottom = saved.y + saved.height;
  let end = 0;
  let begun = false;
  eachPart(
    tracks.log,
    drawing,
    (from, to, value) => {
      const y = bottom - 1 - (value / most) * (saved.height - 3);
      if (!begun) context.moveTo(from, bottom - 1);
      begun = true;
      context.lineTo(from, y);
      context.lineTo(to, y);
      end = to;
    },
    1,
  );
  if (!begun) return;
  context.stroke();
  context.lineTo(end, bottom);
  context.lineTo(Math.max(0, xOf(view, width, tracks.log.at[0] ?? 0)), bottom);
  context.closePath();
  context.globalAlpha = 0.7;
  context.fill();
  context.globalAlpha = 1;
}

function drawBands(drawing: LaneDrawing, index: number, place: LanePlace): void {
  const { context, model, paint, view, width } = drawing;
  context.font = `500 11px ${paint.font}`;
  const own = model.bands.filter((band) => band.lane === index);
  for (const band of own) {
    if (band.to < view.from || band.from > view.to) continue;
    const from = Math.max(-8, xOf(view, width, band.from));
    const to = Math.min(width + 8, Math.max(xOf(view, width, band.to), from + 2));
    const y = place.bands.y + band.row * bandHeight;
    context.fillStyle = paint["warning-soft"];
    context.strokeStyle = paint.warning;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(from + 0.5, y + 0.5, Math.max(to - from - 1, 1), bandHeight - 3, 3);
    context.fill();
    context.stroke();
    const room = to - Math.max(from, 0) - 12;
    context.fillStyle = paint.warning;
    const wide = context.measureText(band.what).width;
    if (wide > room && to + wide + 10 < width) {
      // Beside it, if nothing else stands there.
      const next = own.find((other) => other.row === band.row && other.from >= band.to);
      if (next === undefined || xOf(view, width, next.from) > to + wide + 10) {
        context.fillText(band.what, to + 5, y + bandHeight / 2 - 0.5);
        continue;
      }
    }
    if (room < 24) continue;
    context.fillText(fitted(context, band.what, room), Math.max(from, 0) + 6, y + bandHeight / 2 - 0.5);
  }
}

function fitted(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let length = Math.min(text.length, Math.floor(room / 4));
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
}

/** The two ends of a frame's arrow, and whether it goes up the screen. */
export function arrowOf(
  { model, layout, view, width }: Pick<LaneDrawing, "model" | "layout" | "view" | "width">,
  index: number,
): { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number } | undefined {
  const { frames } = model;
  const device = layout.lanes[frames.device[index] ?? -1];
  const relay = layout.lanes[frames.relay[index] ?? -1];
  if (device === undefined || relay === undefined) return undefined;
  const isDeviceAbove = device.y < relay.y;
  const deviceEdge = isDeviceAbove ? device.bottom : device.top;
  const relayEdge = isDeviceAbove ? relay.top : relay.bottom;
  const isUp = frames.up[index] === 1;
  const end = frames.endAt[index] ?? -1;
  return {
    x1: xOf(view, width, frames.sentAt[index] ?? 0),
    y1: isUp ? deviceEdge : relayEdge,
    x2: xOf(view, width, end < 0 ? model.endMs : end),
    y2: isUp ? relayEdge : deviceEdge,
  };
}

function drawArrows(drawing: LaneDrawing): void {
  const { context, model, paint, view } = drawing;
  const { frames } = model;
  const inView = firstFrom(frames.sentAt, view.to) - firstFrom(frames.sentAt, view.from);
  const withHeads = inView < drawing.width / 4;
  context.lineWidth = 1;
  for (let i = 0; i < frames.sentAt.length; i += 1) {
    const sent = frames.sentAt[i] ?? 0;
    if (sent > view.to) break;
    const end = frames.endAt[i] ?? -1;
    if (end >= 0 && end < view.from) continue;
    if (i !== drawing.frame) drawArrow(drawing, i, withHeads, false);
  }
  if (drawing.frame >= 0) drawArrow(drawing, drawing.frame, true, true);
  context.setLineDash([]);
  context.strokeStyle = paint.ink;
}

function drawArrow(drawing: LaneDrawing, index: number, withHead: boolean, isPicked: boolean): void {
  const { context, model, paint } = drawing;
  const ends = arrowOf(drawing, index);
  if (ends === undefined) return;
  const { frames } = model;
  const isLost = frames.lost[index] === 1;
  const isUp = frames.up[index] === 1;
  const { x1, y1 } = ends;
  // A lost frame gets no further than two thirds.
  const x2 = isLost ? x1 + (ends.x2 - x1) * 0.66 : ends.x2;
  const y2 = isLost ? y1 + (ends.y2 - y1) * 0.66 : ends.y2;
  context.strokeStyle = isLost ? paint.danger : isUp ? paint.accent : paint["line-strong"];
  context.lineWidth = isPicked ? 2.5 : 1;
  context.globalAlpha = isPicked || isLost ? 1 : 0.75;
  context.setLineDash((frames.endAt[index] ?? -1) < 0 ? [3, 3] : []);
  line(context, x1, y1, x2, y2);
  context.setLineDash([]);
  if (isLost) {
    const size = isPicked ? 5 : 3.5;
    context.lineWidth = isPicked ? 2.5 : 1.5;
    line(context, x2 - size, y2 - size, x2 + size, y2 + size);
    line(context, x2 - size, y2 + size, x2 + size, y2 - size);
  } else if (withHead) {
    const angle = Math.atan2(y2 - y1, x2 - x1);
    context.fillStyle = context.strokeStyle;
    context.beginPath();
    context.moveTo(x2, y2);
    context.lineTo(x2 - 6 * Math.cos(angle - 0.4), y2 - 6 * Math.sin(angle - 0.4));
    context.lineTo(x2 - 6 * Math.cos(angle + 0.4), y2 - 6 * Math.sin(angle + 0.4));
    context.fill();
  }
  context.globalAlpha = 1;
}

const sliceWidth = 4;

/** Small bars at the edge of each device's lane: up towards the relay, down from it, lost ones in red. */
function drawDensity(drawing: LaneDrawing): void {
  const { context, model, layout, paint, view, width } = drawing;
  const slices = Math.ceil(width / sliceWidth);
  const span = (view.to - view.from) / width;
  // Slices stand at whole multiples of their length, or they would flicker while the view moves.
  const each = span * sliceWidth;
  const from = Math.floor(view.from / each) * each;
  const shift = (from - view.from) / span;
  const density = densityOf(model.frames, model.lanes.length, from, from + each * (slices + 1), slices + 1);
  if (density.most === 0) return;
  const high = 13;
  const heightOf = (count: number): number => (count === 0 ? 0 : 1.5 + Math.sqrt(count / density.most) * (high - 1.5));
  model.lanes.forEach((lane, index) => {
    const place = layout.lanes[index];
    if (lane.role !== "device" || place === undefined) return;
    const axis = place.isAbove ? place.bottom + 17 : place.top - 17;
    for (let slice = 0; slice <= slices; slice += 1) {
      const at = index * (slices + 1) + slice;
      const up = heightOf(density.up[at] ?? 0);
      const down = heightOf(density.down[at] ?? 0);
      const lost = density.lost[at] ?? 0;
      const x = shift + slice * sliceWidth;
      const towardsRelay = place.isAbove ? 1 : -1;
      context.fillStyle = paint.accent;
      if (up > 0) context.fillRect(x, towardsRelay > 0 ? axis : axis - up, sliceWidth - 1, up);
      context.fillStyle = paint["line-strong"];
      if (down > 0) context.fillRect(x, towardsRelay > 0 ? axis - down : axis, sliceWidth - 1, down);
      if (lost > 0) {
        context.fillStyle = paint.danger;
        context.fillRect(x, axis - 2, sliceWidth - 1, 4);
      }
    }
  });
}

const phaseNames: Readonly<Record<string, string>> = Object.fromEntries(
  ["healing", "settled"].map((phase) => [describePhase(phase), phase === "healing" ? "healed" : phase]),
);

function drawMarks(drawing: LaneDrawing): void {
  const { context, model, layout, paint, view, width, height } = drawing;
  let lastStepX = -100;
  let phaseEnd = 0;
  context.font = `500 11px ${paint.font}`;
  for (const mark of model.marks) {
    if (mark.at < view.from || mark.at > view.to) continue;
    const x = xOf(view, width, mark.at);
    const place = layout.lanes[mark.lane];
    if (mark.kind === "edit" && place !== undefined) {
      context.fillStyle = paint.people[model.lanes[mark.lane]?.person ?? 0] ?? paint.ink;
      context.fillRect(x - 0.75, place.edits.y + 3, 1.5, place.edits.height - 3);
    } else if (mark.kind === "step") {
      // Too many in one place are one triangle.
      if (x - lastStepX < 3) continue;
      lastStepX = x;
      const { y } = layout.steps;
      context.fillStyle = paint.warning;
      context.beginPath();
      context.moveTo(x - 5, y + 2);
      context.lineTo(x + 5, y + 2);
      context.lineTo(x, y + 11);
      context.fill();
      context.strokeStyle = paint.warning;
      context.globalAlpha = 0.35;
      context.lineWidth = 1;
      context.setLineDash([2, 4]);
      line(context, x, y + 11, x, place === undefined ? height : place.y);
      context.setLineDash([]);
      context.globalAlpha = 1;
    } else if (mark.kind === "phase") {
      context.strokeStyle = paint.accent;
      context.lineWidth = 1;
      context.setLineDash([4, 3]);
      line(context, x, rulerHeight, x, height);
      context.setLineDash([]);
      const name = phaseNames[mark.text] ?? "";
      const wide = context.measureText(name).width;
      const left = x + wide + 6 > width ? x - wide - 5 : x + 5;
      const isTaken = model.marks.some((other) => {
        const near = other.kind === "step" ? xOf(view, width, other.at) : Number.NaN;
        return near > left - 8 && near < left + wide + 8;
      });
      if (name === "" || left < phaseEnd || isTaken) continue;
      phaseEnd = left + wide + 4;
      context.fillStyle = paint.accent;
      context.fillText(name, left, layout.steps.y + 7);
    }
  }
  // What is alarming lies over all else.
  for (const mark of model.marks) {
    if (mark.at < view.from || mark.at > view.to) continue;
    const x = xOf(view, width, mark.at);
    if (mark.kind === "alarm") drawAlarm(context, paint, x, layout.lanes[mark.lane]?.edits.y ?? layout.steps.y);
    else if (mark.kind === "violation") {
      context.strokeStyle = paint.danger;
      context.lineWidth = 2;
      line(context, x, rulerHeight, x, height);
      label(
        { ...drawing, paint: { ...paint, bg: paint["danger-soft"], ink: paint.danger } },
        mark.text.split(" ", 2).join(" "),
        x - 60,
        x + 60,
        rulerHeight + 8,
      );
    }
  }
}

/** A triangle with an exclamation mark. */
function drawAlarm(context: CanvasRenderingContext2D, paint: Paint, x: number, y: number): void {
  context.fillStyle = paint.danger;
  context.strokeStyle = paint.bg;
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.beginPath();
  context.moveTo(x, y - 4);
  context.lineTo(x + 9, y + 12);
  context.lineTo(x - 9, y + 12);
  context.closePath();
  context.stroke();
  context.fill();
  context.fillStyle = paint.bg;
  context.fillRect(x - 0.9, y + 1.5, 1.8, 5);
  context.fillRect(x - 0.9, y + 8, 1.8, 1.8);
}
