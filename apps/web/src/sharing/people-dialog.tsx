import { useId, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { DocumentStatus, LesserRole, Member, SpaceStatus } from "../client.ts";
import { useApp } from "../app/client-context.ts";
import { strings } from "../strings.ts";
import { Dialog } from "../ui/dialog.tsx";
import { useNow } from "../ui/page.ts";
import { useFocusBack } from "../ui/use-focus-back.ts";
import { refusalOf } from "./access-notes.tsx";
import { canManage, documentAccess, isEnded, isOwnAndRefused } from "./document-access.ts";
import { DocumentsPart } from "./documents-part.tsx";
import { FormerMembers, ReadmitStep } from "./former-members.tsx";
import { InviteForm } from "./invite-form.tsx";
import { useKeptFocus } from "./keep-focus.ts";
import { KeysPart } from "./keys-part.tsx";
import { memberLabels } from "./member-labels.ts";
import type { MemberLabel } from "./member-labels.ts";
import { MemberRow } from "./member-row.tsx";
import { LeaveStep, MakeOwnerStep, RemoveStep, TakeAwayStep } from "./member-steps.tsx";
import { OpenLinks } from "./open-links.tsx";
import { SafetyStep } from "./safety-step.tsx";
import { useSpaceActions } from "./use-space-actions.ts";

const t = strings.space;

export interface PeopleDialogProps {
  readonly docId: string;
  readonly space: SpaceStatus;
  readonly status: DocumentStatus | undefined;
  /** Another device of the account has locked this one out. */
  readonly deviceRevoked: boolean;
  readonly onClose: () => void;
  /** This account has left; the dialog is closed already. */
  readonly onLeft: () => void;
}

/** A question about a person, as they were when it was asked: they may be gone from the list before it is answered. */
interface Step {
  readonly kind: "compare" | "make-owner" | "remove" | "take-away" | "leave" | "readmit";
  readonly member: Pick<Member, "accountId">;
  readonly label: string;
}

/** Who is in the document's space, the links that let people in, and for owners what changes both. */
export function PeopleDialog({ docId, space, status, deviceRevoked, onClose, onLeft }: PeopleDialogProps): ReactNode {
  const { client, profile } = useApp();
  const nowMs = useNow(20_000);
  const actions = useSpaceActions();
  const [step, setStep] = useState<Step>();
  const body = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const peopleId = useId();
  const top = useRef<HTMLParagraphElement>(null);
  useKeptFocus(body, top);
  const focusBack = useFocusBack(step !== undefined, [heading, top]);

  const { run, say, busy } = actions;
  const managed = canManage(space);
  const labels = memberLabels([...space.members, ...space.guests], profile.displayName);
  const labelOf = (accountId: string): MemberLabel => labels.get(accountId) ?? { label: t.unnamed, initials: "?" };
  const owners = space.members.filter(({ role }) => role === "owner");
  const isOnlyOwner = space.role === "owner" && owners.length === 1;

  const open = (kind: Step["kind"], member: Step["member"], label: string): void => {
    focusBack.remember();
    if (!busy) say("");
    setStep({ kind, member, label });
  };
  const back = (): void => {
    if (!busy) say("");
    setStep(undefined);
  };
  /** Back, because it is done: what opened the question may be gone. Unless another one is open by now. */
  const finish = (done: Step): void => {
    setStep((current) => {
      if (current !== done) return current;
      focusBack.forget();
      return undefined;
    });
  };

  const remove = async (step: Step): Promise<void> => {
    const { member, label } = step;
    const result = await run(() => client.removeMember(docId, member.accountId), { done: t.remove.done(label) });
    if (result?.ok === true) finish(step);
  };
  const takeAway = async (step: Step): Promise<void> => {
    const { member, label } = step;
    const result = await run(() => client.revokeGrant(docId, member.accountId), { done: t.guests.done(label) });
    if (result?.ok === true) finish(step);
  };
  const makeOwner = async (step: Step, handOver: boolean): Promise<void> => {
    const { label } = step;
    const { accountId } = step.member;
    const result = await run(() => (handOver ? client.transferOwnership(docId, accountId) : client.changeRole(docId, accountId, "owner")), {
      done: handOver ? t.makeOwner.handedOver(label) : t.makeOwner.done(label),
    });
    if (result?.ok === true) finish(step);
  };
  const readmit = async (step: Step, role: LesserRole, scope: "space" | "document"): Promise<void> => {
    const { label } = step;
    const { accountId } = step.member;
    const result = await run(
      () => (scope === "space" ? client.readmitMember(docId, accountId, role) : client.grantDocument(docId, accountId, role)),
      { done: t.former.done(label) },
    );
    if (result?.ok === true) finish(step);
  };
  const leave = async (): Promise<void> => {
    const result = await run(() => client.leaveSpace(docId), { done: "" });
    if (result?.ok !== true) return;
    onClose();
    onLeft();
  };
  const verify = async ({ member, label }: Step, verified: boolean): Promise<void> => {
    try {
      await client.setVerified(member.accountId, verified);
      setStep(undefined);
      say(verified ? t.safety.done(label) : t.safety.undone(label));
    } catch {
      say(strings.problems.store, true);
    }
  };

  return (
    <Dialog
      title={strings.share.title}
      onClose={onClose}
      onBack={step === undefined ? undefined : back}
      foot={
        <p className={actions.told.isProblem ? "share-told share-told-problem" : "share-told"} role="status">
          {actions.told.text}
        </p>
      }
    >
      <div ref={body} className="share-body">
        <div hidden={step !== undefined} className="share-body">
          <p ref={top} tabIndex={-1} className="lead">
            {deviceRevoked ? `${strings.devices.revoked.title}. ${t.notes.ended(0)}` : leadOf(space, status?.phase === "ready")}
          </p>
          {managed && <InviteForm client={client} docId={docId} space={space} actions={actions} />}
          {managed && <OpenLinks client={client} docId={docId} space={space} nowMs={nowMs} actions={actions} />}
          {space.members.length > 0 && !isEnded(space) && (
            <section className="share-part" aria-labelledby={peopleId}>
              <h3 ref={heading} id={peopleId} tabIndex={-1}>
                {t.members.heading(space.members.length)}
              </h3>
              {space.rotationDue && !managed && <p className="hint">{t.keys.dueForOthers}</p>}
              <ul className="share-rows">
                {space.members.map((member) => {
                  const { label, initials } = labelOf(member.accountId);
                  return (
                    <MemberRow
                      key={member.accountId}
                      member={member}
                      label={label}
                      initials={initials}
                      managed={managed}
                      mayLeave={space.standing === "member"}
                      busy={busy}
                      onRole={async (role) => {
                        await run(() => client.changeRole(docId, member.accountId, role), { done: t.members.roleChanged(label, role) });
                      }}
                      onStep={(kind) => open(kind, member, label)}
                    />
                  );
                })}
              </ul>
            </section>
          )}
          {space.guests.length > 0 && !isEnded(space) && (
            <section className="share-part" aria-labelledby={`${peopleId}-guests`}>
              <h3 id={`${peopleId}-guests`}>{t.guests.heading(space.guests.length)}</h3>
              <p className="hint">{t.guests.hint}</p>
              <ul className="share-rows">
                {space.guests.map((guest) => {
                  const { label, initials } = labelOf(guest.accountId);
                  return (
                    <MemberRow
                      key={guest.accountId}
                      member={guest}
                      label={label}
                      initials={initials}
                      isGuest
                      managed={managed}
                      mayLeave={space.standing === "member"}
                      busy={busy}
                      onStep={(kind) => open(kind, guest, label)}
                    />
                  );
                })}
              </ul>
            </section>
          )}
          {!isEnded(space) && <DocumentsPart client={client} docId={docId} space={space} say={say} onClose={onClose} />}
          {managed && (
            <FormerMembers
              former={space.former}
              labelOf={({ name }) => (name === "" ? t.unnamed : name)}
              onReadmit={(member, label) => open("readmit", member, label)}
            />
          )}
          {managed && (
            <KeysPart
              space={space}
              nowMs={nowMs}
              busy={busy}
              onChange={() => void run(() => client.rotateKeys(docId), { done: t.keys.done })}
            />
          )}
        </div>
        {step?.kind === "remove" && (
          <RemoveStep label={step.label} documents={space.documents} busy={busy} onBack={back} onConfirm={() => void remove(step)} />
        )}
        {step?.kind === "take-away" && <TakeAwayStep label={step.label} busy={busy} onBack={back} onConfirm={() => void takeAway(step)} />}
        {step?.kind === "readmit" && (
          <ReadmitStep
            label={step.label}
            documents={space.documents}
            busy={busy}
            onBack={back}
            onConfirm={(role, scope) => void readmit(step, role, scope)}
          />
        )}
        {step?.kind === "make-owner" && (
          <MakeOwnerStep label={step.label} busy={busy} onBack={back} onConfirm={(handOver) => void makeOwner(step, handOver)} />
        )}
        {step?.kind === "leave" && (
          <LeaveStep
            hindrance={!isOnlyOwner ? undefined : space.members.length === 1 ? "alone" : "only-owner"}
            unsent={status?.unsentChanges ?? 0}
            documents={space.grant === undefined ? space.documents : 1}
            busy={busy}
            onBack={back}
            onConfirm={() => void leave()}
          />
        )}
        {step?.kind === "compare" && (
          <SafetyStep
            client={client}
            docId={docId}
            member={
              [...space.members, ...space.guests].find(({ accountId }) => accountId === step.member.accountId) ?? {
                accountId: step.member.accountId,
                verified: false,
              }
            }
            label={step.label}
            onBack={back}
            onVerified={(verified) => void verify(step, verified)}
          />
        )}
      </div>
    </Dialog>
  );
}

/** How this account stands, in a sentence or two. */
function leadOf(space: SpaceStatus, isHere: boolean): string {
  const { note } = documentAccess(space, isHere);
  if (isOwnAndRefused(space, isHere)) return t.refused.own(space.reason).todo;
  if (space.standing === "creating") return t.invite.later;
  if (space.standing === "joining") return t.standing.joining;
  if (note === "removed") return `${t.notes.removedTitle}. ${t.notes.ended(0)}`;
  if (note === "left") return `${t.notes.leftTitle}. ${t.notes.ended(0)}`;
  if (note === "refused") return `${refusalOf(space, isHere).title}. ${refusalOf(space, isHere).todo}`;
  if (note === "distrusted") return `${t.notes.distrustedTitle}. ${t.notes.distrusted}`;
  if (space.outdated) return t.standing.outdated;
  if (space.role === "owner") return t.lead;
  if (space.role === undefined && space.grant !== undefined) return t.guests.yours[space.grant];
  return t.yourRole[space.role ?? "viewer"];
}
