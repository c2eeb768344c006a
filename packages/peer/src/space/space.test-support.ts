/** People in spaces, for tests: real peers and a real relay. */
import { until, openDoc } from "../engine/engine.test-support.ts";
import type { Stage, TestDoc, TestPeer, TestRelay } from "../engine/engine.test-support.ts";
import type { LesserRole, SpaceStatus } from "../client.ts";

const day = 24 * 3_600_000;

/** What a peer is told of a space, as of now. */
export const spaceOf = (peer: TestPeer, docId: string): Promise<SpaceStatus | undefined> =>
  new Promise((resolve) => {
    const stop = peer.peer.watchSpace(docId, (status) => {
      stop();
      resolve(status);
    });
  });

export async function untilSpace(
  peer: TestPeer,
  docId: string,
  what: string,
  condition: (status: SpaceStatus) => boolean,
): Promise<SpaceStatus> {
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

export async function linkFrom(
  peer: TestPeer,
  docId: string,
  role: LesserRole = "editor",
  uses: number = 5,
  forMs: number = day,
  scope: "space" | "document" = "space",
  passphrase?: string,
): Promise<string> {
  const made = await peer.peer.invite(docId, { role, uses, forMs, scope, ...(passphrase === undefined ? {} : { passphrase }) });
  if (!made.ok) throw new Error(`no link: ${made.error} ${made.reason}\n${peer.events.slice(-20).join("\n")}`);
  return made.fragment;
}

export async function come(peer: TestPeer, fragment: string, passphrase?: string): Promise<string> {
  const opened = await peer.peer.openLink(fragment, passphrase);
  if (!opened.ok) throw new Error(opened.error);
  await untilSpace(peer, opened.docId, "it is a member", ({ standing }) => standing === "member");
  return opened.docId;
}

export interface Scene {
  readonly at: TestRelay;
  readonly docId: string;
  readonly olga: TestPeer;
  readonly olgas: TestDoc;
}

/** Olga's space with one document, which the relay has taken. `speed`: how much faster than the world's her clock runs. */
export async function openScene(stage: Stage, speed = 1): Promise<Scene> {
  const at = await stage.relay();
  const olga = stage.peer(at, undefined, speed);
  const docId = await olga.peer.createSharedDocument();
  const olgas = await openDoc(olga, docId);
  await untilSpace(olga, docId, "the relay has taken it", ({ standing }) => standing === "member");
  return { at, docId, olga, olgas };
}
