import { useId, useState } from "react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { fragmentOf } from "../platform/share-address.ts";
import { linkErrorTexts, strings } from "../strings.ts";
import { useApp } from "./client-context.ts";

/** Paste a share link, whole or only what follows the `#`. The text stays in this field and in memory. */
export function LinkField({ label = strings.openLink.label }: { readonly label?: string }): ReactNode {
  const { client } = useApp();
  const [, navigate] = useLocation();
  const [value, setValue] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const id = useId();

  const open = async (): Promise<void> => {
    setBusy(true);
    try {
      const opened = await client.openLink(fragmentOf(value));
      if (opened.ok) {
        setValue("");
        navigate(`/d/${opened.docId}`);
      } else {
        const text = linkErrorTexts[value.trim() === "" || opened.error === "empty" ? "not-a-link" : opened.error];
        setProblem(`${text.title}. ${text.todo}`);
      }
    } catch {
      setProblem(`${strings.problems.linkFailedTitle}. ${strings.problems.linkFailed}`);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className="link-field"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void open();
      }}
    >
      <label htmlFor={id}>{label}</label>
      <p className="hint" id={`${id}-hint`}>
        {strings.openLink.hint}
      </p>
      <div className="field-row">
        <input
          id={id}
          type="text"
          inputMode="url"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={value}
          placeholder={strings.openLink.placeholder}
          aria-describedby={problem === undefined ? `${id}-hint` : `${id}-problem`}
          aria-invalid={problem !== undefined}
          onChange={(event) => {
            setValue(event.target.value);
            setProblem(undefined);
          }}
        />
        <button type="submit" className="button" disabled={busy}>
          {strings.openLink.button}
        </button>
      </div>
      {problem !== undefined && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
