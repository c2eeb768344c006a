import { Check, Copy, Printer } from "lucide-react";
import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { copyText, useCopied } from "../sharing/copy-link.ts";
import { strings } from "../strings.ts";
import { RecoverySheet } from "./recovery-sheet.tsx";

const t = strings.recovery.shown;

export interface RecoveryShownProps {
  readonly words: readonly string[];
  readonly say: (text: string, isProblem?: boolean) => void;
  readonly onWritten: () => void;
}

/** The words, once. They are in this page's memory for as long as this is there, and nowhere else. */
export function RecoveryShown({ words, say, onWritten }: RecoveryShownProps): ReactNode {
  const list = useRef<HTMLOListElement>(null);
  const { copied, mark } = useCopied();
  useEffect(() => () => window.getSelection()?.removeAllRanges(), []);
  const copy = async (): Promise<void> => {
    if (await copyText(words.join(" "))) {
      mark();
      say(t.copied);
    } else {
      if (list.current !== null) window.getSelection()?.selectAllChildren(list.current);
      say(t.copyFailed, true);
    }
  };
  return (
    <>
      <p>{t.how}</p>
      <ol ref={list} className="kit-words" translate="no" aria-label={t.list}>
        {words.map((word, index) => (
          <li key={`${index}-${word}`}>
            <span className="kit-number">{t.number(index + 1)}</span>
            {word}
          </li>
        ))}
      </ol>
      <div className="row-actions">
        <button type="button" className="button" onClick={() => window.print()}>
          <Printer aria-hidden="true" />
          {t.print}
        </button>
        <button type="button" className="button" onClick={() => void copy()}>
          {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
          {copied ? strings.share.copied : t.copy}
        </button>
      </div>
      <p className="hint">{t.clipboard}</p>
      <div className="dialog-actions">
        <button type="button" className="button button-primary" onClick={onWritten}>
          {t.written}
        </button>
      </div>
      <RecoverySheet words={words} />
    </>
  );
}
