import { useLayoutEffect, useRef } from "react";
import type { RefObject } from "react";

export interface FocusBack {
  /** What has the focus now is what opens the question. */
  remember(): void;
  /** What opened it is gone with the answer. */
  forget(): void;
}

/** When a question inside a dialog is over, the focus goes to what opened it, if that is still there, or else to the first of `fallbacks` that is. */
export function useFocusBack(isAsking: boolean, fallbacks: readonly RefObject<HTMLElement | null>[]): FocusBack {
  const opener = useRef<HTMLElement>(null);
  const wasAsking = useRef(false);
  const places = useRef(fallbacks);
  useLayoutEffect(() => {
    places.current = fallbacks;
  });
  useLayoutEffect(() => {
    if (!isAsking && wasAsking.current) {
      const target =
        opener.current?.isConnected === true ? opener.current : places.current.find(({ current }) => current !== null)?.current;
      target?.focus();
    }
    wasAsking.current = isAsking;
  }, [isAsking]);
  return {
    remember: () => {
      opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    },
    forget: () => {
      opener.current = null;
    },
  };
}
