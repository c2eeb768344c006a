/** What each invariant promises, and what it means to a person when it is broken. docs/simulation.md has this table. */

export interface InvariantMeaning {
  readonly title: string;
  /** What always holds. */
  readonly holds: string;
  /** What was lost, if it does not. */
  readonly broken: string;
}

export type InvariantId = `I${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19}`;

export const invariantMeanings: Readonly<Record<InvariantId, InvariantMeaning>> = {
  I1: {
    title: "Convergence",
    holds: "Two devices that have the same edits have the same document, and their state hashes say so.",
    broken: "Two people who have each other's edits see different texts.",
  },
  I2: {
    title: "Acknowledged edits stay",
    holds: "What the relay acknowledged as stored is not lost by any fault that its level of storage promises to survive.",
    broken: "Something that was acknowledged as stored is gone.",
  },
  I3: {
    title: "Local edits stay",
    holds: "What a device has committed to its own storage survives crashes, restarts and upgrades.",
    broken: "Something that somebody typed, and that was saved on their device, is gone.",
  },
  I4: {
    title: "“Saved” is true",
    holds: "A status never says more than is so: “saved on this device” is on its disk, “Synced” is on the relay's.",
    broken: "Somebody was told that their work is safe when it was not.",
  },
  I5: {
    title: "The log is a chain",
    holds: "Sequence numbers of a document's log are dense, only grow, and each entry's hash links to the one before.",
    broken: "A document's history has a hole, a double or a broken link.",
  },
  I6: {
    title: "One owner",
    holds: "At most one relay at a time adds to a document's log, and a device signs at most one record with each number.",
    broken: "One place of a history was written twice, differently: somebody's work is thrown out.",
  },
  I7: {
    title: "Exactly once",
    holds: "Sending something again, or not knowing whether it arrived, never applies it twice.",
    broken: "Something that was typed once stands there twice.",
  },
  I8: {
    title: "Readers can't write",
    holds: "Who may only read changes nothing on any honest device.",
    broken: "Somebody who may only read has changed the document.",
  },
  I9: {
    title: "Removed is removed",
    holds: "A removed member reads nothing that is written later, and nothing that they write later is accepted.",
    broken: "Somebody who was removed can still read or write.",
  },
  I10: {
    title: "The relay is blind",
    holds: "Nothing that people typed, no name and no title is ever in what the relay gets or stores.",
    broken: "Something that people wrote could be read on the relay or on the way there.",
  },
  I11: {
    title: "No phantom author",
    holds: "Every edit in an honest document was made by the device that it is attributed to.",
    broken: "The document shows something as written by somebody who did not write it.",
  },
  I12: {
    title: "Cheating is noticed",
    holds: "When a relay forks, rolls back or withholds, honest devices know after one exchange of heads at the latest.",
    broken: "The relay cheated and nobody was told.",
  },
  I13: {
    title: "No nonce twice",
    holds: "No key is ever used with the same nonce for two different texts.",
    broken: "Two secrets were sealed in a way that lets the relay compare them.",
  },
  I14: {
    title: "All's well in the end",
    holds: "Once everything is healed, all devices that are left agree and are synced within the time given.",
    broken: "Everything works again, and yet somebody's document does not catch up.",
  },
  I15: {
    title: "Bounded memory",
    holds: "What a connection, a document or a process keeps in memory has a limit, whatever others send.",
    broken: "Memory grows without limit: sooner or later something is killed.",
  },
  I16: {
    title: "Bounded storage",
    holds: "What is stored stays within a fixed multiple of what is needed.",
    broken: "The disk fills with what nobody needs.",
  },
  I17: {
    title: "Hostile bytes do no harm",
    holds: "No bytes from outside make a program throw what nobody catches, or stand still.",
    broken: "Somebody else's bytes made a program crash or hang.",
  },
  I18: {
    title: "Old never spoils new",
    holds: "An older version of the app never damages what a newer one wrote.",
    broken: "An old app has damaged newer data.",
  },
  I19: {
    title: "Same seed, same run",
    holds: "The same scenario gives the same run, bit for bit, on every machine.",
    broken: "The simulator is not deterministic: two runs of one scenario differ, so no other verdict about it can be trusted.",
  },
};

export const invariantIds: readonly InvariantId[] = Object.keys(invariantMeanings) as InvariantId[];

/** Also for ids that are no invariant: "expect", "crash", "hang". */
export function meaningOf(id: string): InvariantMeaning {
  if (Object.hasOwn(invariantMeanings, id)) return invariantMeanings[id as InvariantId];
  const own = Object.hasOwn(ownMeanings, id) ? ownMeanings[id] : undefined;
  return own ?? { title: id, holds: "", broken: "" };
}

/** "I4, “Saved” is true"; for what is no invariant, its title alone. */
export function nameOf(id: string): string {
  return Object.hasOwn(invariantMeanings, id) ? `${id}, ${meaningOf(id).title}` : meaningOf(id).title;
}

const ownMeanings: Readonly<Record<string, InvariantMeaning>> = {
  expect: {
    title: "The scenario's expectation",
    holds: "What the scenario expects comes true.",
    broken: "Something that this scenario expects did not come true.",
  },
  crash: {
    title: "The simulator ended",
    holds: "The process that runs a seed lives to its end.",
    broken: "The process that ran this seed died.",
  },
  hang: {
    title: "The simulator hangs",
    holds: "A seed ends within the time that it is given.",
    broken: "This seed did not end in the time that it was given.",
  },
};
