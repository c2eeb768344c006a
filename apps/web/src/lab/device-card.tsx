import {
  ArchiveRestore,
  ArrowDownToLine,
  ArrowUpFromLine,
  Copy,
  Eraser,
  HardDrive,
  Hourglass,
  Moon,
  MoreHorizontal,
  Power,
  Save,
  Unplug,
  Waves,
  Zap,
} from "lucide-react";
import { memo } from "react";
import type { ReactNode } from "react";
import type { ReplicaView } from "@skerry/simulator/lab";
import { alarmTexts } from "../strings.ts";
import { chipIcons } from "../sync/sync-indicator.tsx";
import { ActionGroup, ActionMenu } from "./action-menu.tsx";
import { LabEditor } from "./lab-editor.tsx";
import { LinkStrip } from "./link-strip.tsx";
import type { LinkState } from "./links.ts";
import type { HandStep } from "./messages.ts";
import type { ReplicaDoc } from "./replica-doc.ts";
import { alarmsOf, chipOf } from "./replica-status.ts";
import { labStrings } from "./strings.ts";
import { useLab } from "./use-lab.ts";
import { missingOf } from "./versions.ts";

const t = labStrings;

export interface DeviceCardProps {
  readonly replica: ReplicaView;
  readonly doc: ReplicaDoc | undefined;
  readonly link: LinkState;
  /** Its version's place, or undefined if it has none. */
  readonly version: number | undefined;
  readonly letter: string;
  readonly likeness: string;
  /** The run takes no more steps. */
  readonly full: boolean;
  /** A name for a copy of this device, if there may be one more. */
  readonly freeName: string | undefined;
}

/** One device: who has which version, its text, what it has not seen, and its link. */
export const DeviceCard = memo(function DeviceCard(props: DeviceCardProps): ReactNode {
  const { replica, doc, link, version, letter, likeness } = props;
  const { who } = replica;
  const writable = !props.full && replica.alive && !replica.frozen && replica.phase === "ready";
  const missing = missingOf(replica);
  return (
    <li className={version === undefined ? "lab-device lab-device-off" : `lab-device person-${version}`}>
      <article aria-label={t.card.label(who)}>
        <header className="lab-device-head">
          <h2>{who}</h2>
          <p className="lab-version">
            <span className="lab-letter" aria-hidden="true">
              {letter}
            </span>
            <span className="visually-hidden">{letter === "" ? "" : `${t.agreement.letter(letter)}, `}</span>
            <span className="lab-likeness">{likeness}</span>
          </p>
          <DeviceMenu who={who} freeName={props.freeName} />
        </header>
        <div className="lab-text">
          {doc === undefined || (replica.alive && replica.phase !== "ready") ? (
            <p className="lab-no-text">{replica.alive || doc === undefined ? t.card.notYet : t.card.noText}</p>
          ) : (
            <LabEditor key={doc.generation} doc={doc} who={who} readOnly={!writable} />
          )}
        </div>
        <Status replica={replica} />
        <p className={missing.length === 0 ? "lab-missing" : "lab-missing lab-missing-some"}>
          {!replica.alive ? "" : missing.length === 0 ? t.card.seenAll : t.card.notSeen(missing)}
        </p>
        <LinkStrip who={who} link={link} />
      </article>
    </li>
  );
});

/** What is wrong with the device itself: its link, and that it sleeps, is shown in other places. */
const ownFaults = ({ faults }: ReplicaView): string =>
  faults
    .filter((what) => !/^(?:cut|delay|bandwidth|garble|flap|no.entry|half.open|asleep|frozen)/.test(what))
    .map(t.fault)
    .join(", ");

/** The app's own chip, and what it would warn of. */
function Status({ replica }: { readonly replica: ReplicaView }): ReactNode {
  const chip = chipOf(replica);
  const Icon = replica.alive ? (replica.frozen ? Moon : chipIcons[chip.kind]) : Power;
  const text = replica.alive ? (replica.frozen ? t.card.asleep : chip.text) : t.card.off;
  const tone = replica.alive && !replica.frozen ? chip.tone : "calm";
  const [alarm] = alarmsOf(replica);
  return (
    <div className="lab-status">
      <p className={`chip lab-chip chip-${tone}`} data-kind={replica.alive ? (replica.frozen ? "asleep" : chip.kind) : "off"}>
        <Icon aria-hidden="true" />
        <span>{text}</span>
      </p>
      <p className="lab-alarm">{alarm === undefined ? ownFaults(replica) : t.card.alarm(alarmTexts[alarm].what)}</p>
    </div>
  );
}

function DeviceMenu({ who, freeName }: { readonly who: string; readonly freeName: string | undefined }): ReactNode {
  const session = useLab();
  const m = t.menu;
  const act = (text: string, icon: ReactNode, step: HandStep) => ({ text, icon, run: () => session.perform(step) });
  return (
    <ActionMenu title={t.card.menu(who)} className="icon-button" button={<MoreHorizontal aria-hidden="true" />}>
      {(close) => (
        <>
          <ActionGroup
            title={m.link}
            close={close}
            actions={[
              act(m.cutUp, <ArrowUpFromLine aria-hidden="true" />, { do: "cut", who, dir: "up" }),
              act(m.cutDown, <ArrowDownToLine aria-hidden="true" />, { do: "cut", who, dir: "down" }),
              act(m.delay, <Hourglass aria-hidden="true" />, { do: "delay", who, ms: 2000 }),
              act(m.drop, <Unplug aria-hidden="true" />, { do: "reset", who }),
              act(m.heal, <Waves aria-hidden="true" />, { do: "heal", who }),
            ]}
          />
          <ActionGroup
            title={m.device}
            close={close}
            actions={[
              act(m.crash, <Zap aria-hidden="true" />, { do: "crash", who, down: "3s" }),
              act(m.sleep, <Moon aria-hidden="true" />, { do: "sleep", who, for: "30s" }),
              act(m.storageFull, <HardDrive aria-hidden="true" />, { do: "storage", who, fault: "full", for: "20s" }),
              act(m.backupProfile, <Save aria-hidden="true" />, { do: "backup-profile", who }),
              act(m.restoreProfile, <ArchiveRestore aria-hidden="true" />, { do: "restore-profile", who }),
              ...(freeName === undefined ? [] : [act(m.clone, <Copy aria-hidden="true" />, { do: "clone-profile", who, as: freeName })]),
              act(m.evict, <Eraser aria-hidden="true" />, { do: "evict", who }),
              { text: m.off, icon: <Power aria-hidden="true" />, run: () => session.switchOff(who) },
            ]}
          />
        </>
      )}
    </ActionMenu>
  );
}
