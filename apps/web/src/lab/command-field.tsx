import { Check, Copy } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import { labStrings } from "./strings.ts";

const t = labStrings.scenario;

/** A command to run elsewhere, and a button that copies it. */
export function CommandField({ command }: { readonly command: string }): ReactNode {
  const [told, setTold] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(command);
      setTold(t.copied);
    } catch {
      setTold(t.copyFailed);
    }
  };
  return (
    <div className="lab-command">
      <code>{command}</code>
      <button type="button" className="button" onClick={() => void copy()}>
        {told === t.copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
        {told === t.copied ? t.copied : t.copy}
      </button>
      <p className={told === t.copied ? "visually-hidden" : "told"} role="status">
        {told}
      </p>
    </div>
  );
}
