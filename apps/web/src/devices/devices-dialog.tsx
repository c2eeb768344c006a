import { Plus } from "lucide-react";
import { useCallback, useId, useRef, useState } from "react";
import type { ReactNode, RefObject } from "react";
import { useApp, useDevices, useDocuments } from "../app/client-context.ts";
import type { DeviceSummary, DevicesStatus, PairingRole } from "../client.ts";
import { useKeptFocus } from "../sharing/keep-focus.ts";
import { useSpaceActions } from "../sharing/use-space-actions.ts";
import { strings } from "../strings.ts";
import { Dialog } from "../ui/dialog.tsx";
import { useNow } from "../ui/page.ts";
import { useFocusBack } from "../ui/use-focus-back.ts";
import { nameOfThisDevice } from "./device-name.ts";
import { DeviceRow } from "./device-row.tsx";
import { RenameStep, RevokeStep } from "./device-steps.tsx";
import { deviceLabel } from "./device-words.ts";
import { PairingStep } from "./pairing-step.tsx";
import { entryBefore, firstEntry } from "./pairing-view.ts";
import type { PairingEntry } from "./pairing-view.ts";
import type { KitEvent, KitState } from "./recovery-flow.ts";
import { nextKitState } from "./recovery-flow.ts";
import { RecoveryPart } from "./recovery-part.tsx";
import { recoveryState } from "./recovery-reminder.ts";
import { RecoveryRestore } from "./recovery-restore.tsx";
import type { WordsEntry } from "./recovery-restore.tsx";
import { EndKitStep, RecoveryStep } from "./recovery-step.tsx";
import { RevokedNote } from "./revoked-note.tsx";

const t = strings.devices;

type Step =
  | { readonly kind: "rename" | "revoke"; readonly device: DeviceSummary; readonly label: string }
  /** `attempt`: how often it was begun. */
  | { readonly kind: "pair"; readonly role: PairingRole; readonly entry: PairingEntry; readonly attempt: number }
  /** `isNew`: instead of words that there were when it began. */
  | { readonly kind: "kit"; readonly state: KitState; readonly isNew: boolean }
  | { readonly kind: "end-kit"; readonly device: DeviceSummary }
  | { readonly kind: "restore"; readonly entry: WordsEntry };

const makingKit = (isNew: boolean): Step => ({ kind: "kit", state: { at: "explain" }, isNew });
const restoring: Step = { kind: "restore", entry: "type" };
const pairAs = (role: PairingRole, attempt = 1): Step => ({ kind: "pair", role, entry: firstEntry[role], attempt });

export interface DevicesDialogProps {
  /** `join`, `restore`: straight to putting this device into an account, by another device or by recovery words. `kit`: to making some, where there are none. */
  readonly startsWith: "list" | "join" | "restore" | "kit";
  readonly onClose: () => void;
}

/** The account's devices, and the way for another one to become one of them. */
export function DevicesDialog({ startsWith, onClose }: DevicesDialogProps): ReactNode {
  const { client } = useApp();
  const devices = useDevices(client);
  const documents = useDocuments(client);
  const nowMs = useNow(30_000);
  const actions = useSpaceActions();
  const [step, setStep] = useState<Step | undefined>(firstStep(startsWith));
  const body = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const top = useRef<HTMLParagraphElement>(null);
  useKeptFocus(body, top);
  const focusBack = useFocusBack(step !== undefined, [heading, top]);
  const { run, say, busy } = actions;

  const open = (next: Step): void => {
    focusBack.remember();
    if (!busy) say("");
    setStep(next);
  };
  const moveKit = (event: KitEvent): void =>
    setStep((current) => {
      if (current?.kind !== "kit") return current;
      const state = nextKitState(current.state, event);
      return state === undefined ? undefined : { ...current, state };
    });
  const onKit = (event: KitEvent): void => {
    if (!busy) say("");
    moveKit(event);
  };
  const back = (): void => {
    if (step?.kind === "kit") return onKit({ kind: "back" });
    if (!busy) say("");
    if (step?.kind === "restore" && step.entry === "scan") return setStep(restoring);
    const before = step?.kind === "pair" ? entryBefore(step.entry, step.role) : undefined;
    setStep(step?.kind === "pair" && before !== undefined ? { ...step, entry: before } : undefined);
  };
  const onEntry = useCallback(
    (entry: PairingEntry) => setStep((current) => (current?.kind === "pair" ? { ...current, entry } : current)),
    [],
  );
  /** Back, because it is done: what opened the question may be gone. Unless another one is open by now. */
  const finish = (done: Step): void => {
    setStep((current) => {
      if (current !== done) return current;
      focusBack.forget();
      return undefined;
    });
  };

  const rename = async (step: Extract<Step, { kind: "rename" | "revoke" }>, name: string): Promise<void> => {
    const named = async (): Promise<{ readonly ok: true }> => {
      await client.renameDevice(step.device.deviceId, name);
      return { ok: true };
    };
    const result = await run(named, { done: t.rename.done(name) });
    if (result?.ok === true) setStep((current) => (current === step ? undefined : current));
  };
  const revoke = async (step: Extract<Step, { kind: "rename" | "revoke" }>): Promise<void> => {
    const result = await run(() => client.revokeDevice(step.device.deviceId), { done: t.revoke.done(step.label) });
    if (result?.ok === true) finish(step);
  };
  const makeKit = async (): Promise<void> => {
    if (busy) return;
    moveKit({ kind: "make" });
    const result = await run(() => client.makeRecoveryKit(), { doing: strings.recovery.making.told, done: "" });
    moveKit(result?.ok === true ? { kind: "made", words: result.words } : { kind: "not-made" });
  };
  /** Only now do earlier words end. */
  const keepKit = async (step: Step): Promise<void> => {
    const result = await run(() => client.keepRecoveryKit(), { done: strings.recovery.done });
    if (result?.ok === true) setStep((current) => (current?.kind === "kit" && step.kind === "kit" ? undefined : current));
  };
  const endKit = async (step: Extract<Step, { kind: "end-kit" }>): Promise<void> => {
    const result = await run(() => client.revokeDevice(step.device.deviceId), { done: strings.recovery.end.done });
    if (result?.ok === true) finish(step);
  };
  /** Words that are told once are not lost by a stray click. */
  const close = (): void => {
    const isOpen = body.current?.closest("dialog")?.open === true;
    if (isOpen && step?.kind === "kit" && step.state.at !== "explain") return onKit({ kind: "close" });
    onClose();
  };

  return (
    <Dialog
      title={t.title}
      onClose={close}
      onBack={step === undefined ? undefined : back}
      foot={
        <p className={actions.told.isProblem ? "share-told share-told-problem" : "share-told"} role="status">
          {actions.told.text}
        </p>
      }
    >
      <div ref={body} className="share-body">
        <div hidden={step !== undefined} className="share-body">
          {devices?.revoked === true && <RevokedNote />}
          <p ref={top} tabIndex={-1} data-first-focus className="lead">
            {devices?.revoked === true ? t.leadRevoked : t.lead}
          </p>
          {devices === undefined ? (
            <p className="hint">{t.loading}</p>
          ) : (
            <DeviceList devices={devices} heading={heading} onStep={(kind, device) => open({ kind, device, label: deviceLabel(device) })} />
          )}
          {devices?.revoked === false && (
            <div>
              <button type="button" className="button button-primary" onClick={() => open(pairAs("old"))}>
                <Plus aria-hidden="true" />
                {t.add}
              </button>
            </div>
          )}
          {devices?.revoked === false && recoveryState(devices, documents ?? []) !== undefined && (
            <RecoveryPart
              kits={devices.devices.filter(isLiveKit)}
              nowMs={nowMs}
              busy={busy}
              onMake={() => open(makingKit(devices.kit !== undefined))}
              onEnd={(device) => open({ kind: "end-kit", device })}
            />
          )}
          {devices !== undefined && mayOfferToJoin(devices) && (
            <JoinPart mayJoin={devices.mayJoinAccount} onJoin={() => open(pairAs("new"))} onRestore={() => open(restoring)} />
          )}
        </div>
        {step?.kind === "rename" && (
          <RenameStep device={step.device} label={step.label} busy={busy} onBack={back} onRename={(name) => void rename(step, name)} />
        )}
        {step?.kind === "revoke" && <RevokeStep label={step.label} busy={busy} onBack={back} onConfirm={() => void revoke(step)} />}
        {step?.kind === "kit" && (
          <RecoveryStep
            state={step.state}
            isNew={step.isNew}
            busy={busy}
            say={say}
            onEvent={onKit}
            onMake={() => void makeKit()}
            onWritten={() => void keepKit(step)}
            onLeave={() => {
              setStep(undefined);
              say(strings.recovery.left);
            }}
          />
        )}
        {step?.kind === "end-kit" && <EndKitStep busy={busy} onBack={back} onConfirm={() => void endKit(step)} />}
        {step?.kind === "restore" && (
          <RecoveryRestore
            entry={step.entry}
            onEntry={(entry) => {
              say("");
              setStep((current) => (current?.kind === "restore" ? { ...current, entry } : current));
            }}
            deviceName={nameOfThisDevice()}
            say={say}
            onBack={back}
            onRestored={onClose}
          />
        )}
        {step?.kind === "pair" && (
          <PairingStep
            key={step.attempt}
            role={step.role}
            deviceName={devices?.devices.find(({ isThis, name }) => isThis && name !== "")?.name ?? nameOfThisDevice()}
            entry={step.entry}
            onEntry={onEntry}
            say={say}
            onBack={back}
            onAgain={() => setStep(pairAs(step.role, step.attempt + 1))}
            onFinish={step.role === "new" ? onClose : () => finish(step)}
          />
        )}
      </div>
    </Dialog>
  );
}

const firstStep = (startsWith: DevicesDialogProps["startsWith"]): Step | undefined => firstSteps[startsWith];
const firstSteps: Readonly<Record<DevicesDialogProps["startsWith"], Step | undefined>> = {
  list: undefined,
  join: pairAs("new"),
  restore: restoring,
  kit: makingKit(false),
};

/** Who has several devices has an account already. */
const mayOfferToJoin = ({ devices, revoked }: DevicesStatus): boolean => !revoked && devices.every(({ isThis }) => isThis);

/** Recovery words are a device of the account, on paper: they have a part of their own. */
const isLiveKit = ({ kitMadeAtMs, revoked }: DeviceSummary): boolean => kitMadeAtMs !== undefined && !revoked;

interface DeviceListProps {
  readonly devices: DevicesStatus;
  readonly heading: RefObject<HTMLHeadingElement | null>;
  readonly onStep: (step: "rename" | "revoke", device: DeviceSummary) => void;
}

function DeviceList({ devices, heading, onStep }: DeviceListProps): ReactNode {
  const nowMs = useNow(30_000);
  const id = useId();
  const rows = (list: readonly DeviceSummary[]): ReactNode => (
    <ul className="share-rows">
      {list.map((device) => (
        <DeviceRow key={device.deviceId} device={device} nowMs={nowMs} managed={!devices.revoked} onStep={(step) => onStep(step, device)} />
      ))}
    </ul>
  );
  const apparatus = devices.devices.filter(({ kitMadeAtMs }) => kitMadeAtMs === undefined);
  const out = apparatus.filter(({ revoked }) => revoked);
  return (
    <>
      <section className="share-part" aria-labelledby={`${id}-in`}>
        <h3 ref={heading} id={`${id}-in`} tabIndex={-1}>
          {t.list}
        </h3>
        {rows(apparatus.filter(({ revoked }) => !revoked))}
        <p className="told" role="status">
          {devices.untoldSpaces > 0 ? t.untold(devices.untoldSpaces) : ""}
        </p>
      </section>
      {out.length > 0 && (
        <section className="share-part" aria-labelledby={`${id}-out`}>
          <h3 id={`${id}-out`}>{t.revokedHeading}</h3>
          {rows(out)}
        </section>
      )}
    </>
  );
}

interface JoinPartProps {
  readonly mayJoin: boolean;
  readonly onJoin: () => void;
  readonly onRestore: () => void;
}

function JoinPart({ mayJoin, onJoin, onRestore }: JoinPartProps): ReactNode {
  const id = useId();
  return (
    <section className="share-part" aria-labelledby={id}>
      <h3 id={id}>{t.join.heading}</h3>
      <p className="hint">{mayJoin ? t.join.hint : t.pair.problem("may-not-join", "new")}</p>
      {mayJoin && (
        <div className="row-actions">
          <button type="button" className="button" onClick={onJoin}>
            {t.join.button}
          </button>
          <button type="button" className="button" onClick={onRestore}>
            {strings.recovery.restore.open}
          </button>
        </div>
      )}
    </section>
  );
}
