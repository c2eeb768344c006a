/** All events as a plain table, in pages: the whole timeline for those who read rather than look. */
import type { TimelineModel } from "../model.ts";
import { grouped, timeText } from "../words.ts";
import { byId, make, setAttribute, setText } from "./dom.ts";
import { lineText, whoText } from "./event-lines.ts";
import type { Filter, Player } from "./player.ts";

const rowsPerPage = 200;

export function createEventTable(model: TimelineModel, player: Player): void {
  const details = byId<HTMLDetailsElement>("all-events");
  const body = byId("table-rows");
  const place = byId("table-place");
  const before = byId<HTMLButtonElement>("table-before");
  const after = byId<HTMLButtonElement>("table-after");
  let page = 0;
  let filter: Filter | undefined;

  const pages = (): number => Math.max(1, Math.ceil(player.filtered().length / rowsPerPage));
  const draw = (): void => {
    const lines = player.filtered();
    const from = page * rowsPerPage;
    body.replaceChildren(
      ...lines
        .slice(from, from + rowsPerPage)
        .map((line) =>
          make(
            "tr",
            {},
            make("th", { scope: "row" }, timeText(model.lines.at[line] ?? 0)),
            make("td", {}, whoText(model, line)),
            make("td", {}, lineText(model, line)),
          ),
        ),
    );
    const last = Math.min(lines.length, from + rowsPerPage);
    setText(
      place,
      lines.length === 0 ? "Nothing of this kind happened." : `${grouped(from + 1)} to ${grouped(last)} of ${grouped(lines.length)}`,
    );
    setAttribute(before, "aria-disabled", String(page === 0));
    setAttribute(after, "aria-disabled", String(page >= pages() - 1));
  };
  const turn = (by: number): void => {
    const wanted = Math.min(Math.max(page + by, 0), pages() - 1);
    if (wanted === page) return;
    page = wanted;
    draw();
  };
  before.addEventListener("click", () => turn(-1));
  after.addEventListener("click", () => turn(1));
  details.addEventListener("toggle", () => {
    if (details.open) draw();
  });
  player.onShown((shown) => {
    if (shown.filter === filter) return;
    filter = shown.filter;
    page = 0;
    if (details.open) draw();
  });
}
