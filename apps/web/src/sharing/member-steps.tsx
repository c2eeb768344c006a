/** What is asked before something is done to a person: what happens is said first. */
import { useId, useState } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { Confirm, DialogStep } from "./dialog-step.tsx";

export interface MemberStepProps {
  readonly label: string;
  readonly busy: boolean;
  readonly onBack: () => void;
}

export interface RemoveStepProps extends MemberStepProps {
  /** From so many documents. */
  readonly documents: number;
  readonly onConfirm: () => void;
}

export function RemoveStep({ label, documents, busy, onBack, onConfirm }: RemoveStepProps): ReactNode {
  const t = strings.space.remove;
  return (
    <DialogStep title={t.title(label)} onBack={onBack}>
      <p>{t.body(label)}</p>
      {documents > 1 && <p>{strings.space.documents.all(documents)}</p>}
      <p>{t.links}</p>
      <Confirm label={t.confirm} danger busy={busy} onBack={onBack} onConfirm={onConfirm} />
    </DialogStep>
  );
}

/** One document of several, from somebody who has no more. */
export function TakeAwayStep({ label, busy, onBack, onConfirm }: MemberStepProps & { readonly onConfirm: () => void }): ReactNode {
  const t = strings.space.guests;
  return (
    <DialogStep title={t.title(label)} onBack={onBack}>
      <p>{t.body(label)}</p>
      <p>{t.links}</p>
      <Confirm label={t.confirm} danger busy={busy} onBack={onBack} onConfirm={onConfirm} />
    </DialogStep>
  );
}

export function MakeOwnerStep({
  label,
  busy,
  onBack,
  onConfirm,
}: MemberStepProps & { readonly onConfirm: (handOver: boolean) => void }): ReactNode {
  const t = strings.space.makeOwner;
  const [handOver, setHandOver] = useState(false);
  const id = useId();
  const choice = (value: boolean, text: string): ReactNode => (
    <label>
      <input type="radio" name={id} checked={handOver === value} onChange={() => setHandOver(value)} />
      <span>{text}</span>
    </label>
  );
  return (
    <DialogStep title={t.title(label)} onBack={onBack}>
      <p>{t.body(label)}</p>
      <fieldset className="segmented">
        <legend>{t.legend}</legend>
        {choice(false, t.both)}
        {choice(true, t.handOver)}
      </fieldset>
      <Confirm label={t.confirm} busy={busy} onBack={onBack} onConfirm={() => onConfirm(handOver)} />
    </DialogStep>
  );
}

export interface LeaveStepProps {
  /** Why one can't leave yet. */
  readonly hindrance: "only-owner" | "alone" | undefined;
  readonly unsent: number;
  readonly documents: number;
  readonly busy: boolean;
  readonly onBack: () => void;
  readonly onConfirm: () => void;
}

export function LeaveStep({ hindrance, unsent, documents, busy, onBack, onConfirm }: LeaveStepProps): ReactNode {
  const t = strings.space.leave;
  return (
    <DialogStep title={t.title} onBack={onBack}>
      {hindrance === undefined ? (
        <>
          <p>{t.body}</p>
          {documents > 1 && <p>{strings.space.documents.all(documents)}</p>}
          {unsent > 0 && <p className="note note-danger">{t.unsent(unsent)}</p>}
          <Confirm label={t.confirm} danger busy={busy} onBack={onBack} onConfirm={onConfirm} />
        </>
      ) : (
        <>
          <p>{hindrance === "alone" ? t.alone : t.onlyOwner}</p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onBack}>
              {strings.space.back}
            </button>
          </div>
        </>
      )}
    </DialogStep>
  );
}
