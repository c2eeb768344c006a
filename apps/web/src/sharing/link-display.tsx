import { Check, Copy } from "lucide-react";
import { useEffect, useId, useRef } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { copyText, useCopied } from "./copy-link.ts";

export interface LinkDisplayProps {
  readonly address: string;
  readonly what: string;
  readonly say: (text: string, isProblem?: boolean) => void;
}

/** A link to read, select and copy. It takes the focus: it is what was asked for. */
export function LinkDisplay({ address, what, say }: LinkDisplayProps): ReactNode {
  const t = strings.space.invite;
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const { copied, mark } = useCopied();
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [address]);

  const copy = async (): Promise<void> => {
    if (await copyText(address)) {
      mark();
      say(t.copied);
    } else {
      field.current?.select();
      say(strings.share.copyFailed, true);
    }
  };

  return (
    <div className="link-display">
      <label htmlFor={id}>{t.label}</label>
      <div className="field-row">
        <input
          id={id}
          ref={field}
          className="link-text"
          type="text"
          readOnly
          value={address}
          aria-describedby={`${id}-what`}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className="button button-primary" onClick={() => void copy()}>
          {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
          {copied ? t.copied : t.copy}
        </button>
      </div>
      <p className="hint" id={`${id}-what`}>
        {what}
      </p>
    </div>
  );
}
