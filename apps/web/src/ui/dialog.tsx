import { X } from "lucide-react";
import { useEffect, useId, useLayoutEffect, useRef } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** What Escape does instead of closing, while there is a step to go back. */
  readonly onBack?: (() => void) | undefined;
  /** Stays in sight below what scrolls. */
  readonly foot?: ReactNode;
  readonly children: ReactNode;
}

/** A native modal dialog: the browser keeps the focus in, gives it back, and closes on Escape. Mount it to open it. `data-first-focus` marks what gets the focus. */
export function Dialog({ title, onClose, onBack, foot, children }: DialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const close = useRef(onClose);
  const back = useRef(onBack);
  useEffect(() => {
    close.current = onClose;
    back.current = onBack;
  }, [onClose, onBack]);
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null) return undefined;
    element.showModal();
    element.querySelector<HTMLElement>("[data-first-focus]:not([hidden] *)")?.focus();
    // Closed before it leaves the page, so that the focus goes back to where it was.
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={heading}
      // Before the browser makes a request to close of it: how many of those may be answered with something else, it limits.
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.nativeEvent.isComposing || back.current === undefined) return;
        event.preventDefault();
        back.current();
      }}
      onCancel={(event) => {
        event.preventDefault();
        (back.current ?? close.current)();
      }}
      // A browser that was kept from closing too often closes without asking.
      onClose={() => {
        if (dialog.current?.open === false) close.current();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) close.current();
      }}
    >
      <div className="dialog-body">
        <div className="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" className="icon-button" aria-label={strings.common.close} onClick={() => close.current()}>
            <X aria-hidden="true" />
          </button>
        </div>
        {children}
      </div>
      {foot}
    </dialog>
  );
}
