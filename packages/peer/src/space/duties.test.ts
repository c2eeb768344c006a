/** What a peer does in a space without being asked (docs/peer.md, PE-23). */
import { generateEpochKey, openOldEpochKey, pooledRandom, ready } from "@skerry/crypto";
import { randomFillSync } from "node:crypto";
import { applySpace, settingsOf } from "@skerry/access";
import type { SpaceState } from "@skerry/access";
import type { ChainHash, DocId, Head } from "@skerry/protocol";
import { toText } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import {
  addition,
  docIdOf,
  invitation,
  newDocument,
  person,
  signedSpaceOperation,
  signerOf,
  spaceOf,
  startMs,
} from "../../../access/src/world.test-support.ts";
import type { Person, Space } from "../../../access/src/world.test-support.ts";
import type { Acting } from "./acting.ts";
import { dutyIn, rotateEveryMs } from "./duties.ts";

beforeAll(() => ready);
const random = pooledRandom((block) => void randomFillSync(block));

const actingAs = (who: Person, state: SpaceState, change: Partial<Acting> = {}): Acting => {
  const key = generateEpochKey(random);
  return {
    account: {
      state: () => who.state,
      log: () => [],
      carried: () => ({ accountId: who.id, operations: [] }),
      readers: () => [],
      laterKeys: () => [],
      learn: () => true,
      learnKeys: () => {},
      unsaved: () => ({ rows: [], saved: () => {} }),
      watch: () => () => {},
    },
    epochKey: (epoch) => (epoch === settingsOf(state).epoch ? key : undefined),
    documentKey: () => undefined,
    random,
    nowMs: () => startMs,
    invite: () => undefined,
    isHome: false,
    documents: () => [],
    heads: (docIds: readonly DocId[]): Promise<ReadonlyMap<string, Head>> =>
      Promise.resolve(new Map(docIds.map((docId) => [toText(docId), { seq: 7, chainHash: new Uint8Array(32).fill(7) as ChainHash }]))),
    ...change,
  };
};

function house(): { readonly space: Space; readonly owner: Person; readonly editor: Person } {
  const [owner, editor] = [person("owner"), person("editor")];
  const space = spaceOf(owner);
  space.must(signerOf(owner.device), addition(editor, "editor"));
  space.must(signerOf(owner.device), newDocument("a"));
  return { space, owner, editor };
}

test("PE-23 a key that was in use for thirty days is changed by an owner, whose cut ends expired links; by nobody else, and no sooner", async () => {
  const { space, owner, editor } = house();
  space.must(signerOf(owner.device), invitation("old", { expiresAtMs: startMs + 1 }));
  space.must(signerOf(owner.device), invitation("long", { expiresAtMs: startMs + 10 * rotateEveryMs }));
  const { state } = space;
  const later = { nowMs: () => startMs + rotateEveryMs + 1 };
  expect(dutyIn(state, actingAs(owner, state))).toBeUndefined();
  expect(dutyIn(state, actingAs(owner, state, { nowMs: () => startMs + rotateEveryMs }))).toBeUndefined();
  expect(dutyIn(state, actingAs(editor, state, later))).toBeUndefined();
  const acting = actingAs(owner, state, later);
  const decision = await dutyIn(state, acting)?.(state);
  if (typeof decision !== "object" || !("type" in decision) || decision.type !== "rotate")
    throw new Error(`decided ${JSON.stringify(decision)}`);
  expect(decision.cut.fences.map(({ docId, seq }) => [toText(docId), seq])).toEqual([[toText(docIdOf("a")), 7]]);
  expect(decision.cut.rekey.endedInvites).toHaveLength(1);
  expect(decision.cut.rekey.invites).toHaveLength(1);
  // The rulebook takes it, and the old key is under the new one.
  const operation = signedSpaceOperation(space.id, state, signerOf(owner.device), decision);
  const applied = applySpace(state, { operation, receivedAtMs: startMs });
  expect(applied.ok && settingsOf(applied.value).epoch).toBe(2);
  const foreign = openOldEpochKey(generateEpochKey(random), space.id, 2, {
    sealedOldKey: decision.cut.rekey.previousKey,
    oldCommitment: settingsOf(state).commitment,
  });
  expect(foreign.ok).toBe(false);
});

test("PE-23 a cut is not made while a document's place is not known, nor without the key in use", async () => {
  const { space, owner } = house();
  const { state } = space;
  const later = { nowMs: () => startMs + rotateEveryMs + 1 };
  const lost = actingAs(owner, state, { ...later, heads: () => Promise.resolve(undefined) });
  expect(await dutyIn(state, lost)?.(state)).toBe("unready");
  const some = actingAs(owner, state, { ...later, heads: () => Promise.resolve(new Map()) });
  expect(await dutyIn(state, some)?.(state)).toBe("unready");
  expect(dutyIn(state, actingAs(owner, state, { ...later, epochKey: () => undefined }))).toBeUndefined();
});

test("PE-18 a document that was made here is announced by who may write, once", async () => {
  const { space, owner, editor } = house();
  const { state } = space;
  const made = { docId: docIdOf("b"), genesis: new Uint8Array(32).fill(5) as never };
  for (const who of [owner, editor]) {
    const decide = dutyIn(state, actingAs(who, state, { documents: () => [made] }));
    expect(await decide?.(state)).toEqual({ type: "create-document", ...made });
  }
  space.must(signerOf(owner.device), newDocument("b"));
  expect(dutyIn(space.state, actingAs(owner, space.state, { documents: () => [made] }))).toBeUndefined();
  const viewer = person("viewer");
  space.must(signerOf(owner.device), addition(viewer, "viewer"));
  expect(dutyIn(space.state, actingAs(viewer, space.state, { documents: () => [{ ...made, docId: docIdOf("c") }] }))).toBeUndefined();
});
