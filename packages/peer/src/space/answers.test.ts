/** Answers of the relay to what was sent into an access log, told apart (docs/peer.md, PE-23). */
import type { AccessCursor, DownMessage } from "@skerry/protocol";
import { afterEach, expect, test } from "vitest";
import { createStage, until } from "../engine/engine.test-support.ts";
import { linkFrom, openScene, untilSpace } from "./space.test-support.ts";

const stage = createStage();
afterEach(() => stage.close());

test("PE-23 a refusal of what was in the log already, when it was sent again, says nothing of what was sent since", async () => {
  const { at, docId, olga } = await openScene(stage);
  const link = await linkFrom(olga, docId);
  const vito = stage.peer(at);
  const cursors: AccessCursor[] = [];
  let sent = 0;
  vito.wire.up = (message) => {
    if (message.type === "open-space") cursors.push({ ...message.cursor, hash: message.cursor.hash.slice() });
    if (message.type === "append-operation") sent++;
    return [message];
  };
  let held: readonly DownMessage[] = [];
  let refusal: DownMessage | undefined;
  let isFirst = true;
  let isAsked = false;
  let wasLate = false;
  vito.wire.down = (message) => {
    // What he knows of the log to begin with.
    if (message.type === "operations" && isFirst) {
      isFirst = false;
      return [message];
    }
    // His acceptance is in the log, and he does not hear of it: the log is opened again, in the moment before it was.
    if (cursors.length < 2) return message.type === "operation-acked" || message.type === "operations" ? [] : [message];
    if (message.type === "space-opened" && cursors.length === 2) return [{ ...message, head: cursors[1] ?? message.head }];
    if (message.type === "operation-refused" && refusal === undefined) {
      refusal = structuredClone(message);
      return [];
    }
    if (message.type === "operations" && !isAsked) {
      held = [...held, structuredClone(message)];
      return [];
    }
    if (message.type === "operations") {
      const now = [...held, message];
      held = [];
      return now;
    }
    if (message.type !== "operation-acked" || refusal === undefined || wasLate) return [message];
    wasLate = true;
    return [refusal, message];
  };
  await vito.peer.openLink(link);
  await until("he has accepted", () => sent === 1);
  await untilSpace(olga, docId, "she sees him", ({ members }) => members.length === 2);
  await vito.peer.openLink(link);
  await until("he has accepted again, to no purpose", () => refusal !== undefined);
  const leaving = vito.peer.leaveSpace(docId);
  isAsked = true;
  await linkFrom(olga, docId);
  expect(await leaving).toEqual({ ok: true });
  expect(wasLate).toBe(true);
  await untilSpace(olga, docId, "she sees him go", ({ members }) => members.length === 1);
  expect(vito.events.filter((event) => event.startsWith("space.distrust"))).toEqual([]);
});
