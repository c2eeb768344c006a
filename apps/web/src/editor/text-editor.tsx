import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { createEditor } from "./create-editor.ts";
import type { Editor } from "./create-editor.ts";
import type { DocumentSession } from "./document-session.ts";

export interface TextEditorProps {
  readonly session: DocumentSession;
  readonly readOnly: boolean;
  /** What `onUnfit` told: the editor begins anew, without a binding. */
  readonly unfit: boolean;
  readonly onUnfit: () => void;
}

/** Where the keyboard is not on the screen, and nothing else has the focus, writing can start at once. */
const wantsFocus = (): boolean =>
  !window.matchMedia("(pointer: coarse)").matches && (document.activeElement === null || document.activeElement === document.body);

/** The replaceable editor component: binds a session's text to an editing surface. */
export function TextEditor({ session, readOnly, unfit, onUnfit }: TextEditorProps): ReactNode {
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor>(null);
  const readOnlyNow = useRef(readOnly);
  useEffect(() => {
    readOnlyNow.current = readOnly;
    editor.current?.setReadOnly(readOnly);
  }, [readOnly]);
  useEffect(() => {
    if (parent.current === null) return undefined;
    const created = createEditor({
      parent: parent.current,
      text: session.body,
      awareness: session.awareness,
      label: strings.document.editor,
      placeholder: strings.document.placeholder,
      readOnly: readOnlyNow.current,
      onComposing: (composing) => session.setComposing(composing),
      onUnfit,
    });
    editor.current = created;
    if (!readOnlyNow.current && wantsFocus()) created.focus();
    return () => {
      editor.current = null;
      created.close();
    };
  }, [session, unfit, onUnfit]);
  return <div className="editor" ref={parent} />;
}
