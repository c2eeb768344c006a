import { useLayoutEffect, useState } from "react";
import type { ReactNode } from "react";
import { createPortal } from "react-dom";
import { strings } from "../strings.ts";
import { Mark } from "../ui/mark.tsx";
import { fullDayOf } from "../ui/times.ts";
import { QrPicture } from "./qr-picture.tsx";
import { sheetText } from "./recovery-words.ts";

const t = strings.recovery.sheet;

/** What the printer gets instead of the page, for as long as this is there. Not on the screen. */
export function RecoverySheet({ words }: { readonly words: readonly string[] }): ReactNode {
  const [madeAtMs] = useState(() => Date.now());
  useLayoutEffect(() => {
    const { classList } = document.documentElement;
    classList.add("has-kit-sheet");
    return () => classList.remove("has-kit-sheet");
  }, []);
  return createPortal(
    <section className="kit-sheet" translate="no">
      <h1>
        <Mark />
        {t.title}
      </h1>
      <dl>
        <dt>{t.made}</dt>
        <dd>{fullDayOf(madeAtMs)}</dd>
        <dt>{t.server}</dt>
        <dd>{window.location.origin}</dd>
      </dl>
      <div className="kit-sheet-words">
        <ol>
          {words.map((word, index) => (
            <li key={`${index}-${word}`}>
              <span>{strings.recovery.shown.number(index + 1)}</span> {word}
            </li>
          ))}
        </ol>
        <QrPicture text={sheetText(words)} label={t.picture} />
      </div>
      <p>{t.how}</p>
      <p>{t.care}</p>
    </section>,
    document.body,
  );
}
