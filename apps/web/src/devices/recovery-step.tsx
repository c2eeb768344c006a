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
  /** They are written down, or not wanted. */
  readonly onDone: (kept: boolean) => void;
}

/** Making recovery words: what they are, the words, and whether they are on paper. */
export function RecoveryStep({ state, isNew, busy, say, onEvent, onMake, onDone }: RecoveryStepProps): ReactNode {
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
          <RecoveryCheck words={state.words} asked={state.asked} onShow={() => onEvent({ kind: "show" })} onRight={() => onDone(true)} />
        </DialogStep>
      );
    default:
      return (
        <DialogStep key="leaving" title={t.leaving.title} onBack={back}>
          <p>{state.words === undefined ? t.leaving.making : t.leaving.body}</p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => onDone(false)}>
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
