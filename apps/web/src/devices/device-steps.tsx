/** What is asked of a device: another name, or that it is locked out. */
import { useId, useState } from "react";
import type { ReactNode } from "react";
import type { DeviceSummary } from "../client.ts";
import { Confirm, DialogStep } from "../sharing/dialog-step.tsx";
import { strings } from "../strings.ts";

/** As the peer takes it. */
const nameCharactersMax = 64;

export interface RenameStepProps {
  readonly device: DeviceSummary;
  readonly label: string;
  readonly busy: boolean;
  readonly onBack: () => void;
  readonly onRename: (name: string) => void;
}

export function RenameStep({ device, label, busy, onBack, onRename }: RenameStepProps): ReactNode {
  const t = strings.devices.rename;
  const [name, setName] = useState(device.name);
  const [missing, setMissing] = useState(false);
  const id = useId();
  return (
    <DialogStep title={t.title(label)} onBack={onBack}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const clean = name.trim();
          setMissing(clean === "");
          if (clean !== "") onRename(clean);
        }}
      >
        <label htmlFor={id}>{t.label}</label>
        <div className="field-row">
          <input
            id={id}
            type="text"
            autoComplete="off"
            maxLength={nameCharactersMax}
            value={name}
            aria-describedby={missing ? `${id}-problem` : `${id}-hint`}
            aria-invalid={missing}
            onChange={(event) => {
              setName(event.target.value);
              setMissing(false);
            }}
          />
          <button type="submit" className="button button-primary" aria-disabled={busy}>
            {t.save}
          </button>
        </div>
        {missing ? (
          <p className="field-problem" id={`${id}-problem`} role="alert">
            {t.missing}
          </p>
        ) : (
          <p className="hint" id={`${id}-hint`}>
            {t.hint}
          </p>
        )}
      </form>
    </DialogStep>
  );
}

export interface RevokeStepProps {
  readonly label: string;
  readonly busy: boolean;
  readonly onBack: () => void;
  readonly onConfirm: () => void;
}

export function RevokeStep({ label, busy, onBack, onConfirm }: RevokeStepProps): ReactNode {
  const t = strings.devices.revoke;
  return (
    <DialogStep title={t.title(label)} onBack={onBack}>
      <p>{t.body}</p>
      <p className="hint">{t.stolen}</p>
      <Confirm label={t.confirm} danger busy={busy} onBack={onBack} onConfirm={onConfirm} />
    </DialogStep>
  );
}
