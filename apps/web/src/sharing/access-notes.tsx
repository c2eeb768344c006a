import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { SpaceStatus } from "../client.ts";
import { strings } from "../strings.ts";
import { documentAccess, isOwnAndRefused, mayTryPassphrase } from "./document-access.ts";

const t = strings.space;

export interface AccessNotesProps {
  readonly space: SpaceStatus | null | undefined;
  /** The text is on this device. */
  readonly isHere: boolean;
  /** Local changes that nobody else has. */
  readonly unsent: number;
  readonly onDownload: (() => void) | undefined;
  /** This account has just left by its own wish: the focus goes to what that led to. */
  readonly takeFocus: boolean;
}

/** What the page of a document says of one's own standing: loud if it is bad news, quiet if it is how things are. */
export function AccessNotes({ space, isHere, unsent, onDownload, takeFocus }: AccessNotesProps): ReactNode {
  const gained = useGained(space, isHere);
  if (space === undefined) return null;
  const { note } = documentAccess(space, isHere);
  const quiet = note === "view" ? t.notes.view : note === "outdated" ? t.notes.outdated : note === "not-now" ? t.notes.notNow : "";
  return (
    <>
      {/* Always there, so that what comes into it is read out. */}
      <div role="status">
        {quiet !== "" && <p className="note note-wide">{quiet}</p>}
        {quiet === "" && gained && <span className="visually-hidden">{t.notes.writable}</span>}
      </div>
      {note === "distrusted" && (
        <LoudNote title={t.notes.distrustedTitle} body={t.notes.distrusted} danger onDownload={onDownload} takeFocus={false} />
      )}
      {(note === "removed" || note === "left") && (
        <LoudNote
          key={note}
          title={note === "removed" ? t.notes.removedTitle : t.notes.leftTitle}
          body={t.notes.ended(unsent)}
          danger={unsent > 0}
          onDownload={onDownload}
          takeFocus={takeFocus}
        />
      )}
      {note === "refused" && space !== null && (
        <LoudNote
          title={refusalOf(space, isHere).title}
          body={`${refusalOf(space, isHere).todo} ${mayTryPassphrase(space) ? t.refused.openAgain : ""}`.trim()}
          danger={false}
          onDownload={isOwnAndRefused(space, isHere) ? undefined : onDownload}
          takeFocus={false}
        />
      )}
    </>
  );
}

export const refusalOf = (space: SpaceStatus, isHere: boolean): { readonly title: string; readonly todo: string } =>
  isOwnAndRefused(space, isHere) ? t.refused.own : t.refused.link(space.reason, space.passphraseGiven);

/** True after a note that kept one from writing went away while the page was open. */
function useGained(space: SpaceStatus | null | undefined, isHere: boolean): boolean {
  const writable = space === undefined ? undefined : documentAccess(space, isHere).writable;
  const last = useRef(writable);
  const [gained, setGained] = useState(false);
  useEffect(() => {
    if (last.current === false && writable === true) setGained(true);
    if (writable === false) setGained(false);
    last.current = writable;
  }, [writable]);
  return gained;
}

interface LoudNoteProps {
  readonly title: string;
  readonly body: string;
  readonly danger: boolean;
  readonly onDownload: (() => void) | undefined;
  readonly takeFocus: boolean;
}

function LoudNote({ title, body, danger, onDownload, takeFocus }: LoudNoteProps): ReactNode {
  const place = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (takeFocus) place.current?.focus();
  }, [takeFocus]);
  return (
    <div className={`note note-wide ${danger ? "note-danger" : "note-warning"}`} role="alert">
      <div>
        <p className="note-title" ref={place} tabIndex={-1}>
          {title}
        </p>
        <p>{body}</p>
      </div>
      {onDownload !== undefined && (
        <button type="button" className="button button-quiet" onClick={onDownload}>
          {strings.document.download}
        </button>
      )}
    </div>
  );
}
