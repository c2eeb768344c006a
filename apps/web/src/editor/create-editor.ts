/**
 * The plain-text editor: CodeMirror 6 on a `Y.Text`. With `text-binding.ts` and `remote-carets.ts` the only
 * code that knows CodeMirror; replace them for rich text.
 *
 * It lives in a shadow root. There, CodeMirror puts its styles into `adoptedStyleSheets`; in the document it would add a `<style>` element, which
 * the strict Content-Security-Policy refuses.
 */
import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import { UndoManager } from "yjs";
import type { Text } from "yjs";
import { remoteCarets } from "./remote-carets.ts";
import { isPlainText, textBinding } from "./text-binding.ts";

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: Text;
  readonly awareness: Awareness;
  readonly label: string;
  readonly placeholder: string;
  readonly readOnly: boolean;
  readonly onComposing: (composing: boolean) => void;
  /** The text holds something that is not text: offsets would not fit, so this editor shows it and changes nothing. */
  readonly onUnfit: () => void;
}

export interface Editor {
  focus(): void;
  /** Selection, scroll position, undo and focus stay. */
  setReadOnly(readOnly: boolean): void;
  close(): void;
}

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "var(--editor-size, 1.125rem)" },
  "&.cm-focused": { outline: "none" },
  // A caret shows where the keyboard is; without one, a frame does.
  ".cm-content[contenteditable=false]:focus-visible": { outline: "2px solid var(--accent)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--font-text)", lineHeight: "var(--editor-leading, 1.7)", overflow: "visible" },
  // A page has room to scroll the last line up; smaller places set these properties.
  ".cm-content": {
    padding: "var(--editor-padding, 1.5rem 0 40vh)",
    caretColor: "var(--accent)",
    minBlockSize: "var(--editor-min, 60vh)",
  },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--ink-soft)" },
  ".cm-content ::selection, .cm-line::selection": { backgroundColor: "var(--selection)" },
});

/** Windows line ends on the clipboard become `\n`; inside the document a `\r` is an ordinary character, so that offsets equal those of Yjs. */
const lineEnds: Extension = [
  EditorState.lineSeparator.of("\n"),
  EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
];

/** What can't be changed can still be reached, selected and copied with the keyboard. */
const unwritable: Extension = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ tabindex: "0" }),
];

export function createEditor(options: EditorOptions): Editor {
  const { text, awareness } = options;
  const host = document.createElement("div");
  host.className = "editor-host";
  options.parent.append(host);
  const root = host.attachShadow({ mode: "open" });

  const fits = isPlainText(text);
  const access = new Compartment();
  // Undo writes too, and does not ask the editor whether it may.
  const accessFor = (readOnly: boolean): Extension => (fits && !readOnly ? keymap.of([...yUndoManagerKeymap]) : unwritable);
  // Only what this editor's binding does is undone: the binding adds itself as the one tracked origin.
  const undoManager = new UndoManager(text, { trackedOrigins: new Set(), captureTimeout: 500 });

  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text.toJSON(),
      extensions: [
        lineEnds,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": options.label,
          spellcheck: "true",
          autocapitalize: "sentences",
          autocorrect: "on",
          dir: "auto",
        }),
        EditorView.perLineTextDirection.of(true),
        EditorView.scrollMargins.of(() => ({ top: 96, bottom: 48 })),
        placeholder(options.placeholder),
        access.of(accessFor(options.readOnly)),
        // Tab is bound to nothing: it leaves the editor.
        keymap.of([...defaultKeymap]),
        fits ? [textBinding(text, undoManager, options.onUnfit), remoteCarets(text, awareness)] : [],
        EditorView.domEventHandlers({
          compositionstart: () => options.onComposing(true),
          compositionend: () => {
            // After CodeMirror has read the composed text.
            setTimeout(() => options.onComposing(false), 0);
          },
          blur: () => options.onComposing(false),
        }),
        theme,
      ],
    }),
  });

  // Without a binding the whole text is shown anew after each change.
  const showAll = (): void => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text.toJSON() } });
  if (!fits) {
    text.observe(showAll);
    options.onUnfit();
  }

  let closed = false;
  return {
    focus: () => view.focus(),
    setReadOnly: (readOnly) => view.dispatch({ effects: access.reconfigure(accessFor(readOnly)) }),
    close() {
      if (closed) return;
      closed = true;
      if (!fits) text.unobserve(showAll);
      options.onComposing(false);
      view.destroy();
      undoManager.destroy();
      host.remove();
    },
  };
}
