import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { createAnnouncer } from "./announcer.ts";

/** Reads states out politely, at most one in five seconds. Text that is not saved is an alert on the page itself. */
export function LiveRegion({ sentence }: { readonly sentence: string }): ReactNode {
  const [said, setSaid] = useState("");
  const announcer = useRef(createAnnouncer());
  useEffect(() => {
    const next = announcer.current.next(sentence, performance.now());
    if (next.say !== undefined) setSaid(next.say);
    if (next.againAtMs === undefined) return undefined;
    const timer = setTimeout(
      () => {
        const late = announcer.current.next(sentence, performance.now());
        if (late.say !== undefined) setSaid(late.say);
      },
      next.againAtMs - performance.now() + 1,
    );
    return () => clearTimeout(timer);
  }, [sentence]);
  return (
    <div className="visually-hidden" role="status">
      {said}
    </div>
  );
}
