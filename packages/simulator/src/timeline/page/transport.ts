/** Buttons: play, step, speed, zoom. */
import type { TimelineModel } from "../model.ts";
import { fit, spanMinMs } from "../viewport.ts";
import { timeText } from "../words.ts";
import { byId, make, setAttribute, setText } from "./dom.ts";
import { keyAction } from "./stage.ts";
import { speeds } from "./player.ts";
import type { Player } from "./player.ts";

export function createTransport(model: TimelineModel, player: Player): void {
  const { endMs } = model;
  const play = byId("play");
  const now = byId("now");
  const speed = byId<HTMLSelectElement>("speed");
  for (const value of speeds) speed.append(make("option", { value: String(value) }, `${value.toLocaleString("en")}×`));
  speed.value = String(player.shown().speed);
  speed.addEventListener("change", () => player.setSpeed(Number(speed.value)));

  const on = (id: string, act: () => void): HTMLButtonElement => {
    const button = byId<HTMLButtonElement>(id);
    button.addEventListener("click", act);
    return button;
  };
  on("play", () => player.setPlaying(!player.shown().playing));
  const back = on("back", () => player.stepEvent(-1));
  const forward = on("forward", () => player.stepEvent(1));
  const closer = on("zoom-in", () => player.zoomBy(1 / 1.6));
  const away = on("zoom-out", () => player.zoomBy(1.6));
  const all = on("zoom-fit", () => player.setView(fit(endMs)));

  // `aria-disabled` rather than `disabled`: the focus stays where it is.
  const able = (button: HTMLButtonElement, is: boolean): void => setAttribute(button, "aria-disabled", String(!is));
  player.onShown(({ t, view, playing }) => {
    setText(now, timeText(t));
    setAttribute(play, "aria-label", playing ? "Pause" : "Play");
    setAttribute(play, "data-playing", String(playing));
    able(back, t > 0);
    able(forward, t < endMs);
    const span = view.to - view.from;
    able(closer, span > Math.min(spanMinMs, endMs));
    able(away, span < endMs);
    able(all, span < endMs);
  });

  // The same keys work wherever no control needs them itself.
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || (document.activeElement !== document.body && document.activeElement !== null)) return;
    if (!["ArrowLeft", "ArrowRight", "+", "=", "-", "_", "0", "[", "]", " "].includes(event.key)) return;
    const act = keyAction(event, player, endMs);
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}
