import { useState } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { Dialog } from "../ui/dialog.tsx";

export interface RemoveDialogProps {
  readonly title: string;
  readonly unsent: boolean;
  readonly onClose: () => void;
  readonly onRemove: () => Promise<void>;
}

/** Says what is lost before it is. */
export function RemoveDialog({ title, unsent, onClose, onRemove }: RemoveDialogProps): ReactNode {
  const [problem, setProblem] = useState<string>();
  const t = strings.remove;
  return (
    <Dialog title={t.title} onClose={onClose}>
      <p>{t.body(title)}</p>
      {unsent && <p className="note note-danger">{t.unsent}</p>}
      {problem !== undefined && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" data-first-focus onClick={onClose}>
          {strings.common.cancel}
        </button>
        <button
          type="button"
          className="button button-danger"
          onClick={() => {
            onRemove().catch(() => setProblem(strings.problems.store));
          }}
        >
          {unsent ? t.confirmUnsent : t.confirm}
        </button>
      </div>
    </Dialog>
  );
}
