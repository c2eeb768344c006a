import { useCallback, useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { createEditor } from "../editor/create-editor.ts";
import type { ReplicaDoc } from "./replica-doc.ts";
import { labStrings } from "./strings.ts";

/** A real editor on a simulated device's text. It is made anew when the device begins a new life; the focus stays. */
export function LabEditor({
  doc,
  who,
  readOnly,
}: {
  readonly doc: ReplicaDoc;
  readonly who: string;
  readonly readOnly: boolean;
}): ReactNode {
  const parent = useRef<HTMLDivElement>(null);
  const hadFocus = useRef(false);
  // The Lab's texts hold text only: there is nothing that could not fit.
  const onUnfit = useCallback(() => undefined, []);
  useEffect(() => {
    const place = parent.current;
    if (place === null) return undefined;
    const editor = createEditor({
      parent: place,
      text: doc.body,
      awareness: doc.awareness,
      label: labStrings.card.editor(who),
      placeholder: labStrings.card.placeholder,
      readOnly,
      onComposing: (composing) => doc.setComposing(composing),
      onUnfit,
    });
    if (hadFocus.current && !readOnly) editor.focus();
    return () => {
      hadFocus.current = place.contains(document.activeElement);
      editor.close();
    };
  }, [doc, who, readOnly, onUnfit]);
  return <div className="lab-editor" ref={parent} />;
}
