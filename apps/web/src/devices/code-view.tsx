import { Check, Copy } from "lucide-react";
import { useRef } from "react";
import type { ReactNode } from "react";
import type { PairingRole } from "../client.ts";
import { copyText, useCopied } from "../sharing/copy-link.ts";
import { strings } from "../strings.ts";
import { QrPicture } from "./qr-picture.tsx";
import { TimeLeft } from "./time-left.tsx";

const t = strings.devices.pair;

export interface CodeViewProps {
  readonly role: PairingRole;
  readonly code: string;
  readonly isShort: boolean;
  readonly triesLeft: number;
  readonly endsAtMs: number;
  readonly online: boolean;
  readonly busy: boolean;
  readonly say: (text: string, isProblem?: boolean) => void;
  readonly onForm: (form: "full" | "short") => void;
  readonly onType: () => void;
}

/** A code of this device, for the other to scan or a person to type. */
export function CodeView({ role, code, isShort, triesLeft, endsAtMs, online, busy, say, onForm, onType }: CodeViewProps): ReactNode {
  const text = useRef<HTMLParagraphElement>(null);
  const { copied, mark } = useCopied();
  const copy = async (): Promise<void> => {
    if (await copyText(code)) {
      mark();
      say(t.show.copied);
    } else {
      if (text.current !== null) window.getSelection()?.selectAllChildren(text.current);
      say(t.show.copyFailed, true);
    }
  };
  const groups = code.split("-");
  return (
    <>
      <p>{(isShort ? t.show.howShort : t.show.how)[role]}</p>
      {!isShort && <QrPicture text={code} label={t.show.picture} />}
      <div className="code" role="group" aria-label={t.show.code}>
        <p ref={text} className={isShort ? "code-text code-text-short" : "code-text"}>
          {groups.map((group, index) => (
            <span key={`${index}-${group}`}>
              {group}
              {index < groups.length - 1 ? "-" : ""}
            </span>
          ))}
        </p>
        <button type="button" className="button" onClick={() => void copy()}>
          {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
          {copied ? t.show.copied : t.show.copy}
        </button>
      </div>
      <div role="status">{!online && <p className="note note-warning">{t.offline}</p>}</div>
      <p className="hint">{t.show.secret}</p>
      <div className="pairing-foot">
        <TimeLeft endsAtMs={endsAtMs} />
        <p className="hint">{t.show.triesLeft(triesLeft)}</p>
      </div>
      {triesLeft > 0 && (
        <div className="pairing-others">
          <button type="button" className="text-button" aria-disabled={busy} onClick={() => onForm(isShort ? "full" : "short")}>
            {isShort ? t.show.withPicture : t.show.shorter}
          </button>
          <button type="button" className="text-button" onClick={onType}>
            {t.show.type}
          </button>
        </div>
      )}
    </>
  );
}
