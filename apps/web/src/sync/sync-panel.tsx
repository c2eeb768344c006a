import { Archive, Check, Download, RefreshCw, X } from "lucide-react";
import { useId } from "react";
import type { ReactNode } from "react";
import type { Alarm, ConnectionState, DocumentStatus, SpaceStatus } from "../client.ts";
import { documentAccess, isEnded, isOwnAndRefused } from "../sharing/document-access.ts";
import { alarmTexts, strings } from "../strings.ts";
import { atTime } from "../ui/times.ts";
import { reviewCount } from "./sync-chip.ts";
import type { SyncChip } from "./sync-chip.ts";

export interface SyncPanelProps {
  readonly id: string;
  readonly chip: SyncChip;
  readonly status: DocumentStatus | undefined;
  readonly connection: ConnectionState;
  readonly space: SpaceStatus | null | undefined;
  readonly nowMs: number;
  readonly onRetry: () => void;
  readonly onDownload: (() => void) | undefined;
  /** Undefined while there is no text that it could be compared with. */
  readonly onSetAside: (() => void) | undefined;
}

const t = strings.sync;

/** Where my changes are, what is in the way, what to do. Opened from the chip. */
export function SyncPanel({ id, chip, status, connection, space, nowMs, onRetry, onDownload, onSetAside }: SyncPanelProps): ReactNode {
  const heading = useId();
  return (
    <div id={id} popover="auto" className="panel" role="dialog" aria-labelledby={heading}>
      <div className="panel-head">
        <h2 id={heading}>{t.panel}</h2>
        <button type="button" className="icon-button" aria-label={strings.common.close} popoverTarget={id} popoverTargetAction="hide">
          <X aria-hidden="true" />
        </button>
      </div>
      <p className={`panel-state panel-state-${chip.tone}`}>{chip.text}</p>
      {status !== undefined && <Reason chip={chip} status={status} connection={connection} space={space} />}
      {connection.kind === "offline" && (
        <button type="button" className="button" onClick={onRetry}>
          <RefreshCw aria-hidden="true" />
          {strings.common.tryNow}
        </button>
      )}
      {status?.phase === "ready" && <Places status={status} space={space} />}
      {status !== undefined && <Heard status={status} nowMs={nowMs} />}
      {status !== undefined && reviewCount(status) > 0 && <Review status={status} nowMs={nowMs} onSetAside={onSetAside} />}
      {onDownload !== undefined && isWorthDownloading(status, space) && (
        <button type="button" className="button" onClick={onDownload}>
          <Download aria-hidden="true" />
          {strings.document.download}
        </button>
      )}
    </div>
  );
}

const isWorthDownloading = (status: DocumentStatus | undefined, space: SpaceStatus | null | undefined): boolean =>
  status?.storage !== "ok" || reviewCount(status) > 0 || isEnded(space) || space?.standing === "refused";

/** Why what is written here does not reach the others, by how this account stands among the people. */
function spaceReason(space: SpaceStatus | null | undefined, status: DocumentStatus): string | undefined {
  if (space === null || space === undefined) return undefined;
  const s = strings.space;
  const isHere = status.phase === "ready";
  if (isOwnAndRefused(space, isHere)) return s.refused.own(space.reason).todo;
  const { note } = documentAccess(space, isHere);
  switch (note) {
    case undefined:
      return undefined;
    case "removed":
    case "left":
      return isHere ? s.notes.ended(status.unsentChanges) : s.notes.endedEmpty;
    case "refused":
      return s.refused.link(space.reason, space.passphraseGiven).todo;
    case "distrusted":
      return s.notes.distrusted;
    case "outdated":
      return s.notes.outdated;
    case "view":
      return s.notes.view;
    case "not-now":
      return s.notes.notNow;
    default:
      return note satisfies never;
  }
}

interface ReasonProps {
  readonly chip: SyncChip;
  readonly status: DocumentStatus;
  readonly connection: ConnectionState;
  readonly space: SpaceStatus | null | undefined;
}

/** The sentence for what is in the way, if anything. */
function Reason({ chip, status, connection, space }: ReasonProps): ReactNode {
  const sentences: string[] = [];
  const ofSpace = spaceReason(space, status);
  if (ofSpace !== undefined) sentences.push(ofSpace);
  if (status.storage !== "ok") sentences.push((status.saved === "unsaved" ? t.storage : t.storageStill)[status.storage]);
  if (connection.kind === "refused") sentences.push(t.refusals[connection.reason]);
  if (chip.kind === "unprepared") sentences.push(strings.phases.unpreparedSafe, strings.phases.unpreparedTodo);
  if (status.refusal !== undefined && ofSpace === undefined) sentences.push(t.refusal(status.refusal));
  return sentences.map((sentence) => <p key={sentence}>{sentence}</p>);
}

type PlaceState = "yes" | "pending" | "no";

/** Three places, each with a mark and words: device, server, another device. */
function Places({ status, space }: { readonly status: DocumentStatus; readonly space: SpaceStatus | null | undefined }): ReactNode {
  const w = t.where;
  const waiting = isEnded(space) || space?.standing === "refused" ? w.neverSent : w.waiting;
  const onDevice = status.saved !== "unsaved";
  const onServer = (status.saved === "relay" || status.saved === "others") && status.unsentChanges === 0;
  const onOthers = status.saved === "others" && status.unsentChanges === 0;
  return (
    <ol className="places">
      <Place
        name={w.device}
        state={onDevice ? "yes" : status.storage === "ok" ? "pending" : "no"}
        text={onDevice ? w.saved : status.storage === "ok" ? w.saving : w.notSaved}
      />
      <Place
        name={w.server}
        state={onServer ? "yes" : "pending"}
        text={onServer ? w.hasAll : status.unsentChanges > 0 ? waiting(status.unsentChanges) : w.notYet}
        detail={w.sealed}
      />
      <Place name={w.others} state={onOthers ? "yes" : "pending"} text={onOthers ? w.confirmed : w.notKnown} />
    </ol>
  );
}

function Place({
  name,
  state,
  text,
  detail,
}: {
  readonly name: string;
  readonly state: PlaceState;
  readonly text: string;
  readonly detail?: string;
}): ReactNode {
  return (
    <li className={`place place-${state}`}>
      <span className="place-mark">
        {state === "yes" && <Check aria-hidden="true" />}
        {state === "no" && <X aria-hidden="true" />}
      </span>
      <span className="place-name">{name}</span>
      <span className="place-text">{text}</span>
      {detail !== undefined && <span className="place-detail">{detail}</span>}
    </li>
  );
}

function Heard({ status, nowMs }: { readonly status: DocumentStatus; readonly nowMs: number }): ReactNode {
  return (
    <div className="heard">
      <p>{status.heardAtMs > 0 ? t.lastHeard(atTime(status.heardAtMs, nowMs)) : t.neverHeard}</p>
      {status.syncedAtMs > 0 && status.unsentChanges > 0 && <p>{t.lastSynced(atTime(status.syncedAtMs, nowMs))}</p>}
      {status.agreeing > 0 && <p>{t.agreeing(status.agreeing)}</p>}
    </div>
  );
}

/** Alarms in plain sentences: what happened, what is safe, what to do. The same kind is told once, with how often. */
function Review({
  status,
  nowMs,
  onSetAside,
}: {
  readonly status: DocumentStatus;
  readonly nowMs: number;
  readonly onSetAside: (() => void) | undefined;
}): ReactNode {
  const byKind = new Map<Alarm["kind"], Alarm[]>();
  for (const alarm of status.alarms) byKind.set(alarm.kind, [...(byKind.get(alarm.kind) ?? []), alarm]);
  return (
    <section className="review">
      <h3>{t.reviewHeading}</h3>
      {[...byKind].map(([kind, alarms]) => (
        <article key={kind} className="review-item">
          <h4>{alarmTexts[kind].what}</h4>
          <dl>
            <dt>{t.alarmSafe}</dt>
            <dd>{alarmTexts[kind].safe}</dd>
            <dt>{t.alarmTodo}</dt>
            <dd>{alarmTexts[kind].todo}</dd>
          </dl>
          <p className="hint">
            {t.alarmAt(atTime(Math.max(...alarms.map((alarm) => alarm.atMs)), nowMs))}
            {alarms.length > 1 ? `, ${t.alarmTimes(alarms.length)}` : ""}
          </p>
        </article>
      ))}
      {status.disagreeing > 0 && !byKind.has("diverged") && (
        <article className="review-item">
          <h4>{t.disagreeing(status.disagreeing)}</h4>
          <dl>
            <dt>{t.alarmSafe}</dt>
            <dd>{alarmTexts.diverged.safe}</dd>
            <dt>{t.alarmTodo}</dt>
            <dd>{alarmTexts.diverged.todo}</dd>
          </dl>
        </article>
      )}
      {status.quarantined > 0 && <p>{t.quarantined(status.quarantined)}</p>}
      {status.quarantined > 0 && onSetAside !== undefined && (
        <button
          type="button"
          className="button"
          onClick={(event) => {
            // First the panel closes, which gives the focus back to the chip; from there the dialog takes it, and gives it back there.
            event.currentTarget.closest<HTMLElement>("[popover]")?.hidePopover();
            onSetAside();
          }}
        >
          <Archive aria-hidden="true" />
          {t.showSetAside}
        </button>
      )}
    </section>
  );
}
