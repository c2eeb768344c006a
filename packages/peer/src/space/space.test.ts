/** Spaces with an access log: real peers and a real relay (docs/peer.md, PE-18 to PE-22). */
import { afterEach, describe, expect, test } from "vitest";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestPeer } from "../engine/engine.test-support.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "./space.test-support.ts";
import type { Scene } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

const scene = (): Promise<Scene> => openScene(stage);

describe("a space", () => {
  test("PE-18 is made offline, and is shared by a link when the relay has it: both read and write", async () => {
    const at = await stage.relay();
    const olga = stage.peer(at);
    olga.wire.cut();
    const docId = await olga.peer.createSharedDocument();
    const olgas = await openDoc(olga, docId);
    olgas.type("written offline ");
    expect(await spaceOf(olga, docId)).toMatchObject({ standing: "creating", mayWrite: true });
    olga.wire.heal();
    olga.peer.retryNow();
    await untilSpace(olga, docId, "the relay has taken it", ({ standing }) => standing === "member");
    await untilStatus(olgas, "it is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved === "relay");
    const edda = stage.peer(at);
    expect(await come(edda, await linkFrom(olga, docId))).toBe(docId);
    const eddas = await openDoc(edda, docId);
    await untilText(eddas, "written offline ");
    eddas.type("and read");
    await untilText(olgas, "written offline and read");
    expect(await spaceOf(edda, docId)).toMatchObject({ standing: "member", role: "editor", mayWrite: true });
    expect((await spaceOf(olga, docId))?.members.map(({ role, you }) => [role, you])).toEqual([
      ["owner", true],
      ["editor", false],
    ]);
  });

  test("PE-19 comes back after a restart as it was, without the relay", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    olgas.type("kept ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    const before = await spaceOf(olga, docId);
    await olga.close();
    await at.close();
    const again = stage.peer(at, olga.device);
    await again.peer.ready;
    const after = await untilSpace(again, docId, "it is read", ({ standing }) => standing === "member");
    expect(after).toEqual({ ...before, distrusted: false });
    const doc = await openDoc(again, docId);
    expect(doc.read()).toBe("kept ");
    doc.type("offline");
    await untilStatus(doc, "it is kept", ({ saved }) => saved === "device");
  });

  test("PE-19 PE-20 a new key reaches everybody; what a member wrote offline before it is sealed anew and delivered", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    eddas.type("before ");
    await untilText(olgas, "before ");
    edda.wire.cut();
    eddas.type("offline ");
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    olgas.type("after ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    edda.wire.heal();
    edda.peer.retryNow();
    await untilStatus(eddas, "all is sent", ({ unsentChanges, saved }) => unsentChanges === 0 && saved !== "device");
    await until(
      "both have all of it",
      () => olgas.read() === eddas.read() && ["before", "offline", "after"].every((word) => olgas.read().includes(word)),
    );
    expect((await spaceOf(edda, docId))?.epoch).toBe(2);
    // A newcomer reads what was written under the first key too.
    const nina = stage.peer(at);
    await come(nina, await linkFrom(olga, docId, "viewer"));
    await untilText(await openDoc(nina, docId), olgas.read());
  });

  test("PE-20 a record that was on its way when the key changed is sealed anew", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    await untilStatus(eddas, "it is there", ({ seq }) => seq === 1);
    // Her record is sealed and stored, and does not get through.
    let held = 0;
    edda.wire.up = (message) => (message.type === "append" ? (held++, []) : [message]);
    eddas.type("under the old key ");
    await until("it is sealed", () => held > 0);
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    edda.wire.up = (message) => [message];
    edda.wire.cut();
    edda.wire.heal();
    edda.peer.retryNow();
    await untilText(olgas, "under the old key ");
    await untilStatus(eddas, "it is acknowledged", ({ unsentChanges }) => unsentChanges === 0);
    expect((await eddas.fresh()).alarms).toEqual([]);
  });

  test("PE-8 PE-20 while a record is sealed anew nobody is told that it is sent", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    await untilStatus(eddas, "it is there", ({ seq }) => seq === 1);
    let held = 0;
    edda.wire.up = (message) => (message.type === "append" ? (held++, []) : [message]);
    eddas.type("under the old key ");
    await until("it is sealed", () => held > 0);
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    // Nothing comes from outside between these steps: whoever asks in one of them is to hear the same.
    const told: string[] = [];
    const ask = async (): Promise<void> => {
      for (let step = 0; step < 500; step++) {
        const stop = edda.peer.watchStatus(docId, ({ saved, unsentChanges }) => {
          told.push(`${saved} ${unsentChanges > 0 ? "unsent" : "sent"}`);
        });
        for (let turn = 0; turn < 2; turn++) await Promise.resolve();
        stop();
      }
    };
    let asked: Promise<void> | undefined;
    edda.events.push = (...lines) => {
      if (lines.some((line) => line.startsWith("document.new-replica"))) asked = ask();
      return Array.prototype.push.apply(edda.events, lines);
    };
    edda.wire.up = (message) => [message];
    edda.wire.cut();
    edda.wire.heal();
    edda.peer.retryNow();
    await until("it begins anew", () => asked !== undefined);
    await asked;
    expect(new Set(told)).toEqual(new Set(["device unsent"]));
    await untilText(olgas, "under the old key ");
  });

  test("PE-22 a viewer reads, and what is typed there all the same stays there", async () => {
    const { at, docId, olga, olgas } = await scene();
    const vito = stage.peer(at);
    await come(vito, await linkFrom(olga, docId, "viewer"));
    const vitos = await openDoc(vito, docId);
    olgas.type("hers ");
    await untilText(vitos, "hers ");
    expect(await spaceOf(vito, docId)).toMatchObject({ role: "viewer", mayWrite: false });
    const sent: string[] = [];
    vito.wire.up = (message) => {
      sent.push(message.type);
      return [message];
    };
    vitos.type("mine ");
    await untilStatus(vitos, "it says so", ({ refusal, unsentChanges }) => refusal === "not-allowed" && unsentChanges > 0);
    olgas.type("more ");
    await until("the viewer goes on reading", () => vitos.read().includes("more "));
    expect(sent).not.toContain("append");
    expect(olgas.read()).toBe("hers more ");
    // Made an editor, what was typed is sent.
    const [, member] = (await spaceOf(olga, docId))?.members ?? [];
    expect(await olga.peer.changeRole(docId, member?.accountId ?? "", "editor")).toEqual({ ok: true });
    await until("what was typed is sent", () => olgas.read().includes("mine "));
    // And back again: what was sent stays, what comes is not sent.
    await untilStatus(vitos, "all is sent", ({ unsentChanges }) => unsentChanges === 0);
    expect(await olga.peer.changeRole(docId, member?.accountId ?? "", "viewer")).toEqual({ ok: true });
    await untilSpace(vito, docId, "it is known there", ({ mayWrite }) => !mayWrite);
    vitos.type("again ");
    await untilStatus(vitos, "it says so", ({ refusal }) => refusal === "not-allowed");
    expect(olgas.read()).not.toContain("again");
  });

  test("PE-20 who is removed while offline is told; what was not sent stays there, and the others never see it", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    eddas.type("sent ");
    await untilText(olgas, "sent ");
    edda.wire.cut();
    eddas.type("never sent ");
    await untilStatus(eddas, "it is kept", ({ saved }) => saved === "device");
    const [, member] = (await spaceOf(olga, docId))?.members ?? [];
    expect(await olga.peer.removeMember(docId, member?.accountId ?? "")).toEqual({ ok: true });
    olgas.type("without her ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    edda.wire.heal();
    edda.peer.retryNow();
    await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
    const status = await eddas.fresh();
    expect(status).toMatchObject({ refusal: "not-allowed", saved: "device" });
    expect(status.unsentChanges).toBeGreaterThan(0);
    expect(eddas.read()).toContain("never sent ");
    expect(eddas.read()).not.toContain("without her");
    expect(olgas.read()).toBe("sent without her ");
    expect((await spaceOf(olga, docId))?.members).toHaveLength(1);
    // Nor does a link let her in again that she came by, or a restart.
    await edda.close();
    const back = stage.peer(at, edda.device);
    await back.peer.ready;
    await untilSpace(back, docId, "she is told again", ({ standing }) => standing === "removed");
    expect((await openDoc(back, docId)).read()).toContain("never sent ");
  });

  test("AC-55 PE-20 who was removed comes back by an owner's word: reads all of it, and what was kept is sent", async () => {
    const { at, docId, olga, olgas } = await scene();
    // Her clock runs fast: who is out asks again now and then.
    const edda = stage.peer(at, undefined, 50);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    await untilStatus(eddas, "she is caught up", ({ seq }) => seq === 1);
    const [, member] = (await spaceOf(olga, docId))?.members ?? [];
    const id = member?.accountId ?? "";
    expect(await olga.peer.removeMember(docId, id)).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is told", ({ standing }) => standing === "removed");
    eddas.type("kept ");
    olgas.type("meanwhile ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    expect((await spaceOf(olga, docId))?.former.map(({ accountId, gone }) => [accountId, gone])).toEqual([[id, "removed"]]);
    expect(await olga.peer.readmitMember(docId, id, "editor")).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is in again", ({ standing, role }) => standing === "member" && role === "editor");
    await until(
      "both have all of it",
      () => olgas.read() === eddas.read() && olgas.read().includes("kept ") && olgas.read().includes("meanwhile "),
    );
    expect((await spaceOf(olga, docId))?.former).toEqual([]);
  });

  test("AL-5 PE-20 who is removed while online is told at once, without asking, and reads nothing that comes after", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    eddas.type("hers ");
    await untilText(olgas, "hers ");
    const [, member] = (await spaceOf(olga, docId))?.members ?? [];
    // She is told by the relay, and asks for nothing.
    const asked: string[] = [];
    edda.wire.up = (message) => {
      asked.push(message.type);
      return [message];
    };
    expect(await olga.peer.removeMember(docId, member?.accountId ?? "")).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is told why", ({ standing }) => standing === "removed");
    expect(asked.filter((type) => type.startsWith("open"))).toEqual([]);
    olgas.type("secret ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    expect(eddas.read()).toBe("hers ");
  });

  test("PE-23 who leaves is gone; the owner's device makes a new key by itself", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    eddas.type("hers ");
    await untilText(olgas, "hers ");
    expect(await edda.peer.leaveSpace(docId)).toEqual({ ok: true });
    await untilSpace(edda, docId, "she has left", ({ standing }) => standing === "left");
    await untilSpace(
      olga,
      docId,
      "there is a new key",
      ({ epoch, rotationDue, members }) => epoch === 2 && !rotationDue && members.length === 1,
    );
    olgas.type("after ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    expect(await olga.peer.leaveSpace(docId)).toEqual({ ok: false, error: "refused", reason: "last-owner" });
    // She may come back by a link.
    await come(edda, await linkFrom(olga, docId));
    await untilText(eddas, "hers after ");
  });

  test("PE-19 who comes back by a link that was about when the log was read has the key, and reads what was written meanwhile", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const eddas = await openDoc(edda, docId);
    await untilStatus(eddas, "she is caught up", ({ seq }) => seq === 1);
    // Two links for others, one of them short: she reads the log with the one, and comes in by the other.
    const other = await linkFrom(olga, docId);
    expect(await edda.peer.leaveSpace(docId)).toEqual({ ok: true });
    await untilSpace(olga, docId, "there is a new key", ({ epoch }) => epoch === 2);
    olgas.type("meanwhile ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    const short = await linkFrom(olga, docId, "editor", 1, 1);
    await edda.peer.openLink(short);
    await untilSpace(edda, docId, "it is too late for the one", ({ reason }) => reason === "invite-expired");
    // The next key is for holders of the other, and she reads that as a holder of the one.
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    await untilSpace(edda, docId, "she has read it", ({ epoch }) => epoch === 3);
    // Nobody is there who could seal the key for her.
    olga.wire.cut();
    await come(edda, other);
    await untilText(eddas, "meanwhile ");
    expect((await eddas.fresh()).alarms).toEqual([]);
  });

  test("PE-23 an owner hands the space over, and goes", async () => {
    const { at, docId, olga } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId, "viewer"));
    const [, member] = (await spaceOf(olga, docId))?.members ?? [];
    expect(await olga.peer.transferOwnership(docId, member?.accountId ?? "")).toEqual({ ok: true });
    await untilSpace(edda, docId, "she owns it", ({ role, mayWrite }) => role === "owner" && mayWrite);
    expect(await olga.peer.leaveSpace(docId)).toEqual({ ok: true });
    await untilSpace(edda, docId, "she is alone", ({ members }) => members.length === 1);
  });

  test("AC-51 AC-52 AC-53 links that were revoked, are used up or past their time let nobody in, who is told why", async () => {
    const { at, docId, olga } = await scene();
    const refusedBy = async (fragment: string): Promise<string> => {
      const someone = stage.peer(at);
      const opened = await someone.peer.openLink(fragment);
      if (!opened.ok) throw new Error(opened.error);
      const { reason } = await untilSpace(someone, opened.docId, "it is refused", ({ standing }) => standing === "refused");
      // It stays so.
      await someone.close();
      const again = stage.peer(at, someone.device);
      await again.peer.ready;
      await untilSpace(again, opened.docId, "it is refused still", ({ standing }) => standing === "refused");
      return reason;
    };
    const once = await linkFrom(olga, docId, "editor", 1);
    await come(stage.peer(at), once);
    expect(await refusedBy(once)).toBe("not-allowed");
    expect(await refusedBy(await linkFrom(olga, docId, "editor", 1, 1))).toBe("invite-expired");
    const revoked = await linkFrom(olga, docId);
    const { invites } = await untilSpace(olga, docId, "it is listed", ({ invites: open }) =>
      open.some(({ fragment }) => fragment === revoked),
    );
    const inviteId = invites.find(({ fragment }) => fragment === revoked)?.inviteId ?? "";
    expect(await olga.peer.revokeInvite(docId, inviteId)).toEqual({ ok: true });
    expect(await refusedBy(revoked)).toBe("not-allowed");
    expect((await spaceOf(olga, docId))?.members).toHaveLength(2);
  });

  test("PE-19 two owners who remove each other at once: one outcome everywhere, and no space without an owner", async () => {
    const { at, docId, olga } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    const [, member] = (await spaceOf(olga, docId))?.members ?? [];
    expect(await olga.peer.changeRole(docId, member?.accountId ?? "", "owner")).toEqual({ ok: true });
    const { members } = await untilSpace(edda, docId, "both own it", ({ role, members: all }) => role === "owner" && all.length === 2);
    const other = members.find(({ you }) => !you)?.accountId ?? "";
    const results = await Promise.all([olga.peer.removeMember(docId, member?.accountId ?? ""), edda.peer.removeMember(docId, other)]);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    const [winner, loser] = results[0].ok ? [olga, edda] : [edda, olga];
    const left = await untilSpace(winner, docId, "one is left", (status) => status.members.length === 1);
    expect(left).toMatchObject({ standing: "member", role: "owner" });
    await untilSpace(loser, docId, "the other is told", ({ standing }) => standing === "removed");
  });

  test("PE-18 documents made later, also by an editor, reach everybody in the space", async () => {
    const { at, docId, olga, olgas } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    edda.wire.cut();
    const second = await edda.peer.createSharedDocument(docId);
    const eddas = await openDoc(edda, second);
    eddas.type("new ");
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    edda.wire.heal();
    edda.peer.retryNow();
    await until("it is on Olga's device", () => olga.peer.has(second));
    await untilText(await openDoc(olga, second), "new ");
    // Taken off this device, it does not come back by itself.
    await olga.peer.forgetDocument(second);
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    expect(await olga.peer.has(second)).toBe(false);
    const kept = (): Set<string | undefined> =>
      new Set([...olga.device.kv.keys()].filter((key) => key.startsWith("d/")).map((key) => key.split("/")[1]));
    await until("nothing of it is kept", () => kept().size === 1);
    olgas.type("x");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
  });

  test("PE-19 a copy of the log that was damaged on this device is read anew, and has to be the one that was verified", async () => {
    const { docId, olga, olgas, at } = await scene();
    const edda = stage.peer(at);
    await come(edda, await linkFrom(olga, docId));
    olgas.type("words ");
    await untilText(await openDoc(edda, docId), "words ");
    const before = await untilSpace(olga, docId, "all is settled", ({ members }) => members.length === 2);
    await olga.close();
    const row = [...olga.device.kv.keys()].filter((key) => /^s\/.*\/e\//.test(key))[1] ?? "";
    const bytes = olga.device.kv.get(row)?.slice() ?? new Uint8Array();
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    // The last bytes are a signature, which no hash covers: what is damaged must be covered by one.
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    olga.device.kv.set(row, bytes);
    const again = stage.peer(at, olga.device);
    await again.peer.ready;
    const after = await untilSpace(again, docId, "it is read anew", ({ members }) => members.length === 2);
    expect(again.events.some((event) => event.startsWith("space.copy-damaged"))).toBe(true);
    expect({ ...after, invites: [] }).toEqual({ ...before, invites: [] });
    const doc = await openDoc(again, docId);
    doc.type("more ");
    await untilStatus(doc, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
  });

  test("PE-19 CR-31 while such a copy is read anew, the keys that are stored count: what was sealed here, and not sent, is read", async () => {
    const { docId, olga, olgas, at } = await scene();
    olgas.type("sent ");
    await untilStatus(olgas, "it is sent", ({ unsentChanges }) => unsentChanges === 0);
    expect(await olga.peer.rotateKeys(docId)).toEqual({ ok: true });
    olga.wire.up = (message) => (message.type === "append" ? [] : [message]);
    olgas.type("sealed ");
    const outgoing = (): number => [...olga.device.kv.keys()].filter((key) => /^d\/.*\/o\//.test(key)).length;
    await until("it is sealed", () => outgoing() > 0);
    await olga.close();
    await at.close();
    const row = [...olga.device.kv.keys()].filter((key) => /^s\/.*\/e\//.test(key))[1] ?? "";
    const bytes = olga.device.kv.get(row)?.slice() ?? new Uint8Array();
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    olga.device.kv.set(row, bytes);
    // The words are in sealed records alone.
    olga.device.content.clear();
    const again = stage.peer(at, olga.device);
    await again.peer.ready;
    const doc = await openDoc(again, docId);
    await untilStatus(doc, "it is read", ({ phase, unsentChanges }) => phase === "ready" && unsentChanges > 0);
    expect(again.events.some((event) => event.startsWith("space.copy-damaged"))).toBe(true);
    expect(doc.read()).toBe("sent sealed ");
  });

  test("CR-23 two people see the same safety number, and nobody else does; that it was compared is remembered", async () => {
    const { at, docId, olga } = await scene();
    const [edda, nina] = [stage.peer(at), stage.peer(at)];
    const link = await linkFrom(olga, docId);
    await come(edda, link);
    await come(nina, link);
    const idOf = async (peer: TestPeer): Promise<string> => (await peer.peer.profile()).accountId;
    await untilSpace(edda, docId, "all are known", ({ members }) => members.length === 3);
    await untilSpace(olga, docId, "all are known", ({ members }) => members.length === 3);
    const one = await olga.peer.safetyNumber(docId, await idOf(edda));
    expect(one).toHaveLength(12);
    expect(await edda.peer.safetyNumber(docId, await idOf(olga))).toEqual(one);
    expect(await olga.peer.safetyNumber(docId, await idOf(nina))).not.toEqual(one);
    await olga.peer.setVerified(await idOf(edda), true);
    await olga.close();
    const again = stage.peer(at, olga.device);
    await again.peer.ready;
    const { members } = await untilSpace(again, docId, "it is remembered", ({ members: all }) => all.some(({ verified }) => verified));
    expect(members.filter(({ verified }) => verified).map(({ accountId }) => accountId)).toEqual([await idOf(edda)]);
  });
});
