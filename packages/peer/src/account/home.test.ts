/** The account's home (docs/peer.md, PE-25): what its devices make of it, and what a stolen one can't make of it. Real peers and a real relay. */
import { bytesEqual, toText } from "@skerry/protocol";
import type { DownMessage, UpMessage } from "@skerry/protocol";
import { afterEach, expect, test } from "vitest";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestDoc, TestPeer } from "../engine/engine.test-support.ts";
import { storedHome } from "../engine/stored.ts";
import type { StoredHome } from "../engine/stored.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "../space/space.test-support.ts";
import { confirmBoth, devicesOf, meet, pair, untilDevices } from "./devices.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

const homeOf = ({ device }: TestPeer): StoredHome => storedHome.decode(device.kv.get("i/home") ?? new Uint8Array());
const homeDocOf = async (peer: TestPeer): Promise<TestDoc> => {
  const docId = toText(homeOf(peer).docId);
  await until("the home document is there", () => peer.peer.has(docId));
  return openDoc(peer, docId);
};
const untilHas = (peer: TestPeer, docId: string): Promise<unknown> => until("the document is there", () => peer.peer.has(docId));

test("PE-25 PE-27 a device that reads a space's cut before its home's news of the new key reads on all the same", async () => {
  const { at, docId, olga, olgas } = await openScene(stage);
  const phone = await pair(stage, at, olga);
  const tablet = await pair(stage, at, olga);
  await untilHas(tablet, docId);
  const there = await openDoc(tablet, docId);
  olgas.type("before ");
  await untilText(there, "before ");
  tablet.wire.cut();
  expect(await olga.peer.revokeDevice((await phone.peer.profile()).deviceId)).toEqual({ ok: true });
  await untilDevices(olga, "all spaces are told", ({ untoldSpaces }) => untoldSpaces === 0);
  olgas.type("after ");
  await untilStatus(olgas, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved !== "device");
  // Nothing of the home's log until the document is read.
  const { spaceId } = homeOf(tablet);
  const channels = new Set<number>();
  const held: DownMessage[] = [];
  tablet.wire.up = (message: UpMessage) => {
    if (message.type === "open-space" && bytesEqual(message.spaceId, spaceId)) channels.add(message.channel);
    return [message];
  };
  tablet.wire.down = (message) => {
    if (message.type !== "operations" || !channels.has(message.channel)) return [message];
    held.push(message);
    return [];
  };
  tablet.wire.heal();
  tablet.peer.retryNow();
  await untilText(there, "before after ");
  expect(held.length).toBeGreaterThan(0);
  expect((await there.fresh()).quarantined).toBe(0);
});

test("PE-25 two devices that know different ends of a space's log do not answer each other for ever", async () => {
  const { at, docId: olgasDoc, olga } = await openScene(stage);
  const edda = stage.peer(at);
  await edda.peer.ready;
  await come(edda, await linkFrom(olga, olgasDoc));
  const phone = await pair(stage, at, edda);
  await untilSpace(phone, olgasDoc, "it is a member", ({ standing }) => standing === "member");
  phone.wire.cut();
  expect(await olga.peer.removeMember(olgasDoc, (await edda.peer.profile()).accountId)).toEqual({ ok: true });
  const spaceId = (await spaceOf(olga, olgasDoc))?.spaceId ?? "";
  const here = await homeDocOf(edda);
  const gone = (doc: TestDoc): boolean => (doc.doc.getMap("spaces").get(spaceId) as { gone?: number } | undefined)?.gone !== undefined;
  await until("the home says so", () => gone(here));
  phone.wire.heal();
  phone.peer.retryNow();
  const there = await homeDocOf(phone);
  await until("the phone knows", () => gone(there));
  let updates = 0;
  there.doc.on("update", () => updates++);
  for (const name of ["one", "two", "three"]) {
    await edda.peer.renameDevice((await phone.peer.profile()).deviceId, name);
    await until("the name arrives", async () => (await devicesOf(phone)).devices.some((device) => device.name === name));
  }
  expect(gone(there)).toBe(true);
  expect(updates).toBeLessThanOrEqual(6);
});

test("PE-25 AL-8 a device that came while its account was out hears that it is let in again, and tells the space who is one of its devices", async () => {
  const { at, docId, olga, olgas } = await openScene(stage);
  const edda = stage.peer(at);
  await come(edda, await linkFrom(olga, docId));
  const { accountId, deviceId } = await edda.peer.profile();
  expect(await olga.peer.removeMember(docId, accountId)).toEqual({ ok: true });
  await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
  // Its clock runs fast: who is out asks again now and then.
  const phone = await pair(stage, at, edda, 50);
  const spaceId = (await spaceOf(olga, docId))?.spaceId ?? "";
  const home = await homeDocOf(phone);
  await until("the home says where she was", () => home.doc.getMap("spaces").has(spaceId));
  expect(await phone.peer.has(docId)).toBe(false);
  // What she had before is lost, and never tells anybody that she is in again.
  edda.wire.cut();
  expect(await phone.peer.revokeDevice(deviceId)).toEqual({ ok: true });
  expect(await olga.peer.readmitMember(docId, accountId, "editor")).toEqual({ ok: true });
  const { epoch } = await untilSpace(olga, docId, "she is in", ({ members }) => members.length === 2);

  await untilHas(phone, docId);
  const there = await openDoc(phone, docId);
  there.type("from the phone ");
  await untilText(olgas, "from the phone ");
  await untilSpace(olga, docId, "what is lost opens nothing new", (status) => status.epoch > epoch);
  edda.wire.heal();
  edda.peer.retryNow();
  await untilDevices(edda, "it is told", ({ revoked }) => revoked);
  expect((await spaceOf(edda, docId))?.standing).toBe("removed");
});

test("PE-25 a space that turned its only device away, which could not read why, is in the home: who comes later hears if the account is let in again", async () => {
  const { at, docId, olga } = await openScene(stage);
  const edda = stage.peer(at);
  await come(edda, await linkFrom(olga, docId));
  const { accountId } = await edda.peer.profile();
  const spaceId = (await spaceOf(olga, docId))?.spaceId ?? "";
  edda.wire.cut();
  expect(await olga.peer.removeMember(docId, accountId)).toEqual({ ok: true });
  edda.wire.heal();
  edda.peer.retryNow();
  await untilSpace(edda, docId, "it is turned away", ({ standing }) => standing === "removed");
  const phone = await pair(stage, at, edda, 50);
  const home = await homeDocOf(phone);
  await until("the home has it", () => home.doc.getMap("spaces").has(spaceId));
  edda.wire.cut();
  expect(await olga.peer.readmitMember(docId, accountId, "editor")).toEqual({ ok: true });
  await untilHas(phone, docId);
});

test("PE-25 links in the home that are no link of that document are nobody's to follow", async () => {
  const { at, docId, olga } = await openScene(stage);
  const phone = await pair(stage, at, olga);
  await untilHas(phone, docId);
  const mallory = stage.peer(at);
  const trap = await mallory.peer.createSharedDocument();
  await untilSpace(mallory, trap, "the relay has it", ({ standing }) => standing === "member");
  const other = await mallory.peer.createDocument();
  const links = (await homeDocOf(phone)).doc.getMap("links");
  const opened: string[] = [];
  olga.wire.up = (message) => {
    if (message.type === "open-space") opened.push(toText(message.spaceId));
    return [message];
  };
  const key = toText(new Uint8Array(16).fill(5));
  links.set(key, await linkFrom(mallory, trap));
  links.set(toText(new Uint8Array(16).fill(6)), await mallory.peer.shareLink(other));
  // A document of a space with members, as if it were one of a link.
  links.set(docId, (await mallory.peer.shareLink(other)) ?? "");
  const mine = await phone.peer.createDocument();
  await untilHas(olga, mine);
  expect((await olga.peer.documents()).map((one) => one.docId).toSorted()).toEqual([docId, mine].toSorted());
  expect(opened).not.toContain((await spaceOf(mallory, trap))?.spaceId);
  expect(await olga.peer.shareLink(docId)).toBeUndefined();
});

test("PE-25 whoever a stolen device let into the home is put out again, and so are links into it", async () => {
  const { at, olga } = await openScene(stage);
  const phone = await pair(stage, at, olga);
  const home = toText(homeOf(olga).docId);
  await homeDocOf(phone);
  const epoch = (await spaceOf(olga, home))?.epoch ?? 0;
  const invited = await phone.peer.invite(home, { role: "editor", uses: 5, forMs: 3_600_000 });
  if (invited.ok) {
    const mallory = stage.peer(at);
    await mallory.peer.openLink(invited.fragment);
    await untilSpace(olga, home, "nobody else is in it, and no link leads there", ({ members, invites, epoch: now }) => {
      return now > epoch && members.length === 1 && invites.length === 0;
    });
    await until("she is told", async () => ["removed", "refused"].includes((await spaceOf(mallory, home))?.standing ?? "refused"));
  } else await untilSpace(olga, home, "the link is gone", ({ invites }) => invites.length === 0);
});

test("PE-25 a name given to the only device, without the relay, is there after a restart, and for others when they come", async () => {
  const { at, docId, olga } = await openScene(stage);
  olga.wire.cut();
  const { deviceId } = await olga.peer.profile();
  await olga.peer.renameDevice(deviceId, "Kitchen laptop");
  await until("it is on the disk", () => !olga.peer.hasUnsavedChanges());
  await olga.close();
  const again = stage.peer(at, olga.device);
  await until("it is called so", async () => (await devicesOf(again)).devices.some(({ name }) => name === "Kitchen laptop"));
  const phone = await pair(stage, at, again);
  await untilHas(phone, docId);
  await until("the phone says so", async () => (await devicesOf(phone)).devices.some(({ name }) => name === "Kitchen laptop"));
});

test("PE-25 PE-26 a device that only has a name comes into another account all the same, and leaves its own home behind", async () => {
  const { at, docId, olga } = await openScene(stage);
  const fresh = stage.peer(at);
  await fresh.peer.ready;
  await fresh.peer.renameDevice((await fresh.peer.profile()).deviceId, "Tablet");
  const left = toText(homeOf(fresh).docId);
  await until("it may come in", async () => (await devicesOf(fresh)).mayJoinAccount);
  await meet(olga, fresh);
  await confirmBoth(olga, fresh);
  await fresh.close();
  const tablet = stage.peer(at, fresh.device);
  await untilHas(tablet, docId);
  expect(await tablet.peer.has(left)).toBe(false);
  expect((await tablet.peer.documents()).map((one) => one.docId)).toEqual([docId]);
  expect((await spaceOf(tablet, docId))?.members).toHaveLength(1);
});
