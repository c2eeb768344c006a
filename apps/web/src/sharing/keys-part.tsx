import { useEffect, useId, useState } from "react";
import type { ReactNode } from "react";
import type { SpaceStatus } from "../client.ts";
import { strings } from "../strings.ts";
import { atTime } from "../ui/times.ts";

export interface KeysPartProps {
  readonly space: SpaceStatus;
  readonly nowMs: number;
  readonly busy: boolean;
  readonly onChange: () => void;
}

/** What owners seldom need; open by itself when it is due. */
export function KeysPart({ space, nowMs, busy, onChange }: KeysPartProps): ReactNode {
  const t = strings.space.keys;
  const id = useId();
  const { rotationDue } = space;
  const [open, setOpen] = useState(rotationDue);
  // It stays open afterwards: the button that was pressed is in it.
  useEffect(() => {
    if (rotationDue) setOpen(true);
  }, [rotationDue]);
  return (
    <details className="share-more" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t.more}</summary>
      <section className="share-part" aria-labelledby={id}>
        <h3 id={id}>{t.heading}</h3>
        {rotationDue && <p className="note note-warning">{t.due}</p>}
        <p className="hint">
          {t.body} {space.rotatedAtMs > 0 && t.changedAt(atTime(space.rotatedAtMs, nowMs))}
        </p>
        <div>
          <button type="button" className="button" aria-disabled={busy} onClick={onChange}>
            {t.change}
          </button>
        </div>
      </section>
    </details>
  );
}
