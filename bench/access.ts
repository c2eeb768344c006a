/**
 * What the rulebook costs in a large space: `node --import tsx --conditions=@skerry/source bench/access.ts [MEMBERS] [DOCUMENTS]`, 1,000 and 10,000 if not said. One
 * core. There is nothing in the field to put beside it.
 */
import { applySpace, createSpaceState, documentRights, judgeEntry, nobody, restoreSpaceState, settingsOf, stateAt } from "@skerry/access";
import type { AccessEntry, AccessHead, SpaceState } from "@skerry/access";
import { generateEpochKey, pooledRandom, ready } from "@skerry/crypto";
import { randomFillSync } from "node:crypto";
import { makeCut } from "../packages/peer/src/space/make-cut.ts";
import {
  addition,
  docIdOf,
  fencesOf,
  newDocument,
  person,
  signedSpaceOperation,
  signerOf,
  spaceOf,
} from "../packages/access/src/world.test-support.ts";

await ready;
const [members = 1_000, documents = 10_000] = process.argv.slice(2).map(Number);
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

const [gone] = people;
if (gone === undefined) throw new Error("nobody to remove");
const cut = timed("a removal is made: envelopes for all who stay, a fence each", 1, () =>
  makeCut({
    state,
    losers: { ...nobody, expelled: [gone.id] },
    epochKey: generateEpochKey(random),
    fences: fencesOf(state),
    endedInvites: [],
    random,
  }),
);
const removal = signedSpaceOperation(space.id, state, signerOf(owner.device), { type: "remove", accountIds: [gone.id], cut });
process.stdout.write(`the removal: ${(removal.length / 1024).toFixed(0)} KiB\n`);
const after = timed("a removal is judged and applied", 1, () => {
  const applied = applySpace(state, { operation: removal, receivedAtMs: space.timeMs });
  if (!applied.ok) throw new Error(applied.error.reason);
  return applied.value;
});
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
