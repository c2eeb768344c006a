import { ArrowLeft } from "lucide-react";
import { useId, useLayoutEffect, useRef } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";

export interface DialogStepProps {
  readonly title: string;
  readonly onBack: () => void;
  readonly children: ReactNode;
}

/** One question inside an open dialog. The focus moves to its heading, so that what follows is read from there. */
export function DialogStep({ title, onBack, children }: DialogStepProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const id = useId();
  // Before anything else can happen: later, it would take the focus from where a quick Tab has gone. A dialog that opens with it does the same.
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <section className="dialog-step" aria-labelledby={id}>
      <div className="step-head">
        <button type="button" className="icon-button" aria-label={strings.space.back} onClick={onBack}>
          <ArrowLeft aria-hidden="true" />
        </button>
        <h3 id={id} ref={heading} tabIndex={-1} data-first-focus>
          {title}
        </h3>
      </div>
      {children}
    </section>
  );
}

export interface ConfirmProps {
  readonly label: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly onBack: () => void;
  readonly onConfirm: () => void;
}

export function Confirm({ label, danger = false, busy, onBack, onConfirm }: ConfirmProps): ReactNode {
  return (
    <div className="dialog-actions">
      <button type="button" className="button" onClick={onBack}>
        {strings.common.cancel}
      </button>
      {/* Not disabled while under way: a disabled button loses the focus. */}
      <button type="button" className={`button ${danger ? "button-danger" : "button-primary"}`} aria-disabled={busy} onClick={onConfirm}>
        {label}
      </button>
    </div>
  );
}
