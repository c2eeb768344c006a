import {
  AlertTriangle,
  ArrowUpCircle,
  Ban,
  CircleCheck,
  CircleDashed,
  CloudOff,
  DoorOpen,
  Download,
  Eye,
  HardDrive,
  Hourglass,
  Lock,
  LogOut,
  MonitorX,
  RefreshCw,
  ShieldAlert,
  ShieldQuestion,
  UserX,
} from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useId } from "react";
import type { ReactNode } from "react";
import type { ConnectionState, DocumentStatus, SpaceStatus } from "../client.ts";
import { strings } from "../strings.ts";
import { useNow } from "../ui/page.ts";
import { LiveRegion } from "./live-region.tsx";
import { syncChip } from "./sync-chip.ts";
import type { SyncKind } from "./sync-chip.ts";
import { SyncPanel } from "./sync-panel.tsx";

/** Each state has a shape of its own: colour alone never tells. */
export const chipIcons: Readonly<Record<SyncKind, LucideIcon>> = {
  "not-saved": ShieldAlert,
  "storage-warning": AlertTriangle,
  failed: AlertTriangle,
  opening: CircleDashed,
  fetching: Download,
  waiting: CloudOff,
  unprepared: Hourglass,
  missing: CloudOff,
  joining: DoorOpen,
  removed: UserX,
  revoked: MonitorX,
  left: LogOut,
  "not-let-in": Ban,
  "not-shared": HardDrive,
  distrusted: ShieldQuestion,
  outdated: ArrowUpCircle,
  "not-writable": Lock,
  refused: AlertTriangle,
  "no-access": Ban,
  "server-refuses": AlertTriangle,
  review: Eye,
  offline: HardDrive,
  unreachable: CloudOff,
  connecting: RefreshCw,
  saving: CircleDashed,
  sending: HardDrive,
  "catching-up": RefreshCw,
  synced: CircleCheck,
};

export interface SyncIndicatorProps {
  readonly status: DocumentStatus | undefined;
  readonly connection: ConnectionState;
  readonly space: SpaceStatus | null | undefined;
  readonly deviceRevoked: boolean;
  readonly onRetry: () => void;
  readonly onDownload: (() => void) | undefined;
  readonly onSetAside: (() => void) | undefined;
}

/** The chip in the header, its panel, and what is read out. */
export function SyncIndicator(props: SyncIndicatorProps): ReactNode {
  const { status, connection, space, deviceRevoked, onRetry, onDownload, onSetAside } = props;
  const nowMs = useNow(connection.kind === "offline" ? 1000 : 20_000);
  const chip = syncChip(status, connection, nowMs, space, deviceRevoked);
  const panelId = useId();
  const Icon = chipIcons[chip.kind];
  return (
    <>
      <button
        type="button"
        className={`chip chip-${chip.tone}`}
        data-kind={chip.kind}
        popoverTarget={panelId}
        aria-label={strings.sync.chipLabel(chip.text)}
      >
        <Icon aria-hidden="true" />
        <span className="chip-text">{chip.text}</span>
      </button>
      <SyncPanel
        id={panelId}
        chip={chip}
        status={status}
        connection={connection}
        space={space}
        nowMs={nowMs}
        onRetry={onRetry}
        onDownload={onDownload}
        onSetAside={onSetAside}
      />
      <LiveRegion sentence={chip.kind === "not-saved" ? "" : chip.announce} />
    </>
  );
}
