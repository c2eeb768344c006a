import { useEffect, useRef } from "react";
import type { RefObject } from "react";

/**
 * When what had the focus is gone from `within` (a row that somebody removed, a control that one may no longer use), the focus goes to `refuge`
 * instead of to nowhere.
 */
export function useKeptFocus(within: RefObject<HTMLElement | null>, refuge: RefObject<HTMLElement | null>): void {
  const last = useRef<Element>(null);
  useEffect(() => {
    const place = within.current;
    if (place === null) return undefined;
    const note = (event: FocusEvent): void => {
      last.current = event.target instanceof Element ? event.target : null;
    };
    place.addEventListener("focusin", note);
    return () => place.removeEventListener("focusin", note);
  }, [within]);
  useEffect(() => {
    const active = document.activeElement;
    if (last.current === null || last.current.isConnected || (active !== null && active !== document.body)) return;
    last.current = null;
    refuge.current?.focus();
  });
}
