/** One document of a space for somebody who is no member: real peers and a real relay (docs/peer.md, PE-29). */
import { afterEach, describe, expect, test } from "vitest";
import { pair, untilDevices } from "../account/devices.test-support.ts";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestPeer } from "../engine/engine.test-support.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "./space.test-support.ts";
import type { Scene } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

const scene = (): Promise<Scene> => openScene(stage);
const idOf = async (peer: TestPeer): Promise<string> => (await peer.peer.profile()).accountId;
const documents = async (peer: TestPeer): Promise<readonly string[]> => (await peer.peer.documents()).map(({ docId }) => docId);

/** A document that was written under two keys, one beside it, and a guest who came to the first by a link. */
async function house(role: "editor" | "viewer" = "editor") {
  const { at, docId, olga, olgas } = await scene();
  olgas.type("under the first key ");
  await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
  expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
  olgas.type("under the second ");
  const beside = await olga.peer.createSharedDocument(docId);
  const other = await openDoc(olga, beside);
  other.type("none of the guest's business");
  await untilStatus(other, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
  const gina = stage.peer(at);
  const link = await linkFrom(olga, docId, role, 5, undefined, "document");
  expect(await come(gina, link)).toBe(docId);
  const ginas = await openDoc(gina, docId);
  await untilText(ginas, "under the first key under the second ");
  return { at, docId, beside, olga, olgas, gina, ginas, link };
}

describe("PE-29 one document", () => {
  test("AC-57 CR-30 comes by a link: its guest reads what was written under earlier keys, writes, and has nothing else of the space", async () => {
    const { docId, beside, olga, olgas, gina, ginas } = await house();
    expect(await spaceOf(gina, docId)).toMatchObject({ standing: "member", role: undefined, grant: "editor", mayWrite: true });
    ginas.type("from the guest ");
    await untilText(olgas, "under the first key under the second from the guest ");
    const { guests, members } = await untilSpace(olga, docId, "she sees the guest", (status) => status.guests.length > 0);
    expect(guests).toMatchObject([{ accountId: await idOf(gina), role: "editor", you: false }]);
    expect(members).toHaveLength(1);
    expect((await spaceOf(olga, beside))?.guests).toEqual([]);
    expect((await spaceOf(olga, beside))?.invites).toMatchObject([{ scope: "other-document" }]);
    // No epoch's key is here.
    expect([...gina.device.kv.keys()].filter((key) => /^s\/[^/]*\/k\//.test(key))).toEqual([]);
    expect([...olga.device.kv.keys()].filter((key) => /^s\/[^/]*\/k\//.test(key))).toHaveLength(2);
    expect(await documents(gina)).toEqual([docId]);
    // A new key reaches the guest like everybody.
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    olgas.type("under the third ");
    await untilText(ginas, "under the first key under the second from the guest under the third ");
    ginas.type("and back");
    await untilText(olgas, "under the first key under the second from the guest under the third and back");
    expect((await ginas.fresh()).alarms).toEqual([]);
    expect((await ginas.fresh()).quarantined).toBe(0);
  });

  test("PE-19 is there after a restart, without the relay", async () => {
    const { at, docId, olga, gina } = await house();
    await gina.close();
    await at.close();
    const again = stage.peer(at, gina.device);
    await untilSpace(again, docId, "it is read", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    const doc = await openDoc(again, docId);
    expect(doc.read()).toBe("under the first key under the second ");
    doc.type("offline");
    await untilStatus(doc, "it is kept", ({ saved }) => saved === "device");
    await olga.close();
  });

  test("is taken away: the guest is told, reads nothing that comes after, and no link to it brings her back; who else has it goes on", async () => {
    const { at, docId, olga, olgas, gina, ginas, link } = await house();
    const karl = stage.peer(at);
    await come(karl, link);
    const karls = await openDoc(karl, docId);
    const second = await linkFrom(olga, docId, "editor", 5, undefined, "document");
    const toSpace = await linkFrom(olga, docId, "viewer");
    gina.wire.cut();
    ginas.type("not sent ");
    expect(await olga.peer.revokeGrant(docId, await idOf(gina))).toEqual({ ok: true });
    olgas.type("after ");
    await untilText(karls, "under the first key under the second after ");
    gina.wire.heal();
    gina.peer.retryNow();
    await untilSpace(gina, docId, "she is told", ({ standing, mayWrite }) => standing === "removed" && !mayWrite);
    await untilStatus(ginas, "nothing is lost", ({ refusal, unsentChanges }) => refusal === "not-allowed" && unsentChanges > 0);
    expect(ginas.read()).toBe("under the first key under the second not sent ");
    expect(olgas.read()).not.toContain("not sent");
    // Links to the document ended, those to the space did not.
    expect((await spaceOf(olga, docId))?.invites.map(({ scope }) => scope)).toEqual(["space"]);
    for (const ended of [link, second]) {
      const nina = stage.peer(at);
      const opened = await nina.peer.openLink(ended);
      expect(opened.ok).toBe(true);
      await untilSpace(nina, docId, "she is told why", ({ standing }) => standing === "refused");
    }
    // A fresh link to the document does not bring her back, an owner's word does.
    const third = await linkFrom(olga, docId, "editor", 5, undefined, "document");
    await gina.peer.openLink(third);
    await untilSpace(gina, docId, "she is told why", ({ standing, reason }) => standing === "refused" && reason === "was-removed");
    expect(await olga.peer.grantDocument(docId, await idOf(gina), "editor")).toEqual({ ok: true });
    await untilSpace(gina, docId, "she has it", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    await untilStatus(ginas, "what was kept is sent", ({ unsentChanges }) => unsentChanges === 0);
    await until("all have all of it", () =>
      [karls, olgas, ginas].every((doc) => doc.read().includes("not sent ") && doc.read() === olgas.read()),
    );
    const vito = stage.peer(at);
    await come(vito, toSpace);
    expect(await spaceOf(vito, docId)).toMatchObject({ role: "viewer", grant: undefined });
  });

  test("AC-31 a guest who was removed, and given the document again, can be removed once more", async () => {
    const { docId, olga, gina } = await house();
    const ginas = await idOf(gina);
    const isThere = (there: boolean) => untilSpace(olga, docId, "it is so", ({ guests }) => guests.length > 0 === there);
    await isThere(true);
    expect(await olga.peer.removeMember(docId, ginas)).toEqual({ ok: true });
    await isThere(false);
    expect(await olga.peer.grantDocument(docId, ginas, "editor")).toEqual({ ok: true });
    await isThere(true);
    expect(await olga.peer.removeMember(docId, ginas)).toEqual({ ok: true });
    await isThere(false);
  });

  test("PE-22 a guest who may only view reads, and what is typed there all the same stays there", async () => {
    const { docId, olgas, gina, ginas } = await house("viewer");
    expect(await spaceOf(gina, docId)).toMatchObject({ role: undefined, grant: "viewer", mayWrite: false });
    ginas.type("mine ");
    await untilStatus(ginas, "it says so", ({ refusal, unsentChanges }) => refusal === "not-allowed" && unsentChanges > 0);
    olgas.type("hers ");
    await until("she reads on", () => ginas.read().includes("hers "));
    expect(olgas.read()).not.toContain("mine");
  });

  test("AC-62 PE-26 a guest's second device reads it from the beginning, by the account's own envelope", async () => {
    const { at, docId, olgas, gina, ginas } = await house();
    ginas.type("first device ");
    const phone = await pair(stage, at, gina);
    await until("the document is there", () => phone.peer.has(docId));
    const there = await openDoc(phone, docId);
    await untilText(there, "under the first key under the second first device ");
    await untilDevices(gina, "the space has heard of it", ({ untoldSpaces }) => untoldSpaces === 0);
    await untilSpace(phone, docId, "it may write", ({ mayWrite }) => mayWrite);
    there.type("second device");
    await untilText(olgas, "under the first key under the second first device second device");
  });

  test("PE-20 PE-26 a device that an ended link did not let in has the document once another device of the account came by a good one", async () => {
    const { at, docId, olga, olgas } = await scene();
    olgas.type("hers ");
    const ended = await linkFrom(olga, docId, "editor", 1, undefined, "document");
    const [invite] = (await spaceOf(olga, docId))?.invites ?? [];
    expect(await olga.peer.revokeInvite(docId, invite?.inviteId ?? "")).toEqual({ ok: true });
    const gina = stage.peer(at);
    // Its clock runs fast: who was turned away asks again now and then.
    const phone = await pair(stage, at, gina, 50);
    await phone.peer.openLink(ended);
    await untilSpace(phone, docId, "it is told", ({ standing }) => standing === "refused");
    await come(gina, await linkFrom(olga, docId, "editor", 1, undefined, "document"));
    await untilSpace(phone, docId, "it has the document", ({ standing, grant }) => standing === "member" && grant === "editor");
    await untilText(await openDoc(phone, docId), "hers ");
  });

  test("a guest gets a second document, then comes into the space: has everything then; and may go", async () => {
    const { at, docId, beside, olga, gina } = await house();
    expect(await come(gina, await linkFrom(olga, beside, "viewer", 1, undefined, "document"))).toBe(beside);
    const second = await openDoc(gina, beside);
    await untilText(second, "none of the guest's business");
    expect(await spaceOf(gina, beside)).toMatchObject({ grant: "viewer", mayWrite: false });
    expect(await spaceOf(gina, docId)).toMatchObject({ grant: "editor", mayWrite: true });
    // Another, to which no link led.
    const third = await olga.peer.createSharedDocument(docId);
    const thirds = await openDoc(olga, third);
    thirds.type("for members");
    await untilStatus(thirds, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
    expect(await documents(gina)).not.toContain(third);
    await gina.peer.openLink(await linkFrom(olga, docId, "editor"));
    await untilSpace(gina, docId, "she is a member", ({ role }) => role === "editor");
    await untilText(
      await openDoc(gina, await until("it is there", async () => ((await documents(gina)).includes(third) ? third : undefined))),
      "for members",
    );
    expect(await spaceOf(gina, beside)).toMatchObject({ role: "editor", mayWrite: true });
    await untilSpace(olga, docId, "she sees it", ({ guests }) => guests.length === 0);
    // AC-64: what she was given alone does not outlive her role behind the owner's back.
    expect(await olga.peer.changeRole(docId, await idOf(gina), "viewer")).toEqual({ ok: true });
    await untilSpace(gina, docId, "she is told", ({ role, mayWrite }) => role === "viewer" && !mayWrite);
    const karl = stage.peer(at);
    await come(karl, await linkFrom(olga, docId, "editor", 1, undefined, "document"));
    expect(await karl.peer.leaveSpace(docId)).toEqual({ ok: true });
    await untilSpace(karl, docId, "he has left", ({ standing }) => standing === "left");
    await untilSpace(olga, docId, "she sees it", ({ guests }) => guests.length === 0);
  });

  test("PE-30 a guest who mistypes the passphrase of a link to the space stays a guest, and comes in with the right one", async () => {
    const { docId, olga, gina } = await house();
    const toSpace = await linkFrom(olga, docId, "editor", 1, undefined, "space", "the right words");
    await gina.peer.openLink(toSpace, "wrong words");
    // Its envelope does not open here, and that is no false envelope.
    await until("it was tried", () => gina.events.some((event) => event.includes("duty-refused")));
    expect(gina.events.join("\n")).not.toContain("space.bad-envelope");
    expect(await spaceOf(gina, docId)).toMatchObject({ standing: "member", grant: "editor", mayWrite: true });
    expect(await gina.peer.openLink(toSpace, "the right words")).toEqual({ ok: true, docId });
    await untilSpace(gina, docId, "she is a member", ({ role, mayWrite }) => role === "editor" && mayWrite);
  });

  test("AC-51 AC-52 AC-53 links to one document that were revoked, are used up or past their time let nobody in, who is told why", async () => {
    const { at, docId, olga } = await scene();
    const told = async (link: string, reason: string): Promise<void> => {
      const nina = stage.peer(at);
      await nina.peer.openLink(link);
      await untilSpace(
        nina,
        docId,
        `she is told ${reason}`,
        (status) => status.standing === "refused" && [reason, "not-allowed"].includes(status.reason),
      );
    };
    const used = await linkFrom(olga, docId, "editor", 1, undefined, "document");
    await come(stage.peer(at), used);
    await told(used, "invite-used-up");
    const revoked = await linkFrom(olga, docId, "editor", 5, undefined, "document");
    const [invite] = (await spaceOf(olga, docId))?.invites ?? [];
    expect(invite).toMatchObject({ scope: "document", fragment: revoked });
    expect(await olga.peer.revokeInvite(docId, invite?.inviteId ?? "")).toEqual({ ok: true });
    await told(revoked, "invite-ended");
    await told(await linkFrom(olga, docId, "editor", 5, 1, "document"), "invite-expired");
  });
});
