import { FileText } from "lucide-react";
import { useId } from "react";
import type { ReactNode } from "react";
import type { DeviceSummary } from "../client.ts";
import { strings } from "../strings.ts";
import { atTime, dayOf } from "../ui/times.ts";

const t = strings.recovery;

export interface RecoveryPartProps {
  /** Those that work: one, unless somebody made some and never said that they are on paper. */
  readonly kits: readonly DeviceSummary[];
  readonly nowMs: number;
  readonly busy: boolean;
  readonly onMake: () => void;
  readonly onEnd: (kit: DeviceSummary) => void;
}

/** Whether there are recovery words, and the way to some. */
export function RecoveryPart({ kits, nowMs, busy, onMake, onEnd }: RecoveryPartProps): ReactNode {
  const id = useId();
  return (
    <section className="share-part" aria-labelledby={id}>
      <h3 id={id}>{t.heading}</h3>
      <p className="hint">{t.what}</p>
      {kits.length === 0 && <p className="kit-state">{t.none}</p>}
      {kits.length > 0 && (
        <ul className="share-rows">
          {kits.map((kit) => {
            const { deviceId, kitMadeAtMs = 0 } = kit;
            const made = kits.length === 1 ? t.madeOn(dayOf(kitMadeAtMs, nowMs)) : t.made(atTime(kitMadeAtMs, nowMs));
            return (
              <li key={deviceId}>
                <span className="device-mark">
                  <FileText aria-hidden="true" />
                </span>
                <p className="row-text kit-state kit-state-made">{made}</p>
                <button type="button" className="text-button text-button-danger" onClick={() => onEnd(kit)}>
                  {t.end.button}
                  <span className="visually-hidden">{strings.space.members.whom(made)}</span>
                </button>
              </li>
            );
          })}
        </ul>
      )}
      <div>
        <button type="button" className="button" aria-disabled={busy} onClick={onMake}>
          {kits.length === 0 ? t.make : t.makeNew}
        </button>
      </div>
    </section>
  );
}
