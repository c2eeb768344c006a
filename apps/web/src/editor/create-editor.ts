/**
 * The plain-text editor: CodeMirror 6 on a `Y.Text`. The only file that knows CodeMirror besides `remote-carets.ts`; replace both for rich text.
 *
 * It lives in a shadow root. There, CodeMirror puts its styles into `adoptedStyleSheets`; in the document it would add a `<style>` element, which
 * the strict Content-Security-Policy refuses.
 */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import { UndoManager } from "yjs";
import type { Text } from "yjs";
import { remoteCarets } from "./remote-carets.ts";

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
  close(): void;
}

/** Whether offsets in the shared text are offsets in its string: false if a newer app put embedded objects into it. */
export const isPlainText = (text: Text): boolean => text.toString().length === text.length;

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "1.125rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-text)", lineHeight: "1.7", overflow: "visible" },
  ".cm-content": { padding: "1.5rem 0 40vh", caretColor: "var(--accent)", minBlockSize: "60vh" },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--ink-soft)" },
  ".cm-content ::selection, .cm-line::selection": { backgroundColor: "var(--selection)" },
});

/** Windows line ends on the clipboard become `\n`; inside the document a `\r` is an ordinary character, so that offsets equal those of Yjs. */
const lineEnds: Extension = [
  EditorState.lineSeparator.of("\n"),
  EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
];

export function createEditor(options: EditorOptions): Editor {
  const { text, awareness } = options;
  const host = document.createElement("div");
  host.className = "editor-host";
  options.parent.append(host);
  const root = host.attachShadow({ mode: "open" });

  const fits = isPlainText(text);
  const writable = fits && !options.readOnly;
  // Only what this editor's binding does is undone: the binding adds itself as the one tracked origin.
  const undoManager = new UndoManager(text, { trackedOrigins: new Set(), captureTimeout: 500 });

  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text.toString(),
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
        writable ? [] : [EditorState.readOnly.of(true), EditorView.editable.of(false)],
        // Tab is bound to nothing: it leaves the editor.
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        fits ? [yCollab(text, null, { undoManager }), remoteCarets(text, awareness)] : [],
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

  // Runs after the binding has dispatched the change. Should offsets ever differ, writing on would damage the text of everybody.
  const check = (): void => {
    if (fits && view.state.doc.length !== text.length) options.onUnfit();
  };
  if (fits) text.observe(check);
  else options.onUnfit();

  let closed = false;
  return {
    focus: () => view.focus(),
    close() {
      if (closed) return;
      closed = true;
      if (fits) text.unobserve(check);
      options.onComposing(false);
      view.destroy();
      undoManager.destroy();
      host.remove();
    },
  };
}
