import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { strings } from "../strings.ts";
import { CopyField } from "./copy-field.tsx";

export interface LinkDisplayProps {
  readonly address: string;
  readonly what: string;
  readonly say: (text: string, isProblem?: boolean) => void;
}

/** A link to read, select and copy. It takes the focus: it is what was asked for. */
export function LinkDisplay({ address, what, say }: LinkDisplayProps): ReactNode {
  const t = strings.space.invite;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [address]);
  return (
    <div className="link-display">
      <CopyField
        label={t.label}
        value={address}
        hint={what}
        words={t}
        isMain
        field={field}
        onCopied={(done) => (done ? say(t.copied) : say(strings.share.copyFailed, true))}
      />
    </div>
  );
}
