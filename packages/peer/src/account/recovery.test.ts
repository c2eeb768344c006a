/** Recovery words: real peers and a real relay (docs/peer.md, PE-28). */
import { afterEach, expect, test } from "vitest";
import { exportDevice, exportSecret, parseRecoveryWords, recoveryFromSecret } from "@skerry/crypto";
import { toText } from "@skerry/protocol";
import type { DevicesStatus } from "../client.ts";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestPeer } from "../engine/engine.test-support.ts";
import { storedHome } from "../engine/stored.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "../space/space.test-support.ts";
import { devicesOf, pair, untilDevices } from "./devices.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

async function wordsOf({ peer, events }: TestPeer): Promise<readonly string[]> {
  const made = await peer.makeRecoveryKit();
  if (!made.ok) throw new Error(`${made.error} ${made.reason}\n${events.slice(-20).join("\n")}`);
  return made.words;
}
/** What a device came by is in the account's home, and at the relay. */
async function untilHomeHas(peer: TestPeer, spaces: number, links: number): Promise<void> {
  const home = storedHome.decode(peer.device.kv.get("i/home") ?? new Uint8Array());
  const doc = await openDoc(peer, toText(home.docId));
  await until("the home has it", () => doc.doc.getMap("spaces").size === spaces && doc.doc.getMap("links").size === links);
  await untilStatus(doc, "it is at the relay", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
}
/** Everything that a peer tells of its devices from now on. */
function toldOfDevices({ peer }: TestPeer): readonly DevicesStatus[] {
  const told: DevicesStatus[] = [];
  peer.watchDevices((status) => told.push(status));
  return told;
}
/** What the peer appends to the space's log is lost on the way, from its next connection on, which begins now. */
function unheardIn(spaceId: string, { peer, wire }: TestPeer): void {
  const channels = new Set<number>();
  wire.up = (message) => {
    if ((message.type === "open-space" || message.type === "introduce") && toText(message.spaceId) === spaceId)
      channels.add(message.channel);
    return message.type === "append-operation" && channels.has(message.channel) ? [] : [message];
  };
  wire.cut();
  wire.heal();
  peer.retryNow();
}
const untilHas = (peer: TestPeer, docId: string): Promise<unknown> => until("the document is there", () => peer.peer.has(docId));

test("PE-28 an empty device with the words alone has all documents of the account, though no other device is left", async () => {
  const { at, docId, olga, olgas } = await openScene(stage);
  await olga.peer.setDisplayName("Olga");
  const edda = stage.peer(at);
  const eddasDoc = await edda.peer.createSharedDocument();
  const eddas = await openDoc(edda, eddasDoc);
  await untilSpace(edda, eddasDoc, "the relay has it", ({ standing }) => standing === "member");
  const byLink = await olga.peer.createDocument();
  const list = await openDoc(olga, byLink);
  list.type("by link");
  olgas.type("kept ");
  const words = await wordsOf(olga);
  expect(words).toHaveLength(24);
  expect(
    (await untilDevices(olga, "it says so", ({ kit }) => kit !== undefined)).devices.map(({ kitMadeAtMs }) => kitMadeAtMs === undefined),
  ).toEqual([true, false]);
  // What comes after the words were made is found, too.
  await come(olga, await linkFrom(edda, eddasDoc));
  const later = await olga.peer.createSharedDocument();
  const laterDoc = await openDoc(olga, later);
  laterDoc.type("later");
  await untilStatus(laterDoc, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
  for (const doc of [olgas, list])
    await untilStatus(doc, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
  await untilHomeHas(olga, 3, 1);
  await olga.close();

  const fresh = stage.peer(at);
  await fresh.peer.ready;
  expect(await fresh.peer.restoreAccount("not words", "New laptop")).toEqual({ ok: false, error: "words-unknown", at: 0 });
  expect(await fresh.peer.restoreAccount(words.slice(1).join(" "), "New laptop")).toEqual({ ok: false, error: "words-count", at: 23 });
  expect(await fresh.peer.restoreAccount(`  ${words.join("\n").toUpperCase()} `, "New laptop")).toEqual({ ok: true });
  await fresh.close();
  const laptop = stage.peer(at, fresh.device);
  for (const one of [docId, byLink, later, eddasDoc]) await untilHas(laptop, one);
  expect((await laptop.peer.profile()).displayName).toBe("Olga");
  for (const [one, text] of [
    [docId, "kept "],
    [byLink, "by link"],
    [later, "later"],
  ] as const)
    await untilText(await openDoc(laptop, one), text);
  expect(await spaceOf(laptop, docId)).toMatchObject({ role: "owner" });
  const shared = await openDoc(laptop, eddasDoc);
  shared.type("I am back");
  await untilText(eddas, "I am back");
  const { devices, kit } = await untilDevices(
    laptop,
    "the list is there",
    (status) => status.devices.length === 3 && status.kit !== undefined,
  );
  expect(devices.map(({ isThis, name }) => [isThis, name])).toEqual([
    [true, "New laptop"],
    [false, ""],
    [false, ""],
  ]);
  expect(kit).toBeDefined();
  await untilDevices(laptop, "every space was told", ({ untoldSpaces }) => untoldSpaces === 0);

  // A device that has seen the words takes them along when it is revoked.
  const old = stage.peer(at, olga.device);
  await untilDevices(old, "it knows of the laptop", (status) => status.devices.length === 3);
  expect(await old.peer.revokeDevice((await laptop.peer.profile()).deviceId)).toEqual({ ok: true });
  await untilDevices(old, "the words are gone", (status) => status.kit === undefined);
  const thief = stage.peer(at);
  await thief.peer.ready;
  expect(await thief.peer.restoreAccount(words.join(" "), "Thief")).toMatchObject({ ok: false, error: "not-found" });
});

test("PE-28 newer words end older ones; a revoked kit opens nothing, and words of nobody find nothing", async () => {
  const { at, docId, olga } = await openScene(stage);
  const old = await wordsOf(olga);
  const epoch = (await spaceOf(olga, docId))?.epoch ?? 0;
  const newer = await wordsOf(olga);
  // Not before the person has them.
  expect((await devicesOf(olga)).devices.filter(({ kitMadeAtMs, revoked }) => kitMadeAtMs !== undefined && !revoked)).toHaveLength(2);
  expect(await olga.peer.keepRecoveryKit()).toEqual({ ok: true });
  await untilSpace(olga, docId, "the old words' key opens nothing new", (status) => status.epoch > epoch);
  expect(newer).not.toEqual(old);
  const fresh = stage.peer(at);
  await fresh.peer.ready;
  expect(await fresh.peer.restoreAccount(old.join(" "), "Thief")).toEqual({ ok: false, error: "not-found", at: 0 });
  const nobodys = `${"abandon ".repeat(23)}art`;
  expect(await fresh.peer.restoreAccount(nobodys, "Thief")).toEqual({ ok: false, error: "not-found", at: 0 });
  expect((await devicesOf(olga)).devices.filter(({ revoked }) => !revoked)).toHaveLength(2);
  expect(await fresh.peer.restoreAccount(newer.join(" "), "Laptop")).toEqual({ ok: true });
});

test("PE-28 without the relay no words are made, and none that work are lost", async () => {
  const { at, olga } = await openScene(stage, 20);
  const words = await wordsOf(olga);
  olga.wire.cut();
  await until("it is noticed", async () => (await devicesOf(olga)).kit !== undefined);
  expect(await olga.peer.makeRecoveryKit()).toMatchObject({ ok: false, error: "offline" });
  olga.wire.heal();
  olga.peer.retryNow();
  const fresh = stage.peer(at);
  await fresh.peer.ready;
  expect(await fresh.peer.restoreAccount(words.join(" "), "Laptop")).toEqual({ ok: true });
});

test("PE-28 AL-8 spaces that know only lost devices are told by the one that the words have let in, at its first start or the next; the words are not kept", async () => {
  const { at, docId, olga } = await openScene(stage);
  const words = await wordsOf(olga);
  await olga.close();
  const fresh = stage.peer(at);
  await fresh.peer.ready;
  expect(await fresh.peer.restoreAccount(words.join(" "), "Laptop")).toEqual({ ok: true });
  fresh.crash();
  const secret = parseRecoveryWords(words.join(" "));
  if (!secret.ok) throw new Error("these are no words");
  const stored = Buffer.concat([...fresh.device.kv.values()]);
  for (const kept of [exportSecret(secret.value), exportDevice(recoveryFromSecret(secret.value).device)])
    expect(stored.includes(Buffer.from(kept))).toBe(false);
  const laptop = stage.peer(at, fresh.device);
  await untilHas(laptop, docId);
  await untilSpace(laptop, docId, "it may write", ({ mayWrite }) => mayWrite);
});

test("PE-28 AL-8 who was put out, lost all devices and is let in again, has the document by the words", async () => {
  for (const letIn of ["before", "after"] as const) {
    const { at, docId, olga, olgas } = await openScene(stage);
    const edda = stage.peer(at);
    const words = await wordsOf(edda);
    await come(edda, await linkFrom(olga, docId));
    await untilHomeHas(edda, 1, 0);
    const { accountId } = await edda.peer.profile();
    expect(await olga.peer.removeMember(docId, accountId)).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
    const home = await openDoc(edda, toText(storedHome.decode(edda.device.kv.get("i/home") ?? new Uint8Array()).docId));
    await until("the home says so", () => JSON.stringify([...home.doc.getMap("spaces").values()]).includes("gone"));
    await untilStatus(home, "it is at the relay", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
    await edda.close();
    const admit = async (): Promise<void> => expect(await olga.peer.readmitMember(docId, accountId, "editor")).toEqual({ ok: true });
    if (letIn === "before") await admit();
    const fresh = stage.peer(at);
    await fresh.peer.ready;
    expect(await fresh.peer.restoreAccount(words.join(" "), "Laptop")).toEqual({ ok: true });
    await fresh.close();
    const laptop = stage.peer(at, fresh.device, 50);
    await untilDevices(laptop, "it has read its home", ({ read, devices }) => read && devices.length === 3);
    if (letIn === "after") await admit();
    await untilHas(laptop, docId);
    const there = await openDoc(laptop, docId);
    there.type("back ");
    await untilText(olgas, "back ");
  }
});

test("PE-28 AL-8 AC-43 an owner's device that the words have let in tells of a revocation that no space has heard of, and makes a new key afterwards", async () => {
  const { at, docId, olga, olgas } = await openScene(stage);
  olgas.type("kept ");
  await untilStatus(olgas, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
  const { epoch, spaceId } = await untilSpace(olga, docId, "it is there", ({ members }) => members.length === 1);
  // Nothing that either says of the account comes to the space.
  unheardIn(spaceId, olga);
  const words = await wordsOf(olga);
  const phone = await pair(stage, at, olga);
  unheardIn(spaceId, phone);
  await phone.peer.ready;
  await until("its home is on this device", () =>
    phone.peer.has(toText(storedHome.decode(phone.device.kv.get("i/home") ?? new Uint8Array()).docId)),
  );
  await untilHomeHas(phone, 1, 0);
  const { deviceId } = await olga.peer.profile();
  await olga.close();
  expect(await phone.peer.revokeDevice(deviceId)).toEqual({ ok: true });
  await phone.close();

  const fresh = stage.peer(at);
  await fresh.peer.ready;
  expect(await fresh.peer.restoreAccount(words.join(" "), "Laptop")).toEqual({ ok: true });
  await fresh.close();
  const laptop = stage.peer(at, fresh.device);
  await untilHas(laptop, docId);
  await untilText(await openDoc(laptop, docId), "kept ");
  const after = await untilSpace(laptop, docId, "there is a new key", (status) => status.epoch > epoch && !status.rotationDue);
  expect(after).toMatchObject({ role: "owner", mayWrite: true });
  const old = stage.peer(at, olga.device);
  await untilSpace(old, docId, "it is out", ({ standing }) => standing === "removed");
});

test("PE-28 that there are no words is not told while it is only not read yet: not at the next start, and not on a device that was just let in", async () => {
  const { at, olga } = await openScene(stage);
  const toldBefore = toldOfDevices(olga);
  const words = await wordsOf(olga);
  await untilDevices(olga, "it says so", ({ kit }) => kit !== undefined);
  // Where they were made, it was known all along.
  expect(toldBefore.filter(({ read }) => !read)).toEqual([]);
  expect(toldBefore[0]).toMatchObject({ kit: undefined });
  await olga.close();

  const again = stage.peer(at, olga.device);
  const fresh = stage.peer(at);
  const told = toldOfDevices(again);
  await until("its home is read", () => told.at(-1)?.read);
  await fresh.peer.ready;
  expect(await fresh.peer.restoreAccount(words.join(" "), "New laptop")).toEqual({ ok: true });
  await fresh.close();
  const laptop = stage.peer(at, fresh.device);
  // It knows the account's devices, and not yet what they say of themselves.
  laptop.wire.down = (message) => (message.type === "entries" ? [] : [message]);
  const toldThere = toldOfDevices(laptop);
  await until("it knows the others", () => (toldThere.at(-1)?.devices.length ?? 0) > 1);
  laptop.wire.down = (message) => [message];
  laptop.wire.cut();
  laptop.wire.heal();
  laptop.peer.retryNow();
  await until("its home is read", () => toldThere.at(-1)?.read);
  for (const all of [told, toldThere]) {
    expect(all.filter(({ read, kit }) => read && kit === undefined)).toEqual([]);
    // Until then it says that it does not know.
    expect(all[0]).toMatchObject({ read: false });
  }
});
