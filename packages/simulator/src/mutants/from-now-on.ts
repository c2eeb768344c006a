/** Bugs of reading from now on: the keys, and the snapshots that newcomers start from. Of `accessMutants`. */
import type { Mutant } from "./mutant.ts";

const envelopes = "packages/crypto/src/key-envelope.ts";
const keyRing = "packages/peer/src/space/key-ring.ts";
const spaces = "packages/peer/src/space/spaces.ts";
const past = "packages/peer/src/engine/past.ts";
const snapshot = "packages/peer/src/engine/snapshot.ts";
const presence = "packages/peer/src/engine/presence.ts";

export const fromNowOnMutants: readonly Mutant[] = [
  {
    id: "newcomers-get-the-history-key",
    patches: [
      {
        file: envelopes,
        find: `to.reads === "history" ? epochKey.given : epochKey.content`,
        replace: `epochKey.given`,
      },
    ],
    bug: "Who reads from now on gets the key that leads back to those before.",
    loss: "Who was let in to read from now on reads what was deleted before, if the relay helps.",
    expect: ["I9"],
  },
  {
    id: "from-now-on-under-the-old-key",
    patches: [
      {
        file: spaces,
        find: `    if (reads === "from-now-on") {`,
        replace: `    if (reads === "from-now-on" && forMs < 0) {`,
      },
    ],
    bug: "No new key is made before somebody is let in to read from now on.",
    loss: "Who was let in to read from now on reads what was written since the last change of the key, deleted or not.",
    expect: ["I9"],
  },
  {
    id: "snapshots-never-written",
    patches: [
      {
        file: snapshot,
        find: `  return from > 0 && from > state.snapshotIsThere`,
        replace: `  return from < 0 && from > state.snapshotIsThere`,
      },
    ],
    bug: "No owner's device writes a snapshot.",
    loss: "Who reads from now on waits for every document for ever.",
    expect: ["I14"],
  },
  {
    id: "written-once-is-there-for-ever",
    patches: [
      {
        file: snapshot,
        find: `  if (last === 0 || (past.shownEpoch >= from && past.shownSeq >= last)) {`,
        replace: `  if (last === 0 || past.shownEpoch > 0) {`,
      },
    ],
    bug: "A snapshot of earlier counts for those who read from a later epoch on.",
    loss: "Who comes by the same link after another change of the key waits for every document for ever.",
    expect: ["I14"],
  },
  {
    id: "opened-before-it-is-whole",
    patches: [{ file: past, find: `past.passedSeq <= past.hereSeq;`, replace: `past.passedSeq <= past.hereSeq || past.readsFrom > 0;` }],
    bug: "A document in which entries were passed over is taken for whole before a snapshot has come.",
    loss: "A newcomer sees an empty document, or half of one, and is told that all of it is there.",
    expect: ["I12", "I14", "I2", "I3"],
  },
  {
    id: "who-waits-says-that-it-has-all",
    patches: [
      {
        file: presence,
        find: `    const head = isWhole(state) ? state.storedHead : emptyHead;`,
        replace: `    const head = state.cursor.seq < 0 ? emptyHead : state.storedHead;`,
      },
      { file: presence, find: `      isWhole(state) && state.live`, replace: `      state.live` },
    ],
    bug: "A device that still waits for a snapshot tells the others that it has everything.",
    loss: "People are told that others have their words who have not, and are warned of copies that differ.",
    expect: ["I12"],
  },
  {
    id: "snapshot-in-its-authors-name",
    patches: [
      { file: snapshot, find: `function ownersOf({ state }: DocumentCore,`, replace: `function ownersOf({ identity }: DocumentCore,` },
      {
        file: snapshot,
        find: `    const deviceId = state.clients.ownerOf(client);`,
        replace: `    const deviceId: DeviceId | undefined = identity.device.deviceId;`,
      },
    ],
    bug: "A snapshot says of all words that they are its author's.",
    loss: "Everybody who has the past warns of a forger, and newcomers set aside what others write on.",
    expect: ["I12", "I14", "I2", "I3"],
  },
  {
    id: "first-key-of-all",
    patches: [
      {
        file: keyRing,
        find: `      while (known.has(first - 1) || alone.has(first - 1)) first--;`,
        replace: `      for (const epoch of [...known.keys(), ...alone.keys()]) first = Math.min(first, epoch);`,
      },
    ],
    bug: "Who lacks the keys of some epochs in between counts as having all since the first.",
    loss: "Who was let in again by an owner without history lacks what was written meanwhile, and warns of it for ever.",
    expect: ["I12", "I14", "I2", "I3"],
  },
];
