import { describe, expect, test } from "vitest";
import type { Alarm, ConnectionState, DocumentStatus, SavedLevel, SpaceStatus, Standing, StorageState } from "../client.ts";
import { alarmTexts } from "../strings.ts";
import { reviewCount, syncChip } from "./sync-chip.ts";
import type { SyncChip, SyncKind } from "./sync-chip.ts";

const nowMs = 1_800_000_000_000;
const time = (): string => "14:02";

const alarm: Alarm = { kind: "rollback", seq: 7, atMs: nowMs, device: "" };

const synced: DocumentStatus = {
  docId: "d",
  phase: "ready",
  waitsForPast: false,
  saved: "relay",
  unsentChanges: 0,
  seq: 9,
  relaySeq: 9,
  syncedAtMs: nowMs - 60_000,
  heardAtMs: nowMs - 1000,
  storage: "ok",
  refusal: undefined,
  alarms: [],
  quarantined: 0,
  agreeing: 0,
  disagreeing: 0,
};

const online: ConnectionState = { kind: "online", sinceMs: nowMs - 5000 };
const connecting: ConnectionState = { kind: "connecting" };
const offline = (reason: "unreachable" | "busy" | "lost", waitMs = 19_400): ConnectionState => ({
  kind: "offline",
  retryAtMs: nowMs + waitMs,
  reason,
});
const refused = (reason: "version" | "authentication" | "origin" | "protocol"): ConnectionState => ({ kind: "refused", reason });

const member: SpaceStatus = {
  spaceId: "s",
  standing: "member",
  reason: "",
  passphraseGiven: false,
  role: "editor",
  grant: undefined,
  mayWrite: true,
  members: [],
  former: [],
  documents: 1,
  guests: [],
  invites: [],
  epoch: 1,
  rotatedAtMs: nowMs - 86_400_000,
  rotationDue: false,
  outdated: false,
  distrusted: false,
};

interface Row {
  readonly status: Partial<DocumentStatus> | undefined;
  readonly connection: ConnectionState;
  /** Differences from a member in good standing; without it, a document whose link can't be taken back. */
  readonly space?: Partial<SpaceStatus>;
  readonly deviceRevoked?: boolean;
  readonly expected: Pick<SyncChip, "kind" | "text" | "tone">;
}

/** Every kind has at least one row: a kind without one does not compile. */
const rows: Readonly<Record<SyncKind, readonly Row[]>> = {
  opening: [
    { status: undefined, connection: online, expected: { kind: "opening", text: "Opening…", tone: "calm" } },
    {
      status: { phase: "loading", saved: "device" },
      connection: offline("lost"),
      expected: { kind: "opening", text: "Opening…", tone: "calm" },
    },
  ],
  fetching: [{ status: { phase: "fetching" }, connection: online, expected: { kind: "fetching", text: "Fetching…", tone: "busy" } }],
  waiting: [
    {
      status: { phase: "fetching" },
      connection: offline("unreachable"),
      expected: { kind: "waiting", text: "Waiting for the server", tone: "warning" },
    },
    {
      status: { phase: "fetching", waitsForPast: true },
      connection: offline("lost"),
      expected: { kind: "waiting", text: "Waiting for the server", tone: "warning" },
    },
    {
      status: { phase: "fetching" },
      connection: connecting,
      expected: { kind: "waiting", text: "Waiting for the server", tone: "warning" },
    },
  ],
  unprepared: [
    {
      status: { phase: "fetching", waitsForPast: true },
      connection: online,
      space: { mayWrite: false },
      expected: { kind: "unprepared", text: "Waiting for an owner's device", tone: "busy" },
    },
    {
      status: { phase: "fetching", waitsForPast: true },
      connection: online,
      space: { role: "viewer", mayWrite: false },
      expected: { kind: "unprepared", text: "Waiting for an owner's device", tone: "busy" },
    },
  ],
  missing: [
    { status: { phase: "missing" }, connection: online, expected: { kind: "missing", text: "Not on the server yet", tone: "warning" } },
  ],
  failed: [{ status: { phase: "failed" }, connection: online, expected: { kind: "failed", text: "Can't be opened", tone: "danger" } }],
  saving: [
    { status: { saved: "unsaved", unsentChanges: 1 }, connection: online, expected: { kind: "saving", text: "Saving…", tone: "busy" } },
    { status: { saved: "unsaved", unsentChanges: 1 }, connection: connecting, expected: { kind: "saving", text: "Saving…", tone: "busy" } },
    {
      status: { saved: "unsaved", unsentChanges: 12 },
      connection: offline("lost"),
      expected: { kind: "saving", text: "Saving…", tone: "busy" },
    },
  ],
  sending: [
    {
      status: { saved: "device", unsentChanges: 1 },
      connection: online,
      expected: { kind: "sending", text: "Saved on this device · sending", tone: "busy" },
    },
    {
      status: { saved: "device" },
      connection: online,
      expected: { kind: "sending", text: "Saved on this device · checking", tone: "busy" },
    },
    {
      status: { saved: "relay", unsentChanges: 1 },
      connection: online,
      expected: { kind: "sending", text: "Saved on this device · sending", tone: "busy" },
    },
    {
      status: {},
      connection: online,
      space: { standing: "creating", role: "owner" },
      expected: { kind: "sending", text: "Saved on this device · checking", tone: "busy" },
    },
  ],
  connecting: [
    { status: {}, connection: connecting, expected: { kind: "connecting", text: "Connecting…", tone: "busy" } },
    {
      status: { saved: "device", unsentChanges: 2 },
      connection: connecting,
      expected: { kind: "connecting", text: "Saved on this device · connecting", tone: "busy" },
    },
  ],
  "catching-up": [
    { status: { seq: 3, relaySeq: 9 }, connection: online, expected: { kind: "catching-up", text: "Getting changes…", tone: "busy" } },
  ],
  synced: [
    { status: {}, connection: online, expected: { kind: "synced", text: "Synced · 14:02", tone: "good" } },
    { status: { saved: "others" }, connection: online, expected: { kind: "synced", text: "Synced · 14:02", tone: "good" } },
    { status: { syncedAtMs: 0 }, connection: online, expected: { kind: "synced", text: "Synced", tone: "good" } },
    { status: {}, connection: online, space: {}, expected: { kind: "synced", text: "Synced · 14:02", tone: "good" } },
    {
      status: {},
      connection: online,
      space: { role: "viewer", mayWrite: false },
      expected: { kind: "synced", text: "Synced · 14:02", tone: "good" },
    },
  ],
  offline: [
    {
      status: { saved: "device", unsentChanges: 12 },
      connection: offline("lost"),
      expected: { kind: "offline", text: "Offline · 12 changes kept on this device", tone: "warning" },
    },
    {
      status: { saved: "device", unsentChanges: 1 },
      connection: offline("unreachable"),
      expected: { kind: "offline", text: "Offline · 1 change kept on this device", tone: "warning" },
    },
    {
      status: { saved: "device" },
      connection: offline("busy"),
      expected: { kind: "offline", text: "Offline · saved on this device", tone: "warning" },
    },
  ],
  unreachable: [
    {
      status: {},
      connection: offline("unreachable"),
      expected: { kind: "unreachable", text: "Can't reach server · trying again in 20 s", tone: "warning" },
    },
    {
      status: {},
      connection: offline("unreachable", -5),
      expected: { kind: "unreachable", text: "Can't reach server · trying now", tone: "warning" },
    },
    {
      status: {},
      connection: offline("busy"),
      expected: { kind: "unreachable", text: "Server is busy · trying again in 20 s", tone: "warning" },
    },
    {
      status: {},
      connection: offline("lost"),
      expected: { kind: "unreachable", text: "Connection lost · trying again in 20 s", tone: "warning" },
    },
  ],
  joining: [
    {
      status: { phase: "fetching" },
      connection: online,
      space: { standing: "joining", role: undefined, mayWrite: false },
      expected: { kind: "joining", text: "Being let in…", tone: "busy" },
    },
    {
      status: {},
      connection: online,
      space: { standing: "joining", role: undefined, mayWrite: false },
      expected: { kind: "joining", text: "Being let in…", tone: "busy" },
    },
  ],
  removed: [
    {
      status: { saved: "device", unsentChanges: 3, refusal: "not-allowed" },
      connection: online,
      space: { standing: "removed", role: undefined, mayWrite: false },
      expected: { kind: "removed", text: "You were removed · 3 changes kept on this device", tone: "warning" },
    },
    {
      status: {},
      connection: offline("lost"),
      space: { standing: "removed", role: undefined, mayWrite: false },
      expected: { kind: "removed", text: "You were removed", tone: "warning" },
    },
  ],
  left: [
    {
      status: {},
      connection: online,
      space: { standing: "left", role: undefined, mayWrite: false },
      expected: { kind: "left", text: "You left", tone: "warning" },
    },
  ],
  "not-let-in": [
    {
      status: { phase: "fetching", waitsForPast: true },
      connection: online,
      space: { standing: "refused", reason: "invite-expired", role: undefined, epoch: 0, mayWrite: false },
      expected: { kind: "not-let-in", text: "Not let in", tone: "warning" },
    },
  ],
  "not-shared": [
    {
      status: { saved: "device", unsentChanges: 2 },
      connection: online,
      space: { standing: "refused", reason: "not-allowed", role: undefined, epoch: 0, mayWrite: false },
      expected: { kind: "not-shared", text: "On this device only", tone: "warning" },
    },
  ],
  distrusted: [
    {
      status: { saved: "device", unsentChanges: 2 },
      connection: online,
      space: { distrusted: true },
      expected: { kind: "distrusted", text: "People in doubt · nothing is sent", tone: "warning" },
    },
  ],
  outdated: [
    {
      status: {},
      connection: online,
      space: { outdated: true, mayWrite: false },
      expected: { kind: "outdated", text: "Update Skerry to write", tone: "warning" },
    },
  ],
  revoked: [
    {
      status: {},
      connection: online,
      space: { standing: "removed", mayWrite: false },
      deviceRevoked: true,
      expected: { kind: "revoked", text: "This device was revoked", tone: "warning" },
    },
    {
      status: { refusal: "not-allowed", saved: "device", unsentChanges: 2 },
      connection: offline("lost"),
      space: {},
      deviceRevoked: true,
      expected: { kind: "revoked", text: "This device was revoked · 2 changes kept on this device", tone: "warning" },
    },
  ],
  "not-writable": [
    {
      status: { saved: "device", unsentChanges: 1 },
      connection: online,
      space: { role: "viewer", mayWrite: false },
      expected: { kind: "not-writable", text: "You can't change this · 1 change kept on this device", tone: "warning" },
    },
    {
      status: { saved: "device", unsentChanges: 1 },
      connection: online,
      space: { mayWrite: false },
      expected: { kind: "not-writable", text: "You can't change this · 1 change kept on this device", tone: "warning" },
    },
  ],
  "no-access": [
    {
      status: { refusal: "not-allowed" },
      connection: online,
      expected: { kind: "no-access", text: "No access", tone: "warning" },
    },
    {
      status: { refusal: "not-allowed", saved: "device", unsentChanges: 2 },
      connection: online,
      space: {},
      expected: { kind: "no-access", text: "No access · 2 changes kept on this device", tone: "warning" },
    },
  ],
  refused: [
    { status: {}, connection: refused("version"), expected: { kind: "refused", text: "Update Skerry to sync", tone: "warning" } },
    {
      status: { saved: "device", unsentChanges: 3 },
      connection: refused("authentication"),
      expected: { kind: "refused", text: "Server refuses this device · 3 changes kept on this device", tone: "warning" },
    },
    { status: {}, connection: refused("origin"), expected: { kind: "refused", text: "Server refuses this address", tone: "warning" } },
    { status: {}, connection: refused("protocol"), expected: { kind: "refused", text: "Server not understood", tone: "warning" } },
  ],
  "server-refuses": [
    {
      status: { refusal: "storage-full", saved: "device", unsentChanges: 2 },
      connection: online,
      expected: { kind: "server-refuses", text: "Server can't take it · 2 changes kept on this device", tone: "warning" },
    },
    {
      status: { refusal: "rate-limited" },
      connection: online,
      expected: { kind: "server-refuses", text: "Server can't take changes now", tone: "warning" },
    },
  ],
  review: [
    {
      status: { alarms: [alarm] },
      connection: online,
      expected: { kind: "review", text: "1 thing to review · synced 14:02", tone: "warning" },
    },
    {
      status: { alarms: [alarm, { ...alarm, kind: "fork" }] },
      connection: offline("lost"),
      expected: { kind: "review", text: "2 things to review · offline", tone: "warning" },
    },
    {
      status: { quarantined: 3, saved: "device", unsentChanges: 2 },
      connection: online,
      expected: { kind: "review", text: "1 thing to review · 2 changes not sent", tone: "warning" },
    },
    {
      status: { disagreeing: 1, saved: "device" },
      connection: online,
      expected: { kind: "review", text: "1 thing to review", tone: "warning" },
    },
    { status: { alarms: [alarm], seq: 3 }, connection: online, expected: { kind: "review", text: "1 thing to review", tone: "warning" } },
  ],
  "storage-warning": [
    {
      status: { storage: "full" },
      connection: online,
      expected: { kind: "storage-warning", text: "Storage trouble on this device", tone: "warning" },
    },
  ],
  "not-saved": [
    {
      status: { storage: "full", saved: "unsaved" },
      connection: online,
      expected: { kind: "not-saved", text: "Not saved! Storage is full", tone: "danger" },
    },
    {
      status: { storage: "failing", saved: "unsaved" },
      connection: offline("lost"),
      expected: { kind: "not-saved", text: "Not saved! Storage is failing", tone: "danger" },
    },
    {
      status: { storage: "wrong-key", saved: "unsaved" },
      connection: refused("version"),
      expected: { kind: "not-saved", text: "Not saved! Storage can't be opened", tone: "danger" },
    },
    {
      status: { storage: "full", saved: "unsaved", alarms: [alarm] },
      connection: online,
      expected: { kind: "not-saved", text: "Not saved! Storage is full", tone: "danger" },
    },
  ],
};

describe("the table of states", () => {
  for (const [kind, list] of Object.entries(rows)) {
    for (const [index, row] of list.entries()) {
      test(`${kind} ${index + 1}: ${row.expected.text}`, () => {
        const status = row.status === undefined ? undefined : { ...synced, ...row.status };
        const space = row.space === undefined ? null : { ...member, ...row.space };
        expect(syncChip(status, row.connection, nowMs, space, row.deviceRevoked, time)).toMatchObject(row.expected);
      });
    }
  }
});

const saveds: readonly SavedLevel[] = ["unsaved", "device", "relay", "others"];
const storages: readonly StorageState[] = ["ok", "full", "failing", "wrong-key"];
const phases: readonly DocumentStatus["phase"][] = ["loading", "fetching", "missing", "ready", "failed"];
const connections: readonly ConnectionState[] = [
  connecting,
  online,
  offline("unreachable"),
  offline("busy"),
  offline("lost"),
  refused("version"),
  refused("authentication"),
  refused("origin"),
  refused("protocol"),
];

const standings: readonly Standing[] = ["creating", "joining", "member", "refused", "left", "removed"];
const spaces: readonly (SpaceStatus | null)[] = [
  null,
  ...standings.flatMap((standing) => [
    { ...member, standing },
    { ...member, standing, role: undefined, mayWrite: false },
    { ...member, standing, role: "owner" as const, mayWrite: false },
  ]),
  { ...member, role: "viewer", mayWrite: false },
  { ...member, mayWrite: false, outdated: true },
  { ...member, distrusted: true },
];

interface State {
  readonly status: DocumentStatus;
  readonly connection: ConnectionState;
  readonly space: SpaceStatus | null;
  readonly chip: SyncChip;
}

function* everyState(): Generator<State> {
  for (const space of spaces) {
    // Standing among the people is crossed with less of the rest: it would be a million states.
    const all = space === null;
    for (const connection of all ? connections : [online, connecting, offline("lost"), refused("version")])
      for (const saved of saveds)
        for (const storage of all ? storages : storages.slice(0, 2))
          for (const phase of phases)
            for (const unsentChanges of [0, 12])
              for (const refusal of [undefined, "not-allowed", ...(all ? ["storage-full", "no such code"] : [])])
                for (const alarms of [[], [alarm]])
                  for (const seq of [3, 9])
                    for (const disagreeing of all ? [0, 1] : [0]) {
                      const status: DocumentStatus = { ...synced, saved, storage, phase, unsentChanges, refusal, alarms, seq, disagreeing };
                      yield { status, connection, space, chip: syncChip(status, connection, nowMs, space, false, time) };
                    }
  }
}

describe("in every combination of states", () => {
  test("says synced only when the server has everything of ours and we have everything of the server's", () => {
    let said = 0;
    for (const { status, connection, space, chip } of everyState()) {
      if (!/synced/i.test(chip.text) && chip.kind !== "synced" && !/synced/i.test(chip.announce)) continue;
      said += 1;
      expect(["relay", "others"]).toContain(status.saved);
      expect(status.unsentChanges).toBe(0);
      expect(status.seq).toBeGreaterThanOrEqual(status.relaySeq);
      expect(connection.kind).toBe("online");
      expect(status.phase).toBe("ready");
      expect(status.storage).toBe("ok");
      expect(status.refusal).toBeUndefined();
      expect(space === null || (space.standing === "member" && !space.distrusted)).toBe(true);
    }
    expect(said).toBeGreaterThan(0);
  });

  test("raises the alarm exactly when text is only in the tab and storage fails", () => {
    for (const { status, chip } of everyState()) {
      expect(chip.kind === "not-saved").toBe(status.saved === "unsaved" && status.storage !== "ok");
      expect(chip.text.startsWith("Not saved!")).toBe(chip.kind === "not-saved");
    }
  });

  test("never claims that the device keeps text that it does not keep", () => {
    for (const { status, chip } of everyState()) {
      if (status.saved === "unsaved") expect(`${chip.text} ${chip.announce}`).not.toMatch(/(saved|kept) on this device/i);
    }
  });

  test("says something, and counts no seconds in what is read out", () => {
    for (const { chip } of everyState()) {
      expect(chip.text.length).toBeGreaterThan(0);
      expect(chip.announce).not.toMatch(/\d/);
    }
  });
});

test("every alarm says what happened, what is safe and what to do", () => {
  for (const text of Object.values(alarmTexts)) for (const part of [text.what, text.safe, text.todo]) expect(part).toMatch(/^[A-Z].*\.$/);
});

test("the same thing many times is one thing to review", () => {
  expect(reviewCount({ ...synced, alarms: [alarm, alarm, { ...alarm, kind: "fork" }], quarantined: 3 })).toBe(2);
});

test("a divergence is counted once, whether as alarm or as number", () => {
  expect(reviewCount({ ...synced, disagreeing: 1 })).toBe(1);
  expect(reviewCount({ ...synced, disagreeing: 1, alarms: [{ ...alarm, kind: "diverged" }] })).toBe(1);
});
