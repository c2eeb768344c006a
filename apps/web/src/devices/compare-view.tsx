import type { ReactNode } from "react";
import type { PairingRole } from "../client.ts";
import { strings } from "../strings.ts";
import { TimeLeft } from "./time-left.tsx";

const t = strings.devices.pair.compare;
const groupDigits = 3;

export interface CompareViewProps {
  readonly role: PairingRole;
  readonly digits: string;
  readonly words: readonly string[];
  readonly deviceName: string;
  readonly endsAtMs: number;
  readonly busy: boolean;
  readonly onSame: () => void;
  readonly onDiffer: () => void;
}

/** Only a person can see that nobody is in between. Neither answer is suggested: no colour, no focus. */
export function CompareView({ role, digits, words, deviceName, endsAtMs, busy, onSame, onDiffer }: CompareViewProps): ReactNode {
  return (
    <>
      {role === "old" && (
        <p className="asking">
          {t.asks(deviceName.trim())} <strong>{t.rights}</strong>
        </p>
      )}
      <p>{t.how}</p>
      <div className="compare" role="group" aria-label={t.shown}>
        <p className="compare-digits">
          <span aria-hidden="true">{digits.slice(0, groupDigits)}</span>
          <span aria-hidden="true">{digits.slice(groupDigits)}</span>
          {/* One by one, for those who hear them. */}
          <span className="visually-hidden">{digits.split("").join(" ")}</span>
        </p>
        <ul className="compare-words">
          {words.map((word, index) => (
            <li key={`${index}-${word}`}>{word}</li>
          ))}
        </ul>
      </div>
      <div className="compare-answers">
        <button type="button" className="button" aria-disabled={busy} onClick={onSame}>
          {t.same}
        </button>
        <button type="button" className="button" aria-disabled={busy} onClick={onDiffer}>
          {t.differ}
        </button>
      </div>
      <div className="pairing-foot">
        <TimeLeft endsAtMs={endsAtMs} />
      </div>
    </>
  );
}
