import { useEffect, useRef, useState } from "react";
import type { RefObject } from "react";

/** The tab's title. Kept general on purpose: browsers write titles into their history, and a document's name is not for the disk. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Puts the focus on a page's heading when the page comes up by navigation, so that keyboards and screen readers start there. */
export function useFocusOnArrival<Element extends HTMLElement>(): RefObject<Element | null> {
  const target = useRef<Element>(null);
  useEffect(() => {
    if (document.activeElement === null || document.activeElement === document.body) target.current?.focus({ preventScroll: true });
  }, []);
  return target;
}

/** The time, at an interval. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    setNowMs(Date.now());
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
