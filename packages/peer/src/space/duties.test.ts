/** What a peer does in a space without being asked (docs/peer.md, PE-23). */
import {
  commitEpochKey,
  epochKeyOf,
  generateEpochKey,
  generateInviteSecret,
  hasHistoryKey,
  inviteFromSecret,
  openEpochKey,
  openOldEpochKey,
  pooledRandom,
  ready,
} from "@skerry/crypto";
import { randomFillSync } from "node:crypto";
import { applySpace, settingsOf } from "@skerry/access";
import type { SpaceBody, SpaceState } from "@skerry/access";
import type { EpochKey } from "@skerry/crypto";
import type { ChainHash, DocId, Head } from "@skerry/protocol";
import { toText } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import {
  acceptance,
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
import { inviting, readmitting } from "./actions.ts";
import type { Acting } from "./acting.ts";
import { dutyIn, rotateEveryMs } from "./duties.ts";

beforeAll(() => ready);
const random = pooledRandom((block) => void randomFillSync(block));

const actingAs = (who: Person, state: SpaceState, change: Partial<Acting> = {}): Acting => {
  const { epoch: inUse } = settingsOf(state);
  const key = epochKeyOf(generateEpochKey(random), state.history.spaceId, inUse);
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
    deviceId: who.device.deviceId,
    epochKey: (epoch) => (epoch === inUse ? key : undefined),
    documentKey: () => undefined,
    random,
    nowMs: () => startMs,
    invite: () => undefined,
    isHome: false,
    documents: () => [],
    prepared: () => Promise.resolve(true),
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
  const foreign = openOldEpochKey(epochKeyOf(generateEpochKey(random), space.id, 2), space.id, 2, {
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

test("PE-23 CR-31 who waits for a key gets the one that they may have; an owner without history leaves those who read it to themselves", async () => {
  const { space, owner } = house();
  const [late, whole, nina] = [person("late"), person("whole"), person("nina")];
  space.must(signerOf(owner.device), invitation("late", { reads: "from-this-epoch" }));
  space.must(signerOf(owner.device), invitation("whole"));
  space.must(signerOf(late.device), acceptance(space.id, "late", late));
  space.must(signerOf(whole.device), acceptance(space.id, "whole", whole));
  space.must(signerOf(owner.device), { ...addition(nina, "owner"), reads: "from-this-epoch" } as SpaceBody);
  const { state } = space;
  const key = epochKeyOf(generateEpochKey(random), space.id, 1);
  const commitment = commitEpochKey(key.content, space.id, 1);
  /** Whom this one seals the key for, and whether it is the history key. */
  const deliveredBy = async (who: Person, epochKey: EpochKey): Promise<readonly (readonly [string, boolean])[]> => {
    const decision = await dutyIn(state, actingAs(who, state, { epochKey: () => epochKey }))?.(state);
    if (decision === undefined) return [];
    if (typeof decision !== "object" || !("type" in decision) || decision.type !== "deliver-keys") throw new Error("decided otherwise");
    const { ephemeralKey, members } = decision;
    return [late, whole].flatMap(({ name, id, identity }) => {
      const envelope = members.find(({ accountId }) => toText(accountId) === toText(id))?.sealed;
      if (envelope === undefined) return [];
      const opened = openEpochKey({ ...identity, id }, { spaceId: space.id, epoch: 1, ephemeralKey, envelope }, commitment);
      if (!opened.ok) throw new Error(opened.error);
      return [[name, hasHistoryKey(opened.value)] as const];
    });
  };
  expect(await deliveredBy(owner, key)).toEqual([
    ["late", false],
    ["whole", true],
  ]);
  const content: EpochKey = { given: key.content, content: key.content };
  expect(await deliveredBy(nina, content)).toEqual([["late", false]]);
  expect(await deliveredBy(whole, key)).toEqual([["whole", true]]);
  expect(await deliveredBy(late, content)).toEqual([["late", false]]);
  // Nothing is left for her to do then, and she does not try.
  space.must(signerOf(late.device), {
    type: "deliver-keys",
    ephemeralKey: new Uint8Array(32),
    members: [{ accountId: late.id, sealed: new Uint8Array(48) }],
  });
  expect(dutyIn(space.state, actingAs(nina, space.state, { epochKey: () => content }))).toBeUndefined();
});

test("CR-31 an owner without history gives none, and says so: to a link, and to whom they let in again", async () => {
  const { space, owner, editor } = house();
  const nina = person("nina");
  space.must(signerOf(owner.device), { ...addition(nina, "owner"), reads: "from-this-epoch" } as SpaceBody);
  space.must(signerOf(editor.device), { type: "leave" });
  const { state } = space;
  const keys = inviteFromSecret(generateInviteSecret(random, 16));
  const invite = { keys, docId: undefined, role: "editor", expiresAtMs: startMs + 1, uses: 1, passphraseSalt: undefined } as const;
  for (const [who, wanted, given] of [
    [owner, "history", "history"],
    [owner, "from-this-epoch", "from-this-epoch"],
    [nina, "history", "from-this-epoch"],
  ] as const) {
    const acting = actingAs(who, state);
    const epochKey = acting.epochKey(1);
    if (epochKey === undefined) throw new Error("no key");
    const commitment = commitEpochKey(epochKey.content, space.id, 1);
    const invited = await inviting({ ...invite, reads: wanted }, acting)(state);
    const added = await readmitting(editor.id, "editor", acting)(state);
    if (typeof invited !== "object" || !("type" in invited) || invited.type !== "create-invite") throw new Error("no invite");
    if (typeof added !== "object" || !("type" in added) || added.type !== "add-member") throw new Error("not let in");
    expect([invited.reads, added.reads]).toEqual([given, who === owner ? "history" : "from-this-epoch"]);
    for (const [reader, { reads, envelope }] of [
      [{ ...keys, id: keys.inviteId }, invited],
      [{ ...editor.identity, id: editor.id }, added],
    ] as const) {
      const place = { spaceId: space.id, epoch: 1, ephemeralKey: envelope.ephemeralKey, envelope: envelope.sealed };
      const opened = openEpochKey(reader, place, commitment);
      expect(opened.ok && hasHistoryKey(opened.value)).toBe(reads === "history");
    }
  }
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
