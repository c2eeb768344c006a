/**
 * What the chip says, as a pure function of what the peer knows. It never says more than is known: "Synced" stands only for
 * "the server has acknowledged everything as durable, and we have all of its changes".
 *
 * Order of precedence: losing text, unreadable document, not yet on disk, refusal, something to review, link state, saved level.
 */
import type { ConnectionState, DocumentStatus } from "../client.ts";
import { strings } from "../strings.ts";
import { clockTime } from "../ui/times.ts";

export type SyncKind =
  | "not-saved"
  | "storage-warning"
  | "failed"
  | "opening"
  | "fetching"
  | "waiting"
  | "missing"
  | "refused"
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

/** Whether the server has acknowledged every local change. */
const isOnServer = (status: DocumentStatus): boolean =>
  (status.saved === "relay" || status.saved === "others") && status.unsentChanges === 0;

function storageChip(status: DocumentStatus): SyncChip | undefined {
  if (status.storage === "ok") return undefined;
  if (status.saved !== "unsaved") return chip("storage-warning", "warning", t.storageWarning, t.announce.storageWarning);
  const text = status.storage === "full" ? t.full : status.storage === "failing" ? t.failing : t.wrongKey;
  return chip("not-saved", "danger", text, text);
}

function phaseChip(status: DocumentStatus, connection: ConnectionState): SyncChip | undefined {
  switch (status.phase) {
    case "ready":
      return undefined;
    case "failed":
      return chip("failed", "danger", t.failed, t.failed);
    case "loading":
      return chip("opening", "calm", t.opening);
    case "fetching":
      return connection.kind === "online" ? chip("fetching", "busy", t.fetching) : chip("waiting", "warning", t.waiting, t.waiting);
    case "missing":
      return chip("missing", "warning", t.missing, t.missing);
    default:
      return status.phase satisfies never;
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
  if (status.refusal !== undefined) return chip("server-refuses", "warning", t.serverRefuses(status.unsentChanges), t.announce.refused);
  return undefined;
}

function reviewChip(status: DocumentStatus, connection: ConnectionState, formatTime: (ms: number) => string): SyncChip | undefined {
  const count = reviewCount(status);
  if (count === 0) return undefined;
  const rest =
    status.unsentChanges > 0
      ? t.reviewUnsent(status.unsentChanges)
      : connection.kind !== "online"
        ? t.reviewOffline
        : isOnServer(status) && status.seq >= status.relaySeq
          ? t.reviewSynced(status.syncedAtMs > 0 ? formatTime(status.syncedAtMs) : "")
          : "";
  return chip("review", "warning", rest === "" ? t.review(count) : `${t.review(count)} · ${rest}`, t.announce.review);
}

function offlineChip(status: DocumentStatus, connection: Extract<ConnectionState, { kind: "offline" }>, nowMs: number): SyncChip {
  if (status.unsentChanges > 0) return chip("offline", "warning", t.offlineWith(status.unsentChanges), t.announce.offline);
  if (!isOnServer(status)) return chip("offline", "warning", t.offlineSaved, t.announce.offline);
  const wait = Math.max(0, Math.ceil((connection.retryAtMs - nowMs) / 1000));
  return chip("unreachable", "warning", t[connection.reason](wait), t.announce.unreachable);
}

export function syncChip(
  status: DocumentStatus | undefined,
  connection: ConnectionState,
  nowMs: number,
  formatTime: (ms: number) => string = (ms) => clockTime(ms, nowMs),
): SyncChip {
  if (status === undefined) return chip("opening", "calm", t.opening);
  const inTheWay =
    storageChip(status) ??
    phaseChip(status, connection) ??
    // Whatever else is to be told waits these milliseconds: most of it says "kept on this device", which is not true yet.
    (status.saved === "unsaved" ? chip("saving", "busy", t.saving) : undefined) ??
    refusedChip(status, connection) ??
    reviewChip(status, connection, formatTime);
  if (inTheWay !== undefined) return inTheWay;
  if (connection.kind === "offline") return offlineChip(status, connection, nowMs);
  if (connection.kind === "connecting") return chip("connecting", "busy", isOnServer(status) ? t.connecting : t.connectingUnsent);
  if (!isOnServer(status)) return chip("sending", "busy", status.unsentChanges > 0 ? t.sending : t.checking);
  if (status.seq < status.relaySeq) return chip("catching-up", "busy", t.catchingUp, t.announce.catchingUp);
  return chip("synced", "good", t.synced(status.syncedAtMs > 0 ? formatTime(status.syncedAtMs) : ""), t.announce.synced);
}
