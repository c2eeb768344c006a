import type { ReactNode } from "react";
import { Confirm, DialogStep } from "../sharing/dialog-step.tsx";
import { strings } from "../strings.ts";
import { RecoveryCheck } from "./recovery-check.tsx";
import type { KitEvent, KitState } from "./recovery-flow.ts";
import { twoPlaces } from "./recovery-flow.ts";
import { RecoveryShown } from "./recovery-shown.tsx";
import { randomBelow } from "../platform/random.ts";

const t = strings.recovery;

export interface RecoveryStepProps {
  readonly state: KitState;
  /** There are words already, which end. */
  readonly isNew: boolean;
  readonly busy: boolean;
  readonly say: (text: string, isProblem?: boolean) => void;
  readonly onEvent: (event: KitEvent) => void;
  readonly onMake: () => void;
  /** They are on paper. */
  readonly onWritten: () => void;
  /** Away, although the words are not shown again. */
  readonly onLeave: () => void;
}

/** Making recovery words: what they are, the words, and whether they are on paper. */
export function RecoveryStep({ state, isNew, busy, say, onEvent, onMake, onWritten, onLeave }: RecoveryStepProps): ReactNode {
  const back = (): void => onEvent({ kind: "back" });
  switch (state.at) {
    case "explain":
      return (
        <DialogStep key="explain" title={isNew ? t.explain.titleNew : t.explain.title} onBack={back}>
          <p>{t.what}</p>
          <p>{t.explain.how}</p>
          {isNew && <p className="note note-warning">{t.explain.oldEnd}</p>}
          <Confirm label={t.explain.make} busy={busy} onBack={back} onConfirm={onMake} />
        </DialogStep>
      );
    case "making":
      return (
        <DialogStep key="making" title={t.making.title} onBack={back}>
          <p>{t.making.body}</p>
        </DialogStep>
      );
    case "words":
      return (
        <DialogStep key="words" title={t.shown.title} onBack={back}>
          <RecoveryShown words={state.words} say={say} onWritten={() => onEvent({ kind: "check", asked: twoPlaces(randomBelow) })} />
        </DialogStep>
      );
    case "check":
      return (
        <DialogStep key="check" title={t.check.title} onBack={back}>
          <RecoveryCheck words={state.words} asked={state.asked} busy={busy} onShow={() => onEvent({ kind: "show" })} onRight={onWritten} />
        </DialogStep>
      );
    default:
      return (
        <DialogStep key="leaving" title={t.leaving.title} onBack={back}>
          <p>{state.words === undefined ? t.leaving.making : t.leaving.body}</p>
          {isNew && <p>{t.leaving.oldStay}</p>}
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onLeave}>
              {t.leaving.leave}
            </button>
            <button type="button" className="button button-primary" onClick={() => onEvent({ kind: "stay" })}>
              {state.words === undefined ? t.leaving.wait : t.leaving.stay}
            </button>
          </div>
        </DialogStep>
      );
  }
}

export interface EndKitStepProps {
  readonly busy: boolean;
  readonly onBack: () => void;
  readonly onConfirm: () => void;
}

/** Words that nobody wants any more, or that somebody has seen. */
export function EndKitStep({ busy, onBack, onConfirm }: EndKitStepProps): ReactNode {
  return (
    <DialogStep title={t.end.title} onBack={onBack}>
      <p>{t.end.body}</p>
      <Confirm label={t.end.confirm} danger busy={busy} onBack={onBack} onConfirm={onConfirm} />
    </DialogStep>
  );
}
