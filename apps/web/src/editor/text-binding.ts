/**
 * Keeps CodeMirror's text and a `Y.Text` the same, in both directions.
 *
 * Stands in for y-codemirror's `ySync`, with its facet and annotation, so that its undo works unchanged. The difference: what other people send is
 * checked first. An embedded object in the text (from another app, or out of malice) makes `ySync` hand CodeMirror an object for a string, and
 * the page hangs; and offsets that no longer fit would damage everybody's text with the next key stroke. Both end in `onUnfit` instead.
 */
import type { ChangeSpec, Extension } from "@codemirror/state";
import { ViewPlugin } from "@codemirror/view";
import type { EditorView, PluginValue, ViewUpdate } from "@codemirror/view";
import { ySync, ySyncAnnotation, ySyncFacet, yCollab } from "y-codemirror.next";
import type { YSyncConfig } from "y-codemirror.next";
import type { Text, Transaction, UndoManager, YTextEvent } from "yjs";

/** Whether offsets in the shared text are offsets in its string: false if it holds embedded objects. */
export const isPlainText = (text: Text): boolean => text.toJSON().length === text.length;

/** Changes for CodeMirror, or undefined if something other than text was inserted. */
export function toChanges(delta: YTextEvent["delta"]): readonly ChangeSpec[] | undefined {
  const changes: ChangeSpec[] = [];
  let position = 0;
  for (const part of delta) {
    if (part.insert !== undefined) {
      if (typeof part.insert !== "string") return undefined;
      changes.push({ from: position, to: position, insert: part.insert });
    } else if (part.delete !== undefined) {
      changes.push({ from: position, to: position + part.delete });
      position += part.delete;
    } else {
      position += part.retain ?? 0;
    }
  }
  return changes;
}

class TextBinding implements PluginValue {
  readonly #view: EditorView;
  readonly #config: YSyncConfig;
  readonly #text: Text;
  readonly #onUnfit: () => void;
  #fits = true;

  constructor(view: EditorView, text: Text, onUnfit: () => void) {
    this.#view = view;
    this.#config = view.state.facet(ySyncFacet);
    this.#text = text;
    this.#onUnfit = onUnfit;
    text.observe(this.#onRemote);
  }

  readonly #onRemote = (event: YTextEvent, transaction: Transaction): void => {
    if (transaction.origin === this.#config || !this.#fits) return;
    const changes = toChanges(event.delta);
    if (changes !== undefined) this.#view.dispatch({ changes: [...changes], annotations: ySyncAnnotation.of(this.#config) });
    if (changes !== undefined && this.#view.state.doc.length === this.#text.length) return;
    this.#fits = false;
    this.#onUnfit();
  };

  update(update: ViewUpdate): void {
    if (!update.docChanged || !this.#fits || update.transactions[0]?.annotation(ySyncAnnotation) === this.#config) return;
    this.#text.doc?.transact(() => {
      let shift = 0;
      update.changes.iterChanges((from, to, _fromNew, _toNew, insert) => {
        const inserted = insert.sliceString(0, insert.length, "\n");
        if (from !== to) this.#text.delete(from + shift, to - from);
        if (inserted !== "") this.#text.insert(from + shift, inserted);
        shift += inserted.length - (to - from);
      });
    }, this.#config);
  }

  destroy(): void {
    this.#text.unobserve(this.#onRemote);
  }
}

/** The binding and undo of one's own edits. `undoManager` must track no origin: the undo extension adds the binding's own. */
export function textBinding(text: Text, undoManager: UndoManager, onUnfit: () => void): Extension {
  const collaboration = yCollab(text, null, { undoManager });
  return [
    ViewPlugin.define((view) => new TextBinding(view, text, onUnfit)),
    Array.isArray(collaboration) ? collaboration.filter((extension) => extension !== ySync) : [],
  ];
}
