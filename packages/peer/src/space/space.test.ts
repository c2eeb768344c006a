/** Spaces with an access log: real peers and a real relay (docs/peer.md, PE-18 to PE-22). */
import { afterEach, describe, expect, test } from "vitest";
import { createStage, openDoc, until, untilStatus, untilText } from "../engine/engine.test-support.ts";
import type { TestDoc, TestPeer, TestRelay } from "../engine/engine.test-support.ts";
import type { LesserRole, SpaceStatus } from "../client.ts";

const stage = createStage();
afterEach(() => stage.close());

const day = 24 * 3_600_000;

/** What a peer is told of a space, as of now. */
const spaceOf = (peer: TestPeer, docId: string): Promise<SpaceStatus | undefined> =>
  new Promise((resolve) => {
    const stop = peer.peer.watchSpace(docId, (status) => {
      stop();
      resolve(status);
    });
  });

async function untilSpace(peer: TestPeer, docId: string, what: string, condition: (status: SpaceStatus) => boolean): Promise<SpaceStatus> {
  let last: SpaceStatus | undefined;
  try {
    return await until(what, async () => {
      last = await spaceOf(peer, docId);
      return last !== undefined && condition(last) ? last : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}\n${peer.events.slice(-20).join("\n")}`, { cause: error });
  }
}

async function linkFrom(peer: TestPeer, docId: string, role: LesserRole = "editor", uses = 5, forMs = day): Promise<string> {
  const made = await peer.peer.invite(docId, { role, uses, forMs });
  if (!made.ok) throw new Error(`no link: ${made.error} ${made.reason}\n${peer.events.slice(-20).join("\n")}`);
  return made.fragment;
}

async function come(peer: TestPeer, fragment: string): Promise<string> {
  const opened = await peer.peer.openLink(fragment);
  if (!opened.ok) throw new Error(opened.error);
  await untilSpace(peer, opened.docId, "it is a member", ({ standing }) => standing === "member");
  return opened.docId;
}

interface Scene {
  readonly at: TestRelay;
  readonly docId: string;
  readonly olga: TestPeer;
  readonly olgas: TestDoc;
}

/** Olga's space with one document, which the relay has taken. */
async function scene(): Promise<Scene> {
  const at = await stage.relay();
  const olga = stage.peer(at);
  const docId = await olga.peer.createSharedDocument();
  const olgas = await openDoc(olga, docId);
  await untilSpace(olga, docId, "the relay has taken it", ({ standing }) => standing === "member");
  return { at, docId, olga, olgas };
}

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
});
