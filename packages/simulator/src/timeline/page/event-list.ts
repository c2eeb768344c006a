/** What happened around the moment that is shown. A window on a long list: a few rows before, some after. */
import type { TimelineModel } from "../model.ts";
import { groups } from "../model.ts";
import { grouped, timeText } from "../words.ts";
import { byId, make, setAttribute, setText } from "./dom.ts";
import { lineText, whoText } from "./event-lines.ts";
import type { Filter, Player } from "./player.ts";

const rowsAround = 40;
/** While playing; reading is slower than drawing. */
const renewEveryMs = 120;

export function createEventList(model: TimelineModel, player: Player): void {
  const list = byId("events");
  const count = byId("events-count");
  const filters = [...document.querySelectorAll<HTMLInputElement>('input[name="filter"]')];
  for (const filter of filters) {
    filter.addEventListener("change", () => {
      if (filter.checked) player.setFilter(filter.value as Filter);
    });
  }
  let drawn = "";
  let drawnAt = 0;
  let later = 0;

  player.onShown((shown) => {
    const since = performance.now() - drawnAt;
    if (shown.playing && since < renewEveryMs) {
      later ||= window.setTimeout(() => {
        later = 0;
        player.redraw();
      }, renewEveryMs - since);
      return;
    }
    const filtered = player.filtered();
    // The last that has happened, or the one that was picked of several at one time.
    let low = 0;
    let high = filtered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((model.lines.at[filtered[middle] ?? 0] ?? 0) > shown.t) high = middle;
      else low = middle + 1;
    }
    const pickedAt = shown.picked < 0 ? -1 : filtered.indexOf(shown.picked);
    const current = pickedAt >= 0 ? pickedAt : low - 1;
    const key = `${shown.filter}/${current}`;
    if (key === drawn) return;
    drawn = key;
    drawnAt = performance.now();
    setText(count, filtered.length === 0 ? "none" : `${grouped(Math.max(0, current + 1))} of ${grouped(filtered.length)}`);
    const hadFocus = list.contains(document.activeElement);
    const from = Math.max(0, current - rowsAround);
    const rows = filtered.slice(from, current + rowsAround + 1).map((line, offset) => row(line, from + offset - current));
    list.replaceChildren(...(rows.length > 0 ? rows : [make("li", { class: "event-none" }, "Nothing of this kind happened.")]));
    const here = list.querySelector<HTMLElement>('[aria-current="true"]');
    if (here === null) list.scrollTop = 0;
    else list.scrollTop = here.offsetTop - list.clientHeight / 2 + here.offsetHeight / 2;
    if (hadFocus) (here ?? list.querySelector("button"))?.focus({ preventScroll: true });
  });

  const row = (line: number, away: number): HTMLLIElement => {
    const group = groups[model.lines.group[line] ?? 4] ?? "other";
    const at = model.lines.at[line] ?? 0;
    const button = make(
      "button",
      { type: "button", class: "event", "data-line": String(line) },
      make("span", { class: "event-time" }, timeText(at)),
      make("span", { class: `event-kind event-${group}`, "aria-hidden": "true" }),
      make(
        "span",
        { class: "event-text" },
        make("bdi", { class: "event-who" }, whoText(model, line)),
        " ",
        make("bdi", {}, lineText(model, line)),
      ),
    );
    if (away === 0) setAttribute(button, "aria-current", "true");
    if (away > 0) button.classList.add("is-later");
    return make("li", {}, button);
  };
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button[data-line]") : null;
    if (button === null) return;
    const line = Number(button.dataset["line"]);
    player.setPlaying(false);
    player.jump(model.lines.at[line] ?? 0, { picked: line });
  });
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const item = document.activeElement?.closest("li");
    const next = event.key === "ArrowDown" ? item?.nextElementSibling : item?.previousElementSibling;
    event.preventDefault();
    next?.querySelector("button")?.focus();
  });
}
