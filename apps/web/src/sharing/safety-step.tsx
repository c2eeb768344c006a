import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import type { Member, SkerryClient } from "../client.ts";
import { strings } from "../strings.ts";
import { DialogStep } from "./dialog-step.tsx";

export interface SafetyStepProps {
  readonly client: SkerryClient;
  readonly docId: string;
  readonly member: Pick<Member, "accountId" | "verified">;
  readonly label: string;
  readonly onBack: () => void;
  readonly onVerified: (verified: boolean) => void;
}

type Number = { readonly kind: "loading" } | { readonly kind: "none" } | { readonly kind: "number"; readonly groups: readonly string[] };

/** 60 digits that are the same on both sides if each has the other's true account. */
export function SafetyStep({ client, docId, member, label, onBack, onVerified }: SafetyStepProps): ReactNode {
  const t = strings.space.safety;
  const [shown, setShown] = useState<Number>({ kind: "loading" });
  const { accountId, verified } = member;
  useEffect(() => {
    let mounted = true;
    const tell = (groups: readonly string[] | undefined): void => {
      if (mounted) setShown(groups === undefined ? { kind: "none" } : { kind: "number", groups });
    };
    setShown({ kind: "loading" });
    client.safetyNumber(docId, accountId).then(tell, () => tell(undefined));
    return () => {
      mounted = false;
    };
  }, [client, docId, accountId]);
  return (
    <DialogStep title={t.title(label)} onBack={onBack}>
      <p>{t.how(label)}</p>
      {shown.kind === "loading" && (
        <p className="hint" role="status">
          {t.loading}
        </p>
      )}
      {shown.kind === "none" && (
        <p className="field-problem" role="alert">
          {t.none}
        </p>
      )}
      {shown.kind === "number" && (
        <>
          <ol className="safety-number" aria-label={t.number}>
            {shown.groups.map((group, index) => (
              <li key={`${index}-${group}`}>{group}</li>
            ))}
          </ol>
          {verified && <p className="hint">{t.verified}</p>}
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onBack}>
              {strings.space.back}
            </button>
            {verified ? (
              <button type="button" className="button" onClick={() => onVerified(false)}>
                {t.unverify}
              </button>
            ) : (
              <button type="button" className="button button-primary" onClick={() => onVerified(true)}>
                {t.match}
              </button>
            )}
          </div>
        </>
      )}
    </DialogStep>
  );
}
