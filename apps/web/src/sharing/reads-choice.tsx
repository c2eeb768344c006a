import { useId } from "react";
import type { ReactNode } from "react";
import type { Reads } from "../client.ts";
import { strings } from "../strings.ts";

const t = strings.space.invite;
const choices = ["history", "from-now-on"] as const;

export interface ReadsChoiceProps {
  readonly reads: Reads;
  readonly onChange: (reads: Reads) => void;
}

/** Whether whoever opens the link gets what was before, too. What a choice means stands below it, and is read out with it. */
export function ReadsChoice({ reads, onChange }: ReadsChoiceProps): ReactNode {
  const id = useId();
  return (
    <div className="reads-choice">
      <fieldset className="segmented">
        <legend>{t.reads}</legend>
        {choices.map((value) => (
          <label key={value}>
            <input
              type="radio"
              name={id}
              value={value}
              checked={reads === value}
              aria-describedby={`${id}-${value}`}
              onChange={() => onChange(value)}
            />
            <span>{t.readsChoices[value]}</span>
          </label>
        ))}
      </fieldset>
      {choices.map((value) => (
        <p key={value} id={`${id}-${value}`} className="hint" hidden={reads !== value}>
          {t.readsHints[value]}
        </p>
      ))}
    </div>
  );
}
