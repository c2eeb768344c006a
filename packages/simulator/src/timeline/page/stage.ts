/** The timeline itself: lanes on a canvas, their names beside it, the playhead over it. Pointer and keys. */
import { describeFrame, wayOf } from "../describe-frame.ts";
import { layoutOf } from "../lane-layout.ts";
import { connectionStates } from "../model.ts";
import type { TimelineModel } from "../model.ts";
import { valueAt } from "../state-at.ts";
import { fit, pan, zoom } from "../viewport.ts";
import { timeText } from "../words.ts";
import { createSurface } from "./canvas.ts";
import { byId, make, setAttribute, setText } from "./dom.ts";
import { arrowOf, drawLanes, timeOf, xOf } from "./draw-lanes.ts";
import { hitAt } from "./hit-test.ts";
import type { Paint } from "./paint.ts";
import type { Player, Shown } from "./player.ts";

export function createStage(model: TimelineModel, player: Player, paint: () => Paint): void {
  const layout = layoutOf(model);
  const stage = byId("stage");
  const playhead = byId("playhead");
  const tip = byId("tip");
  stage.style.height = `${layout.height}px`;
  const surface = createSurface(byId<HTMLCanvasElement>("lanes"), player.redraw);
  const { endMs } = model;
  let hover = -1;
  let drawn: readonly unknown[] = [];

  const labels = byId("lane-names");
  labels.style.height = `${layout.height}px`;
  const about = model.lanes.map((lane, index) => {
    const place = layout.lanes[index];
    const now = make("span", { class: "lane-now" });
    const dot = make("span", { class: lane.role === "relay" ? "dot dot-relay" : "dot", "aria-hidden": "true" });
    if (lane.role === "device") dot.style.background = `var(--person-${lane.person})`;
    const label = make("li", { class: "lane-name" }, make("span", { class: "lane-title" }, dot, make("bdi", {}, lane.name)), now);
    label.style.top = `${(place?.edits.height ?? 0) > 0 ? (place?.state.y ?? 0) - 4 : (place?.state.y ?? 0) - 2}px`;
    labels.append(label);
    if (lane.role === "device" && place !== undefined) {
      for (const [name, strip] of [
        ["text", place.state],
        ["saved", place.saved],
      ] as const) {
        const tag = make("li", { class: "strip-name", "aria-hidden": "true" }, name);
        tag.style.top = `${strip.y + strip.height / 2}px`;
        labels.append(tag);
      }
    }
    return now;
  });

  const draw = (shown: Shown): void => {
    const { width, height } = surface.size();
    const frame = hover >= 0 ? hover : (model.lines.frame[shown.picked] ?? -1);
    // While only the playhead moves, the picture under it stays.
    const now = [shown.view, width, height, paint(), frame, window.devicePixelRatio];
    const isNew = now.some((value, i) => value !== drawn[i]);
    const context = isNew ? surface.begin() : undefined;
    if (context !== undefined) {
      drawn = now;
      drawLanes({ context, model, layout, paint: paint(), view: shown.view, width, height, frame });
    }
    const x = xOf(shown.view, width, shown.t);
    playhead.style.transform = `translateX(${x}px)`;
    playhead.hidden = x < -1 || x > width + 1;
    setAttribute(stage, "aria-valuenow", String(Math.round(shown.t)));
    setAttribute(stage, "aria-valuetext", `${timeText(shown.t)} of ${timeText(endMs)}`);
    about.forEach((now, index) => setText(now, laneNow(model, index, shown.t)));
    if (document.activeElement === stage && hover < 0) tellPicked(shown, width);
  };
  player.onShown(draw);

  const showTip = (lines: readonly string[], x: number, y: number): void => {
    const text = lines.join("\n");
    setText(tip, text);
    tip.hidden = false;
    const { width } = surface.size();
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(Math.max(4, x + 14), Math.max(4, width - box.width - 4))}px`;
    tip.style.top = `${Math.min(y + 18, Math.max(0, layout.height - box.height - 4))}px`;
  };
  /** Who steps by keys sees what a pointer would show. */
  const tellPicked = (shown: Shown, width: number): void => {
    const frame = model.lines.frame[shown.picked] ?? -1;
    if (frame < 0) {
      tip.hidden = true;
      return;
    }
    const ends = arrowOf({ model, layout, view: shown.view, width }, frame);
    if (ends !== undefined)
      showTip([`${timeText(shown.t)} ${wayOf(model, frame)}`, describeFrame(model, frame, shown.t)], ends.x1, (ends.y1 + ends.y2) / 2);
  };

  followPointer(stage, player, surface.size, (x, y) => {
    const hit =
      x === undefined || y === undefined
        ? undefined
        : hitAt({ model, layout, view: player.shown().view, width: surface.size().width }, x, y);
    if (hit === undefined) tip.hidden = true;
    else showTip(hit.lines, x ?? 0, y ?? 0);
    const frame = hit?.frame ?? -1;
    if (frame !== hover) {
      hover = frame;
      player.redraw();
    }
  });
  stage.addEventListener("blur", () => {
    tip.hidden = true;
  });
  stage.addEventListener("keydown", (event) => {
    const act = keyAction(event, player, endMs);
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

function laneNow(model: TimelineModel, lane: number, t: number): string {
  const tracks = model.tracks[lane];
  if (tracks === undefined) return "";
  const life = valueAt(tracks.life, t);
  if (life === undefined) return "not here yet";
  if (life === 0) return "not running";
  if (life === 2) return "frozen";
  if (model.lanes[lane]?.role === "relay") return `${valueAt(tracks.log, t) ?? 0} in log`;
  return { closed: "offline", connecting: "connecting", open: "connected" }[
    connectionStates[valueAt(tracks.connection, t) ?? 0] ?? "closed"
  ];
}

/** What a key does on the timeline. */
export function keyAction(event: KeyboardEvent, player: Player, endMs: number): (() => void) | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const { t, view, playing } = player.shown();
  const span = view.to - view.from;
  switch (event.key) {
    case "ArrowRight":
    case "ArrowUp":
      return () => (event.shiftKey ? player.jump(t + 1000) : player.stepEvent(1));
    case "ArrowLeft":
    case "ArrowDown":
      return () => (event.shiftKey ? player.jump(t - 1000) : player.stepEvent(-1));
    case "PageUp":
      return () => player.jump(t + span / 10);
    case "PageDown":
      return () => player.jump(t - span / 10);
    case "Home":
      return () => player.jump(0);
    case "End":
      return () => player.jump(endMs);
    case "+":
    case "=":
      return () => player.zoomBy(1 / 1.6);
    case "-":
    case "_":
      return () => player.zoomBy(1.6);
    case "0":
      return () => player.setView(fit(endMs));
    case "[":
      return () => player.setView(pan(view, -span / 4, endMs));
    case "]":
      return () => player.setView(pan(view, span / 4, endMs));
    case " ":
      return () => player.setPlaying(!playing);
    default:
      return undefined;
  }
}

const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 9;

/** Click jumps; dragging the playhead scrubs; dragging anything else moves the view; two fingers and the wheel zoom. */
function followPointer(
  stage: HTMLElement,
  player: Player,
  size: () => { readonly width: number },
  look: (x: number | undefined, y: number | undefined) => void,
): void {
  const down = new Map<number, number>();
  let mode: "none" | "scrub" | "pan" | "pinch" = "none";
  let startX = 0;
  let lastX = 0;
  let hasMoved = false;
  const place = (event: MouseEvent): { readonly x: number; readonly y: number } => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const endMs = Number(stage.getAttribute("aria-valuemax"));
  const spread = (): { readonly middle: number; readonly distance: number } => {
    const [a = 0, b = 0] = [...down.values()];
    return { middle: (a + b) / 2, distance: Math.max(8, Math.abs(a - b)) };
  };
  let pinched = { middle: 0, distance: 1 };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { x, y } = place(event);
    const { view, t } = player.shown();
    stage.setPointerCapture(event.pointerId);
    down.set(event.pointerId, x);
    hasMoved = false;
    startX = x;
    lastX = x;
    if (down.size === 2) {
      mode = "pinch";
      hasMoved = true;
      pinched = spread();
    } else mode = isClose(x, xOf(view, size().width, t)) || y < 26 ? "scrub" : "pan";
    if (mode === "scrub") player.setPlaying(false);
  });
  stage.addEventListener("pointermove", (event) => {
    const { x, y } = place(event);
    const { view, t } = player.shown();
    const { width } = size();
    if (!down.has(event.pointerId)) {
      stage.dataset["over"] = isClose(x, xOf(view, width, t)) || y < 26 ? "playhead" : "";
      look(x, y);
      return;
    }
    down.set(event.pointerId, x);
    if (Math.abs(x - startX) > 4) hasMoved = true;
    if (!hasMoved) return;
    look(undefined, undefined);
    if (mode === "pinch" && down.size === 2) {
      const now = spread();
      const moved = pan(view, ((pinched.middle - now.middle) / width) * (view.to - view.from), endMs);
      player.setView(zoom(moved, pinched.distance / now.distance, timeOf(moved, width, now.middle), endMs));
      pinched = now;
    } else if (mode === "scrub") player.jump(timeOf(view, width, Math.min(Math.max(x, 0), width)), { keepView: true });
    else if (mode === "pan") player.setView(pan(view, ((lastX - x) / width) * (view.to - view.from), endMs));
    stage.dataset["dragging"] = mode;
    lastX = x;
  });
  const up = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId)) return;
    if (event.type === "pointerup" && !hasMoved) {
      const { x, y } = place(event);
      player.jump(timeOf(player.shown().view, size().width, x), { keepView: true });
      look(x, y);
    }
    mode = "none";
    delete stage.dataset["dragging"];
  };
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", up);
  stage.addEventListener("pointerleave", () => look(undefined, undefined));
  stage.addEventListener(
    "wheel",
    (event) => {
      const { view } = player.shown();
      const { width } = size();
      const span = view.to - view.from;
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
        event.preventDefault();
        player.setView(pan(view, ((event.deltaX || event.deltaY) / width) * span, endMs));
        return;
      }
      // The page scrolls over a timeline that nobody has taken hold of, and when there is nothing more to show.
      const isWanted = event.ctrlKey || event.metaKey || document.activeElement === stage;
      if (!isWanted || (event.deltaY > 0 && span >= endMs && !event.ctrlKey)) return;
      event.preventDefault();
      player.zoomBy(
        Math.exp(Math.min(Math.max(event.deltaY, -120), 120) * (event.ctrlKey ? 0.01 : 0.003)),
        timeOf(view, width, place(event).x),
      );
    },
    { passive: false },
  );
}
