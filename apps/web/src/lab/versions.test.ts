import { expect, test } from "vitest";
import type { ReplicaView, SimulationView } from "@skerry/simulator/lab";
import { alarmsOf, chipOf } from "./replica-status.ts";
import { agreementOf, likeness, missingOf, versionsOf } from "./versions.ts";

const replica = (who: string, hash: string, more: Partial<ReplicaView> = {}): ReplicaView => ({
  who,
  alive: true,
  frozen: false,
  text: "",
  hash,
  phase: "ready",
  saved: "others",
  unsent: 0,
  connection: "online",
  storage: "ok",
  alarms: [],
  missing: {},
  faults: [],
  ...more,
});
const view = (...replicas: ReplicaView[]): SimulationView => ({
  nowMs: 0,
  converged: false,
  replicas,
  relay: { alive: true, frozen: false, seq: 0, faults: [] },
  violations: [],
});

test("who agrees, in words", () => {
  expect(agreementOf(view(replica("ana", "1"), replica("ben", "1")))).toBe("Both agree");
  expect(agreementOf(view(replica("ana", "1"), replica("ben", "1"), replica("cleo", "1")))).toBe("All three agree");
  expect(agreementOf(view(replica("ana", "1"), replica("ben", "1"), replica("cleo", "2")))).toBe("Two versions: ana and ben | cleo");
  expect(agreementOf(view(replica("ana", "1"), replica("ben", "2"), replica("cleo", "3")))).toBe("Three versions: ana | ben | cleo");
  // Who types has a version alone; the others keep theirs.
  expect(versionsOf([replica("ana", "2"), replica("ben", "1"), replica("cleo", "1")])[0]?.members).toEqual(["ben", "cleo"]);
  expect(agreementOf(view(replica("ana", "1"), replica("ben", "1"), replica("cleo", "", { phase: "fetching" })))).toBe(
    "Both agree. cleo has not got it yet",
  );
  expect(agreementOf(view(replica("ana", "1"), replica("ben", "", { alive: false })))).toBe("Only ana is on. ben is off");
  expect(agreementOf(view(replica("ana", "", { alive: false }), replica("ben", "", { alive: false })))).toBe("Every device is off");
});

test("equal hashes have equal letters, and words beside them", () => {
  const replicas = [replica("ana", "9"), replica("ben", "3"), replica("cleo", "9"), replica("dov", "9", { phase: "fetching" })];
  const versions = versionsOf(replicas);
  expect(versions).toEqual([
    { index: 0, letter: "A", members: ["ana", "cleo"] },
    { index: 1, letter: "B", members: ["ben"] },
  ]);
  expect(replicas.map((one) => likeness(one, versions))).toEqual(["same as cleo", "differs", "same as ana", "not here yet"]);
  expect(likeness(replica("ana", "1"), versionsOf([replica("ana", "1"), replica("ben", "1")]))).toBe("same as everyone");
});

test("what is missing, most first", () => {
  expect(missingOf(replica("ana", "1", { missing: { ben: 1, cleo: 3, dov: 0 } }))).toEqual([
    ["cleo", 3],
    ["ben", 1],
  ]);
});

test("the chip is the app's own", () => {
  expect(chipOf(replica("ana", "1")).kind).toBe("synced");
  expect(chipOf(replica("ana", "1", { saved: "device", unsent: 2, connection: "offline" })).text).toBe(
    "Offline · 2 changes kept on this device",
  );
  expect(chipOf(replica("ana", "1", { storage: "full", saved: "unsaved" })).kind).toBe("not-saved");
  expect(chipOf(replica("ana", "1", { alarms: ["rollback", "rollback", "unheard-of"] })).kind).toBe("review");
  expect(alarmsOf(replica("ana", "1", { alarms: ["rollback", "rollback", "unheard-of"] }))).toEqual(["rollback"]);
});
