/** Links that need a passphrase beside them: who has it, who has not, who has a wrong one, and what a crash or a dead link in between does. */
import {
  formatInviteLink,
  importInviteSecret,
  importSecret,
  inviteFromSecret,
  inviteSaltOf,
  parseInviteLink,
  signInviteReader,
} from "@skerry/crypto";
import type { InviteKeys } from "@skerry/crypto";
import { bytesFromText } from "@skerry/protocol";
import type { DeviceId, InviteLink } from "@skerry/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { quickStretch } from "../../../simulator/src/world/quick-stretch.ts";
import { createStage, openDoc, until, untilText } from "../engine/engine.test-support.ts";
import type { Stage, TestPeer } from "../engine/engine.test-support.ts";
import { come, linkFrom, openScene, spaceOf, untilSpace } from "./space.test-support.ts";
import type { Scene } from "./space.test-support.ts";

const words = "correct horse battery staple";
const needed = { ok: false, error: "passphrase-needed" } as const;

let stage: Stage;
let scene: Scene;
let link: string;

beforeEach(async () => {
  stage = createStage();
  scene = await openScene(stage);
  link = await linkFrom(scene.olga, scene.docId, "editor", 5, 3_600_000, "space", words);
});
afterEach(() => stage.close());

const parsed = (fragment: string): InviteLink => {
  const result = parseInviteLink(fragment);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const keysFor = async (fragment: string, passphrase: string): Promise<InviteKeys> => {
  const secret = importInviteSecret(parsed(fragment).secret);
  return inviteFromSecret(secret, await quickStretch(new TextEncoder().encode(passphrase), inviteSaltOf(secret)));
};
const refused = (peer: TestPeer): ReturnType<typeof spaceOf> =>
  untilSpace(peer, scene.docId, "it is refused", ({ standing }) => standing === "refused");
const mayBeThePassphrase = { reason: "not-allowed", passphraseGiven: true };
const rowsOf = (peer: TestPeer): readonly string[] =>
  [...peer.device.kv].map(([key, value]) => `${key} ${Buffer.from(value).toString("latin1")}`);

describe("PE-30 a link with a passphrase", () => {
  test("lets in who has both, and nobody without; until then nothing is stored", async () => {
    const { at, docId, olga, olgas } = scene;
    olgas.type("hers ");
    expect((await spaceOf(olga, docId))?.invites).toMatchObject([{ needsPassphrase: true, fragment: link }]);
    expect(parsed(link).needsPassphrase).toBe(true);
    const vito = stage.peer(at);
    await vito.peer.ready;
    const before = rowsOf(vito);
    for (const passphrase of [undefined, "", " \n"]) expect(await vito.peer.openLink(link, passphrase)).toEqual(needed);
    expect(await vito.peer.openLink(link, "x".repeat(1025))).toEqual({ ok: false, error: "passphrase-too-long" });
    expect(vito.stretching.count).toBe(0);
    expect(rowsOf(vito)).toEqual(before);
    expect(await vito.peer.documents()).toEqual([]);
    // As another keyboard may spell it, with what copying brings along.
    await come(vito, link, " \uff43orrect horse battery staple\n");
    await untilText(await openDoc(vito, docId), "hers ");
    expect(await spaceOf(vito, docId)).toMatchObject({ standing: "member", role: "editor", passphraseGiven: false });
  });

  test("a link without one is as it was, and needs none though one is given", async () => {
    const { at, docId, olga } = scene;
    const plain = await linkFrom(olga, docId);
    expect(parsed(plain).needsPassphrase).toBe(false);
    const vito = stage.peer(at);
    await come(vito, plain, words);
    expect(vito.stretching.count).toBe(0);
    expect((await spaceOf(olga, docId))?.invites.map(({ needsPassphrase }) => needsPassphrase).toSorted()).toEqual([false, true]);
  });

  test("whoever takes the sign off the link, that it needs one, is not let in", async () => {
    const vito = stage.peer(scene.at);
    await vito.peer.openLink(formatInviteLink({ ...parsed(link), needsPassphrase: false }));
    expect(await refused(vito)).toMatchObject({ reason: "not-allowed", passphraseGiven: false });
    await come(vito, link, words);
  });

  test("a wrong one is refused so that it can be told from a link that ended; another lets in, with the link or without", async () => {
    const { at, docId } = scene;
    const [vito, edda] = [stage.peer(at), stage.peer(at)];
    for (const one of [vito, edda]) {
      expect(await one.peer.openLink(link, "wrong")).toEqual({ ok: true, docId });
      expect(await refused(one)).toMatchObject(mayBeThePassphrase);
      // It has to be said anew: the link is not under way any more.
      expect(await one.peer.openLink(link)).toEqual(needed);
    }
    expect(await vito.peer.openLink(link, "wrong too")).toEqual({ ok: true, docId });
    expect(await refused(vito)).toMatchObject(mayBeThePassphrase);
    await come(vito, link, words);
    expect(await edda.peer.enterPassphrase(docId, "")).toEqual(needed);
    expect(await edda.peer.enterPassphrase(docId, "wrong too")).toEqual({ ok: true, docId });
    expect(await refused(edda)).toMatchObject(mayBeThePassphrase);
    expect(await edda.peer.enterPassphrase(docId, words)).toEqual({ ok: true, docId });
    await untilSpace(edda, docId, "she is in", ({ standing }) => standing === "member");
    // Nothing to enter any more.
    expect(await edda.peer.enterPassphrase(docId, "wrong")).toEqual({ ok: true, docId });
    expect(await edda.peer.enterPassphrase("nothing", words)).toEqual({ ok: false, error: "not-a-link" });
    expect(await spaceOf(edda, docId)).toMatchObject({ standing: "member", passphraseGiven: false });
  });

  test("a wrong one is wrong after a restart too, and another lets in then", async () => {
    const { at, docId } = scene;
    for (const again of [
      (peer: TestPeer) => peer.peer.enterPassphrase(docId, words),
      (peer: TestPeer) => peer.peer.openLink(link, words),
    ]) {
      const vito = stage.peer(at);
      await vito.peer.openLink(link, "wrong");
      await refused(vito);
      await vito.close();
      const later = stage.peer(at, vito.device);
      await later.peer.ready;
      expect(await refused(later)).toMatchObject(mayBeThePassphrase);
      expect(await again(later)).toEqual({ ok: true, docId });
      await untilSpace(later, docId, "he is in", ({ standing }) => standing === "member");
    }
  });

  test("offline nobody can tell whether it is wrong; once connected that is told, and a right one lets in", async () => {
    const { at, docId } = scene;
    const vito = stage.peer(at);
    vito.wire.cut();
    expect(await vito.peer.openLink(link, "wrong")).toEqual({ ok: true, docId });
    expect(await spaceOf(vito, docId)).toMatchObject({ standing: "joining", reason: "", passphraseGiven: true });
    vito.wire.heal();
    vito.peer.retryNow();
    expect(await refused(vito)).toMatchObject(mayBeThePassphrase);
    vito.wire.cut();
    expect(await vito.peer.openLink(link, words)).toEqual({ ok: true, docId });
    await untilSpace(vito, docId, "it is under way", ({ standing }) => standing === "joining");
    vito.wire.heal();
    vito.peer.retryNow();
    await untilSpace(vito, docId, "he is in", ({ standing }) => standing === "member");
  });

  test("a crash on the way in asks for nothing again, and the passphrase itself is nowhere", async () => {
    const { at, docId } = scene;
    const vito = stage.peer(at);
    vito.wire.cut();
    expect(await vito.peer.openLink(link, words)).toEqual({ ok: true, docId });
    vito.crash();
    const later = stage.peer(at, vito.device);
    later.wire.cut();
    await later.peer.ready;
    // Opened again, it is known to be under way.
    expect(await later.peer.openLink(link)).toEqual({ ok: true, docId });
    later.wire.heal();
    later.peer.retryNow();
    await untilSpace(later, docId, "he is in", ({ standing }) => standing === "member");
    expect(later.stretching.count).toBe(0);
    for (const peer of [scene.olga, vito, later]) {
      expect(rowsOf(peer).filter((row) => row.includes("correct"))).toEqual([]);
      expect(peer.events.filter((event) => event.includes("correct"))).toEqual([]);
    }
  });

  test("who is in is asked nothing, and no passphrase harms that", async () => {
    const { at, docId, olga, olgas } = scene;
    const vito = stage.peer(at);
    await come(vito, link, words);
    const vitos = await openDoc(vito, docId);
    for (const one of [vito, olga])
      for (const passphrase of [undefined, "wrong"]) {
        const { count } = one.stretching;
        expect(await one.peer.openLink(link, passphrase)).toEqual({ ok: true, docId });
        expect(one.stretching.count).toBe(count);
        expect(await spaceOf(one, docId)).toMatchObject({ standing: "member", reason: "", passphraseGiven: false, mayWrite: true });
      }
    await vito.close();
    const later = stage.peer(at, vito.device);
    await later.peer.ready;
    await untilSpace(later, docId, "he is in still", ({ standing, mayWrite }) => standing === "member" && mayWrite);
    const laters = await openDoc(later, docId);
    laters.type("still here ");
    await untilText(olgas, `${vitos.read()}still here `);
  });

  test("who has left comes back by it, also after a wrong one", async () => {
    const { at, docId, olga, olgas } = scene;
    const vito = stage.peer(at);
    await come(vito, await linkFrom(olga, docId));
    const vitos = await openDoc(vito, docId);
    expect(await vito.peer.leaveSpace(docId)).toEqual({ ok: true });
    await untilSpace(olga, docId, "there is a new key", ({ epoch }) => epoch === 2);
    olgas.type("meanwhile ");
    expect(await vito.peer.openLink(link, "wrong")).toEqual({ ok: true, docId });
    expect(await refused(vito)).toMatchObject(mayBeThePassphrase);
    await come(vito, link, words);
    await untilText(vitos, "meanwhile ");
    expect((await vitos.fresh()).alarms).toEqual([]);
  });

  test("a relay that shows the log in spite of a wrong one lets nobody in by that: the device itself sees that it is wrong", async () => {
    const { at, docId } = scene;
    const vito = stage.peer(at);
    const device = bytesFromText((await vito.peer.profile()).deviceId);
    if (!device.ok) throw new Error(device.error);
    const right = await keysFor(link, words);
    const signature = signInviteReader(right.secret, {
      spaceId: parsed(link).spaceId,
      inviteId: right.inviteId,
      deviceId: device.value as DeviceId,
    });
    const sent: string[] = [];
    vito.wire.up = (message) => {
      sent.push(message.type);
      return [message.type === "open-space" ? { ...message, invite: { inviteId: right.inviteId, signature } } : message];
    };
    await vito.peer.openLink(link, "wrong");
    expect(await refused(vito)).toMatchObject({ reason: "bad-proof", passphraseGiven: true });
    expect(sent).not.toContain("append-operation");
    vito.wire.up = (message) => [message];
    await come(vito, link, words);
    expect((await spaceOf(scene.olga, docId))?.members).toHaveLength(2);
  });

  test("is not made of nothing, nor of more than 1024 bytes, nor where the work can't be done; then nothing is changed", async () => {
    const { at, docId, olga } = scene;
    const bounds = { role: "editor", uses: 1, forMs: 60_000 } as const;
    for (const [passphrase, reason] of [
      ["", "passphrase-empty"],
      ["\u3000\n", "passphrase-empty"],
      ["é".repeat(513), "passphrase-too-long"],
    ] as const)
      expect(await olga.peer.invite(docId, { ...bounds, passphrase })).toEqual({ ok: false, error: "refused", reason });
    olga.stretching.fails = true;
    expect(await olga.peer.invite(docId, { ...bounds, passphrase: words })).toEqual({ ok: false, error: "offline", reason: "" });
    expect((await spaceOf(olga, docId))?.invites).toHaveLength(1);
    const vito = stage.peer(at);
    await vito.peer.ready;
    const before = rowsOf(vito);
    vito.stretching.fails = true;
    expect(await vito.peer.openLink(link, words)).toEqual({ ok: false, error: "passphrase-failed" });
    expect(rowsOf(vito)).toEqual(before);
    vito.stretching.fails = false;
    await vito.peer.openLink(link, "wrong");
    await refused(vito);
    vito.stretching.fails = true;
    expect(await vito.peer.enterPassphrase(docId, words)).toEqual({ ok: false, error: "passphrase-failed" });
    expect(await spaceOf(vito, docId)).toMatchObject({ standing: "refused", ...mayBeThePassphrase });
  });

  test("keys come of the passphrase, stretched with the salt that the log has, and of the link", async () => {
    const { inviteKey } = await keysFor(link, words);
    const secret = importInviteSecret(parsed(link).secret);
    expect(inviteFromSecret(secret).inviteKey).not.toEqual(inviteKey);
    expect(inviteFromSecret(secret, importSecret(new Uint8Array(32))).inviteKey).not.toEqual(inviteKey);
    const operations = (await scene.at.store.readAccess(parsed(link).spaceId, 1, 100, 1_000_000)).map(({ operation }) =>
      Buffer.from(operation).toString("latin1"),
    );
    const holds = (bytes: Uint8Array): boolean => operations.some((text) => text.includes(Buffer.from(bytes).toString("latin1")));
    expect(holds(inviteKey)).toBe(true);
    expect(holds(inviteSaltOf(secret))).toBe(true);
  });
});

describe("PE-31 a link is on this device before it is in the log", () => {
  const logLength = async (): Promise<number> => (await scene.at.store.readAccess(parsed(link).spaceId, 1, 100, 1_000_000)).length;
  const linkRows = (peer: TestPeer): readonly string[] => [...peer.device.kv.keys()].filter((key) => /^s\/[^/]+\/i\//.test(key));
  const bounds = { role: "editor", uses: 1, forMs: 3_600_000 } as const;

  test("a crash after it was sent leaves no link that nobody can show", async () => {
    const { at, docId, olga } = scene;
    const before = await logLength();
    olga.wire.down = (message) => (message.type === "operation-acked" || message.type === "operations" ? [] : [message]);
    void olga.peer.invite(docId, { ...bounds, passphrase: words });
    await until("the relay has it", async () => (await logLength()) > before);
    olga.crash();
    const later = stage.peer(at, olga.device);
    const { invites } = await untilSpace(later, docId, "both are listed", ({ invites: open }) => open.length === 2);
    const made = invites.find(({ fragment }) => fragment !== link)?.fragment;
    await come(stage.peer(at), made ?? "", words);
  });

  test("one that was refused is not kept", async () => {
    const { at, docId } = scene;
    const vito = stage.peer(at);
    await come(vito, link, words);
    expect(await vito.peer.invite(docId, bounds)).toMatchObject({ ok: false, error: "refused" });
    expect(linkRows(vito)).toEqual([]);
    expect(linkRows(scene.olga)).toHaveLength(1);
  });

  test("one that can't be kept is not made", async () => {
    const { docId, olga } = scene;
    const before = await logLength();
    olga.disk.fails = true;
    await expect(olga.peer.invite(docId, bounds)).rejects.toMatchObject({ code: "full" });
    olga.disk.fails = false;
    expect(await logLength()).toBe(before);
    expect(await olga.peer.invite(docId, bounds)).toMatchObject({ ok: true });
    expect(linkRows(olga)).toHaveLength(2);
    expect((await spaceOf(olga, docId))?.invites.every(({ fragment }) => fragment !== undefined)).toBe(true);
  });
});
