/** Devices of one account: real peers and a real relay (docs/peer.md, PE-25 to PE-27). */
import { afterEach, describe, expect, test } from "vitest";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestPeer } from "../engine/engine.test-support.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "../space/space.test-support.ts";
import { confirmBoth, devicesOf, meet, pair, pairingOf, untilDevices, untilPairing } from "./devices.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

const documentsOf = async ({ peer }: TestPeer): Promise<readonly string[]> => (await peer.documents()).map(({ docId }) => docId).toSorted();
const untilHas = (peer: TestPeer, docId: string): Promise<unknown> => until("the document is there", () => peer.peer.has(docId));

describe("a second device", () => {
  test("PE-25 PE-26 shows the same digits and words, and has all documents of the account after: shared, by link, and such that come later", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    await olga.peer.setDisplayName("Olga");
    olgas.type("shared ");
    const byLink = await olga.peer.createDocument();
    await olga.peer.setTitle(byLink, "A list");
    const list = await openDoc(olga, byLink);
    list.type("by link ");
    const fresh = stage.peer(at);
    await meet(olga, fresh);
    const [seen, shown] = [await untilPairing(olga, "comparing"), await untilPairing(fresh, "comparing")];
    expect(seen.digits).toMatch(/^\d{6}$/);
    expect(seen.words).toHaveLength(3);
    expect([shown.digits, shown.words]).toEqual([seen.digits, seen.words]);
    await confirmBoth(olga, fresh);
    expect(await untilPairing(olga, "done")).toMatchObject({ deviceName: "Phone" });
    await fresh.close();

    const phone = stage.peer(at, fresh.device);
    await untilHas(phone, docId);
    await untilHas(phone, byLink);
    expect((await phone.peer.profile()).accountId).toBe((await olga.peer.profile()).accountId);
    expect((await phone.peer.profile()).displayName).toBe("Olga");
    const there = await openDoc(phone, docId);
    await untilText(there, "shared ");
    there.type("from the phone ");
    await untilText(olgas, "shared from the phone ");
    const listThere = await openDoc(phone, byLink);
    await untilText(listThere, "by link ");
    await until("the title is there", async () => (await phone.peer.documents()).find((one) => one.docId === byLink)?.title === "A list");
    // The home document is nobody's to see.
    expect(await documentsOf(phone)).toEqual([docId, byLink].toSorted());
    expect(await documentsOf(olga)).toEqual([docId, byLink].toSorted());

    const later = await phone.peer.createSharedDocument();
    const laterThere = await openDoc(phone, later);
    laterThere.type("later");
    await untilHas(olga, later);
    const laterHere = await openDoc(olga, later);
    await untilText(laterHere, "later");
    expect(await spaceOf(olga, later)).toMatchObject({ role: "owner", mayWrite: true });
    expect((await untilSpace(olga, later, "both devices are known", ({ members }) => members[0]?.devices === 2)).members).toHaveLength(1);
    const { devices, revoked } = await untilDevices(olga, "both have names", (status) => status.devices.every(({ name }) => name !== ""));
    expect(revoked).toBe(false);
    expect(devices.map(({ name, isThis }) => [name, isThis])).toEqual([
      ["Laptop", true],
      ["Phone", false],
    ]);
  });

  test("PE-26 nothing is given while only one side has confirmed, nor when a person says that they differ", async () => {
    const { at, olga } = await openScene(stage);
    const fresh = stage.peer(at);
    const before = (await fresh.peer.profile()).accountId;
    await meet(olga, fresh, "full");
    await fresh.peer.confirmPairing();
    await untilPairing(fresh, "finishing");
    expect(await olga.peer.rejectPairing()).toEqual({ ok: true });
    expect(await pairingOf(olga)).toMatchObject({ at: "idle", failure: "rejected", triesLeft: 2 });
    expect((await devicesOf(olga)).devices).toHaveLength(1);
    await fresh.peer.closePairing();
    expect((await fresh.peer.profile()).accountId).toBe(before);
    expect(await olga.peer.confirmPairing()).toEqual({ ok: false, error: "not-now" });
  });

  test("PE-26 the new device may show the code; three tries, then no more", async () => {
    const { at, olga } = await openScene(stage);
    const fresh = stage.peer(at);
    await fresh.peer.startPairing("new", "Phone");
    await olga.peer.startPairing("old", "Laptop");
    for (const [from, to] of [
      [fresh, olga],
      [olga, fresh],
    ] as const) {
      await from.peer.showPairingCode("short");
      const { code } = await untilPairing(from, "waiting");
      expect(await to.peer.takePairingCode(`${code ?? ""}0`)).toMatchObject({ ok: false });
      expect(await from.peer.takePairingCode(code ?? "")).toEqual({ ok: false, error: "same-role" });
      expect(await to.peer.takePairingCode(code ?? "")).toEqual({ ok: true });
      await untilPairing(fresh, "comparing");
      await untilPairing(olga, "comparing");
      await olga.peer.rejectPairing();
      await fresh.peer.rejectPairing();
    }
    await olga.peer.showPairingCode("full");
    await untilPairing(olga, "waiting");
    await olga.peer.showPairingCode("full");
    expect(await untilPairing(olga, "ended")).toMatchObject({ reason: "too-many-tries" });
  });

  test("PE-26 a connection that breaks amid it is no end: both meet again in the same mailbox", async () => {
    const { at, docId, olga } = await openScene(stage);
    const fresh = stage.peer(at);
    await meet(olga, fresh);
    for (const peer of [olga, fresh]) {
      peer.wire.cut();
      await until("it is noticed", () => peer.events.length >= 0);
      peer.wire.heal();
      peer.peer.retryNow();
    }
    await confirmBoth(olga, fresh);
    await fresh.close();
    const phone = stage.peer(at, fresh.device);
    await untilHas(phone, docId);
  });

  test("PE-26 a device that lacks a key which the account got meanwhile is not added, whatever else was handed out since", async () => {
    const { at, olga } = await openScene(stage);
    const wordsOf = async (): Promise<void> => expect(await olga.peer.makeRecoveryKit()).toMatchObject({ ok: true });
    await wordsOf();
    const fresh = stage.peer(at);
    const { deviceId } = await fresh.peer.profile();
    await meet(olga, fresh);
    let given = false;
    olga.wire.up = (message) => {
      given ||= message.type === "post-mail";
      return [message];
    };
    await olga.peer.confirmPairing();
    await until("the account's keys were given", () => given);
    // The first words end, and so does the key that they know; the next have the new one.
    await wordsOf();
    expect(await olga.peer.keepRecoveryKit()).toEqual({ ok: true });
    await wordsOf();
    await fresh.peer.confirmPairing();
    expect(await untilPairing(olga, "ended")).toMatchObject({ reason: "not-added" });
    expect((await devicesOf(olga)).devices.map((device) => device.deviceId)).not.toContain(deviceId);
  });

  test("PE-26 a device with a space of its own is not put into another account", async () => {
    const { at, olga } = await openScene(stage);
    const edda = stage.peer(at);
    await edda.peer.createSharedDocument();
    expect((await devicesOf(edda)).mayJoinAccount).toBe(false);
    expect(await edda.peer.startPairing("new", "Phone")).toEqual({ ok: false, error: "may-not-join" });
    expect((await devicesOf(olga)).mayJoinAccount).toBe(false);
  });
});

describe("a revoked device", () => {
  test("PE-27 is told, reads nothing that is written after, and its unsent edits stay with it; the others have new keys", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const phone = await pair(stage, at, olga);
    await untilHas(phone, docId);
    const there = await openDoc(phone, docId);
    there.type("sent ");
    await untilText(olgas, "sent ");
    const epoch = (await spaceOf(olga, docId))?.epoch ?? 0;
    phone.wire.cut();
    there.type("NEVERSENT");
    await untilStatus(there, "it is kept", ({ saved }) => saved === "device");
    const { deviceId } = await phone.peer.profile();
    expect(await olga.peer.revokeDevice(deviceId)).toEqual({ ok: true });
    await untilSpace(olga, docId, "there is a new key", (status) => status.epoch > epoch);
    olgas.type("SECRET");
    await untilStatus(olgas, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved !== "device");
    phone.wire.heal();
    phone.peer.retryNow();
    await untilDevices(phone, "it is told", ({ revoked }) => revoked);
    await untilStatus(there, "the relay refuses", ({ refusal }) => refusal === "not-allowed");
    expect(there.read()).toBe("sent NEVERSENT");
    expect(olgas.read()).toBe("sent SECRET");
    const eddas = await openDoc(edda, docId);
    await untilText(eddas, "sent SECRET");
    expect((await devicesOf(olga)).devices.map(({ revoked }) => revoked)).toEqual([false, true]);
    expect(await olga.peer.revokeDevice(deviceId)).toEqual({ ok: true });
    expect(await olga.peer.revokeDevice((await olga.peer.profile()).deviceId)).toMatchObject({ ok: false });
  });

  test("PE-27 is told also if it was revoked before it read anything of the account's log", async () => {
    const { at, olga } = await openScene(stage);
    const fresh = stage.peer(at);
    await meet(olga, fresh);
    await confirmBoth(olga, fresh);
    const { deviceId } = await fresh.peer.profile();
    await fresh.close();
    expect(await olga.peer.revokeDevice(deviceId)).toEqual({ ok: true });
    const phone = stage.peer(at, fresh.device);
    await untilDevices(phone, "it is told", ({ revoked }) => revoked);
    // Also after a restart, of which it knows no more.
    await phone.close();
    await untilDevices(stage.peer(at, fresh.device), "it is told again", ({ revoked }) => revoked);
  });

  test("PE-27 AC-23 that takes the account into a space of which no other device has heard is put out when one of them opens a link to that", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const edda = stage.peer(at);
    const phone = await pair(stage, at, edda);
    await untilDevices(edda, "both are there", ({ devices }) => devices.length === 2);
    const { deviceId, accountId } = await edda.peer.profile();
    edda.wire.cut();
    expect(await phone.peer.revokeDevice(deviceId)).toEqual({ ok: true });
    expect((await edda.peer.openLink(await linkFrom(olga, docId))).ok).toBe(true);
    edda.wire.heal();
    edda.peer.retryNow();
    const countOf = (devices: number) =>
      untilSpace(olga, docId, "she is seen", (status) =>
        status.members.some((one) => one.accountId === accountId && one.devices === devices),
      );
    const { epoch } = await countOf(2);
    await untilDevices(edda, "it is told", ({ revoked }) => revoked);
    expect(await phone.peer.has(docId)).toBe(false);
    await come(phone, await linkFrom(olga, docId));
    await countOf(1);
    await untilSpace(olga, docId, "there is a new key", (status) => status.epoch > epoch && !status.rotationDue);
    olgas.type("after ");
    await untilText(await openDoc(phone, docId), "after ");
    expect((await openDoc(edda, docId)).read()).not.toContain("after");
  });

  test("PE-27 in a space that somebody else owns: its account tells, and the owner makes a new key, sealed to the account's new one", async () => {
    const { at, docId, olga, olgas } = await openScene(stage);
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const phone = await pair(stage, at, edda);
    const tablet = await pair(stage, at, edda);
    await untilHas(phone, docId);
    await untilHas(tablet, docId);
    const onTablet = await openDoc(tablet, docId);
    const epoch = (await spaceOf(olga, docId))?.epoch ?? 0;
    // Whoever has the phone may know a link that is about.
    const link = await linkFrom(olga, docId);
    expect(await edda.peer.revokeDevice((await phone.peer.profile()).deviceId)).toEqual({ ok: true });
    const { invites } = await untilSpace(
      olga,
      docId,
      "the owner has made a new key",
      (status) => status.epoch > epoch && !status.rotationDue,
    );
    expect(invites.map(({ fragment }) => fragment)).not.toContain(link);
    olgas.type("after ");
    // The other device has got the account's new key out of the home space's log.
    await untilText(onTablet, "after ");
    onTablet.type("and back");
    await untilText(olgas, "after and back");
    await untilDevices(phone, "it is told", ({ revoked }) => revoked);
    expect((await untilDevices(edda, "every space has heard", ({ untoldSpaces }) => untoldSpaces === 0)).devices).toHaveLength(3);
    // All of it is on the disk.
    await tablet.close();
    const again = stage.peer(at, tablet.device);
    await again.peer.ready;
    const reopened = await openDoc(again, docId);
    await untilText(reopened, "after and back");
  });
});
