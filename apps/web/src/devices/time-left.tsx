import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { useNow } from "../ui/page.ts";
import { clockOf, minutesOf } from "./countdown.ts";

const t = strings.devices.pair;

export function TimeLeft({ endsAtMs }: { readonly endsAtMs: number }): ReactNode {
  const leftMs = endsAtMs - useNow(1000);
  return (
    <>
      <p className="hint time-left" aria-hidden="true">
        {t.left(clockOf(leftMs))}
      </p>
      {/* Changes, and is read out, once a minute. */}
      <p className="visually-hidden" role="status">
        {t.minutesLeft(minutesOf(leftMs))}
      </p>
    </>
  );
}
