import { BadgeCheck } from "lucide-react";
import { useState } from "react";
import type { ReactNode } from "react";
import type { Member, Role } from "../client.ts";
import { colourOfAccount } from "../editor/people.ts";
import { strings } from "../strings.ts";
import { Avatar } from "../ui/avatar.tsx";

const t = strings.space.members;

export interface MemberRowProps {
  readonly member: Member;
  readonly label: string;
  readonly initials: string;
  /** Has this document alone: its role is not changed, and it is taken away. */
  readonly isGuest?: boolean;
  /** Owners' controls are shown. */
  readonly managed: boolean;
  readonly mayLeave: boolean;
  readonly busy: boolean;
  /** Resolves when the server has answered. */
  readonly onRole?: (role: Role) => Promise<void>;
  readonly onStep: (step: "compare" | "make-owner" | "remove" | "take-away" | "leave") => void;
}

export function MemberRow({
  member,
  label,
  initials,
  isGuest = false,
  managed,
  mayLeave,
  busy,
  onRole,
  onStep,
}: MemberRowProps): ReactNode {
  const { role, you } = member;
  const whom = <span className="visually-hidden">{t.whom(label)}</span>;
  return (
    <li className="member-row">
      <Avatar initials={initials} colour={colourOfAccount(member.accountId)} />
      <div className="row-text">
        <p className="row-title">
          <bdi>{label}</bdi>
          {you && <span className="hint"> ({strings.space.you})</span>}
        </p>
        {role === "commenter" && <p className="hint">{t.commenterHint}</p>}
        {member.reads !== "history" && <p className="hint">{t.reads[member.reads]}</p>}
        {member.verified && !you && (
          <p className="verified">
            <BadgeCheck aria-hidden="true" />
            {t.verified}
          </p>
        )}
      </div>
      {managed && !you && onRole !== undefined ? (
        <RoleMenu role={role} label={label} busy={busy} onRole={onRole} />
      ) : (
        <p className="member-role">{strings.space.roles[role]}</p>
      )}
      {(!you || mayLeave) && (
        <div className="member-steps">
          {!you && (
            <button type="button" className="text-button" onClick={() => onStep("compare")}>
              {t.compare}
              {whom}
            </button>
          )}
          {managed && !you && !isGuest && role !== "owner" && (
            <button type="button" className="text-button" onClick={() => onStep("make-owner")}>
              {t.makeOwner}
              {whom}
            </button>
          )}
          {managed && !you && (
            <button type="button" className="text-button text-button-danger" onClick={() => onStep(isGuest ? "take-away" : "remove")}>
              {isGuest ? strings.space.guests.takeAway : t.remove}
              {whom}
            </button>
          )}
          {you && (
            <button type="button" className="text-button" onClick={() => onStep("leave")}>
              {t.leave}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

const lesserRoles = ["editor", "viewer"] as const;

interface RoleMenuProps {
  readonly role: Role;
  readonly label: string;
  readonly busy: boolean;
  readonly onRole: (role: Role) => Promise<void>;
}

/** Shows what was chosen while the server is asked, and then what is. */
function RoleMenu({ role, label, busy, onRole }: RoleMenuProps): ReactNode {
  const [chosen, setChosen] = useState<Role>();
  const choose = async (next: Role): Promise<void> => {
    if (busy || next === role) return;
    setChosen(next);
    await onRole(next);
    setChosen(undefined);
  };
  const choices: readonly Role[] = role === "editor" || role === "viewer" ? lesserRoles : [role, ...lesserRoles];
  return (
    <select
      className="role-menu"
      aria-label={strings.space.roleOf(label)}
      aria-busy={chosen !== undefined}
      value={chosen ?? role}
      onChange={(event) => void choose(event.target.value as Role)}
    >
      {choices.map((value) => (
        <option key={value} value={value}>
          {strings.space.roles[value]}
        </option>
      ))}
    </select>
  );
}
