/**
 * What the chip says, as a pure function of what the peer knows. It never says more than is known: "Synced" stands only for
 * "the server has acknowledged everything as durable, and we have all of its changes".
 *
 * Order of precedence: losing text, unreadable document, not yet on disk, standing of the device and among the people, refusal, something to review, link state,
 * saved level.
 */
import type { ConnectionState, DocumentStatus, SpaceStatus } from "../client.ts";
import { documentAccess, isOwnAndRefused } from "../sharing/document-access.ts";
import { strings } from "../strings.ts";
import { clockTime } from "../ui/times.ts";

export type SyncKind =
  | "not-saved"
  | "storage-warning"
  | "failed"
  | "opening"
  | "fetching"
  | "waiting"
  | "unprepared"
  | "missing"
  | "joining"
  | "removed"
  | "revoked"
  | "left"
  | "not-let-in"
  | "not-shared"
  | "distrusted"
  | "outdated"
  | "not-writable"
  | "refused"
  | "no-access"
  | "server-refuses"
  | "review"
  | "offline"
  | "unreachable"
  | "connecting"
  | "saving"
  | "sending"
  | "catching-up"
  | "synced";

export type SyncTone = "calm" | "busy" | "good" | "warning" | "danger";

export interface SyncChip {
  readonly kind: SyncKind;
  readonly text: string;
  readonly tone: SyncTone;
  /** Sentence for the live region when this state is entered; empty for states that come and go while typing. */
  readonly announce: string;
}

const t = strings.sync;

const chip = (kind: SyncKind, tone: SyncTone, text: string, announce = ""): SyncChip => ({ kind, text, tone, announce });

/** Things that an honest server and honest people never cause, the same thing counted once. */
export const reviewCount = (status: DocumentStatus): number =>
  new Set(status.alarms.map((alarm) => alarm.kind)).size +
  (status.quarantined > 0 && status.alarms.length === 0 ? 1 : 0) +
  (status.disagreeing > 0 && !hasDiverged(status) ? 1 : 0);

const hasDiverged = (status: DocumentStatus): boolean => status.alarms.some((alarm) => alarm.kind === "diverged");

/** Whether the server has acknowledged every local change, and the space that they are in. */
const isOnServer = (status: DocumentStatus, space: SpaceStatus | null | undefined): boolean =>
  (status.saved === "relay" || status.saved === "others") &&
  status.unsentChanges === 0 &&
  space?.standing !== "creating" &&
  space?.standing !== "joining";

function storageChip(status: DocumentStatus): SyncChip | undefined {
  if (status.storage === "ok") return undefined;
  if (status.saved !== "unsaved") return chip("storage-warning", "warning", t.storageWarning, t.announce.storageWarning);
  const text = status.storage === "full" ? t.full : status.storage === "failing" ? t.failing : t.wrongKey;
  return chip("not-saved", "danger", text, text);
}

function unreadableChip(status: DocumentStatus): SyncChip | undefined {
  if (status.phase === "failed") return chip("failed", "danger", t.failed, t.failed);
  return status.phase === "loading" ? chip("opening", "calm", t.opening) : undefined;
}

/** What is not here yet, and will come. */
function absentChip(status: DocumentStatus, connection: ConnectionState): SyncChip | undefined {
  if (status.phase === "missing") return chip("missing", "warning", t.missing, t.missing);
  if (status.phase !== "fetching") return undefined;
  if (connection.kind !== "online") return chip("waiting", "warning", t.waiting, t.waiting);
  // Mostly over within seconds: calm, unlike what needs somebody to do something at once.
  return status.waitsForPast ? chip("unprepared", "busy", t.unprepared, t.unprepared) : chip("fetching", "busy", t.fetching);
}

/** Another device of the account has locked this one out: the account is still in the space, and nobody removed it. */
function revokedChip(status: DocumentStatus, space: SpaceStatus | null | undefined): SyncChip | undefined {
  if (space === null || space === undefined) return undefined;
  const kept = status.phase === "ready" && status.unsentChanges > 0 ? ` · ${t.kept(status.unsentChanges)}` : "";
  return chip("revoked", "warning", t.revoked + kept, t.announce.revoked);
}

/** What keeps this account's changes from the others, whatever the connection: nothing of it heals by waiting. */
function spaceChip(status: DocumentStatus, connection: ConnectionState, space: SpaceStatus | null | undefined): SyncChip | undefined {
  if (space === null || space === undefined) return undefined;
  const isHere = status.phase === "ready";
  const isUnsent = isHere && status.unsentChanges > 0;
  const kept = isUnsent ? ` · ${t.kept(status.unsentChanges)}` : "";
  if (isOwnAndRefused(space, isHere)) return chip("not-shared", "warning", t.notShared, t.announce.notShared);
  const { note } = documentAccess(space, isHere);
  switch (note) {
    case undefined:
      if (space.standing === "joining" && connection.kind === "online") return chip("joining", "busy", t.joining);
      return undefined;
    case "removed":
      return chip("removed", "warning", t.removed + kept, t.announce.removed);
    case "left":
      return chip("left", "warning", t.left + kept, t.announce.left);
    case "refused":
      return chip("not-let-in", "warning", t.notLetIn + kept, t.announce.notLetIn);
    case "distrusted":
      return chip("distrusted", "warning", t.distrusted, t.announce.distrusted);
    case "outdated":
      return chip("outdated", "warning", t.outdated + kept, t.announce.outdated);
    case "view":
    case "not-now":
      // Reading is no trouble; what was written before the role changed is.
      return isUnsent ? chip("not-writable", "warning", t.notWritable + kept, t.announce.notWritable) : undefined;
    default:
      return note satisfies never;
  }
}

function refusedChip(status: DocumentStatus, connection: ConnectionState): SyncChip | undefined {
  if (connection.kind === "refused") {
    const text = {
      version: t.updateApp,
      authentication: t.deviceRefused,
      origin: t.originRefused,
      protocol: t.protocolRefused,
    }[connection.reason];
    const kept = status.unsentChanges > 0 ? ` · ${t.kept(status.unsentChanges)}` : "";
    return chip("refused", "warning", text + kept, t.announce.refused);
  }
  if (status.refusal === "not-allowed") {
    const kept = status.unsentChanges > 0 ? ` · ${t.kept(status.unsentChanges)}` : "";
    return chip("no-access", "warning", t.noAccess + kept, t.announce.noAccess);
  }
  if (status.refusal !== undefined) return chip("server-refuses", "warning", t.serverRefuses(status.unsentChanges), t.announce.refused);
  return undefined;
}

function reviewChip(
  status: DocumentStatus,
  connection: ConnectionState,
  onServer: boolean,
  formatTime: (ms: number) => string,
): SyncChip | undefined {
  const count = reviewCount(status);
  if (count === 0) return undefined;
  const rest =
    status.unsentChanges > 0
      ? t.reviewUnsent(status.unsentChanges)
      : connection.kind !== "online"
        ? t.reviewOffline
        : onServer && status.seq >= status.relaySeq
          ? t.reviewSynced(status.syncedAtMs > 0 ? formatTime(status.syncedAtMs) : "")
          : "";
  return chip("review", "warning", rest === "" ? t.review(count) : `${t.review(count)} · ${rest}`, t.announce.review);
}

function offlineChip(
  status: DocumentStatus,
  connection: Extract<ConnectionState, { kind: "offline" }>,
  onServer: boolean,
  nowMs: number,
): SyncChip {
  if (status.unsentChanges > 0) return chip("offline", "warning", t.offlineWith(status.unsentChanges), t.announce.offline);
  if (!onServer) return chip("offline", "warning", t.offlineSaved, t.announce.offline);
  const wait = Math.max(0, Math.ceil((connection.retryAtMs - nowMs) / 1000));
  return chip("unreachable", "warning", t[connection.reason](wait), t.announce.unreachable);
}

export function syncChip(
  status: DocumentStatus | undefined,
  connection: ConnectionState,
  nowMs: number,
  space: SpaceStatus | null | undefined = null,
  deviceRevoked: boolean = false,
  formatTime: (ms: number) => string = (ms) => clockTime(ms, nowMs),
): SyncChip {
  if (status === undefined) return chip("opening", "calm", t.opening);
  const onServer = isOnServer(status, space);
  const inTheWay =
    storageChip(status) ??
    unreadableChip(status) ??
    // Whatever else is to be told waits these milliseconds: most of it says "kept on this device", which is not true yet.
    (status.saved === "unsaved" && status.phase === "ready" ? chip("saving", "busy", t.saving) : undefined) ??
    (deviceRevoked ? revokedChip(status, space) : undefined) ??
    spaceChip(status, connection, space) ??
    absentChip(status, connection) ??
    refusedChip(status, connection) ??
    reviewChip(status, connection, onServer, formatTime);
  if (inTheWay !== undefined) return inTheWay;
  if (connection.kind === "offline") return offlineChip(status, connection, onServer, nowMs);
  if (connection.kind === "connecting") return chip("connecting", "busy", onServer ? t.connecting : t.connectingUnsent);
  if (!onServer) return chip("sending", "busy", status.unsentChanges > 0 ? t.sending : t.checking);
  if (status.seq < status.relaySeq) return chip("catching-up", "busy", t.catchingUp, t.announce.catchingUp);
  return chip("synced", "good", t.synced(status.syncedAtMs > 0 ? formatTime(status.syncedAtMs) : ""), t.announce.synced);
}
