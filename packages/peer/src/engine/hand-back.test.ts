/** What the simulator's makers found by reading and by running: each lost somebody's words, or said "synced" of what was not. */
import { LogStoreError } from "@skerry/relay";
import type { LogStore } from "@skerry/relay";
import { afterEach, expect, test } from "vitest";
import { backupOf, createStage, newDevice, openDoc, share, until, untilStatus, untilText } from "./engine.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

test("VF-7 a relay that can't store for a moment is offered the lost records again, and nothing is given up", async () => {
  const at = await stage.relay();
  const [ana, ben] = [stage.peer(at), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  await share(ana, ben, docId);
  const bens = await openDoc(ben, docId);
  const backup = await backupOf(at.store, docId, 1);
  for (const word of ["b1 ", "b2 ", "b3 "]) {
    bens.type(word);
    await untilStatus(bens, "it is acknowledged", ({ unsentChanges }) => unsentChanges === 0);
  }
  await untilText(anas, "b1 b2 b3 ");
  await ben.close();
  await at.close();
  let full = true;
  let refused = 0;
  const store: LogStore = {
    ...backup,
    append: async (batch) => {
      if (!full) return backup.append(batch);
      refused++;
      throw new LogStoreError("full", "planted");
    },
  };
  const again = await stage.relayOn(store, at.port);
  ana.peer.retryNow();
  await until("the relay has refused", () => refused > 0);
  full = false;
  await untilStatus(anas, "all is handed back", ({ saved, seq }) => seq === 4 && saved !== "device");
  const carl = stage.peer(again);
  await share(ana, carl, docId);
  await untilText(await openDoc(carl, docId), "b1 b2 b3 ");
}, 60_000);

test("VF-4 PE-15 a crash between content and log, and a relay that then lost the record, make nobody the author of another's words", async () => {
  const at = await stage.relay();
  const [ana, ben] = [stage.peer(at), stage.peer(at)];
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  await share(ana, ben, docId);
  const bens = await openDoc(ben, docId);
  anas.type("a ");
  await untilText(bens, "a ");
  await untilStatus(anas, "it is acknowledged", ({ unsentChanges, seq }) => unsentChanges === 0 && seq === 2);
  const backup = await backupOf(at.store, docId, 2);
  // The write that holds Ben's entry never happens; the content store has what was in it.
  let crashed = false;
  ana.disk.beforeKvWrite = (keys) => {
    if (!keys.some((key) => key.includes("/e/"))) return;
    crashed = true;
    ana.crash();
  };
  bens.type("b ");
  await until("ana has died", () => crashed);
  await untilStatus(bens, "it is acknowledged", ({ unsentChanges }) => unsentChanges === 0);
  ben.wire.cut();
  await at.close();
  const again = await stage.relayOn(backup, at.port);
  const back = stage.peer(again, ana.device);
  await back.peer.ready;
  const doc = await openDoc(back, docId);
  await untilStatus(doc, "ana has caught up", ({ seq, saved }) => seq === 2 && saved !== "unsaved");
  doc.type("after ");
  await untilStatus(doc, "ana's own words are sent", ({ seq, unsentChanges }) => seq === 3 && unsentChanges === 0);
  ben.wire.heal();
  ben.peer.retryNow();
  await untilStatus(bens, "ben has handed his record back", ({ unsentChanges, saved }) => unsentChanges === 0 && saved !== "device");
  bens.type("later ");
  await until("both hold all words", () => doc.read() === bens.read() && doc.read().includes("b ") && doc.read().includes("later "));
  for (const one of [await doc.fresh(), await bens.fresh()]) {
    expect(one.quarantined).toBe(0);
    expect(one.alarms.map(({ kind }) => kind)).not.toContain("foreign-client-id");
  }
}, 60_000);

test("PE-4 PE-8 a copy that can't be read is said so, and is not asked for without end", async () => {
  const at = await stage.relay();
  const ana = stage.peer(at);
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  anas.type("hello");
  await untilStatus(anas, "it is acknowledged", ({ saved, seq }) => saved === "relay" && seq === 2);
  await ana.close();
  for (const [key] of ana.device.kv) if (key.includes("/e/")) ana.device.kv.set(key, Uint8Array.of(9, 9));
  const back = stage.peer(at, ana.device);
  let opens = 0;
  back.wire.up = (message) => {
    if (message.type === "open") opens++;
    return [message];
  };
  await back.peer.ready;
  const doc = await openDoc(back, docId);
  await untilStatus(doc, "the storage is said to fail", ({ storage }) => storage === "failing");
  // Backoff from 200 ms, with full jitter: a loop would have asked hundreds of times before the third try.
  await until("it was tried again", () => opens >= 3);
  expect(opens).toBeLessThan(10);
}, 60_000);

test("PE-14 a record that was lost on its way over a link that lives is sent again", async () => {
  const at = await stage.relay();
  const ana = stage.peer(at, newDevice(), 50);
  const docId = await ana.peer.createDocument();
  const anas = await openDoc(ana, docId);
  await untilStatus(anas, "the document is there", ({ seq }) => seq === 1);
  let lost = 0;
  ana.wire.up = (message) => {
    if (message.type !== "append" || lost > 0) return [message];
    lost++;
    return [];
  };
  anas.type("hello ");
  await until("it was lost", () => lost === 1);
  await untilStatus(anas, "it is acknowledged all the same", ({ seq, unsentChanges }) => seq === 2 && unsentChanges === 0);
  expect(anas.status().alarms).toEqual([]);
}, 60_000);
