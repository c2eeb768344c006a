/** Links that let their newcomers read from now on only: real peers and a real relay (docs/crypto.md, CR-31). What is asserted of them is their keys. */
import { documentOf, decodeSpaceOperation, restoreSpaceState, stateAt } from "@skerry/access";
import type { AccessHead } from "@skerry/access";
import { hasHistoryKey } from "@skerry/crypto";
import { afterEach, expect, test } from "vitest";
import { pair, untilDevices } from "../account/devices.test-support.ts";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { Device, TestDoc, TestPeer } from "../engine/engine.test-support.ts";
import { spaceKey, spaceKeys } from "../engine/keys.ts";
import { storedAccessHead, storedOperationRow, storedSpace } from "../engine/stored.ts";
import { docIdOf, openedBy } from "./collusion.test-support.ts";
import { createKeyRing, keyFromRow } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

const idOf = async (peer: TestPeer): Promise<string> => (await peer.peer.profile()).accountId;
const day = 24 * 3_600_000;

/** The keys that a device has of a document's space: what is stored, with the log that is stored, and nothing opened. */
function ringOf({ kv }: Device, docId: string): KeyRing | undefined {
  for (const key of kv.keys()) {
    const name = /^s\/(?<name>[^/]*)\/h$/.exec(key)?.groups?.["name"] ?? "";
    const [row, head] = [kv.get(spaceKey(name)), kv.get(key)];
    if (name === "" || row === undefined || head === undefined) continue;
    const { spaceId } = storedSpace.decode(row);
    const keys = spaceKeys(name);
    const rowsFrom = (from: string): readonly Uint8Array[] =>
      [...kv]
        .filter(([at]) => at.startsWith(from))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, bytes]) => bytes);
    const entries = rowsFrom(keys.operationsFrom).map((bytes) => storedOperationRow.decode(bytes));
    const restored = restoreSpaceState(spaceId, entries, storedAccessHead.decode(head) as AccessHead);
    if (!restored.ok) throw new Error("a damaged copy");
    if (documentOf(restored.value, docIdOf(docId)) === undefined) continue;
    const ring = createKeyRing({ spaceId, keys, readers: () => [], onBad: (epoch, reason) => expect.fail(`${epoch} ${reason}`) });
    for (const bytes of rowsFrom(keys.epochKeysFrom)) ring.restore(...keyFromRow(bytes));
    for (const [index, { operation }] of entries.entries()) {
      const decoded = decodeSpaceOperation(operation);
      const before = index === 0 ? undefined : stateAt(restored.value, index);
      ring.learn(before, stateAt(restored.value, index + 1), decoded.ok ? decoded.value.body : undefined);
    }
    ring.walkBack();
    return ring;
  }
  return undefined;
}

/** Of each epoch from the first on: the history key (H), the content key alone (C), or nothing. */
const keysOf = ({ device }: TestPeer, docId: string, newest: number): string =>
  Array.from({ length: newest }, (_, index) => ringOf(device, docId)?.epochKey(index + 1))
    .map((key) => (key === undefined ? "-" : hasHistoryKey(key) ? "H" : "C"))
    .join("");
const untilKeys = (peer: TestPeer, docId: string, keys: string): Promise<boolean> =>
  until(`it has ${keys}`, () => keysOf(peer, docId, keys.length) === keys);
const isSent = (doc: TestDoc): Promise<unknown> => untilStatus(doc, "it is sent", ({ unsentChanges }) => unsentChanges === 0);

async function linkFromNowOn(peer: TestPeer, docId: string): Promise<string> {
  const made = await peer.peer.invite(docId, { role: "editor", uses: 5, forMs: day, reads: "from-now-on" });
  if (!made.ok) throw new Error(`no link: ${made.error} ${made.reason}`);
  return made.fragment;
}

/** A document that was written before and after a link from now on was made, and Nina, who came by it. `speed`: how much faster than the world's her clock runs. */
async function house(speed = 1) {
  const { at, docId, olga, olgas } = await openScene(stage);
  olgas.type("before ");
  await isSent(olgas);
  const link = await linkFromNowOn(olga, docId);
  const nina = stage.peer(at, undefined, speed);
  await come(nina, link);
  await untilKeys(nina, docId, "-C");
  olgas.type("after ");
  await isSent(olgas);
  return { at, docId, olga, olgas, nina, link };
}

const quietOf = (peer: TestPeer): void => expect(peer.events.join("\n")).not.toContain("space.bad-envelope");

test("CR-31 who comes by a link from now on opens nothing from before, with all that the relay has; who comes by one with history reads everything", async () => {
  const { at, docId, olga, olgas, nina } = await house();
  // Before it the key was another: the link made a new one.
  expect(await spaceOf(olga, docId)).toMatchObject({ epoch: 2, invites: [{ reads: "from-now-on" }] });
  expect(ringOf(nina.device, docId)?.firstEpoch(docIdOf(docId))).toBe(2);
  const opened = await openedBy(nina.device, at.store, docIdOf(docId));
  expect([opened[0], opened[1], opened.at(-1)]).toEqual([false, false, true]);
  const karl = stage.peer(at);
  await come(karl, await linkFrom(olga, docId));
  const karls = await openDoc(karl, docId);
  await untilText(karls, "before after ");
  await untilKeys(karl, docId, "HH");
  expect(ringOf(karl.device, docId)?.firstEpoch(docIdOf(docId))).toBe(1);
  expect(await openedBy(karl.device, at.store, docIdOf(docId))).not.toContain(false);
  // After another key both go on, and neither has more of the past than before.
  expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
  olgas.type("later ");
  await untilText(karls, "before after later ");
  await untilKeys(nina, docId, "-CC");
  await untilKeys(karl, docId, "HHH");
  await untilKeys(olga, docId, "HHH");
  const later = await openedBy(nina.device, at.store, docIdOf(docId));
  expect([later[0], later[1], later.at(-1)]).toEqual([false, false, true]);
  const people = (await spaceOf(olga, docId))?.members ?? [];
  expect(people.map(({ accountId, reads }) => [accountId, reads])).toEqual(
    expect.arrayContaining([
      [await idOf(nina), "from-now-on"],
      [await idOf(karl), "history"],
    ]),
  );
  for (const one of [olga, nina, karl]) quietOf(one);
});

test("CR-31 PE-26 a second device of such a newcomer gets the same key, and the first one has it after a restart without the relay", async () => {
  const { at, docId, olga, nina } = await house();
  const phone = await pair(stage, at, nina);
  await until("the document is there", () => phone.peer.has(docId));
  await untilKeys(phone, docId, "-C");
  await untilDevices(nina, "the space has heard of it", ({ untoldSpaces }) => untoldSpaces === 0);
  await untilSpace(phone, docId, "it is a member", ({ standing }) => standing === "member");
  expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
  for (const one of [nina, phone]) await untilKeys(one, docId, "-CC");
  for (const one of [nina, phone]) expect(ringOf(one.device, docId)?.firstEpoch(docIdOf(docId))).toBe(2);
  await nina.close();
  await at.close();
  const again = stage.peer(at, nina.device);
  await untilSpace(again, docId, "its key is read", ({ standing, mayWrite }) => standing === "member" && mayWrite);
  expect(keysOf(again, docId, 3)).toBe("-CC");
  for (const one of [olga, again, phone]) quietOf(one);
});

test("CR-31 AC-55 such a newcomer who is removed, and let in again, has the keys of everything", async () => {
  // Who was turned away asks again now and then.
  const { docId, olga, nina } = await house(50);
  expect(await olga.peer.removeMember(docId, await idOf(nina))).toEqual({ ok: true });
  await untilSpace(nina, docId, "she is told", ({ standing }) => standing === "removed");
  expect(keysOf(nina, docId, 3)).toBe("-C-");
  expect(await olga.peer.readmitMember(docId, await idOf(nina), "editor")).toEqual({ ok: true });
  await untilKeys(nina, docId, "HHH");
  expect(ringOf(nina.device, docId)?.firstEpoch(docIdOf(docId))).toBe(1);
  await untilSpace(olga, docId, "the people say so", ({ members }) => members.every(({ reads }) => reads === "history"));
  quietOf(nina);
});

test("CR-31 such a newcomer who is an owner by now makes keys like others, and gives what she has: those who read history go on reading it", async () => {
  const { at, docId, olga, olgas, nina } = await house();
  const karl = stage.peer(at);
  await come(karl, await linkFrom(olga, docId));
  await untilKeys(karl, docId, "HH");
  expect(await olga.peer.changeRole(docId, await idOf(nina), "owner")).toEqual({ ok: true });
  await untilSpace(nina, docId, "she is told", ({ role }) => role === "owner");
  expect(await nina.peer.rotateKeys(docId)).toEqual({ ok: true });
  for (const one of [olga, karl]) await untilKeys(one, docId, "HHH");
  await untilKeys(nina, docId, "-CC");
  const made = await nina.peer.invite(docId, { role: "editor", uses: 1, forMs: day, reads: "history" });
  if (!made.ok) throw new Error(made.reason);
  await untilSpace(olga, docId, "the link says what it is", ({ invites }) =>
    invites.some(({ reads, usesLeft }) => reads === "from-now-on" && usesLeft === 1),
  );
  const vito = stage.peer(at);
  await come(vito, made.fragment);
  await untilKeys(vito, docId, "--C");
  olgas.type("later ");
  await untilText(await openDoc(karl, docId), "before after later ");
  for (const one of [olga, nina, karl, vito]) quietOf(one);
});

test("CR-31 no link from now on is made to one document, nor without a new key: without the relay, or by somebody who may not make one", async () => {
  // The clock runs fast: a person waits for twenty seconds.
  const { at, docId, olga } = await openScene(stage, 50);
  const edda = stage.peer(at);
  await come(edda, await linkFrom(olga, docId, "editor", 1));
  const options = { role: "editor", uses: 1, forMs: day, reads: "from-now-on" } as const;
  expect(await olga.peer.invite(docId, { ...options, scope: "document" })).toEqual({ ok: false, error: "refused", reason: "malformed" });
  expect(await edda.peer.invite(docId, options)).toMatchObject({ ok: false, reason: "not-an-owner" });
  await untilSpace(olga, docId, "nothing is due", ({ members }) => members.length === 2);
  expect((await spaceOf(olga, docId))?.epoch).toBe(1);
  await at.close();
  const links = (): number => [...olga.device.kv.keys()].filter((key) => /^s\/.*\/i\//.test(key)).length;
  const before = links();
  expect(await olga.peer.invite(docId, options)).toEqual({ ok: false, error: "offline", reason: "" });
  expect(links()).toBe(before);
});
