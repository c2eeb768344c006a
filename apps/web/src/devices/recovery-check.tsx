import { useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { wrongOnes } from "./recovery-words.ts";

const t = strings.recovery.check;

export interface RecoveryCheckProps {
  readonly words: readonly string[];
  readonly asked: readonly [number, number];
  readonly busy: boolean;
  readonly onShow: () => void;
  readonly onRight: () => void;
}

/** Two of the words, to be read off the paper. */
export function RecoveryCheck({ words, asked, busy, onShow, onRight }: RecoveryCheckProps): ReactNode {
  const [typed, setTyped] = useState<readonly string[]>(["", ""]);
  const [wrong, setWrong] = useState<readonly number[]>([]);
  const fields = useRef<(HTMLInputElement | null)[]>([]);
  const id = useId();
  const submit = (): void => {
    const found = wrongOnes(typed, words, asked);
    setWrong(found);
    const [first] = found;
    if (first === undefined) onRight();
    else fields.current[asked.indexOf(first)]?.focus();
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <p>{t.how}</p>
      <div className="kit-asked">
        {asked.map((place, index) => (
          <div key={place}>
            <label htmlFor={`${id}-${index}`}>{t.label(place + 1)}</label>
            <input
              id={`${id}-${index}`}
              ref={(element) => {
                fields.current[index] = element;
              }}
              type="text"
              autoComplete="off"
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck={false}
              maxLength={40}
              value={typed[index] ?? ""}
              aria-describedby={wrong.includes(place) ? `${id}-problem` : undefined}
              aria-invalid={wrong.includes(place)}
              onChange={(event) => {
                setTyped(typed.with(index, event.target.value));
                setWrong([]);
              }}
            />
          </div>
        ))}
      </div>
      {wrong.length > 0 && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          {t.wrong(wrong.map((place) => place + 1))}
        </p>
      )}
      <div>
        <button type="button" className="text-button" onClick={onShow}>
          {t.show}
        </button>
      </div>
      <div className="dialog-actions">
        <button type="submit" className="button button-primary" aria-disabled={busy}>
          {t.confirm}
        </button>
      </div>
    </form>
  );
}
