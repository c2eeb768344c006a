/** Who was in the document's space and is not any more. A removed person comes back by an owner's word only, and no link. */
import { useId, useState } from "react";
import type { ReactNode } from "react";
import type { FormerMember, LesserRole } from "../client.ts";
import { strings } from "../strings.ts";
import { Confirm, DialogStep } from "./dialog-step.tsx";
import type { MemberStepProps } from "./member-steps.tsx";

const t = strings.space.former;
const roles = ["editor", "viewer"] as const;

export interface FormerMembersProps {
  readonly former: readonly FormerMember[];
  readonly labelOf: (member: FormerMember) => string;
  readonly onReadmit: (member: FormerMember, label: string) => void;
}

export function FormerMembers({ former, labelOf, onReadmit }: FormerMembersProps): ReactNode {
  const id = useId();
  if (former.length === 0) return null;
  return (
    <section className="share-part" aria-labelledby={id}>
      <h3 id={id}>{t.heading}</h3>
      <ul className="share-rows">
        {former.map((member) => {
          const label = labelOf(member);
          return (
            <li key={member.accountId} className="link-row">
              <div className="row-text">
                <p className="row-title">
                  <bdi>{label}</bdi>
                </p>
                <p className="hint">{t[member.gone]}</p>
              </div>
              <div className="row-actions">
                <button type="button" className="text-button" onClick={() => onReadmit(member, label)}>
                  {t.readmit}
                  <span className="visually-hidden">{strings.space.members.whom(label)}</span>
                </button>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

export function ReadmitStep({
  label,
  documents,
  busy,
  onBack,
  onConfirm,
}: MemberStepProps & {
  readonly documents: number;
  readonly onConfirm: (role: LesserRole, scope: "space" | "document") => void;
}): ReactNode {
  const [role, setRole] = useState<LesserRole>("editor");
  const [scope, setScope] = useState<"space" | "document">("space");
  const id = useId();
  return (
    <DialogStep title={t.title(label)} onBack={onBack}>
      <p>{scope === "space" ? t.body(label) : t.bodyOfDocument(label)}</p>
      <fieldset className="segmented">
        <legend>{t.legend}</legend>
        {roles.map((value) => (
          <label key={value}>
            <input type="radio" name={id} checked={role === value} onChange={() => setRole(value)} />
            <span>{strings.space.roles[value]}</span>
          </label>
        ))}
      </fieldset>
      {documents > 1 && (
        <fieldset className="segmented">
          <legend>{t.scope}</legend>
          {(["space", "document"] as const).map((value) => (
            <label key={value}>
              <input type="radio" name={`${id}-scope`} checked={scope === value} onChange={() => setScope(value)} />
              <span>{strings.space.invite.scopes[value]}</span>
            </label>
          ))}
        </fieldset>
      )}
      <Confirm label={t.confirm} busy={busy} onBack={onBack} onConfirm={() => onConfirm(role, scope)} />
    </DialogStep>
  );
}
