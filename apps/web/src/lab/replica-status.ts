/** A simulated device's status as the app's own chip takes it: what a person at that device would see. */
import type { ReplicaView } from "@skerry/simulator/lab";
import type { Alarm, ConnectionState, DocumentStatus } from "../client.ts";
import { alarmTexts } from "../strings.ts";
import { syncChip } from "../sync/sync-chip.ts";
import type { SyncChip } from "../sync/sync-chip.ts";

const oneOf = <T extends string>(values: readonly T[], value: string, otherwise: T): T =>
  values.find((known) => known === value) ?? otherwise;

const isAlarmKind = (kind: string): kind is Alarm["kind"] => Object.hasOwn(alarmTexts, kind);

/** The kinds of alarm that a device shows, each once. */
export const alarmsOf = (replica: ReplicaView): readonly Alarm["kind"][] => [
  ...new Set(replica.alarms.map((alarm) => alarm.split(" ")[0] ?? "").filter(isAlarmKind)),
];

function connectionOf(replica: ReplicaView): ConnectionState {
  switch (oneOf(["online", "offline", "connecting", "refused"], replica.connection.split(" ")[0] ?? "", "connecting")) {
    case "online":
      return { kind: "online", sinceMs: 0 };
    case "offline":
      return { kind: "offline", retryAtMs: 0, reason: "lost" };
    case "refused":
      return { kind: "refused", reason: "protocol" };
    default:
      return { kind: "connecting" };
  }
}

export function chipOf(replica: ReplicaView): SyncChip {
  const status: DocumentStatus = {
    docId: "",
    phase: oneOf(["loading", "fetching", "missing", "ready", "failed"], replica.phase, "loading"),
    waitsForPast: false,
    saved: oneOf(["unsaved", "device", "relay", "others"], replica.saved, "unsaved"),
    unsentChanges: replica.unsent,
    // What this device has not seen is told beside the chip, more exactly than it could know itself.
    seq: 0,
    relaySeq: 0,
    syncedAtMs: 0,
    heardAtMs: 0,
    storage: oneOf(["ok", "full", "failing", "wrong-key"], replica.storage, "ok"),
    refusal: undefined,
    alarms: alarmsOf(replica).map((kind) => ({ kind, seq: 0, atMs: 0, device: "" })),
    quarantined: 0,
    agreeing: 0,
    disagreeing: 0,
  };
  return syncChip(status, connectionOf(replica), 0);
}
