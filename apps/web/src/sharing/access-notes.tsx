import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { SpaceStatus } from "../client.ts";
import { strings } from "../strings.ts";
import { documentAccess, isOwnAndRefused, mayTryPassphrase } from "./document-access.ts";
import { ServerAccess } from "./server-access.tsx";

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
  const [taken, setTaken] = useState(false);
  if (space === undefined) return null;
  const { note } = documentAccess(space, isHere);
  const quiet = note === "view" ? t.notes.view : note === "outdated" ? t.notes.outdated : note === "not-now" ? t.notes.notNow : "";
  return (
    <>
      {/* Always there, so that what comes into it is read out. */}
      <div role="status">
        {quiet !== "" && <p className="note note-wide">{quiet}</p>}
        {note === undefined && taken && <Taken />}
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
      {note === "refused" &&
        space !== null &&
        (isOwnAndRefused(space, isHere) ? (
          <OwnRefused reason={space.reason} onTaken={() => setTaken(true)} />
        ) : (
          <LoudNote
            title={refusalOf(space, isHere).title}
            body={`${refusalOf(space, isHere).todo} ${mayTryPassphrase(space) ? t.refused.openAgain : ""}`.trim()}
            danger={false}
            onDownload={onDownload}
            takeFocus={false}
          />
        ))}
    </>
  );
}

export const refusalOf = (space: SpaceStatus, isHere: boolean): { readonly title: string; readonly todo: string } =>
  isOwnAndRefused(space, isHere) ? t.refused.own(space.reason) : t.refused.link(space.reason, space.passphraseGiven);

/** The server takes no documents of this account, and what can be done about it. */
function OwnRefused({ reason, onTaken }: { readonly reason: string; readonly onTaken: () => void }): ReactNode {
  const { title, todo } = t.refused.own(reason);
  const id = useId();
  return (
    <section className="note note-wide note-warning" aria-labelledby={id}>
      {/* Not around the field: all of it would be read out whenever something of it changes. */}
      <div role="alert">
        <p className="note-title" id={id}>
          {title}
        </p>
        <p>{todo}</p>
      </div>
      <ServerAccess reason={reason} onTaken={onTaken} />
    </section>
  );
}

/** In the place of the field that helped, and with its focus, unless the person has gone elsewhere meanwhile. */
function Taken(): ReactNode {
  const place = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    if (document.activeElement === document.body) place.current?.focus();
  }, []);
  return (
    <p ref={place} tabIndex={-1} className="note note-wide">
      {t.access.taken}
    </p>
  );
}

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
