import { Camera } from "lucide-react";
import { useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { PairingRole } from "../client.ts";
import { strings } from "../strings.ts";
import { TimeLeft } from "./time-left.tsx";

const t = strings.devices.pair;

export interface CodeEntryProps {
  readonly role: PairingRole;
  readonly endsAtMs: number;
  readonly busy: boolean;
  /** Resolves with what is wrong with the code, or undefined. */
  readonly onCode: (text: string) => Promise<string | undefined>;
  readonly onScan: () => void;
  /** To show a code instead, where that is not a step back. */
  readonly onShow: (() => void) | undefined;
}

/** Takes the other device's code. What was typed stays in this field. */
export function CodeEntry({ role, endsAtMs, busy, onCode, onScan, onShow }: CodeEntryProps): ReactNode {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const submit = async (): Promise<void> => {
    const wrong = await onCode(text);
    setProblem(wrong);
    if (wrong !== undefined) field.current?.focus();
  };
  return (
    <>
      <p>{t.enter.how[role]}</p>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label htmlFor={id}>{t.enter.label}</label>
        <div className="field-row">
          <input
            id={id}
            ref={field}
            className="code-field"
            type="text"
            autoComplete="off"
            autoCapitalize="characters"
            autoCorrect="off"
            spellCheck={false}
            maxLength={200}
            value={text}
            aria-describedby={problem === undefined ? `${id}-hint` : `${id}-problem`}
            aria-invalid={problem !== undefined}
            onChange={(event) => {
              setText(event.target.value);
              setProblem(undefined);
            }}
          />
          <button type="submit" className="button button-primary" aria-disabled={busy}>
            {t.enter.button}
          </button>
        </div>
        {problem === undefined ? (
          <p className="hint" id={`${id}-hint`}>
            {t.enter.hint}
          </p>
        ) : (
          <p className="field-problem" id={`${id}-problem`} role="alert">
            {problem}
          </p>
        )}
      </form>
      <div className="pairing-others">
        <button type="button" className="button" onClick={onScan}>
          <Camera aria-hidden="true" />
          {t.enter.scan}
        </button>
        {onShow !== undefined && (
          <button type="button" className="text-button" onClick={onShow}>
            {t.enter.show}
          </button>
        )}
      </div>
      <div className="pairing-foot">
        <TimeLeft endsAtMs={endsAtMs} />
      </div>
    </>
  );
}
