/** The whole run in one strip: how many different states there were, where it was busy, where it went wrong; and which part is on the screen. */
import { densityOf } from "../density.ts";
import type { TimelineModel } from "../model.ts";
import { agreement } from "../state-at.ts";
import { createSurface, hatch } from "./canvas.ts";
import { byId } from "./dom.ts";
import { timeOf, xOf } from "./draw-lanes.ts";
import type { Paint } from "./paint.ts";
import type { Player } from "./player.ts";

export function createOverview(model: TimelineModel, player: Player, paint: () => Paint): void {
  const element = byId<HTMLCanvasElement>("overview");
  const surface = createSurface(element, player.redraw);
  const { endMs } = model;
  const whole = { from: 0, to: endMs };
  const states = agreement(model);
  const devices = model.lanes.filter((lane) => lane.role === "device").length;

  const drawRun = (context: CanvasRenderingContext2D, width: number, height: number, colours: Paint): void => {
    const bar = 12;
    const top = height - bar;
    // Traffic: a quiet skyline.
    const slices = Math.max(1, Math.floor(width / 3));
    const density = densityOf(model.frames, model.lanes.length, 0, endMs, slices);
    const sums = Array.from({ length: slices }, (_, slice) =>
      model.lanes.reduce(
        (sum, _lane, lane) => sum + (density.up[lane * slices + slice] ?? 0) + (density.down[lane * slices + slice] ?? 0),
        0,
      ),
    );
    const most = Math.max(1, ...sums);
    context.fillStyle = colours.sand;
    sums.forEach((sum, slice) => {
      const high = sum === 0 ? 0 : 1 + Math.sqrt(sum / most) * (top - 8);
      context.fillRect((slice * width) / slices, top - 2 - high, width / slices - 0.5, high);
    });
    context.fillStyle = colours.warning;
    for (const band of model.bands) {
      const x = xOf(whole, width, band.from);
      context.fillRect(x, top - 4, Math.max(1, xOf(whole, width, band.to) - x), 2);
    }
    // Agreement: teal where all hold the same, the more of the warning colour the more states there are.
    const many = hatch(context, colours.bg, 5);
    states.at.forEach((at, i) => {
      const count = states.value[i] ?? 0;
      const x = xOf(whole, width, at);
      const wide = Math.max(0.75, xOf(whole, width, states.at[i + 1] ?? endMs) - x);
      if (count === 0) return;
      context.fillStyle = count === 1 ? colours.accent : colours.warning;
      context.globalAlpha = count === 1 ? 1 : 0.45 + 0.55 * ((count - 1) / Math.max(1, devices - 1));
      const high = count === 1 ? bar : Math.max(3, bar / count);
      context.fillRect(x, top + (bar - high), wide, high);
      context.globalAlpha = 1;
      if (count > 1 && wide > 6) {
        context.fillStyle = many;
        context.fillRect(x, top + (bar - high), wide, high);
      }
    });
    context.fillStyle = colours.danger;
    for (const mark of model.marks) {
      if (mark.kind !== "violation" && mark.kind !== "alarm") continue;
      const x = xOf(whole, width, mark.at);
      if (mark.kind === "violation") context.fillRect(x - 1, 0, 2, height);
      else {
        context.beginPath();
        context.moveTo(x, 2);
        context.lineTo(x + 4, 9);
        context.lineTo(x - 4, 9);
        context.fill();
      }
    }
  };

  // The run itself is drawn once for each size and theme.
  const picture = document.createElement("canvas");
  const pen = picture.getContext("2d");
  let drawn: readonly unknown[] = [];
  player.onShown(({ t, view }) => {
    const context = surface.begin();
    if (context === undefined) return;
    const { width, height } = surface.size();
    const colours = paint();
    const now = [colours, element.width, element.height];
    if (pen !== null && now.some((value, i) => value !== drawn[i])) {
      drawn = now;
      picture.width = element.width;
      picture.height = element.height;
      pen.setTransform(element.width / width, 0, 0, element.height / height, 0, 0);
      drawRun(pen, width, height, colours);
    }
    context.drawImage(picture, 0, 0, width, height);
    // What is not on the screen steps back.
    const from = xOf(whole, width, view.from);
    const to = xOf(whole, width, view.to);
    if (to - from < width - 1) {
      context.fillStyle = colours.bg;
      context.globalAlpha = 0.62;
      context.fillRect(0, 0, from, height);
      context.fillRect(to, 0, width - to, height);
      context.globalAlpha = 1;
      context.strokeStyle = colours["line-strong"];
      context.lineWidth = 1;
      context.strokeRect(Math.round(from) + 0.5, 0.5, Math.max(3, Math.round(to - from) - 1), height - 1);
    }
    context.fillStyle = colours.ink;
    context.fillRect(Math.round(xOf(whole, width, t)) - 1, 0, 2, height);
  });

  const scrub = (event: PointerEvent): void => {
    const box = element.getBoundingClientRect();
    player.jump(timeOf(whole, box.width, Math.min(Math.max(event.clientX - box.left, 0), box.width)));
  };
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    player.setPlaying(false);
    scrub(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) scrub(event);
  });
}
