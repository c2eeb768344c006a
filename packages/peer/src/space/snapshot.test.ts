/** Reading from now on: real peers and a real relay (docs/peer.md, PE-33). */
import { bytesFromText } from "@skerry/protocol";
import type { DeviceId, Head, SnapshotPart } from "@skerry/protocol";
import { afterEach, describe, expect, test } from "vitest";
import * as Y from "yjs";
import { pair } from "../account/devices.test-support.ts";
import type { DocumentStatus } from "../client.ts";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestDoc, TestPeer } from "../engine/engine.test-support.ts";
import { docIdOf, forged, slipIn } from "./collusion.test-support.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

const idOf = async (peer: TestPeer): Promise<string> => (await peer.peer.profile()).accountId;

async function linkFromNow(peer: TestPeer, docId: string, role: "editor" | "viewer" = "editor"): Promise<string> {
  const made = await peer.peer.invite(docId, { role, reads: "from-now-on", uses: 5, forMs: 24 * 3_600_000 });
  if (!made.ok) throw new Error(`no link: ${made.error} ${made.reason}\n${peer.events.slice(-20).join("\n")}`);
  return made.fragment;
}

const isSent = (doc: TestDoc): Promise<void> => untilStatus(doc, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
/** All that a device has of the document, and could read. */
const holds = (doc: TestDoc, words: string): boolean => Buffer.from(Y.encodeStateAsUpdate(doc.doc)).includes(words);

/** Olga's document, in which something was deleted; Ben, who reads everything; and Nina, who came by a link to read from now on. */
async function house(speedOfNina = 1) {
  const scene = await openScene(stage);
  const { at, docId, olga, olgas } = scene;
  const ben = stage.peer(at);
  await come(ben, await linkFrom(olga, docId));
  const bens = await openDoc(ben, docId);
  bens.type("Ben's words, ");
  await untilText(olgas, "Ben's words, ");
  olgas.type("a secret draft, ");
  await isSent(olgas);
  olgas.text.delete(13, 16);
  olgas.type("and Olga's. ");
  await isSent(olgas);
  const link = await linkFromNow(olga, docId);
  const nina = stage.peer(at, undefined, speedOfNina);
  expect(await come(nina, link)).toBe(docId);
  const ninas = await openDoc(nina, docId);
  return { ...scene, ben, bens, nina, ninas, link };
}

const text = "Ben's words, and Olga's. ";

describe("PE-33 who reads from now on", () => {
  test("has the document as it stands, and nothing that was deleted before; all write, agree, and nobody is accused", async () => {
    const { docId, olga, olgas, bens, nina, ninas } = await house();
    expect(ninas.read()).toBe(text);
    expect(holds(ninas, "secret")).toBe(false);
    ninas.type("Nina's, ");
    olgas.type("Olga's again, ");
    bens.type("and Ben's.");
    await until("all have the same", () => {
      const all = [olgas, bens, ninas].map((doc) => doc.read());
      return new Set(all).size === 1 && ["Nina's", "again", "and Ben's"].every((words) => all[0]?.includes(words));
    });
    expect((await spaceOf(olga, docId))?.members.map(({ reads }) => reads).toSorted()).toEqual(["from-now-on", "history", "history"]);
    // States are compared, and found equal (VF-9).
    await untilStatus(ninas, "they agree", ({ agreeing, disagreeing }) => agreeing === 2 && disagreeing === 0);
    for (const doc of [olgas, bens, ninas]) expect(await doc.fresh()).toMatchObject({ alarms: [], quarantined: 0, saved: "others" });
    // What she types goes on being hers after a restart, and what she was shown is nobody's to send.
    await nina.close();
    const again = stage.peer({ url: nina.url }, nina.device);
    await again.peer.ready;
    const there = await openDoc(again, docId);
    expect(there.read()).toBe(olgas.read());
    expect(await there.fresh()).toMatchObject({ unsentChanges: 0, waitsForPast: false });
    there.type(" Still here.");
    await untilText(olgas, there.read());
  });

  /** Nina has come, and Olga's device died before it had written what she starts from; nothing there is unsent, or open. */
  async function unprepared() {
    const { at, docId, olga: before, olgas } = await openScene(stage);
    olgas.type("before ");
    await isSent(olgas);
    await before.close();
    const olga = stage.peer(at, before.device);
    await olga.peer.ready;
    await untilSpace(olga, docId, "she is there", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    olga.wire.up = (message) => (message.type === "append" ? [] : [message]);
    const link = await linkFromNow(olga, docId);
    olga.crash();
    const nina = stage.peer(at);
    await come(nina, link);
    let status: DocumentStatus | undefined;
    nina.peer.watchStatus(docId, (next) => (status = next));
    const opened = nina.peer.open(docId);
    if (opened === undefined) throw new Error("the document is not there");
    await until("she is told", () => status?.phase === "fetching" && status.waitsForPast);
    return { at, docId, olga, nina, opened, status: () => status };
  }

  test("waits where no owner's device has been since, is told so, and has it when one comes, though nobody opens it there", async () => {
    const { at, docId, olga, nina, opened, status } = await unprepared();
    stage.peer(at, olga.device);
    await opened.ready;
    await until("it says so", () => status()?.phase === "ready" && status()?.waitsForPast === false);
    await untilText(await openDoc(nina, docId), "before ");
  });

  test("RC-8 is not shown the past by a snapshot that names a head of another history", async () => {
    const { at, docId, olga, nina, status } = await unprepared();
    const id = docIdOf(docId);
    await at.close();
    const seen = (await at.store.info(id))?.head;
    const epoch = (await spaceOf(nina, docId))?.epoch;
    if (seen === undefined || epoch === undefined) throw new Error("no log");
    const position = [...nina.device.kv.keys()].filter((key) => /^s\/.*\/e\//.test(key)).length;
    const part: SnapshotPart = { part: 0, isLast: true, owners: [] };
    const other = { seq: seen.seq, chainHash: seen.chainHash.map((byte) => byte ^ 1) as Head["chainHash"] };
    await slipIn(at.store, id, forged(olga.device, id, Uint8Array.of(0, 0), epoch, position, { seen: other, part }), position);
    await stage.relayOn(at.store, at.port);
    nina.peer.retryNow();
    await until("it is read, and named", () => status()?.alarms.some(({ kind }) => kind === "fork"));
    expect(status()).toMatchObject({ phase: "fetching", waitsForPast: true });
  });

  test("PE-20 an owner who is none any more keeps no snapshot back, and nothing is said to be unsent", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const ben = stage.peer(at);
    await come(ben, await linkFrom(olga, docId));
    await openDoc(ben, docId);
    expect(await olga.peer.changeRole(docId, await idOf(ben), "owner")).toEqual({ ok: true });
    await untilSpace(ben, docId, "he is an owner", ({ role }) => role === "owner");
    olgas.type("before ");
    await isSent(olgas);
    let kept = 0;
    olga.wire.up = (message) => {
      if (message.type !== "append") return [message];
      kept++;
      return [];
    };
    // He may be quicker.
    ben.wire.up = (message) => (message.type === "append" ? [] : [message]);
    await linkFromNow(olga, docId);
    await until("it was on its way", () => kept > 0);
    const { length } = olga.events.filter((event) => event.includes("document.new-replica"));
    expect(await ben.peer.changeRole(docId, await idOf(olga), "viewer")).toEqual({ ok: true });
    await untilSpace(olga, docId, "she is told", ({ role }) => role === "viewer");
    await until("it is dropped", () => olga.events.filter((event) => event.includes("document.new-replica")).length > length);
    await untilStatus(olgas, "nothing is unsent", ({ unsentChanges, refusal }) => unsentChanges === 0 && refusal === undefined);
    await until("nor in the list", async () => (await olga.peer.documents()).every(({ unsent }) => !unsent));
  });

  test("has every document of the space, also of which there is much; and after new keys the next who comes has them, too", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    olgas.type("small ");
    const big = await olga.peer.createSharedDocument(docId);
    const bigs = await openDoc(olga, big);
    // More than one record holds: the snapshot has parts.
    for (let index = 0; index < 3; index++) bigs.type(String(index).repeat(400_000));
    for (const doc of [olgas, bigs]) await isSent(doc);
    const link = await linkFromNow(olga, docId, "viewer");
    const nina = stage.peer(at);
    await come(nina, link);
    await until("both are there", async () => (await nina.peer.documents()).length === 2);
    expect((await openDoc(nina, big)).read()).toBe(bigs.read());
    expect((await openDoc(nina, docId)).read()).toBe("small ");
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    olgas.type("after ");
    await isSent(olgas);
    const nora = stage.peer(at);
    await come(nora, link);
    await until("both are there", async () => (await nora.peer.documents()).length === 2);
    await untilText(await openDoc(nora, docId), "small after ");
    expect((await openDoc(nora, big)).read()).toBe(bigs.read());
  });

  test("PE-26 on a second device the same", async () => {
    const { at, docId, olgas, nina, ninas } = await house();
    const phone = await pair(stage, at, nina);
    await until("the document is there", () => phone.peer.has(docId));
    await untilSpace(phone, docId, "it may write", ({ mayWrite }) => mayWrite);
    const there = await openDoc(phone, docId);
    await untilText(there, text);
    expect(holds(there, "secret")).toBe(false);
    there.type("From the phone.");
    for (const doc of [olgas, ninas]) await untilText(doc, `${text}From the phone.`);
  });

  test("AC-55 and is let in again by an owner, to read everything, has what was passed over before", async () => {
    // Her clock runs fast: who is out asks again now and then.
    const { docId, olga, olgas, nina, ninas } = await house(50);
    const who = await idOf(nina);
    expect(await olga.peer.removeMember(docId, who)).toEqual({ ok: true });
    await untilSpace(nina, docId, "she is told", ({ standing }) => standing === "removed");
    olgas.type("Meanwhile. ");
    expect(await olga.peer.readmitMember(docId, who, "editor")).toEqual({ ok: true });
    await untilSpace(nina, docId, "she is in", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    await untilText(ninas, `${text}Meanwhile. `);
    expect((await untilSpace(olga, docId, "she is seen", ({ members }) => members.length === 3)).members.map(({ reads }) => reads)).toEqual(
      ["history", "history", "history"],
    );
    await untilStatus(ninas, "they agree", ({ agreeing, disagreeing }) => agreeing === 2 && disagreeing === 0);
    expect(await ninas.fresh()).toMatchObject({ alarms: [], quarantined: 0, waitsForPast: false });
  });

  test("and came, went, came again to read from now on, and is then given everything, has what lay between, too", async () => {
    const { docId, olga, olgas, nina, ninas } = await house(50);
    const who = await idOf(nina);
    await untilStatus(ninas, "they agree", ({ agreeing }) => agreeing === 2);
    expect(await nina.peer.leaveSpace(docId)).toEqual({ ok: true });
    await untilSpace(nina, docId, "she has left", ({ standing }) => standing === "left");
    // Under keys of which she gets none: the one that her leaving made due, and another.
    await untilSpace(olga, docId, "a new key is made", ({ rotationDue, members }) => members.length === 2 && !rotationDue);
    olgas.type("Between. ");
    await isSent(olgas);
    // And nobody prepares anything for her.
    olga.wire.up = (message) => (message.type === "append" ? [] : [message]);
    await come(nina, await linkFromNow(olga, docId));
    await untilStatus(ninas, "she passed it over", ({ waitsForPast }) => waitsForPast);
    // Olga and Ben say what they have, again when it rested: it is not compared with what Nina had before.
    let heard = 0;
    nina.wire.down = (message) => {
      if (message.type === "relayed-presence") heard++;
      return [message];
    };
    nina.wire.cut();
    nina.wire.heal();
    nina.peer.retryNow();
    await until("they have said it", () => heard >= 4);
    expect(await ninas.fresh()).toMatchObject({ agreeing: 0, disagreeing: 0, alarms: [] });
    expect(await olga.peer.removeMember(docId, who)).toEqual({ ok: true });
    await untilSpace(nina, docId, "she is told", ({ standing }) => standing === "removed");
    expect(await olga.peer.readmitMember(docId, who, "editor")).toEqual({ ok: true });
    await untilSpace(nina, docId, "she is in", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    await untilText(ninas, `${text}Between. `);
    expect(await ninas.fresh()).toMatchObject({ alarms: [], quarantined: 0, unsentChanges: 0, waitsForPast: false });
  });

  test("and dies while what was passed over is taken, or before it is stored as a document, has all of it after a restart", async () => {
    const { at, docId, olga, nina, opened } = await unprepared();
    opened.ready.catch(() => {});
    const who = await idOf(nina);
    // As far as she knows by then, she has stored all that there is.
    await nina.close();
    const again = stage.peer(at, olga.device);
    again.wire.up = (message) => (message.type === "append" ? [] : [message]);
    await again.peer.ready;
    await untilSpace(again, docId, "she is there", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    expect(await again.peer.removeMember(docId, who)).toEqual({ ok: true });
    expect(await again.peer.readmitMember(docId, who, "editor")).toEqual({ ok: true });
    // In each life one more write of the document's rows comes through, and nothing of its content.
    for (let life = 1; ; life++) {
      const device = stage.peer(at, nina.device);
      device.disk.contentHeld = new Promise(() => {});
      let [writes, isDead] = [0, false];
      device.disk.beforeKvWrite = (keys) => {
        if (!keys.some((key) => key.startsWith("d/")) || writes++ < life || isDead) return;
        isDead = true;
        device.crash();
      };
      await device.peer.ready;
      const open = device.peer.open(docId);
      open?.ready.catch(() => {});
      const isThere = (): boolean => open?.hub.doc.getText("body").toJSON() === "before ";
      await until("it is done, or dead", () => isDead || isThere());
      device.crash();
      if (!isDead) break;
    }
    const last = stage.peer(at, nina.device);
    await last.peer.ready;
    await untilText(await openDoc(last, docId), "before ");
  });

  test("is made an owner only when all documents are prepared: who waits for that can't prepare them for others, nor could anybody if they were the last owner", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    olgas.type("before ");
    await isSent(olgas);
    await olga.close();
    // Her clock runs fast: an action waits 15 s for the preparation.
    const quick = stage.peer(at, olga.device, 20);
    await quick.peer.ready;
    await untilSpace(quick, docId, "she is there", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    quick.wire.up = (message) => (message.type === "append" ? [] : [message]);
    const nina = stage.peer(at);
    await come(nina, await linkFromNow(quick, docId));
    const who = await idOf(nina);
    const notYet = { ok: false, error: "refused", reason: "not-prepared" };
    expect(await quick.peer.changeRole(docId, who, "owner")).toEqual(notYet);
    expect(await quick.peer.transferOwnership(docId, who)).toEqual(notYet);
    expect((await spaceOf(quick, docId))?.members.map(({ role }) => role).toSorted()).toEqual(["editor", "owner"]);
    quick.wire.up = (message) => [message];
    quick.wire.cut();
    quick.wire.heal();
    quick.peer.retryNow();
    await until("it is prepared", async () => (await quick.peer.transferOwnership(docId, who)).ok);
    await untilSpace(nina, docId, "she is the owner", ({ role }) => role === "owner");
    // And she prepares it for the next.
    await quick.close();
    const nora = stage.peer(at);
    await come(nora, await linkFromNow(nina, docId));
    await untilText(await openDoc(nora, docId), "before ");
  });

  test("is refused a link to one document alone", async () => {
    const { docId, olga } = await openScene(stage);
    expect(
      await olga.peer.invite(docId, { role: "editor", scope: "document", reads: "from-now-on", uses: 1, forMs: 60_000 }),
    ).toMatchObject({
      ok: false,
      error: "refused",
    });
  });
});

describe("PE-33 a snapshot", () => {
  const device = async (peer: TestPeer): Promise<DeviceId> => {
    const bytes = bytesFromText((await peer.peer.profile()).deviceId);
    if (!bytes.ok) throw new Error("no device id");
    return bytes.value as DeviceId;
  };
  /** Ben's words, as somebody would have them who puts others into his mouth. */
  const lie = async (bens: TestDoc, ben: TestPeer): Promise<{ readonly update: Uint8Array; readonly part: SnapshotPart }> => {
    const { client, clock } = Y.createRelativePositionFromTypeIndex(bens.text, 0).item ?? Y.createID(0, 0);
    expect(clock).toBe(0);
    const doc = new Y.Doc();
    doc.clientID = client;
    doc.getText("body").insert(0, "Ben's vices, ");
    return {
      update: Y.encodeStateAsUpdate(doc),
      part: { part: 0, isLast: true, owners: [{ deviceId: await device(ben), clients: [client] }] },
    };
  };

  test.each([
    ["AC-87 of an editor counts for nobody", "ben", "not-allowed"],
    [
      "VF-4 that puts words into somebody's mouth is set aside by all who have them, and the owner's device is named",
      "olga",
      "foreign-client-id",
    ],
  ] as const)("%s", async (_, by, kind) => {
    const { at, docId, olga, olgas, ben, bens, nina, ninas } = await house();
    const id = docIdOf(docId);
    const liar = by === "ben" ? ben : olga;
    const status = await spaceOf(olga, docId);
    const position = [...olga.device.kv.keys()].filter((key) => /^s\/.*\/e\//.test(key)).length;
    const { update, part } = await lie(bens, ben);
    const before = (await ninas.fresh()).seq;
    await at.close();
    const seen = (await at.store.info(id))?.head;
    if (seen === undefined || status === undefined) throw new Error("no log");
    await slipIn(at.store, id, forged(liar.device, id, update, status.epoch, position, { seen, part }), position);
    await stage.relayOn(at.store, at.port);
    for (const one of [olga, ben, nina]) one.peer.retryNow();
    const named = (await liar.peer.profile()).deviceId;
    for (const doc of [olgas, bens, ninas]) {
      await untilStatus(
        doc,
        "it is set aside, and named",
        ({ seq, quarantined, alarms }) =>
          seq > before && quarantined === 1 && alarms.some((alarm) => alarm.kind === kind && alarm.device === named),
      );
      expect(doc.read()).toBe(text);
    }
    bens.type("On.");
    for (const doc of [olgas, ninas]) await untilText(doc, `${text}On.`);
  });

  test("that says more than anybody wrote is not applied where it can't be judged, at once or by a restart; what it contradicts is named all the same", async () => {
    const { at, docId, olga, olgas, ben, bens, nina, ninas } = await house();
    const id = docIdOf(docId);
    const status = await spaceOf(olga, docId);
    const position = [...olga.device.kv.keys()].filter((key) => /^s\/.*\/e\//.test(key)).length;
    const phantom = new Y.Doc();
    phantom.getText("body").insert(0, "Nobody's words. ");
    const update = Y.encodeStateAsUpdate(phantom);
    const part: SnapshotPart = { part: 0, isLast: true, owners: [{ deviceId: await device(ben), clients: [phantom.clientID] }] };
    const contradiction = await lie(bens, ben);
    await at.close();
    const seen = (await at.store.info(id))?.head;
    if (seen === undefined || status === undefined) throw new Error("no log");
    const { epoch } = status;
    // An editor's comes first, and is set aside: from then on every copy lacks something.
    await slipIn(at.store, id, forged(ben.device, id, update, epoch, position, { seen, part }), position);
    await slipIn(at.store, id, forged(olga.device, id, update, epoch, position, { seen, part }), position);
    await slipIn(
      at.store,
      id,
      forged(olga.device, id, contradiction.update, epoch, position, { seen, part: contradiction.part }),
      position,
    );
    await stage.relayOn(at.store, at.port);
    for (const one of [olga, ben, nina]) one.peer.retryNow();
    const named = (await olga.peer.profile()).deviceId;
    for (const doc of [olgas, bens, ninas]) {
      await untilStatus(
        doc,
        "the contradiction is named",
        ({ quarantined, alarms }) =>
          quarantined === 2 && alarms.some((alarm) => alarm.kind === "foreign-client-id" && alarm.device === named),
      );
      expect(doc.read()).toBe(text);
    }
    for (const one of [ben, nina]) {
      await one.close();
      one.device.content.clear();
      const again = stage.peer(at, one.device);
      await again.peer.ready;
      expect((await openDoc(again, docId)).read()).toBe(text);
    }
  });

  test("AC-87 of somebody who was an owner when it was written, and is none when it comes, is passed over by everybody, and nobody is accused", async () => {
    const { at, docId, olga, olgas, ben, bens, nina, ninas } = await house();
    const id = docIdOf(docId);
    const bensId = await idOf(ben);
    const operations = (): number => [...olga.device.kv.keys()].filter((key) => /^s\/.*\/e\//.test(key)).length;
    const roleOfBen = (role: string) => untilSpace(ben, docId, `he is ${role}`, (space) => space.role === role);
    expect(await olga.peer.changeRole(docId, bensId, "owner")).toEqual({ ok: true });
    await roleOfBen("owner");
    const asOwner = operations();
    expect(await olga.peer.changeRole(docId, bensId, "editor")).toEqual({ ok: true });
    await roleOfBen("editor");
    const status = await spaceOf(olga, docId);
    const phantom = new Y.Doc();
    phantom.getText("body").insert(0, "Nobody's words. ");
    const update = Y.encodeStateAsUpdate(phantom);
    const part: SnapshotPart = { part: 0, isLast: true, owners: [{ deviceId: await device(ben), clients: [phantom.clientID] }] };
    const before = (await ninas.fresh()).seq;
    await at.close();
    const seen = (await at.store.info(id))?.head;
    if (seen === undefined || status === undefined) throw new Error("no log");
    await slipIn(at.store, id, forged(ben.device, id, update, status.epoch, asOwner, { seen, part }), operations());
    await stage.relayOn(at.store, at.port);
    for (const one of [olga, ben, nina]) one.peer.retryNow();
    for (const doc of [olgas, bens, ninas]) {
      await untilStatus(doc, "it is read", ({ seq }) => seq === before + 1);
      expect(doc.read()).toBe(text);
      expect(await doc.fresh()).toMatchObject({ quarantined: 0, alarms: [] });
    }
    // Nor does it come in by a restart that reads all of the log.
    await olga.close();
    olga.device.content.clear();
    const again = stage.peer(at, olga.device);
    await again.peer.ready;
    expect((await openDoc(again, docId)).read()).toBe(text);
  });

  test("of parts is taken up again where a crash came between them", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    for (let index = 0; index < 3; index++) olgas.type(String(index).repeat(400_000));
    await isSent(olgas);
    const link = await linkFromNow(olga, docId);
    const whole = olgas.read();
    const other = stage.peer(at);
    await come(other, link);
    await openDoc(other, docId);
    // Everything is in the log by now. She takes it entry by entry, and dies after each.
    let nina = stage.peer(at);
    await come(nina, link);
    let entries = 0;
    for (let life = 0; life < 40; life++) {
      let isDying = false;
      nina.disk.beforeKvWrite = (keys) => {
        const now = keys.filter((key) => /^d\/[^/]*\/e\//.test(key)).length;
        if (now > 0 && !isDying) {
          entries += now;
          isDying = true;
        }
      };
      const opened = nina.peer.open(docId);
      const outcome = await Promise.race([
        until("an entry was written", () => isDying || undefined, 5_000)
          .then(() => "dies" as const)
          .catch(() => "lives" as const),
        opened?.ready.then(() => "ready" as const) ?? Promise.resolve("lives" as const),
      ]);
      if (outcome === "ready") break;
      nina.crash();
      nina = stage.peer(at, nina.device);
      await nina.peer.ready;
    }
    expect(entries).toBeGreaterThan(0);
    const doc = await openDoc(nina, docId);
    await untilText(doc, whole);
  });
});
