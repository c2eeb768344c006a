/** What happens in a run, from its seed: who does what when. Targets are chosen when the time comes, by the numbers that the plan holds. */
import type { Prng } from "../prng.ts";

export type Act =
  | { readonly do: "type"; readonly who: number; readonly doc: number }
  | {
      readonly do: "invite";
      readonly by: number;
      readonly whom: number;
      readonly role: number;
      readonly uses: number;
      readonly short: boolean;
    }
  /** Tries a link once more that was handed over some time ago. */
  | { readonly do: "old-link"; readonly who: number; readonly which: number }
  /** One document of the space, for somebody who may be none of its members: by a link, or without; and taken away again. `doc`: which of the owner's. */
  | {
      readonly do: "invite-to-document";
      readonly by: number;
      readonly whom: number;
      readonly doc: number;
      readonly role: number;
      readonly uses: number;
      readonly short: boolean;
    }
  | { readonly do: "grant-document"; readonly by: number; readonly whom: number; readonly doc: number; readonly role: number }
  | { readonly do: "revoke-grant"; readonly by: number; readonly whom: number; readonly doc: number }
  | { readonly do: "revoke-invite"; readonly by: number; readonly which: number }
  | { readonly do: "change-role"; readonly by: number; readonly whom: number; readonly role: number }
  | { readonly do: "readmit"; readonly by: number; readonly whom: number; readonly role: number }
  | { readonly do: "remove"; readonly by: number; readonly whom: number }
  | { readonly do: "leave" | "rotate" | "new-document"; readonly by: number }
  | { readonly do: "hand-over"; readonly by: number; readonly whom: number }
  | { readonly do: "cut"; readonly who: number; readonly flow: "hold" | "drop"; readonly forMs: number }
  | { readonly do: "reset"; readonly who: number }
  | { readonly do: "kill"; readonly who: number; readonly how: "kill" | "power"; readonly forMs: number }
  | { readonly do: "kill-relay"; readonly how: "kill" | "power"; readonly forMs: number }
  | { readonly do: "backup" | "restore" }
  /** A device that is new to a person's account comes in. `showsNew`: the new one shows the code. */
  | {
      readonly do: "pair";
      readonly who: number;
      readonly showsNew: boolean;
      readonly full: boolean;
      readonly ends: PairingEnd;
      readonly forMs: number;
    }
  /** `offline`: the one that goes has no network, and something is typed there before. */
  | { readonly do: "revoke-device"; readonly who: number; readonly which: number; readonly offline: boolean; readonly forMs: number }
  /** Recovery words; and all devices of the person are gone, and a fresh one gets the words. `diesAfterMs`: amid that it dies once. */
  | { readonly do: "recovery-words"; readonly who: number }
  | { readonly do: "lose-all"; readonly who: number; readonly diesAfterMs: number | undefined }
  /** The relay stores what somebody signed against the rules: as of now, backdated to when they still might, or as a snapshot of one who may not vouch. */
  | { readonly do: "collude"; readonly who: number; readonly doc: number; readonly how: "now" | "backdated" | "snapshot" }
  /** A document that is shared by a link, with nobody. */
  | { readonly do: "own-document" | "rename-device"; readonly who: number };

/** An act of a kind; kinds that hold the same share a member of the union. */
export type ActOf<Do extends Act["do"]> = Act extends infer One
  ? One extends { readonly do: infer Of }
    ? Do extends Of
      ? One
      : never
    : never
  : never;

/** What is done for each of some kinds of act. */
export type ActTable<Do extends Act["do"]> = { readonly [One in Do]: (act: ActOf<One>) => void };

/** How a pairing goes: a person says on one side that the digits differ, or one side dies when it is to be confirmed. */
export type PairingEnd = "whole" | "old-rejects" | "new-rejects" | "old-dies" | "new-dies";

export interface Planned {
  readonly atMs: number;
  readonly act: Act;
}

export interface Plan {
  /** Guests included. */
  readonly people: number;
  /** The last of them, whom nobody but `actsOfGuests` asks in. */
  readonly guests: number;
  /** Some people have more than one device. */
  readonly devices: boolean;
  /** Some links let people read from now on only. */
  readonly fromNowOn: boolean;
  readonly acts: readonly Planned[];
  readonly endMs: number;
}

const firstMs = 3_000;
const lastMs = 120_000;

export function planOf(random: Prng): Plan {
  const people = 3 + random.int(3);
  // Out of a stream of their own: a plan without guests is what it was before there were any.
  const guestStream = random.fork("guests");
  const guests = guestStream.chance(0.35) ? 1 + guestStream.int(2) : 0;
  const acts: Planned[] = [];
  /** An index of a person, and more of it than is needed: acts draw from it who of several may. Guests are left out. */
  const indexOf = (drawn: number): number => (drawn % people) + (people + guests) * Math.floor(drawn / people);
  const who = (): number => indexOf(random.int(people * 64));
  // Everybody else is asked in, most of them early.
  for (let whom = 1; whom < people; whom++)
    acts.push({
      atMs: firstMs + random.int(15_000),
      act: { do: "invite", by: 0, whom, role: random.int(3), uses: 1 + random.int(3), short: false },
    });
  // Out of a stream of their own: a plan without devices is what it was before there were any.
  const ownStream = random.fork("devices");
  const devices = ownStream.chance(0.4);
  const words = devices && ownStream.chance(0.4);
  // A relay that was put back has lost notes (NT), which nobody hands back: the words that lead there are dead until new ones are made.
  const hasRollback = random.chance(0.25) && !words;
  for (let atMs = firstMs; atMs < lastMs; atMs += 50 + random.int(1_500)) acts.push({ atMs, act: actOf(random, who) });
  if (hasRollback) {
    const atMs = 10_000 + random.int(60_000);
    const lateDocument = random.fork("late document");
    const isLate = lateDocument.chance(0.7);
    const restoreAtMs = atMs + (isLate ? 16_000 : 5_000) + random.int(30_000);
    acts.push({ atMs, act: { do: "backup" } }, { atMs: restoreAtMs, act: { do: "restore" } });
    if (isLate) acts.push(...lateDocumentIn(lateDocument, people, indexOf, atMs + 1_000 + lateDocument.int(4_000)));
  }
  if (devices) acts.push(...actsOfDevices(ownStream, people, indexOf, words));
  const haveDevices = guests > 0 && guestStream.chance(0.4);
  if (guests > 0) acts.push(...actsOfGuests(guestStream, people, guests, haveDevices));
  const collusion = random.fork("collusion");
  // A relay that also forgets is another story: then it is not known any more what was against the rules.
  if (collusion.chance(0.35) && !hasRollback)
    for (let left = 2 + collusion.int(6); left > 0; left--)
      acts.push({
        atMs: 20_000 + collusion.int(95_000),
        act: {
          do: "collude",
          who: collusion.int((people + guests) * 64),
          doc: collusion.int(8),
          how: collusion.pick(["now", "backdated", "backdated", "snapshot"] as const),
        },
      });
  return {
    people: people + guests,
    guests,
    devices: devices || haveDevices,
    fromNowOn: random.fork("from now on").chance(0.35),
    acts: acts.toSorted((a, b) => a.atMs - b.atMs),
    endMs: lastMs,
  };
}

/** A document is made offline, and a new key comes before it is announced: what the relay then loses has a first record of an earlier epoch. */
function lateDocumentIn(random: Prng, people: number, indexOf: (drawn: number) => number, atMs: number): readonly Planned[] {
  const who = indexOf(1 + random.int(people - 1) + people * random.int(64));
  return [
    { atMs, act: { do: "change-role", by: 1, whom: who, role: 1 } },
    { atMs: atMs + 1_500, act: { do: "cut", who, flow: "hold", forMs: 4_500 } },
    { atMs: atMs + 2_000, act: { do: "new-document", by: who } },
    { atMs: atMs + 3_500, act: { do: "rotate", by: 1 } },
  ];
}

/** One or two people have most of it, so that what is done about devices meets. */
function actsOfDevices(random: Prng, people: number, indexOf: (drawn: number) => number, words: boolean): readonly Planned[] {
  const acts: Planned[] = [];
  const heroes = [random.int(people), random.int(people)];
  /** The person, and more of it than is needed: acts draw from it which of the devices. */
  const drawn = (): number => (heroes[random.int(4) === 0 ? 1 : 0] ?? 0) + people * random.int(64);
  const who = (): number => indexOf(drawn());
  const between = (fromMs: number, toMs: number): number => fromMs + random.int(toMs - fromMs);
  const forMs = (): number => 500 + random.int(10_000);
  const pairings = 1 + random.int(4);
  for (let n = 0; n < pairings; n++)
    acts.push({
      atMs: between(n === 0 ? 4_000 : 20_000, n === 0 ? 30_000 : 95_000),
      act: { do: "pair", who: who(), showsNew: random.chance(0.5), full: random.chance(0.3), ends: pairingEndOf(random), forMs: forMs() },
    });
  for (let left = random.int(4); left > 0; left--)
    acts.push({
      atMs: between(35_000, 115_000),
      act: { do: "revoke-device", who: who(), which: random.int(8), offline: random.chance(0.5), forMs: 8_000 + random.int(20_000) },
    });
  for (let left = random.int(3); left > 0; left--) acts.push({ atMs: between(5_000, 90_000), act: { do: "own-document", who: who() } });
  for (let left = random.int(2); left > 0; left--) acts.push({ atMs: between(30_000, 110_000), act: { do: "rename-device", who: who() } });
  if (!words) return acts;
  const person = drawn();
  for (let left = 1 + random.int(2); left > 0; left--)
    acts.push({ atMs: between(10_000, 60_000), act: { do: "recovery-words", who: indexOf(person + people * random.int(64)) } });
  acts.push({
    atMs: between(60_000, 110_000),
    act: { do: "lose-all", who: indexOf(person), diesAfterMs: random.chance(0.3) ? 300 + random.int(8_000) : undefined },
  });
  return acts;
}

/** Guests come, write, lose what they were given, get it again, go, and some of them are asked into the space. */
function actsOfGuests(random: Prng, people: number, guests: number, devices: boolean): readonly Planned[] {
  const all = people + guests;
  const acts: Planned[] = [];
  const more = (): number => all * random.int(64);
  const guest = (): number => people + random.int(guests) + more();
  /** Mostly a guest; now and then a member, or somebody who was one. */
  const whom = (): number => (random.int(5) === 0 ? random.int(people) + more() : guest());
  const by = (): number => random.int(people) + more();
  const between = (fromMs: number, toMs: number): number => fromMs + random.int(toMs - fromMs);
  const forMs = (): number => 500 + random.int(15_000);
  for (let one = people; one < all; one++)
    acts.push({
      atMs: between(4_000, 20_000),
      act: { do: "invite-to-document", by: 0, whom: one, doc: 0, role: random.int(3), uses: 1 + random.int(3), short: false },
    });
  const draw = (): Act => {
    const roll = random.int(100);
    const [doc, role] = [random.int(8), random.int(4)];
    if (roll < 35) return { do: "type", who: guest(), doc };
    if (roll < 51)
      return { do: "invite-to-document", by: by(), whom: whom(), doc, role, uses: 1 + random.int(3), short: random.chance(0.15) };
    if (roll < 61) return { do: "grant-document", by: by(), whom: whom(), doc, role };
    if (roll < 71) return { do: "revoke-grant", by: by(), whom: whom(), doc };
    if (roll < 75) return { do: "old-link", who: guest(), which: doc };
    if (roll < 77) return { do: "leave", by: guest() };
    if (roll < 79) return { do: "remove", by: by(), whom: guest() };
    if (roll < 82) return { do: "rotate", by: by() };
    if (roll < 90) return { do: "cut", who: guest(), flow: random.chance(0.7) ? "hold" : "drop", forMs: forMs() };
    if (roll < 93) return { do: "reset", who: guest() };
    return { do: "kill", who: guest(), how: random.chance(0.5) ? "kill" : "power", forMs: forMs() };
  };
  for (let atMs = 8_000 + random.int(4_000); atMs < lastMs; atMs += 200 + random.int(4_000)) acts.push({ atMs, act: draw() });
  if (random.chance(0.35))
    acts.push({
      atMs: between(40_000, 110_000),
      act: { do: "invite", by: by(), whom: guest(), role: random.int(4), uses: 1, short: false },
    });
  if (!devices) return acts;
  for (let left = 1 + random.int(2); left > 0; left--)
    acts.push({
      atMs: between(10_000, 80_000),
      act: { do: "pair", who: guest(), showsNew: random.chance(0.5), full: random.chance(0.3), ends: pairingEndOf(random), forMs: forMs() },
    });
  if (random.chance(0.5))
    acts.push({
      atMs: between(50_000, 115_000),
      act: { do: "revoke-device", who: guest(), which: random.int(8), offline: random.chance(0.5), forMs: 8_000 + random.int(20_000) },
    });
  return acts;
}

function pairingEndOf(random: Prng): PairingEnd {
  const roll = random.int(100);
  if (roll < 64) return "whole";
  if (roll < 73) return "old-rejects";
  if (roll < 82) return "new-rejects";
  return roll < 91 ? "old-dies" : "new-dies";
}

function actOf(random: Prng, who: () => number): Act {
  const roll = random.int(100);
  const forMs = 500 + random.int(15_000);
  const how = random.chance(0.5) ? "kill" : "power";
  if (roll < 5) return { do: "old-link", who: who(), which: random.int(8) };
  if (roll < 45) return { do: "type", who: who(), doc: random.int(8) };
  if (roll < 53) return { do: "invite", by: who(), whom: who(), role: random.int(4), uses: 1 + random.int(3), short: random.chance(0.2) };
  if (roll < 55) return { do: "revoke-invite", by: who(), which: random.int(8) };
  if (roll < 61) return { do: "change-role", by: who(), whom: who(), role: random.int(4) };
  if (roll < 62) return { do: "readmit", by: who(), whom: who(), role: random.int(4) };
  if (roll < 68) return { do: "remove", by: who(), whom: who() };
  if (roll < 70) return { do: "leave", by: who() };
  if (roll < 71) return { do: "hand-over", by: who(), whom: who() };
  if (roll < 75) return { do: "rotate", by: who() };
  if (roll < 78) return { do: "new-document", by: who() };
  if (roll < 87) return { do: "cut", who: who(), flow: random.chance(0.7) ? "hold" : "drop", forMs };
  if (roll < 91) return { do: "reset", who: who() };
  if (roll < 97) return { do: "kill", who: who(), how, forMs };
  return { do: "kill-relay", how, forMs: Math.min(forMs, 6_000) };
}
