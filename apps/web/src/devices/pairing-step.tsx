import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { useApp, useConnection } from "../app/client-context.ts";
import type { PairingResult, PairingRole, SkerryClient } from "../client.ts";
import { DialogStep } from "../sharing/dialog-step.tsx";
import { strings } from "../strings.ts";
import { CodeEntry } from "./code-entry.tsx";
import { CodeScanner } from "./code-scanner.tsx";
import { CodeView } from "./code-view.tsx";
import { CompareView } from "./compare-view.tsx";
import { PairingEnd } from "./pairing-end.tsx";
import { firstEntry, pairingView } from "./pairing-view.ts";
import type { PairingEntry, PairingView } from "./pairing-view.ts";
import { TimeLeft } from "./time-left.tsx";
import { usePairing } from "./use-pairing.ts";
import type { PairingProblem } from "./use-pairing.ts";

const t = strings.devices.pair;

export interface PairingStepProps {
  readonly role: PairingRole;
  /** What this device calls itself. */
  readonly deviceName: string;
  readonly entry: PairingEntry;
  readonly onEntry: (entry: PairingEntry) => void;
  readonly say: (text: string, isProblem?: boolean) => void;
  readonly onBack: () => void;
  readonly onAgain: () => void;
  /** The person is through with it, after success. */
  readonly onFinish: () => void;
}

/** Puts a new device into an account, as the device of `role` shows it. Pairing is open for as long as this is there. */
export function PairingStep(props: PairingStepProps): ReactNode {
  const { role, deviceName, entry, onEntry, say, onBack, onAgain, onFinish } = props;
  const { client, profile } = useApp();
  const { status, refusal, busy, act } = usePairing({ client, role, deviceName, accountId: profile.accountId });
  // The mailbox opens a moment after each try has begun: that is not worth a word while the server is there.
  const connected = useConnection(client).kind === "online";
  const [dismissed, setDismissed] = useState(false);
  // A failure that was read is over as soon as something else is.
  if (dismissed && status !== undefined && (status.at !== "idle" || status.failure === undefined)) setDismissed(false);
  const view: PairingView = status === undefined ? { kind: "opening" } : pairingView(status, { entry, dismissed });
  const screen = view.kind === "showing" && view.isShort ? "showing-short" : view.kind;

  const shown = useRef(screen);
  useEffect(() => {
    shown.current = screen;
    say("");
  }, [say, screen]);
  // From here on, one step back is out of it.
  const isChosen = view.kind === "connecting" || view.kind === "comparing";
  useEffect(() => {
    if (isChosen && entry !== firstEntry[role]) onEntry(firstEntry[role]);
  }, [isChosen, entry, onEntry, role]);
  const wordsOf = (problem: PairingProblem): string => (problem === "broken" ? t.broken : t.problem(problem, role));
  const run = async (call: (client: SkerryClient) => Promise<PairingResult>): Promise<void> => {
    const before = screen;
    const problem = await act(call);
    // Another screen says more than that it was too late.
    if (problem !== undefined && shown.current === before) say(wordsOf(problem), true);
  };
  const show = (form: "full" | "short"): void => {
    onEntry("show");
    void run((client) => client.showPairingCode(form));
  };
  const again = (): void => {
    if (firstEntry[role] === "show") show("full");
    else {
      onEntry(firstEntry[role]);
      setDismissed(true);
    }
  };

  if (refusal !== undefined) {
    return (
      <DialogStep key="refused" title={refusal === "may-not-join" ? t.mayNotJoinTitle : titleOf({ kind: "opening" }, role)} onBack={onBack}>
        <p>{refusal === "not-now" ? t.stillFinishing : wordsOf(refusal)}</p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onBack}>
            {t.back}
          </button>
        </div>
      </DialogStep>
    );
  }
  return (
    <DialogStep key={screen} title={titleOf(view, role)} onBack={onBack}>
      {view.kind === "opening" && <p className="hint">{t.opening}</p>}
      {view.kind === "making" &&
        (busy ? (
          <p className="hint">{t.show.making}</p>
        ) : (
          <div className="dialog-actions">
            <button type="button" className="button button-primary" onClick={() => show("full")}>
              {t.show.make}
            </button>
          </div>
        ))}
      {view.kind === "showing" && (
        <CodeView
          role={role}
          code={view.code}
          isShort={view.isShort}
          triesLeft={view.status.triesLeft}
          endsAtMs={view.status.endsAtMs}
          online={connected || view.status.online}
          busy={busy}
          say={say}
          onForm={show}
          onType={() => onEntry("type")}
        />
      )}
      {view.kind === "typing" && (
        <CodeEntry
          role={role}
          endsAtMs={view.status.endsAtMs}
          busy={busy}
          onCode={async (text) => {
            const problem = await act((client) => client.takePairingCode(text));
            return problem === undefined ? undefined : wordsOf(problem);
          }}
          onScan={() => onEntry("scan")}
          onShow={role === "old" ? undefined : () => show("full")}
        />
      )}
      {view.kind === "scanning" && (
        <CodeScanner
          words={t.scan}
          onFound={(text) =>
            void act((client) => client.takePairingCode(text)).then((problem) => {
              if (problem !== undefined) say(problem.startsWith("code-") ? t.scan.otherCode : wordsOf(problem), true);
            })
          }
          onType={() => onEntry("type")}
          foot={
            <div className="pairing-foot">
              <TimeLeft endsAtMs={view.status.endsAtMs} />
            </div>
          }
        />
      )}
      {view.kind === "connecting" && (
        <>
          <p>{t.connecting.body}</p>
          <div role="status">{!connected && !view.status.online && <p className="note note-warning">{t.offline}</p>}</div>
          <TimeLeft endsAtMs={view.status.endsAtMs} />
        </>
      )}
      {view.kind === "comparing" && (
        <CompareView
          role={role}
          digits={view.status.digits}
          words={view.status.words}
          deviceName={view.status.deviceName}
          endsAtMs={view.status.endsAtMs}
          busy={busy}
          onSame={() => void run((client) => client.confirmPairing())}
          onDiffer={() => void run((client) => client.rejectPairing())}
        />
      )}
      {view.kind === "finishing" && (
        <>
          <p>{t.finishing.body}</p>
          <TimeLeft endsAtMs={view.status.endsAtMs} />
        </>
      )}
      {view.kind === "done" && (
        <PairingEnd
          body={role === "new" ? t.done.new : t.done.old(view.deviceName.trim() === "" ? strings.devices.unnamedNew : view.deviceName)}
          button={role === "new" ? t.done.close : t.back}
          onButton={onFinish}
        />
      )}
      {view.kind === "failed" && (
        <PairingEnd
          danger
          body={t.failure(view.failure).body}
          detail={t.triesLeft(view.status.triesLeft)}
          button={t.again}
          onButton={again}
        />
      )}
      {view.kind === "ended" && (
        <PairingEnd
          danger={view.failure !== undefined}
          body={t.ended(view.reason, view.failure).body}
          button={t.begin}
          onButton={onAgain}
        />
      )}
    </DialogStep>
  );
}

const both = (title: string): Readonly<Record<PairingRole, string>> => ({ old: title, new: title });
const titles: Readonly<Record<Exclude<PairingView["kind"], "failed" | "ended">, Readonly<Record<PairingRole, string>>>> = {
  opening: { old: t.show.title.old, new: t.enter.title.new },
  making: { old: t.show.title.old, new: t.show.title.new },
  showing: t.show.title,
  typing: t.enter.title,
  scanning: both(t.scan.title),
  connecting: both(t.connecting.title),
  comparing: both(t.compare.title),
  finishing: both(t.finishing.title),
  done: t.done.title,
};

function titleOf(view: PairingView, role: PairingRole): string {
  if (view.kind === "failed") return t.failure(view.failure).title;
  if (view.kind === "ended") return t.ended(view.reason, view.failure).title;
  return titles[view.kind][role];
}
