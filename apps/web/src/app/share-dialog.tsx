import { Check, Copy } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { DocumentStatus } from "../client.ts";
import { toShareAddress } from "../platform/share-address.ts";
import { strings } from "../strings.ts";
import { Dialog } from "../ui/dialog.tsx";
import { useApp } from "./client-context.ts";

export interface ShareDialogProps {
  readonly docId: string;
  readonly status: DocumentStatus | undefined;
  readonly onClose: () => void;
}

const t = strings.share;

export function ShareDialog({ docId, status, onClose }: ShareDialogProps): ReactNode {
  const { client } = useApp();
  const [link, setLink] = useState<string>();
  const [told, setTold] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => {
    let mounted = true;
    const tell = (fragment: string | undefined): void => {
      if (!mounted) return;
      if (fragment === undefined) {
        setTold(t.failed);
        return;
      }
      setLink(toShareAddress(window.location.origin, fragment));
      requestAnimationFrame(() => field.current?.select());
    };
    client.shareLink(docId).then(tell, () => tell(undefined));
    return () => {
      mounted = false;
    };
  }, [client, docId]);

  const copy = async (): Promise<void> => {
    if (link === undefined) return;
    try {
      await navigator.clipboard.writeText(link);
      setTold(t.copied);
    } catch {
      field.current?.select();
      setTold(t.copyFailed);
    }
  };

  const onServer = status !== undefined && Math.max(status.seq, status.relaySeq) > 0;
  return (
    <Dialog title={t.title} onClose={onClose}>
      <p className="lead">{t.body}</p>
      <label htmlFor={id}>{t.label}</label>
      <div className="field-row">
        <input
          id={id}
          ref={field}
          data-first-focus
          className="link-text"
          type="text"
          readOnly
          value={link ?? ""}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className="button button-primary" disabled={link === undefined} onClick={() => void copy()}>
          {told === t.copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
          {told === t.copied ? t.copied : t.copy}
        </button>
      </div>
      <p className={told === t.copied ? "visually-hidden" : "told"} role="status">
        {told}
      </p>
      {!onServer && <p className="note note-warning">{t.later}</p>}
      {onServer && status.unsentChanges > 0 && <p className="note">{t.pending(status.unsentChanges)}</p>}
      <p className="hint">{t.care}</p>
    </Dialog>
  );
}
