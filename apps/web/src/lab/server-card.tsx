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

/** The relay: what it holds, and everything that can go wrong with it. */
export function ServerCard({ relay, devices, backups }: ServerCardProps): ReactNode {
  const session = useLab();
  const hint = useId();
  const state = !relay.alive ? "down" : relay.frozen ? "frozen" : "up";
  const press = (text: string, icon: ReactNode, step: HandStep, describedBy?: string): ReactNode => (
    <button type="button" className="button" onClick={() => session.perform(step)} aria-describedby={describedBy}>
      {icon}
      {text}
    </button>
  );
  return (
    <section className={`lab-server lab-server-${state}`} aria-labelledby={`${hint}-title`}>
      <div className="lab-server-what">
        <Server aria-hidden="true" />
        <h2 id={`${hint}-title`}>{t.title}</h2>
        <p className="lab-server-state" data-state={state}>
          {t[state]}
        </p>
        <p className="lab-server-facts">
          {t.entries(relay.seq)}. <span className="lab-server-blind">{t.blind}</span>
        </p>
        <p className="lab-server-faults">{relay.faults.join(", ")}</p>
      </div>
      <div className="lab-server-tools">
        {press(t.crash, <Zap aria-hidden="true" />, { do: "crash", who: "relay", down: "5s" })}
        {press(t.restart, <RotateCcw aria-hidden="true" />, { do: "restart", who: "relay" })}
        {press(t.backup, <Save aria-hidden="true" />, { do: "backup" })}
        {press(t.rollback, <ArchiveRestore aria-hidden="true" />, { do: "rollback" }, hint)}
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
