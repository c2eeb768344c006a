import { Check, Copy } from "lucide-react";
import { useId } from "react";
import type { ReactNode, RefObject } from "react";
import { copyText, useCopied } from "./copy-link.ts";

export interface CopyFieldProps {
  readonly label: string;
  readonly value: string;
  readonly hint: string;
  /** The hint changes, and is then read out. */
  readonly isLive?: boolean;
  /** `copied` stands on the button for some seconds after it was pressed. */
  readonly words: { readonly copy: string; readonly copied: string };
  /** The page's main button. */
  readonly isMain?: boolean;
  readonly field: RefObject<HTMLInputElement | null>;
  /** The clipboard took it, or the browser did not allow that: then the text is selected, for the keyboard. */
  readonly onCopied: (done: boolean) => void;
}

/** Something to read, select and copy, with its label and a line about it. */
export function CopyField({ label, value, hint, isLive = false, words, isMain = false, field, onCopied }: CopyFieldProps): ReactNode {
  const id = useId();
  const { copied, mark } = useCopied();
  const copy = async (): Promise<void> => {
    const done = await copyText(value);
    if (done) mark();
    else field.current?.select();
    onCopied(done);
  };
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <div className="field-row">
        <input
          id={id}
          ref={field}
          className="link-text"
          type="text"
          readOnly
          translate="no"
          value={value}
          aria-describedby={`${id}-hint`}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className={isMain ? "button button-primary" : "button"} onClick={() => void copy()}>
          {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
          {copied ? words.copied : words.copy}
        </button>
      </div>
      <p className="hint" id={`${id}-hint`} role={isLive ? "status" : undefined}>
        {hint}
      </p>
    </>
  );
}
