import { useEffect, useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { fragmentOf } from "../platform/share-address.ts";
import { PassphraseForm } from "../sharing/passphrase-form.tsx";
import { linkErrorTexts, strings } from "../strings.ts";
import { useApp } from "./client-context.ts";

/** Paste a share link, whole or only what follows the `#`. The text stays in this field and in memory. */
export function LinkField({ label = strings.openLink.label }: { readonly label?: string }): ReactNode {
  const { client } = useApp();
  const [, navigate] = useLocation();
  const [value, setValue] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  /** Fragment of a link that needs a passphrase. */
  const [asking, setAsking] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const wasAsking = useRef(false);
  const id = useId();
  useEffect(() => {
    if (asking === undefined && wasAsking.current) field.current?.focus();
    wasAsking.current = asking !== undefined;
  }, [asking]);

  const show = (docId: string): void => {
    setValue("");
    setAsking(undefined);
    navigate(`/d/${docId}`);
  };
  const open = async (): Promise<void> => {
    setBusy(true);
    try {
      const opened = await client.openLink(fragmentOf(value));
      if (opened.ok) show(opened.docId);
      else if (opened.error === "passphrase-needed") setAsking(fragmentOf(value));
      else {
        const text = linkErrorTexts[value.trim() === "" || opened.error === "empty" ? "not-a-link" : opened.error];
        setProblem(`${text.title}. ${text.todo}`);
      }
    } catch {
      setProblem(`${strings.problems.linkFailedTitle}. ${strings.problems.linkFailed}`);
    } finally {
      setBusy(false);
    }
  };

  if (asking !== undefined) {
    return (
      <section className="link-field" aria-label={strings.passphrase.open.title}>
        <p className="link-field-title">{strings.passphrase.open.title}</p>
        <PassphraseForm
          submit={(passphrase) => client.openLink(asking, passphrase)}
          onOpened={show}
          onCancel={() => setAsking(undefined)}
        />
      </section>
    );
  }
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
          ref={field}
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
