import {
  ArchiveRestore,
  Eye,
  EyeOff,
  HardDrive,
  HardDriveDownload,
  MoreHorizontal,
  RotateCcw,
  Save,
  Server,
  ShieldAlert,
  Split,
  Undo2,
  Zap,
} from "lucide-react";
import { useId, useState } from "react";
import type { ReactNode } from "react";
import type { SimulationView } from "@skerry/simulator/lab";
import { ActionGroup, ActionMenu } from "./action-menu.tsx";
import type { HandStep } from "./messages.ts";
import { labStrings } from "./strings.ts";
import { useLab } from "./use-lab.ts";

const t = labStrings.server;

export interface ServerCardProps {
  readonly relay: SimulationView["relay"];
  readonly devices: readonly string[];
  readonly backups: number;
}

const serverActions: readonly { readonly text: string; readonly icon: ReactNode; readonly step: HandStep }[] = [
  { text: t.crash, icon: <Zap aria-hidden="true" />, step: { do: "crash", who: "relay", down: "5s" } },
  { text: t.restart, icon: <RotateCcw aria-hidden="true" />, step: { do: "restart", who: "relay" } },
  { text: t.backup, icon: <Save aria-hidden="true" />, step: { do: "backup" } },
  { text: t.rollback, icon: <ArchiveRestore aria-hidden="true" />, step: { do: "rollback" } },
];

/** The relay: what it holds, and everything that can go wrong with it. */
export function ServerCard({ relay, devices, backups }: ServerCardProps): ReactNode {
  const session = useLab();
  const hint = useId();
  const state = !relay.alive ? "down" : relay.frozen ? "frozen" : "up";
  return (
    <section className={`lab-server lab-server-${state}`} aria-labelledby={`${hint}-title`}>
      <div className="lab-server-what">
        <Server aria-hidden="true" />
        <h2 id={`${hint}-title`}>{t.title}</h2>
        <p className="lab-server-state" data-state={state}>
          {t[state]}
        </p>
        <p className="lab-server-facts">
          {t.entries(relay.seq)}.{" "}
          {relay.faults.length === 0 ? t.blind : <span className="lab-server-faults">{relay.faults.map(labStrings.fault).join(", ")}</span>}
        </p>
      </div>
      <div className="lab-server-tools">
        {serverActions.map(({ text, icon, step }) => (
          <button
            key={text}
            type="button"
            className="button lab-wide"
            aria-describedby={step.do === "rollback" ? hint : undefined}
            onClick={() => session.perform(step)}
          >
            {icon}
            {text}
          </button>
        ))}
        <ServerMenu devices={devices} />
        <p className="visually-hidden" id={hint}>
          {t.rollbackHint(backups)}
        </p>
      </div>
    </section>
  );
}

type Cheat = keyof typeof t.cheats;
const cheatIcons: Readonly<Record<Cheat, ReactNode>> = {
  withhold: <EyeOff aria-hidden="true" />,
  fork: <Split aria-hidden="true" />,
  "roll-back": <Undo2 aria-hidden="true" />,
  "alter-entries": <ShieldAlert aria-hidden="true" />,
  "forge-acks": <HardDriveDownload aria-hidden="true" />,
  "replay-entries": <Eye aria-hidden="true" />,
};
const cheats = Object.keys(cheatIcons) as Cheat[];

function ServerMenu({ devices }: { readonly devices: readonly string[] }): ReactNode {
  const session = useLab();
  const id = useId();
  const [towards, setTowards] = useState("all");
  return (
    <ActionMenu title={t.more} className="button lab-more" button={<MoreHorizontal aria-hidden="true" />}>
      {(close) => (
        <>
          <div className="lab-narrow">
            <ActionGroup
              title={t.title}
              close={close}
              actions={serverActions.map(({ text, icon, step }) => ({ text, icon, run: () => session.perform(step) }))}
            />
          </div>
          <ActionGroup
            title={t.disk}
            close={close}
            actions={(["full", "write-error", "slow"] as const).map((fault) => ({
              text: { full: t.full, "write-error": t.writeError, slow: t.slow }[fault],
              icon: <HardDrive aria-hidden="true" />,
              run: () => session.perform({ do: "disk", fault, for: "20s" }),
            }))}
          />
          <div className="lab-group">
            <label htmlFor={id}>{t.towards}</label>
            <select id={id} value={towards} onChange={(event) => setTowards(event.target.value)}>
              <option value="all">{t.everyone}</option>
              {devices.map((who) => (
                <option key={who} value={who}>
                  {who}
                </option>
              ))}
            </select>
          </div>
          <ActionGroup
            title={t.hostile}
            close={close}
            actions={cheats.map((how) => ({
              text: t.cheats[how],
              icon: cheatIcons[how],
              run: () => session.perform({ do: "cheat", how, who: devices.includes(towards) ? towards : "all", for: "20s" }),
            }))}
          />
          <p className="hint">{t.hostileHint}</p>
        </>
      )}
    </ActionMenu>
  );
}
