import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { createEditor } from "./create-editor.ts";
import type { DocumentSession } from "./document-session.ts";

export interface TextEditorProps {
  readonly session: DocumentSession;
  readonly readOnly: boolean;
  readonly onUnfit: () => void;
}

/** Where the keyboard is not on the screen, and nothing else has the focus, writing can start at once. */
const wantsFocus = (): boolean =>
  !window.matchMedia("(pointer: coarse)").matches && (document.activeElement === null || document.activeElement === document.body);

/** The replaceable editor component: binds a session's text to an editing surface. */
export function TextEditor({ session, readOnly, onUnfit }: TextEditorProps): ReactNode {
  const parent = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (parent.current === null) return undefined;
    const editor = createEditor({
      parent: parent.current,
      text: session.body,
      awareness: session.awareness,
      label: strings.document.editor,
      placeholder: strings.document.placeholder,
      readOnly,
      onComposing: (composing) => session.setComposing(composing),
      onUnfit,
    });
    if (wantsFocus()) editor.focus();
    return () => editor.close();
  }, [session, readOnly, onUnfit]);
  return <div className="editor" ref={parent} />;
}
