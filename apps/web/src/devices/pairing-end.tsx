import type { ReactNode } from "react";

export interface PairingEndProps {
  readonly body: string;
  readonly danger?: boolean;
  readonly detail?: string;
  readonly button: string;
  readonly onButton: () => void;
}

/** How a try, or all of it, ended, and the one thing to do next. */
export function PairingEnd({ body, danger = false, detail, button, onButton }: PairingEndProps): ReactNode {
  return (
    <>
      <p className={danger ? "note note-danger" : undefined}>{body}</p>
      {detail !== undefined && <p className="hint">{detail}</p>}
      <div className="dialog-actions">
        <button type="button" className="button button-primary" onClick={onButton}>
          {button}
        </button>
      </div>
    </>
  );
}
