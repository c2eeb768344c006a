import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { OpenLinkResult } from "../client.ts";
import { linkErrorTexts, strings } from "../strings.ts";
import { PassphraseField } from "./passphrase-field.tsx";

const t = strings.passphrase.open;

export interface PassphraseFormProps {
  readonly submit: (passphrase: string) => Promise<OpenLinkResult>;
  readonly onOpened: (docId: string) => void;
  readonly onCancel: () => void;
  /** Why the last one did not do. */
  readonly problem?: string;
}

/** Asks for the passphrase of a link. What was typed stays in this field and in memory. */
export function PassphraseForm({ submit, onOpened, onCancel, problem: first }: PassphraseFormProps): ReactNode {
  const [value, setValue] = useState("");
  const [problem, setProblem] = useState(first);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    field.current?.focus();
    return () => {
      mounted.current = false;
    };
  }, []);

  const tell = (words: string): void => {
    setBusy(false);
    setProblem(words);
    field.current?.focus();
  };
  const open = async (): Promise<void> => {
    if (busy) return;
    if (value.trim() === "") return tell(t.missing);
    setBusy(true);
    setProblem(undefined);
    try {
      const opened = await submit(value);
      if (!mounted.current) return;
      if (opened.ok) return onOpened(opened.docId);
      const text = linkErrorTexts[opened.error];
      tell(`${text.title}. ${text.todo}`);
    } catch {
      if (mounted.current) tell(`${strings.problems.linkFailedTitle}. ${strings.problems.linkFailed}`);
    }
  };

  return (
    <form
      className="passphrase-form"
      noValidate
      aria-busy={busy}
      onSubmit={(event) => {
        event.preventDefault();
        void open();
      }}
    >
      <PassphraseField
        label={t.label}
        hint={t.hint}
        value={value}
        onChange={(next) => {
          setValue(next);
          setProblem(undefined);
        }}
        problem={problem}
        readOnly={busy}
        field={field}
      />
      <div className="passphrase-actions">
        <p className="told" role="status">
          {busy ? t.working : ""}
        </p>
        <button type="button" className="button" onClick={onCancel}>
          {strings.common.cancel}
        </button>
        {/* Not disabled while under way: a disabled button loses the focus. */}
        <button type="submit" className="button button-primary" aria-disabled={busy}>
          {t.button}
        </button>
      </div>
    </form>
  );
}
