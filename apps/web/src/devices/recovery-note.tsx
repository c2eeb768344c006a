import { useState } from "react";
import type { ReactNode } from "react";
import type { DevicesStatus, DocumentSummary } from "../client.ts";
import { putOffRecovery, recoveryPutOffAtMs } from "../platform/preferences.ts";
import { strings } from "../strings.ts";
import { useNow } from "../ui/page.ts";
import { isReminderDue } from "./recovery-reminder.ts";

const t = strings.recovery.reminder;
const lookEveryMs = 60_000;

export interface RecoveryNoteProps {
  readonly devices: DevicesStatus;
  readonly documents: readonly DocumentSummary[];
  readonly onMake: () => void;
  /** It goes away, and what had the focus with it. */
  readonly onPutOff: () => void;
}

/** Reminds of recovery words, in the page and out of the way. */
export function RecoveryNote({ devices, documents, onMake, onPutOff }: RecoveryNoteProps): ReactNode {
  const nowMs = useNow(lookEveryMs);
  const [putOffAtMs, setPutOffAtMs] = useState(recoveryPutOffAtMs);
  if (!isReminderDue({ devices, documents, putOffAtMs, nowMs })) return null;
  return (
    <section className="note" aria-label={t.title}>
      <div>
        <p className="note-title">{t.title}</p>
        <p>{t.body}</p>
      </div>
      <div className="note-actions">
        <button type="button" className="button" onClick={onMake}>
          {strings.recovery.make}
        </button>
        <button
          type="button"
          className="button button-quiet"
          onClick={() => {
            // By the same clock: the time that is shown here is a little behind.
            putOffRecovery(nowMs);
            setPutOffAtMs(nowMs);
            onPutOff();
          }}
        >
          {t.notNow}
        </button>
      </div>
    </section>
  );
}
