/** Relays at which not everybody may make a space (AL-6), and the token that a person gives: real peers and a real relay. */
import type { UpMessage } from "@skerry/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { createStage, openDoc, until, untilStatus } from "../engine/engine.test-support.ts";
import type { TestPeer, TestRelay } from "../engine/engine.test-support.ts";
import { untilSpace } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

const token = "open sesame";
const relayWithToken = (): Promise<TestRelay> => stage.relay({ spaces: "token", spaceToken: token });

/** A document that the relay does not take, with something in it. */
async function refusedDocument(peer: TestPeer): Promise<string> {
  const docId = await peer.peer.createSharedDocument();
  (await openDoc(peer, docId)).type("kept here");
  await untilSpace(peer, docId, "it is refused", ({ standing }) => standing === "refused");
  return docId;
}

const untilMember = (peer: TestPeer, docId: string): Promise<unknown> =>
  untilSpace(peer, docId, "the relay has taken it", ({ standing, reason }) => standing === "member" && reason === "");

/** Tokens that the peer has sent so far, as text. */
function tokensSent(peer: TestPeer): readonly string[] {
  const sent: string[] = [];
  const { up } = peer.wire;
  peer.wire.up = (message: UpMessage) => {
    if (message.type === "append-operation") sent.push(new TextDecoder().decode(message.token));
    return up(message);
  };
  return sent;
}

describe("a space that the operator's token is wanted for", () => {
  test("PE-18 AL-6 is refused without it; given, it goes through at once, with all that was written, and so do the next", async () => {
    const at = await relayWithToken();
    const olga = stage.peer(at);
    const docs = [await refusedDocument(olga), await refusedDocument(olga)];
    expect((await untilSpace(olga, docs[0] ?? "", "it is refused", () => true)).reason).toBe("token-wanted");
    expect(await olga.peer.setSpaceToken(token)).toEqual({ ok: true });
    for (const docId of docs) {
      await untilMember(olga, docId);
      const doc = await openDoc(olga, docId);
      await untilStatus(doc, "it is sent", ({ saved, unsentChanges }) => saved === "relay" && unsentChanges === 0);
      expect(doc.read()).toBe("kept here");
    }
    await untilMember(olga, await olga.peer.createSharedDocument());
  });

  test("PE-28 recovery words, which need a home at the relay, are refused in the operator's words without it, and made with it", async () => {
    const olga = stage.peer(await relayWithToken());
    expect(await olga.peer.makeRecoveryKit()).toEqual({ ok: false, error: "refused", reason: "token-wanted" });
    expect(await olga.peer.setSpaceToken(token)).toEqual({ ok: true });
    expect(await olga.peer.makeRecoveryKit()).toMatchObject({ ok: true });
  });

  test("PE-18 a wrong token is told as such, also when it is given again; the right one goes through then", async () => {
    const olga = stage.peer(await relayWithToken());
    const docId = await refusedDocument(olga);
    const sent = tokensSent(olga);
    const wrong = { ok: false, error: "not-allowed", reason: "wrong-token" };
    expect(await olga.peer.setSpaceToken("open sesam")).toEqual(wrong);
    expect(await olga.peer.setSpaceToken("open sesam")).toEqual(wrong);
    expect(sent).toEqual(["open sesam", "open sesam"]);
    await untilSpace(olga, docId, "it is refused", ({ standing, reason }) => standing === "refused" && reason === "wrong-token");
    expect(await olga.peer.setSpaceToken(token)).toEqual({ ok: true });
    await untilMember(olga, docId);
  });

  test("PE-18 what an older token is refused for meanwhile says nothing about the newer one", async () => {
    const olga = stage.peer(await relayWithToken());
    const docId = await refusedDocument(olga);
    // The first is on its way when the second is given.
    let newer: Promise<unknown> | undefined;
    olga.wire.up = (message) => {
      if (message.type === "append-operation" && message.token.length > 0) newer ??= olga.peer.setSpaceToken(token);
      return [message];
    };
    const older = olga.peer.setSpaceToken("open sesam");
    await until("the newer is given", () => newer);
    expect([await older, await newer]).toEqual([{ ok: true }, { ok: true }]);
    await untilMember(olga, docId);
  });

  test("PE-18 is remembered by the device, sealed with everything else; an empty one is forgotten", async () => {
    const at = await relayWithToken();
    const olga = stage.peer(at);
    expect(await olga.peer.setSpaceToken(token)).toEqual({ ok: true });
    expect(olga.device.kv.has("i/space-token")).toBe(true);
    olga.crash();
    const again = stage.peer(at, olga.device);
    await untilMember(again, await again.peer.createSharedDocument());
    await again.peer.setSpaceToken("");
    expect(olga.device.kv.has("i/space-token")).toBe(false);
    await again.close();
    const without = stage.peer(at, olga.device);
    await refusedDocument(without);
  });

  test("PE-18 given without a connection it is kept, and used when there is one; no answer is told as such", async () => {
    const at = await relayWithToken();
    const olga = stage.peer(at, undefined, 20);
    olga.wire.cut();
    const docId = await olga.peer.createSharedDocument();
    expect(await olga.peer.setSpaceToken(token)).toEqual({ ok: false, error: "offline", reason: "" });
    olga.wire.heal();
    olga.peer.retryNow();
    await untilMember(olga, docId);
  });

  test("PE-18 one that is too long for any relay is not kept, nor sent; one that just fits is", async () => {
    const olga = stage.peer(await relayWithToken());
    await refusedDocument(olga);
    const sent = tokensSent(olga);
    expect(await olga.peer.setSpaceToken("é".repeat(129))).toEqual({ ok: false, error: "refused", reason: "too-long" });
    expect(olga.device.kv.has("i/space-token")).toBe(false);
    expect(await olga.peer.setSpaceToken("é".repeat(128))).toMatchObject({ reason: "wrong-token" });
    expect(sent).toEqual(["é".repeat(128)]);
  });

  test("PE-18 goes with openings only, and is in no line of the log", async () => {
    const olga = stage.peer(await relayWithToken());
    const sent = tokensSent(olga);
    const docId = await refusedDocument(olga);
    await olga.peer.setSpaceToken(token);
    await untilMember(olga, docId);
    expect((await olga.peer.rotateKeys(docId)).ok).toBe(true);
    expect(sent.filter((one) => one === token)).toHaveLength(1);
    expect(sent.at(-1)).toBe("");
    expect(olga.events.filter((line) => line.includes(token))).toEqual([]);
  });
});

test("PE-18 AL-6 who is not on the operator's list is told that it is a list", async () => {
  const olga = stage.peer(await stage.relay({ spaces: "allowlist", spaceAccounts: [] }));
  const docId = await refusedDocument(olga);
  expect((await untilSpace(olga, docId, "it is refused", () => true)).reason).toBe("not-listed");
});
