/**
 * Carets and selections of the other people, and publishing our own.
 *
 * Written instead of y-codemirror's `yRemoteSelections` because that one sets `style` attributes, which a strict Content-Security-Policy
 * forbids, and takes any colour that a stranger sends. The presence format is the same: `cursor: { anchor, head }` as Yjs relative positions.
 */
import { Annotation } from "@codemirror/state";
import type { Extension, Range } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, WidgetType } from "@codemirror/view";
import type { DecorationSet, PluginValue, ViewUpdate } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { paletteSize, readUser } from "./people.ts";
import { strings } from "../strings.ts";

const presenceChanged = Annotation.define<true>();

/** A name shows this long after its caret moved, then shrinks to a dot. */
const nameShownMs = 4000;
const caretsMax = 50;

class CaretWidget extends WidgetType {
  readonly name: string;
  readonly colour: number;
  readonly fresh: boolean;

  constructor(name: string, colour: number, fresh: boolean) {
    super();
    this.name = name;
    this.colour = colour;
    this.fresh = fresh;
  }

  override eq(other: CaretWidget): boolean {
    return other.name === this.name && other.colour === this.colour && other.fresh === this.fresh;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = `cm-caret cm-person-${this.colour}${this.fresh ? " cm-caret-fresh" : ""}`;
    caret.setAttribute("aria-hidden", "true");
    const label = document.createElement("span");
    label.className = "cm-caret-name";
    label.textContent = this.name === "" ? strings.people.unnamed : this.name;
    caret.append(label);
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const isCount = (value: unknown): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
const isId = (value: unknown): boolean => isObject(value) && isCount(value["client"]) && isCount(value["clock"]);

/** A relative position as JSON, checked: presence is written by other people's devices. */
function readPosition(value: unknown): Y.RelativePosition | undefined {
  if (!isObject(value)) return undefined;
  const { item, type, tname, assoc } = value;
  if (item !== undefined && item !== null && !isId(item)) return undefined;
  if (type !== undefined && type !== null && !isId(type)) return undefined;
  if (tname !== undefined && tname !== null && typeof tname !== "string") return undefined;
  return Y.createRelativePositionFromJSON({ item, type, tname, assoc: typeof assoc === "number" && assoc < 0 ? -1 : 0 });
}

function toIndex(value: unknown, text: Y.Text): number | undefined {
  const position = readPosition(value);
  if (position === undefined || text.doc === null) return undefined;
  const absolute = Y.createAbsolutePositionFromRelativePosition(position, text.doc);
  return absolute !== null && absolute.type === text ? absolute.index : undefined;
}

/** Places of a person's selection in our text, or undefined if they show none here. */
export function readCursor(state: unknown, text: Y.Text): { readonly anchor: number; readonly head: number } | undefined {
  const cursor = isObject(state) ? state["cursor"] : undefined;
  if (!isObject(cursor)) return undefined;
  const anchor = toIndex(cursor["anchor"], text);
  const head = toIndex(cursor["head"], text);
  return anchor === undefined || head === undefined ? undefined : { anchor, head };
}

class RemoteCarets implements PluginValue {
  decorations: DecorationSet;
  readonly #view: EditorView;
  readonly #text: Y.Text;
  readonly #awareness: Awareness;
  readonly #movedAtMs = new Map<number, { readonly cursor: string; readonly atMs: number }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(view: EditorView, text: Y.Text, awareness: Awareness) {
    this.#view = view;
    this.#text = text;
    this.#awareness = awareness;
    awareness.on("change", this.#onPresence);
    this.decorations = this.#build(view);
  }

  readonly #onPresence = ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }): void => {
    // Our own state changes inside an update of the view, where dispatching is not allowed, and shows nothing anyway.
    if ([...added, ...updated, ...removed].some((id) => id !== this.#awareness.clientID)) this.#refresh();
  };

  #refresh(): void {
    this.#view.dispatch({ annotations: presenceChanged.of(true) });
  }

  update(update: ViewUpdate): void {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.#publish(update.view);
    if (update.docChanged || update.transactions.some((transaction) => transaction.annotation(presenceChanged) === true)) {
      this.decorations = this.#build(update.view);
    }
  }

  #publish(view: EditorView): void {
    const state = this.#awareness.getLocalState();
    if (state === null || !view.hasFocus) return;
    const { anchor, head } = view.state.selection.main;
    const current = readCursor(state, this.#text);
    if (current?.anchor === anchor && current.head === head) return;
    this.#awareness.setLocalStateField("cursor", {
      anchor: Y.createRelativePositionFromTypeIndex(this.#text, anchor),
      head: Y.createRelativePositionFromTypeIndex(this.#text, head),
    });
  }

  #build(view: EditorView): DecorationSet {
    const length = view.state.doc.length;
    const ranges: Range<Decoration>[] = [];
    const nowMs = performance.now();
    let oldestFreshMs = Number.POSITIVE_INFINITY;
    const seen = new Set<number>();
    for (const [clientId, state] of this.#awareness.getStates()) {
      if (clientId === this.#awareness.clientID || seen.size >= caretsMax) continue;
      const cursor = readCursor(state, this.#text);
      if (cursor === undefined) continue;
      seen.add(clientId);
      const movedAtMs = this.#noteMove(clientId, JSON.stringify(state["cursor"]), nowMs);
      const fresh = nowMs - movedAtMs < nameShownMs;
      if (fresh) oldestFreshMs = Math.min(oldestFreshMs, movedAtMs);
      const { name, colour } = readUser(clientId, state);
      const head = Math.min(cursor.head, length);
      const anchor = Math.min(cursor.anchor, length);
      const from = Math.min(anchor, head);
      const to = Math.max(anchor, head);
      if (from < to) ranges.push(Decoration.mark({ class: `cm-person-selection cm-person-${colour}` }).range(from, to));
      ranges.push(Decoration.widget({ widget: new CaretWidget(name, colour, fresh), side: head > anchor ? -1 : 1 }).range(head));
    }
    for (const clientId of this.#movedAtMs.keys()) if (!seen.has(clientId)) this.#movedAtMs.delete(clientId);
    this.#fadeLater(oldestFreshMs, nowMs);
    return Decoration.set(ranges, true);
  }

  #noteMove(clientId: number, cursor: string, nowMs: number): number {
    const before = this.#movedAtMs.get(clientId);
    if (before?.cursor === cursor) return before.atMs;
    this.#movedAtMs.set(clientId, { cursor, atMs: nowMs });
    return nowMs;
  }

  #fadeLater(oldestFreshMs: number, nowMs: number): void {
    clearTimeout(this.#timer);
    if (Number.isFinite(oldestFreshMs)) this.#timer = setTimeout(() => this.#refresh(), Math.max(50, oldestFreshMs + nameShownMs - nowMs));
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#awareness.off("change", this.#onPresence);
  }
}

const personRules = Object.fromEntries(
  Array.from({ length: paletteSize }, (_, index) => [`.cm-person-${index}`, { "--person": `var(--person-${index})` }]),
);

const theme = EditorView.baseTheme({
  ...personRules,
  ".cm-person-selection": { backgroundColor: "color-mix(in srgb, var(--person) 22%, transparent)" },
  ".cm-caret": {
    position: "relative",
    borderInlineStart: "2px solid var(--person)",
    marginInline: "-1px",
    wordBreak: "keep-all",
  },
  ".cm-caret-name": {
    position: "absolute",
    insetBlockEnd: "calc(100% - 1px)",
    insetInlineStart: "-2px",
    padding: "1px 6px",
    borderRadius: "4px 4px 4px 0",
    backgroundColor: "var(--person)",
    color: "var(--person-ink)",
    font: "600 0.75rem/1.25 var(--font-ui)",
    whiteSpace: "nowrap",
    userSelect: "none",
    pointerEvents: "none",
    zIndex: "2",
    opacity: "0",
    transition: "opacity 200ms",
  },
  ".cm-caret::after": {
    content: "''",
    position: "absolute",
    insetBlockStart: "-3px",
    insetInlineStart: "-4px",
    inlineSize: "6px",
    blockSize: "6px",
    borderRadius: "50%",
    backgroundColor: "var(--person)",
  },
  ".cm-caret-fresh .cm-caret-name, .cm-caret:hover .cm-caret-name": { opacity: "1" },
});

export const remoteCarets = (text: Y.Text, awareness: Awareness): Extension => [
  theme,
  ViewPlugin.define((view) => new RemoteCarets(view, text, awareness), { decorations: (plugin) => plugin.decorations }),
];
