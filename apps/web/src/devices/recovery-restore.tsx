import { Camera } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import { useApp } from "../app/client-context.ts";
import type { RestoreResult } from "../client.ts";
import { DialogStep } from "../sharing/dialog-step.tsx";
import { strings } from "../strings.ts";
import { CodeScanner } from "./code-scanner.tsx";
import { placeOfWord, wordsIn, wordsOfSheet } from "./recovery-words.ts";

const t = strings.recovery.restore;
const quietMs = 1000;

/** What was chosen: to type the words, or to hold their sheet before the camera. */
export type WordsEntry = "type" | "scan";

export interface RecoveryRestoreProps {
  readonly entry: WordsEntry;
  readonly onEntry: (entry: WordsEntry) => void;
  readonly deviceName: string;
  readonly say: (text: string, isProblem?: boolean) => void;
  readonly onBack: () => void;
  /** This device has the account. */
  readonly onRestored: () => void;
}

/** Takes recovery words, and puts this device into their account. What was typed stays in this field. */
export function RecoveryRestore({ entry, onEntry, deviceName, say, onBack, onRestored }: RecoveryRestoreProps): ReactNode {
  const { client, profile, refresh } = useApp();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const mounted = useRef(true);
  const id = useId();
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const words = wordsIn(text);

  const ask = async (words: readonly string[]): Promise<RestoreResult | "broken"> => {
    const before = profile.accountId;
    try {
      return await client.restoreAccount(words.join(" "), deviceName);
    } catch {
      // The peer begins again with the account, and may do so before it says that it has it.
      const after = await client.profile().catch(() => undefined);
      return after !== undefined && after.accountId !== before ? { ok: true } : "broken";
    }
  };
  const submit = async (words: readonly string[]): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    say(t.looking);
    const result = await ask(words);
    if (result !== "broken" && result.ok) {
      setText("");
      await refresh().catch(() => undefined);
      if (mounted.current) onRestored();
      return;
    }
    setBusy(false);
    const why = result === "broken" ? t.broken : t.problem(result.error, result.at);
    if (!mounted.current) return say(why, true);
    say("");
    setProblem(why);
    const typed = field.current?.value ?? "";
    const place = result !== "broken" && result.error === "words-unknown" ? placeOfWord(typed, result.at) : undefined;
    field.current?.focus();
    if (place !== undefined) field.current?.setSelectionRange(place.start, place.end);
  };

  const found = (code: string): void => {
    const scanned = wordsOfSheet(code);
    if (scanned === undefined) return say(t.scan.otherCode, true);
    setText(code);
    onEntry("type");
    void submit(scanned);
  };

  if (entry === "scan") {
    return (
      <DialogStep key="scan" title={t.scan.title} onBack={onBack}>
        <CodeScanner words={t.scan} onFound={found} onType={() => onEntry("type")} />
      </DialogStep>
    );
  }
  return (
    <DialogStep key="type" title={t.title} onBack={onBack}>
      <p>{t.how}</p>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit(words);
        }}
      >
        <label htmlFor={id}>{t.label}</label>
        <textarea
          id={id}
          ref={field}
          className="words-field"
          rows={5}
          autoComplete="off"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          translate="no"
          maxLength={2000}
          readOnly={busy}
          value={text}
          aria-describedby={problem === undefined ? `${id}-hint` : `${id}-problem`}
          aria-invalid={problem !== undefined}
          onChange={(event) => {
            setText(event.target.value);
            setProblem(undefined);
          }}
        />
        <div className="words-foot">
          {problem === undefined ? (
            <p className="hint" id={`${id}-hint`}>
              {t.hint}
            </p>
          ) : (
            <p className="field-problem" id={`${id}-problem`} role="alert">
              {problem}
            </p>
          )}
          <WordCount count={words.length} />
        </div>
        <div className="dialog-actions words-actions">
          <button type="button" className="button" aria-disabled={busy} onClick={() => (busy ? undefined : onEntry("scan"))}>
            <Camera aria-hidden="true" />
            {t.scan.button}
          </button>
          <button type="submit" className="button button-primary" aria-disabled={busy}>
            {t.button}
          </button>
        </div>
      </form>
    </DialogStep>
  );
}

/** For the eye at once, for the ear when nobody types. */
function WordCount({ count }: { readonly count: number }): ReactNode {
  const [heard, setHeard] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setHeard(count), quietMs);
    return () => clearTimeout(timer);
  }, [count]);
  return (
    <>
      <p className="hint words-count" aria-hidden="true">
        {t.count(count)}
      </p>
      <p className="visually-hidden" role="status">
        {heard === 0 ? "" : t.count(heard)}
      </p>
    </>
  );
}
