import { useId, useState } from "react";
import type { ReactNode } from "react";
import { cleanName } from "../editor/people.ts";
import { appearance, setAppearance } from "../platform/preferences.ts";
import type { Appearance } from "../platform/preferences.ts";
import { strings } from "../strings.ts";
import { Dialog } from "../ui/dialog.tsx";
import { recoveryState } from "../devices/recovery-reminder.ts";
import { dayOf } from "../ui/times.ts";
import { useApp, useDevices, useDocuments } from "./client-context.ts";

const t = strings.settings;
const appearances: readonly (readonly [Appearance, string])[] = [
  ["system", t.system],
  ["light", t.light],
  ["dark", t.dark],
];

export interface SettingsDialogProps {
  readonly onClose: () => void;
  /** Another dialog, instead of this one. */
  readonly onDevices: () => void;
}

export function SettingsDialog({ onClose, onDevices }: SettingsDialogProps): ReactNode {
  const { profile, rename } = useApp();
  const [name, setName] = useState(profile.displayName);
  const [told, setTold] = useState("");
  const [chosen, setChosen] = useState(appearance);
  const id = useId();

  const save = async (): Promise<void> => {
    const clean = cleanName(name);
    if (clean === "") {
      setTold(strings.name.missing);
      return;
    }
    try {
      await rename(clean);
      setTold(t.saved);
    } catch {
      setTold(strings.problems.store);
    }
  };

  return (
    <Dialog title={t.title} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label htmlFor={id}>{t.name}</label>
        <div className="field-row">
          <input
            id={id}
            data-first-focus
            type="text"
            autoComplete="name"
            maxLength={80}
            value={name}
            aria-describedby={`${id}-hint`}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button">
            {t.save}
          </button>
        </div>
        <p className="hint" id={`${id}-hint`}>
          {t.nameHint}
        </p>
        <p className="told" role="status">
          {told}
        </p>
      </form>
      <fieldset className="segmented">
        <legend>{t.appearance}</legend>
        {appearances.map(([value, label]) => (
          <label key={value}>
            <input
              type="radio"
              name={`${id}-appearance`}
              value={value}
              checked={chosen === value}
              onChange={() => {
                setAppearance(value);
                setChosen(value);
              }}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <section className="share-part" aria-labelledby={`${id}-devices`}>
        <h3 id={`${id}-devices`}>{t.devices}</h3>
        <p className="hint">{t.devicesHint}</p>
        <RecoveryState />
        <div>
          <button type="button" className="button" onClick={onDevices}>
            {t.openDevices}
          </button>
        </div>
      </section>
      <p className="hint">{t.secret}</p>
    </Dialog>
  );
}

/** Whether a lost device would be a lost account. */
function RecoveryState(): ReactNode {
  const { client } = useApp();
  const devices = useDevices(client);
  const documents = useDocuments(client);
  if (devices === undefined || documents === undefined || devices.revoked) return null;
  const { kit } = devices;
  if (kit !== undefined) return <p className="kit-state kit-state-made">{strings.recovery.setUp(dayOf(kit.madeAtMs, Date.now()))}</p>;
  return recoveryState(devices, documents) === "not-set-up" ? <p className="kit-state">{strings.recovery.notSetUp}</p> : null;
}
