/**
 * What does not count, to be read: words whose author was not allowed to write them. Anybody may have written anything in them, so they are shown as
 * text that is marked as foreign, cut where there is too much of it, and come into the document only by the reader's own edit.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { SetAsidePage, SetAsideWords, SpaceStatus } from "../client.ts";
import { useApp } from "../app/client-context.ts";
import type { DocumentSession } from "../editor/document-session.ts";
import { downloadText } from "../platform/download.ts";
import { copyText, useCopied } from "../sharing/copy-link.ts";
import { alarmTexts, strings } from "../strings.ts";
import { Dialog } from "../ui/dialog.tsx";
import { useNow } from "../ui/page.ts";
import { atTime, clockTime } from "../ui/times.ts";
import { foreignWords } from "./foreign-words.ts";
import { setAsideLabels } from "./set-aside-labels.ts";
import type { SetAsideLabel } from "./set-aside-labels.ts";

const t = strings.setAside;

/** Enough to know what it is; more would make the page slow. */
const shownMax = 20_000;

export interface SetAsideDialogProps {
  readonly docId: string;
  readonly session: DocumentSession;
  readonly space: SpaceStatus | null | undefined;
  /** Nothing can be added. */
  readonly readOnly: boolean;
  readonly onClose: () => void;
}

export function SetAsideDialog({ docId, session, space, readOnly, onClose }: SetAsideDialogProps): ReactNode {
  const { profile } = useApp();
  const nowMs = useNow(20_000);
  const { pages, state, load } = usePages(docId);
  const [told, setTold] = useState("");
  const records = pages.flatMap((page) => page.records);
  const words = pages.flatMap((page) => page.words);
  const labels = setAsideLabels(pages, space, profile.displayName);
  return (
    <Dialog
      title={t.title}
      onClose={onClose}
      foot={
        <p className="share-told" role="status">
          {told}
        </p>
      }
    >
      <p className="note note-warning" tabIndex={-1} data-first-focus>
        {t.warning}
      </p>
      {words.map((one, index) => (
        <Words
          key={`${index}-${one.device}`}
          words={one}
          label={labels.get(one.device) ?? { name: t.stranger, now: "" }}
          nowMs={nowMs}
          session={session}
          readOnly={readOnly}
          onTell={setTold}
        />
      ))}
      {state === "read" && words.length === 0 && <p>{t.none}</p>}
      {pages.some((page) => page.deletes) && <p className="hint">{t.deletes}</p>}
      {readOnly && words.some(({ text }) => foreignWords(text) !== "") && <p className="hint">{t.readOnly}</p>}
      {state === "reading" && (
        <p className="hint" role="status">
          {t.loading}
        </p>
      )}
      {state === "failed" && (
        <p className="field-problem" role="alert">
          {t.failed}
        </p>
      )}
      {(state === "failed" || pages.at(-1)?.nextSeq !== undefined) && (
        <div>
          {/* Not disabled while under way: a disabled button loses the focus. */}
          <button type="button" className="button" aria-disabled={state === "reading"} onClick={load}>
            {state === "failed" ? t.tryAgain : t.more}
          </button>
        </div>
      )}
      {records.length > 0 && (
        <details className="share-more">
          <summary>{t.entries(records.length, records.filter(({ isRead }) => !isRead).length)}</summary>
          <ul className="share-rows">
            {records.map(({ seq, bytes, device, kind, isRead }) => (
              <li key={seq}>
                <div className="row-text">
                  <p className="row-title">
                    {t.entry(seq, bytes)}
                    {labels.has(device) && (
                      <>
                        {" · "}
                        <bdi>{labels.get(device)?.name}</bdi>
                      </>
                    )}
                  </p>
                  <p className="hint">
                    {alarmTexts[kind].what}
                    {kind === "not-allowed" && !isRead && ` ${t.unread}`}
                  </p>
                </div>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Dialog>
  );
}

interface Pages {
  readonly pages: readonly SetAsidePage[];
  readonly state: "reading" | "read" | "failed";
  /** The next page, or the one that could not be read. */
  readonly load: () => void;
}

function usePages(docId: string): Pages {
  const { client } = useApp();
  const [pages, setPages] = useState<readonly SetAsidePage[]>([]);
  const [state, setState] = useState<Pages["state"]>("reading");
  const next = useRef<number | undefined>(0);
  const reading = useRef(false);
  const mounted = useRef(true);
  const load = useCallback(() => {
    if (reading.current || next.current === undefined) return;
    reading.current = true;
    setState("reading");
    const end = (now: Pages["state"]): void => {
      reading.current = false;
      if (mounted.current) setState(now);
    };
    client.readSetAside(docId, next.current).then(
      (page) => {
        next.current = page.nextSeq;
        if (mounted.current) setPages((before) => [...before, page]);
        end("read");
      },
      () => end("failed"),
    );
  }, [client, docId]);
  useEffect(() => {
    mounted.current = true;
    load();
    return () => {
      mounted.current = false;
    };
  }, [load]);
  return { pages, state, load };
}

interface WordsProps {
  readonly words: SetAsideWords;
  readonly label: SetAsideLabel;
  readonly nowMs: number;
  readonly session: DocumentSession;
  readonly readOnly: boolean;
  readonly onTell: (sentence: string) => void;
}

/** To the minute: one that began and ended in the same one was written at once. */
function writtenText(fromMs: number, untilMs: number, nowMs: number): string {
  const [from, until] = [clockTime(fromMs, nowMs), clockTime(untilMs, nowMs)];
  return from === until ? t.written(atTime(fromMs, nowMs)) : t.writtenOver(from, until);
}

function Words({ words, label, nowMs, session, readOnly, onTell }: WordsProps): ReactNode {
  const { fromMs, untilMs } = words;
  const text = useMemo(() => foreignWords(words.text), [words.text]);
  const { copied, mark } = useCopied();
  const [takeBack, setTakeBack] = useState<() => void>();
  const whose = <span className="visually-hidden">{t.whose(label.name)}</span>;
  const copy = async (): Promise<void> => {
    const done = await copyText(text);
    if (done) mark();
    onTell(done ? "" : t.copyFailed);
  };
  const toggle = (): void => {
    if (takeBack === undefined) {
      const undo = session.appendText(text);
      setTakeBack(() => undo);
      onTell(t.added);
    } else {
      takeBack();
      setTakeBack(undefined);
      onTell(t.takenBack);
    }
  };
  return (
    <article className="set-aside">
      <div>
        <h3>
          <bdi>{label.name}</bdi>
          {label.now !== "" && <span className="set-aside-now"> · {label.now}</span>}
        </h3>
        <p className="hint">{writtenText(fromMs, untilMs, nowMs)}</p>
      </div>
      {text === "" ? (
        <p className="hint">{t.noWords}</p>
      ) : (
        // Reachable with the keyboard, to be scrolled and selected.
        <div className="set-aside-text" dir="auto" role="group" aria-label={t.words(label.name)} tabIndex={0}>
          {text.slice(0, shownMax)}
        </div>
      )}
      {text.length > shownMax && <p className="hint">{t.cut(shownMax, text.length)}</p>}
      {words.isHere && <p className="hint">{t.isHere}</p>}
      {words.isIncomplete && <p className="hint">{t.isIncomplete}</p>}
      {words.hasOther && <p className="hint">{t.hasOther}</p>}
      {text !== "" && (
        <div className="row-actions">
          <button type="button" className="button" onClick={() => void copy()}>
            {copied ? t.copied : t.copy}
            {whose}
          </button>
          <button type="button" className="button" onClick={() => downloadText(text, "set-aside.txt")}>
            {t.save}
            {whose}
          </button>
          {!readOnly && (
            <button type="button" className="button" onClick={toggle}>
              {takeBack === undefined ? t.add : t.takeBack}
              {whose}
            </button>
          )}
        </div>
      )}
    </article>
  );
}
