import { useId, useState } from "react";
import type { ReactNode } from "react";
import { cleanName } from "../editor/people.ts";
import { strings } from "../strings.ts";
import { Mark } from "../ui/mark.tsx";

export interface NamePromptProps {
  /** Someone came by a share link and only wants to read. */
  readonly towardsDocument: boolean;
  readonly onName: (name: string) => Promise<void>;
}

/** All that a first visit asks for. Keys were made meanwhile, without a word. */
export function NamePrompt({ towardsDocument, onName }: NamePromptProps): ReactNode {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const id = useId();

  const submit = async (): Promise<void> => {
    const clean = cleanName(name);
    if (clean === "") {
      setProblem(strings.name.missing);
      return;
    }
    setBusy(true);
    try {
      await onName(clean);
    } catch {
      setProblem(strings.problems.store);
      setBusy(false);
    }
  };

  return (
    <main className="name-page">
      <div className="wordmark">
        <Mark size={36} />
        <span>{strings.app.name}</span>
      </div>
      <form
        className="card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1>{strings.name.heading}</h1>
        <label htmlFor={id}>{strings.name.label}</label>
        <input
          id={id}
          type="text"
          autoFocus
          autoComplete="name"
          maxLength={80}
          value={name}
          aria-describedby={`${id}-hint${problem === undefined ? "" : ` ${id}-problem`}`}
          aria-invalid={problem !== undefined}
          onChange={(event) => {
            setName(event.target.value);
            setProblem(undefined);
          }}
        />
        {problem !== undefined && (
          <p className="field-problem" id={`${id}-problem`} role="alert">
            {problem}
          </p>
        )}
        <p className="hint" id={`${id}-hint`}>
          {strings.name.hint} {towardsDocument ? strings.name.sharedHint : ""}
        </p>
        <button type="submit" className="button button-primary" disabled={busy}>
          {strings.name.button}
        </button>
      </form>
    </main>
  );
}
