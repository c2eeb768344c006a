/**
 * What the rulebook costs in a large space: `node --import tsx --conditions=@skerry/source bench/access.ts [MEMBERS] [DOCUMENTS] [GUESTS]`, 1,000, 10,000 and
 * 1,000 if not said. One core. There is nothing in the field to put beside it.
 */
import { applySpace, createSpaceState, documentRights, judgeEntry, nobody, restoreSpaceState, settingsOf, stateAt } from "@skerry/access";
import type { AccessEntry, AccessHead, SpaceState } from "@skerry/access";
import { epochKeyOf, generateEpochKey, pooledRandom, ready } from "@skerry/crypto";
import { randomFillSync } from "node:crypto";
import { makeCut } from "../packages/peer/src/space/make-cut.ts";
import {
  addition,
  docIdOf,
  fencesOf,
  granting,
  newDocument,
  person,
  signedSpaceOperation,
  signerOf,
  spaceOf,
} from "../packages/access/src/world.test-support.ts";

await ready;
const [members = 1_000, documents = 10_000, guests = 1_000] = process.argv.slice(2).map(Number);
const random = pooledRandom((block) => void randomFillSync(block));

const timed = <T>(what: string, count: number, run: () => T): T => {
  const began = performance.now();
  const result = run();
  const ms = performance.now() - began;
  const each = ms / count;
  process.stdout.write(
    `${what.padEnd(64)} ${count === 1 ? `${ms.toFixed(0)} ms` : `${(each * 1000).toFixed(1)} µs each, ${count} of them`}\n`,
  );
  return result;
};

const owner = person("owner");
const space = spaceOf(owner);
const people = Array.from({ length: members - 1 }, (_, index) => person(`member ${index}`));
timed("members added (four signatures each, made and checked)", people.length, () => {
  for (const one of people) space.must(signerOf(owner.device), addition(one, "editor"));
});
timed("documents created (a signature each, made and checked)", documents, () => {
  for (let index = 0; index < documents; index++) space.must(signerOf(owner.device), newDocument(`document ${index}`));
});

const log: readonly AccessEntry[] = space.entries;
const bytes = log.reduce((sum, { operation }) => sum + operation.length, 0);
process.stdout.write(`the log: ${log.length} operations, ${(bytes / 1024 / 1024).toFixed(1)} MiB\n`);
const head: AccessHead = { position: space.state.position, hash: space.state.history.hashes.at(-1) as AccessHead["hash"] };
timed("read again from this device's copy (hashes, no signatures)", 1, () => {
  if (!restoreSpaceState(space.id, log, head).ok) throw new Error("the log does not restore");
});
timed("read by a newcomer (every signature)", 1, () => {
  let state: SpaceState | undefined;
  for (const entry of log) {
    const applied = state === undefined ? createSpaceState(space.id, entry) : applySpace(state, entry);
    if (!applied.ok) throw new Error(applied.error.reason);
    state = applied.value;
  }
});

const { state } = space;
const devices = people.map(({ device }) => device.deviceId);
const docIds = Array.from({ length: documents }, (_, index) => docIdOf(`document ${index}`));
const asked = 200_000;
const { epoch } = settingsOf(state);
const pick = <T>(from: readonly T[], index: number): T => from[(index * 7919) % from.length] as T;
timed("an append is judged (relay and peer, once per record)", asked, () => {
  for (let index = 0; index < asked; index++) {
    const claim = {
      docId: pick(docIds, index),
      seq: 9,
      deviceId: pick(devices, index),
      epoch,
      position: state.position,
      positionBefore: 1,
    };
    if (!judgeEntry(state, claim).ok) throw new Error("refused");
  }
});
timed("an opening is judged", asked, () => {
  for (let index = 0; index < asked; index++)
    if (!documentRights(state, pick(devices, index), pick(docIds, index)).read) throw new Error("refused");
});

const [gone, next] = people;
if (gone === undefined || next === undefined) throw new Error("nobody to remove");
const removal = (from: SpaceState, who: typeof gone): SpaceState => {
  const cut = timed("a removal is made: envelopes for all who stay, a fence each", 1, () =>
    makeCut({
      state: from,
      losers: { ...nobody, expelled: [who.id] },
      epochKey: epochKeyOf(generateEpochKey(random), space.id, settingsOf(from).epoch),
      fences: fencesOf(from),
      endedInvites: [],
      random,
    }),
  );
  const operation = signedSpaceOperation(space.id, from, signerOf(owner.device), { type: "remove", accountIds: [who.id], cut });
  process.stdout.write(`the removal: ${(operation.length / 1024).toFixed(0)} KiB\n`);
  return timed("a removal is judged and applied", 1, () => {
    const applied = applySpace(from, { operation, receivedAtMs: space.timeMs });
    if (!applied.ok) throw new Error(applied.error.reason);
    return applied.value;
  });
};
const after = removal(state, gone);
timed("an entry of the removed is judged, at its old place", asked, () => {
  const before = stateAt(after, state.position);
  for (let index = 0; index < asked; index++) {
    const claim = {
      docId: pick(docIds, index),
      seq: 11,
      deviceId: gone.device.deviceId,
      epoch,
      position: before.position,
      positionBefore: 1,
    };
    if (judgeEntry(after, claim).ok) throw new Error("let in");
  }
});

const visitors = Array.from({ length: guests }, (_, index) => person(`guest ${index}`));
timed("guests given one document each (four signatures, made and checked)", guests, () => {
  for (const [index, one] of visitors.entries())
    space.must(signerOf(owner.device), granting(one, `document ${(index * 7919) % documents}`, "editor"));
});
const guestDevices = visitors.map(({ device }) => device.deviceId);
timed("an append of a guest is judged", asked, () => {
  for (let index = 0; index < asked; index++) {
    const at = index % guests;
    const claim = {
      docId: docIdOf(`document ${(at * 7919) % documents}`),
      seq: 9,
      deviceId: guestDevices[at] ?? owner.device.deviceId,
      epoch,
      position: space.state.position,
      positionBefore: 1,
    };
    if (!judgeEntry(space.state, claim).ok) throw new Error("refused");
  }
});
removal(space.state, next);
