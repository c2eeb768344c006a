/** Keys out of a space's log (docs/crypto.md, CR-20, CR-30, CR-31), with real envelopes and a log that the rulebook takes. */
import { applySpace, createSpaceState, decodeSpaceOperation, settingsOf } from "@skerry/access";
import type { Reads, SpaceBody, SpaceState } from "@skerry/access";
import {
  documentKey,
  epochKeyOf,
  exportSecret,
  foundSpace,
  generateEpochKey,
  hasHistoryKey,
  importSecret,
  pooledRandom,
  ready,
  sealDocumentKey,
  sealEarlierKeys,
  sealKeys,
  sealOldEpochKey,
} from "@skerry/crypto";
import type { EpochKey, EnvelopeReader } from "@skerry/crypto";
import type { RelayKey, SpaceId } from "@skerry/protocol";
import { randomFillSync } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { carry, docIdOf, newDocument, person, signedSpaceOperation, signerOf, startMs } from "../../../access/src/world.test-support.ts";
import type { Person } from "../../../access/src/world.test-support.ts";
import { spaceKeys } from "../engine/keys.ts";
import { createKeyRing, keyFromRow } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { makeCut } from "./make-cut.ts";

beforeAll(() => ready);
const random = pooledRandom((block) => void randomFillSync(block));
const docId = docIdOf("a");

const readerOf = ({ id, identity }: Person): EnvelopeReader => ({ ...identity, id });
/** Of an epoch from before there were two keys: one that is both. */
const oldKey = (): EpochKey => {
  const key = generateEpochKey(random);
  return { given: key, content: key };
};

interface World {
  readonly spaceId: SpaceId;
  readonly owner: Person;
  state(): SpaceState;
  say(who: Person, body: SpaceBody): void;
  /** `old`: what its author has of the epoch in use. The new epoch's key is drawn, but for one of an old version. */
  rotate(who: Person, old: EpochKey, next?: EpochKey): void;
  add(who: Person, reads: Reads, epochKey: EpochKey, role?: "owner" | "editor", known?: boolean): void;
  /** The ring that reads the whole log; `rows` are what was stored. */
  ring(
    readers: readonly EnvelopeReader[],
    rows?: readonly (readonly [string, Uint8Array])[],
  ): KeyRing & { readonly bad: readonly string[] };
}

function worldOf(owner: Person, first?: EpochKey): World {
  const founded = foundSpace({ accountId: owner.id, encryptionKey: owner.identity.encryptionKey }, random);
  const { spaceId } = founded;
  const recipients = [{ id: owner.id, encryptionKey: owner.identity.encryptionKey, reads: "history" }] as const;
  // The space's id is made of the ephemeral key of its opening: an old key is sealed to the owner with the first cut only.
  const commitment =
    first === undefined ? founded.commitment : sealKeys({ epochKey: first, spaceId, epoch: 1, recipients, grants: [], random }).commitment;
  const log: { readonly before: SpaceState | undefined; readonly after: SpaceState; readonly body: SpaceBody | undefined }[] = [];
  let state: SpaceState | undefined;
  const world: World = {
    spaceId,
    owner,
    state: () => {
      if (state === undefined) throw new Error("no state");
      return state;
    },
    say: (who, body) => {
      const operation = signedSpaceOperation(spaceId, state, signerOf(who.device), body);
      const entry = { operation, receivedAtMs: startMs };
      const applied = state === undefined ? createSpaceState(spaceId, entry) : applySpace(state, entry);
      if (!applied.ok) throw new Error(`${body.type} refused: ${applied.error.reason}`);
      const decoded = decodeSpaceOperation(operation);
      log.push({ before: state, after: applied.value, body: decoded.ok ? decoded.value.body : undefined });
      state = applied.value;
    },
    rotate: (who, old, next) => {
      const now = world.state();
      const cut = makeCut({
        state: now,
        losers: { expelled: [], devicesLost: [], grant: undefined },
        epochKey: old,
        fences: [{ docId, seq: 1, chainHash: new Uint8Array(32) as never }],
        endedInvites: [],
        random,
      });
      const epoch = settingsOf(now).epoch + 1;
      if (next === undefined) return world.say(who, { type: "rotate", cut });
      const sealed = sealKeys({ epochKey: next, spaceId, epoch, recipients, grants: [], random });
      const { ephemeralKey, commitment: committed, envelopes } = sealed;
      const members = cut.rekey.members.map(({ accountId }) => ({ accountId, sealed: envelopes[0] ?? new Uint8Array() }));
      const previousKey = sealOldEpochKey(next.given, spaceId, epoch, old.given);
      return world.say(who, {
        type: "rotate",
        cut: { ...cut, rekey: { ...cut.rekey, ephemeralKey, commitment: committed, members, previousKey } },
      });
    },
    add: (who, reads, epochKey, role = "editor", known = false) => {
      const to = [{ id: who.id, encryptionKey: who.identity.encryptionKey, reads }];
      const { ephemeralKey, envelopes } = sealKeys({
        epochKey,
        spaceId,
        epoch: settingsOf(world.state()).epoch,
        recipients: to,
        grants: [],
        random,
      });
      const account = known ? { accountId: who.id, operations: [] } : carry(who);
      world.say(owner, { type: "add-member", account, role, reads, envelope: { ephemeralKey, sealed: envelopes[0] ?? new Uint8Array() } });
    },
    ring: (readers, rows = []) => {
      const bad: string[] = [];
      const ring = createKeyRing({
        spaceId,
        keys: spaceKeys("x"),
        readers: () => readers,
        onBad: (epoch, reason) => void bad.push(`${epoch} ${reason}`),
      });
      for (const [, bytes] of rows) ring.restore(...keyFromRow(bytes));
      for (const { before, after, body } of log) ring.learn(before, after, body);
      ring.walkBack();
      return { ...ring, bad };
    },
  };
  world.say(owner, {
    type: "create",
    account: carry(owner),
    commitment,
    envelope: founded.envelope,
    retentionDays: 0,
    relay: { relayKey: new Uint8Array(32) as RelayKey, sealedAddress: new Uint8Array() },
  });
  world.say(owner, newDocument("a"));
  return world;
}

const keyAt = (ring: KeyRing, epoch: number): EpochKey => {
  const key = ring.epochKey(epoch);
  if (key === undefined) throw new Error(`no key of epoch ${epoch}`);
  return key;
};
/** Of each epoch from the first on: the history key, the content key alone, or nothing. */
const shape = (ring: KeyRing, newest: number): string =>
  Array.from({ length: newest }, (_, index) => ring.epochKey(index + 1))
    .map((key) => (key === undefined ? "-" : hasHistoryKey(key) ? "H" : "C"))
    .join("");
const documentKeyAt = (ring: KeyRing, epoch: number): Uint8Array | undefined => {
  const key = ring.documentKey(docId, epoch);
  return key === undefined ? undefined : exportSecret(key);
};

test("CR-31 who reads from an epoch on has its key and those after, none before, and nobody is to blame; stored, it is the same", () => {
  const [olga, nina, karl] = [person("olga"), person("nina"), person("karl")];
  const world = worldOf(olga);
  const olgas = (): KeyRing => world.ring([readerOf(olga)]);
  world.rotate(olga, keyAt(olgas(), 1));
  world.add(nina, "from-this-epoch", keyAt(olgas(), 2));
  world.add(karl, "history", keyAt(olgas(), 2));
  world.rotate(olga, keyAt(olgas(), 2));
  const [hers, his] = [world.ring([readerOf(nina)]), world.ring([readerOf(karl)])];
  expect([shape(olgas(), 3), shape(hers, 3), shape(his, 3)]).toEqual(["HHH", "-CC", "HHH"]);
  expect([olgas().firstEpoch(docId), hers.firstEpoch(docId), his.firstEpoch(docId)]).toEqual([1, 2, 1]);
  expect([hers.bad, his.bad]).toEqual([[], []]);
  for (const epoch of [1, 2, 3]) {
    expect(documentKeyAt(his, epoch)).toEqual(documentKeyAt(olgas(), epoch));
    expect(documentKeyAt(hers, epoch)).toEqual(epoch === 1 ? undefined : documentKeyAt(olgas(), epoch));
    expect(hers.hasDocumentKey(docId, epoch)).toBe(epoch > 1);
  }
  for (const ring of [hers, his]) {
    const rows = ring.unsavedRows();
    const again = world.ring([], rows);
    expect(shape(again, 3)).toBe(shape(ring, 3));
    for (const epoch of [1, 2, 3]) expect(documentKeyAt(again, epoch)).toEqual(documentKeyAt(ring, epoch));
    expect([again.bad, again.unsavedRows()]).toEqual([[], []]);
    ring.saved();
    expect(ring.unsavedRows()).toEqual([]);
  }
});

test("CR-31 who is let in again with history has all of it: what was given is better than what was stored", () => {
  const [olga, nina] = [person("olga"), person("nina")];
  const world = worldOf(olga);
  const olgas = (): KeyRing => world.ring([readerOf(olga)]);
  world.rotate(olga, keyAt(olgas(), 1));
  world.add(nina, "from-this-epoch", keyAt(olgas(), 2));
  world.rotate(olga, keyAt(olgas(), 2));
  const rows = world.ring([readerOf(nina)]).unsavedRows();
  expect(rows).toHaveLength(2);
  world.say(nina, { type: "leave" });
  // In the very epoch of which she has the content key.
  world.add(nina, "history", keyAt(olgas(), 3), "editor", true);
  const ring = world.ring([readerOf(nina)], rows);
  expect([shape(ring, 3), ring.firstEpoch(docId), ring.bad]).toEqual(["HHH", 1, []]);
  expect(ring.unsavedRows().map(([key]) => key)).toEqual([3, 2, 1].map((epoch) => spaceKeys("x").epochKey(epoch)));
  expect(shape(world.ring([], ring.unsavedRows()), 3)).toBe("HHH");
});

test("CR-31 epochs from before there were two keys are read as they were, from envelopes, by walking back, and from what is stored", () => {
  const [olga, karl] = [person("olga"), person("karl")];
  const old = [oldKey(), oldKey(), oldKey()] as const;
  const world = worldOf(olga, old[0]);
  world.rotate(olga, old[0], old[1]);
  world.rotate(olga, old[1], old[2]);
  const before = world.ring([readerOf(olga)]);
  expect(shape(before, 3)).toBe("CCC");
  world.rotate(olga, keyAt(before, 3));
  const olgas = world.ring([readerOf(olga)], before.unsavedRows());
  expect(shape(olgas, 4)).toBe("CCCH");
  world.add(karl, "history", keyAt(olgas, 4));
  const ring = world.ring([readerOf(karl)]);
  expect([shape(ring, 4), ring.firstEpoch(docId), ring.bad]).toEqual(["CCCH", 1, []]);
  for (const [index, key] of old.entries()) expect(documentKeyAt(ring, index + 1)).toEqual(exportSecret(documentKey(key.content, docId)));
  expect(shape(world.ring([], ring.unsavedRows()), 4)).toBe("CCCH");
  // Somebody who knows one of the old ones only walks back from it as before.
  const [row] = before.unsavedRows().filter(([key]) => key === spaceKeys("x").epochKey(3));
  expect(shape(world.ring([], row === undefined ? [] : [row]), 3)).toBe("CCC");
});

test("CR-31 AC-46 an epoch that an owner without history made ends the chain for who comes later; others go on below, by what they were given themselves", () => {
  const [olga, nina, karl, vito, anna] = ["olga", "nina", "karl", "vito", "anna"].map((name) => person(name)) as [
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
  const world = worldOf(olga);
  const olgas = (): KeyRing => world.ring([readerOf(olga)]);
  world.rotate(olga, keyAt(olgas(), 1));
  world.add(nina, "from-this-epoch", keyAt(olgas(), 2), "owner");
  world.add(karl, "history", keyAt(olgas(), 2));
  world.rotate(olga, keyAt(olgas(), 2));
  // Was here before the chain ends, and is away while it does.
  world.add(anna, "history", keyAt(olgas(), 3));
  world.say(anna, { type: "leave" });
  world.rotate(nina, keyAt(world.ring([readerOf(nina)]), 3));
  world.rotate(olga, keyAt(olgas(), 4));
  world.add(vito, "history", keyAt(olgas(), 5));
  world.add(anna, "history", keyAt(olgas(), 5), "editor", true);
  const rings = [olga, nina, karl, anna, vito].map((who) => world.ring([readerOf(who)]));
  expect(rings.map((ring) => shape(ring, 5))).toEqual(["HHHHH", "-CCCC", "HHHHH", "HHHHH", "--CHH"]);
  expect(rings.map((ring) => ring.firstEpoch(docId))).toEqual([1, 2, 1, 1, settingsOf(world.state()).historyFrom]);
  expect(rings.map((ring) => ring.bad)).toEqual([[], [], [], [], []]);
});

test("CR-20 a step that somebody spoiled is named to who has a history key, and ends the walk", () => {
  const [olga, karl] = [person("olga"), person("karl")];
  const world = worldOf(olga);
  const olgas = (): KeyRing => world.ring([readerOf(olga)]);
  // Sealed under another key than everybody gets.
  world.rotate(olga, epochKeyOf(generateEpochKey(random), world.spaceId, 1));
  world.rotate(olga, keyAt(olgas(), 2));
  world.add(karl, "history", keyAt(olgas(), 3));
  const ring = world.ring([readerOf(karl)]);
  expect([shape(ring, 3), ring.bad]).toEqual(["-HH", ["1 wrong-commitment"]]);
});

test("CR-30 CR-31 a guest who comes into the space from an epoch on keeps the document's earlier keys, also after a restart", () => {
  const [olga, gina] = [person("olga"), person("gina")];
  const world = worldOf(olga);
  const olgas = (): KeyRing => world.ring([readerOf(olga)]);
  world.rotate(olga, keyAt(olgas(), 1));
  world.rotate(olga, keyAt(olgas(), 2));
  const { spaceId } = world;
  const [one, two, three] = [1, 2, 3].map((epoch) => documentKey(keyAt(olgas(), epoch).content, docId)) as unknown as [never, never, never];
  const to = { docId, id: gina.id, encryptionKey: gina.identity.encryptionKey };
  world.say(olga, {
    type: "grant-document",
    account: carry(gina),
    docId,
    role: "editor",
    keys: {
      envelope: sealDocumentKey({ documentKey: three, spaceId, epoch: 3, to, random }),
      earlier: sealEarlierKeys(three, { spaceId, epoch: 3, docId }, [one, two], random),
    },
  });
  world.add(gina, "from-this-epoch", keyAt(olgas(), 3), "editor", true);
  const ring = world.ring([readerOf(gina)]);
  const again = world.ring([readerOf(gina)], ring.unsavedRows());
  for (const hers of [ring, again]) {
    expect([shape(hers, 3), hers.firstEpoch(docId), hers.firstEpoch(docIdOf("b")), hers.bad]).toEqual(["--C", 1, 3, []]);
    for (const epoch of [1, 2, 3]) expect(documentKeyAt(hers, epoch)).toEqual(documentKeyAt(olgas(), epoch));
  }
});

test("PE-19 a stored key counts once it is known what it has to match, and one that does not match never does", () => {
  const world = worldOf(person("olga"));
  const { commitment } = settingsOf(world.state());
  const olgas = world.ring([readerOf(world.owner)]);
  const given = exportSecret(keyAt(olgas, 1).given);
  const ring = createKeyRing({ spaceId: world.spaceId, keys: spaceKeys("x"), readers: () => [], onBad: () => {} });
  expect([ring.firstEpoch(docId), ring.epochKey(1)]).toEqual([0, undefined]);
  ring.restore(1, importSecret(given));
  expect(ring.epochKey(1)).toBeUndefined();
  ring.recall(1, commitment);
  expect([shape(ring, 1), ring.firstEpoch(docId)]).toEqual(["H", 1]);
  const other = createKeyRing({ spaceId: world.spaceId, keys: spaceKeys("x"), readers: () => [], onBad: () => {} });
  other.restore(1, generateEpochKey(random));
  other.recall(1, commitment);
  expect(other.epochKey(1)).toBeUndefined();
});

test("CR-18 an envelope for a key of the account that has not come to this device yet is passed over, and not called bad", () => {
  const [owner, other] = [person("owner"), person("other")];
  const world = worldOf(owner);
  const earlier: EnvelopeReader = { ...readerOf(other), id: owner.id };
  const before = world.ring([earlier]);
  expect([before.bad, before.epochKey(1)]).toEqual([[], undefined]);
  expect(world.ring([readerOf(owner), earlier]).epochKey(1)).toBeDefined();
  // For the key that it is sealed to, it has to open.
  expect(world.ring([{ ...earlier, encryptionKey: owner.identity.encryptionKey }]).bad).toHaveLength(1);
});
