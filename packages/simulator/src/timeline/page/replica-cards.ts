/** Every replica at the moment that is shown, side by side: its text, what its person is told, what is wrong with it. */
import { agreementWords } from "../agreement-words.ts";
import { markDifferences } from "../differing-words.ts";
import type { Piece } from "../differing-words.ts";
import type { TimelineModel } from "../model.ts";
import { devicesAt, isPresent } from "../state-at.ts";
import type { DeviceAt } from "../state-at.ts";
import { chipOf } from "../status-chip.ts";
import { createTextReader } from "../text-store.ts";
import { grouped, plural, timeText } from "../words.ts";
import { byId, make, setAttribute, setText } from "./dom.ts";
import type { Paint } from "./paint.ts";
import type { Player } from "./player.ts";

/** What a card shows of a long text. */
const cardCharsMax = 20_000;

export function createReplicaCards(model: TimelineModel, player: Player, paint: () => Paint): void {
  const list = byId("replicas");
  const textAt = createTextReader(model.texts);
  const cards = model.lanes.flatMap((lane, index) => (lane.role === "device" ? [createCard(lane.name, lane.person, index)] : []));
  list.append(...cards.map((card) => card.element));
  const verdict = byId("agreement");
  const nameOf = (lane: number): string => model.lanes[lane]?.name ?? "";
  let textsKey = "";

  player.onShown(({ t }) => {
    setText(byId("moment"), timeText(t));
    const devices = devicesAt(model, t);
    const words = agreementWords(devices, nameOf);
    setText(verdict, words.text);
    setAttribute(verdict, "data-agrees", String(words.agrees));
    const present = devices.filter(isPresent);
    const key = devices.map((device) => `${device.text}/${isPresent(device) ? 1 : 0}`).join();
    if (key !== textsKey) {
      textsKey = key;
      const texts = new Map(present.map((device) => [device.lane, (textAt(device.text) ?? "").slice(0, cardCharsMax)]));
      const marked = new Map([...texts.keys()].map((lane, i) => [lane, markDifferences([...texts.values()])[i] ?? []]));
      for (const device of devices) {
        const text = textAt(device.text);
        const pieces =
          marked.get(device.lane) ?? (text === undefined || text === "" ? [] : [{ text: text.slice(0, cardCharsMax), differs: false }]);
        cards.find((card) => card.lane === device.lane)?.showText(pieces, noteOf(device, text));
      }
    }
    for (const device of devices) cards.find((card) => card.lane === device.lane)?.show(device, model, paint());
  });
}

function noteOf(device: DeviceAt, text: string | undefined): string {
  if (device.state < 0) return "Nothing yet.";
  if (text === undefined) return "This early text is not kept in this page.";
  if (device.life === "down") return "As it was when it stopped.";
  if (text === "") return "Empty.";
  return text.length > cardCharsMax ? `The first ${grouped(cardCharsMax)} of ${grouped(text.length)} characters.` : "";
}

interface Card {
  readonly element: HTMLElement;
  readonly lane: number;
  show(device: DeviceAt, model: TimelineModel, paint: Paint): void;
  showText(pieces: readonly Piece[], note: string): void;
}

function createCard(name: string, person: number, lane: number): Card {
  const dot = make("span", { class: "dot", "aria-hidden": "true" });
  dot.style.background = `var(--person-${person})`;
  const chip = make("span", { class: "chip" });
  const text = make("p", { class: "card-text", tabindex: "0", role: "group", "aria-label": `Text of ${name}`, dir: "auto" });
  const note = make("p", { class: "card-note" });
  const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
  const hash = make("span", {}, "–");
  const connection = make("dd");
  const unsent = make("dd");
  const missing = make("dd");
  const faults = make("dd");
  const element = make(
    "li",
    { class: "card" },
    make("div", { class: "card-head" }, make("h3", {}, dot, make("bdi", {}, name)), make("span", { class: "mono" }, swatch, hash)),
    text,
    make("div", { class: "card-status" }, chip, note),
    make(
      "dl",
      { class: "card-facts" },
      make("div", {}, make("dt", {}, "Connection"), connection),
      make("div", {}, make("dt", {}, "Unsent"), unsent),
      make("div", {}, make("dt", {}, "Not seen yet"), missing),
      make("div", { class: "wide" }, make("dt", {}, "Trouble"), faults),
    ),
  );
  return {
    element,
    lane,
    showText: (pieces, words) => {
      text.replaceChildren(...pieces.map((piece) => (piece.differs ? make("mark", {}, piece.text) : piece.text)));
      setText(note, words);
      // What differs is looked for first; in a long text it may be far down.
      const first = text.querySelector("mark");
      if (first !== null) text.scrollTop = Math.max(0, first.offsetTop - first.offsetHeight * 2);
    },
    show: (device, model, paint) => {
      const told = chipOf(device);
      setText(chip, told.text);
      setAttribute(chip, "data-tone", told.tone);
      setAttribute(element, "data-life", device.life);
      const state = model.states[device.state];
      setText(hash, state === undefined ? "–" : state.hash.slice(0, 8));
      const colour = state === undefined ? "transparent" : paint.stateFill(state);
      if (swatch.style.background !== colour) swatch.style.background = colour;
      setText(connection, { closed: "none", connecting: "being made", open: "open" }[device.connection]);
      setText(unsent, device.status === undefined ? "–" : device.status.unsent === 0 ? "nothing" : plural(device.status.unsent, "change"));
      setText(missing, device.missing === 0 ? "nothing" : plural(device.missing, "edit"));
      const wrong = [
        ...(device.life === "frozen" ? ["frozen"] : []),
        ...device.faults,
        ...new Set(device.alarms.map((alarm) => alarm.replace(/^raises an alarm/, "alarm"))),
      ];
      setText(faults, wrong.length === 0 ? "nothing" : wrong.join("; "));
      setAttribute(faults, "data-any", String(wrong.length > 0));
    },
  };
}
