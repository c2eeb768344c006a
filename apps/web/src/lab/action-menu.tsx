import { X } from "lucide-react";
import { useEffect, useId, useRef } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";

export interface ActionMenuProps {
  readonly title: string;
  readonly button: ReactNode;
  readonly className: string;
  readonly children: (close: () => void) => ReactNode;
}

const gapPx = 6;

/** At the button, inside the window. On phones the style sheet makes it a sheet at the lower edge. */
function place(panel: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = at.bottom + gapPx;
  const top = below + height <= window.innerHeight - gapPx ? below : Math.max(gapPx, at.top - gapPx - height);
  panel.style.setProperty("--menu-top", `${top}px`);
  panel.style.setProperty("--menu-left", `${Math.min(Math.max(gapPx, at.right - width), window.innerWidth - width - gapPx)}px`);
}

/** A button that opens a list of actions. The browser closes it on Escape or a click elsewhere and gives the focus back. */
export function ActionMenu({ title, button, className, children }: ActionMenuProps): ReactNode {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = panel.current;
    if (element === null) return undefined;
    const follow = (): void => {
      if (element.matches(":popover-open") && opener.current !== null) place(element, opener.current);
    };
    element.addEventListener("toggle", follow);
    window.addEventListener("scroll", follow, { passive: true, capture: true });
    window.addEventListener("resize", follow);
    return () => {
      element.removeEventListener("toggle", follow);
      window.removeEventListener("scroll", follow, { capture: true });
      window.removeEventListener("resize", follow);
    };
  }, []);
  return (
    <>
      <button ref={opener} type="button" className={className} aria-label={title} popoverTarget={id}>
        {button}
      </button>
      <div ref={panel} id={id} popover="auto" role="dialog" aria-labelledby={`${id}-title`} className="panel lab-menu">
        <div className="panel-head">
          <h2 id={`${id}-title`}>{title}</h2>
          <button type="button" className="icon-button" aria-label={strings.common.close} popoverTarget={id} popoverTargetAction="hide">
            <X aria-hidden="true" />
          </button>
        </div>
        {children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}

export interface Action {
  readonly text: string;
  readonly icon: ReactNode;
  readonly run: () => void;
}

export function ActionGroup({
  title,
  actions,
  close,
}: {
  readonly title: string;
  readonly actions: readonly Action[];
  readonly close: () => void;
}): ReactNode {
  const id = useId();
  return (
    <div role="group" aria-labelledby={id} className="lab-group">
      <h3 id={id}>{title}</h3>
      <ul>
        {actions.map(({ text, icon, run }) => (
          <li key={text}>
            <button
              type="button"
              className="lab-action"
              onClick={() => {
                close();
                run();
              }}
            >
              {icon}
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
