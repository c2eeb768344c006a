import { useId } from "react";
import type { ReactNode } from "react";
import type { DevicesStatus } from "../client.ts";
import { strings } from "../strings.ts";
import { dayOf } from "../ui/times.ts";

const t = strings.recovery;

export interface RecoveryPartProps {
  readonly kit: DevicesStatus["kit"];
  readonly nowMs: number;
  readonly busy: boolean;
  readonly onMake: () => void;
}

/** Whether there are recovery words, and the way to some. */
export function RecoveryPart({ kit, nowMs, busy, onMake }: RecoveryPartProps): ReactNode {
  const id = useId();
  return (
    <section className="share-part" aria-labelledby={id}>
      <h3 id={id}>{t.heading}</h3>
      <p className="hint">{t.what}</p>
      <p className={kit === undefined ? "kit-state" : "kit-state kit-state-made"}>
        {kit === undefined ? t.none : t.madeOn(dayOf(kit.madeAtMs, nowMs))}
      </p>
      <div>
        <button type="button" className="button" aria-disabled={busy} onClick={onMake}>
          {kit === undefined ? t.make : t.makeNew}
        </button>
      </div>
    </section>
  );
}
