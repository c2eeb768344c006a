import { Eye, EyeOff } from "lucide-react";
import { useId, useState } from "react";
import type { ReactNode, RefObject } from "react";
import { strings } from "../strings.ts";

const t = strings.passphrase;

export interface PassphraseFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What is wrong with it: said at once, and read again with the field. */
  readonly problem: string | undefined;
  readonly readOnly: boolean;
  readonly field: RefObject<HTMLInputElement | null>;
}

/** A passphrase, hidden like a password unless somebody wants to see it. No browser is asked to remember it. */
export function PassphraseField({ label, hint, value, onChange, problem, readOnly, field }: PassphraseFieldProps): ReactNode {
  const [visible, setVisible] = useState(false);
  const id = useId();
  return (
    <div className="passphrase-field">
      <label htmlFor={id}>{label}</label>
      <div className="field-row">
        <input
          id={id}
          ref={field}
          type={visible ? "text" : "password"}
          autoComplete="off"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          translate="no"
          readOnly={readOnly}
          value={value}
          aria-describedby={problem === undefined ? `${id}-hint` : `${id}-problem ${id}-hint`}
          aria-invalid={problem !== undefined}
          onChange={(event) => onChange(event.target.value)}
        />
        <button
          type="button"
          className="button"
          aria-label={visible ? t.hide : t.show}
          aria-controls={id}
          onClick={() => setVisible(!visible)}
        >
          {visible ? <EyeOff aria-hidden="true" /> : <Eye aria-hidden="true" />}
          {visible ? t.hideShort : t.showShort}
        </button>
      </div>
      {problem !== undefined && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}
