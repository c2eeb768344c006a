import type { ReactNode } from "react";
import { strings } from "../strings.ts";

const t = strings.devices.revoked;

export interface RevokedNoteProps {
  /** On a document's page. */
  readonly wide?: boolean;
  readonly onDownload?: (() => void) | undefined;
}

/** Another device of the account has locked this one out. */
export function RevokedNote({ wide = false, onDownload }: RevokedNoteProps): ReactNode {
  return (
    <div className={wide ? "note note-danger note-wide" : "note note-danger"} role="alert">
      <div>
        <p className="note-title">{t.title}</p>
        <p>{wide ? t.bodyOfDocument : t.body}</p>
        <p>{t.todo}</p>
      </div>
      {onDownload !== undefined && (
        <button type="button" className="button button-quiet" onClick={onDownload}>
          {strings.document.download}
        </button>
      )}
    </div>
  );
}
