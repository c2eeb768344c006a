/**
 * Situations of several steps in which a device's own storage, numbers or closed documents matter: its process dies at a bad moment, its profile has a
 * twin, or nobody looks at what it still has to send. Steps that are drawn one by one meet them too seldom.
 */
import type { Prng } from "../prng.ts";
import { quietMs } from "./cast.ts";
import type { Cast, TimedStep } from "./cast.ts";

export interface DeviceTheme {
  readonly name: string;
  /** It shows only if nothing else goes wrong: no class of fault is drawn besides. */
  readonly alone: boolean;
  /** Times from the quiet beginning on. */
  readonly make: (random: Prng, cast: Cast) => readonly TimedStep[];
}

const typed = (atMs: number, who: string, text: string): TimedStep => [atMs, { do: "type", who, text: `${text} `, where: 1 }];
const closed = (atMs: number, who: string): readonly TimedStep[] => [
  [atMs, { do: "close-tab", who, tab: 0 }],
  [atMs, { do: "close-tab", who, tab: 1 }],
];
/** After everybody's edits. */
const afterwards = (cast: Cast): number => cast.lengthMs - quietMs + 1_000;
/** One of them, and the others. */
const split = (random: Prng, { devices }: Cast): readonly [string, readonly string[]] => {
  const who = random.pick(devices);
  return [who, devices.filter((name) => name !== who)];
};

export const deviceThemes: readonly DeviceTheme[] = [
  {
    // More changes than fit into transactions at one time, more rows than are left as they are; dies while they become one.
    name: "much typing",
    alone: true,
    make: (random, cast) => {
      const [who] = split(random, cast);
      const slow = random.chance(0.35);
      return [
        [0, { do: "cut", who, for: 30_000 }],
        ...(slow ? [[400, { do: "storage", who, fault: "slow", for: 12_000 }] as const] : []),
        ...Array.from({ length: 110 }, (_, index) => typed(500 + index * (slow ? 5 : 30), who, `m${index}`)),
        [slow ? 16_000 : 5_000, { do: "crash", who, how: "kill", down: 500 }],
        // It is up again, has read its rows, and writes the one that replaces them: some of the first effects of its life.
        [(slow ? 16_000 : 5_000) + 503, { do: "crash", who, how: "kill", after: 2 + random.int(4), down: 500 }],
      ];
    },
  },
  {
    name: "closed before it is sent",
    alone: true,
    make: (random, cast) => {
      const [who] = split(random, cast);
      const begin = afterwards(cast);
      const wasAway = random.chance(0.5);
      const at = begin + (wasAway ? 45_000 : 0);
      return [
        // Long enough for the peer to let the document go, and to note that nothing of it is unsent.
        ...(wasAway ? [...closed(begin, who), [at, { do: "open-tab", who, tab: 0 }] as const] : []),
        // What goes up may be on its way, and the answer never come.
        [at + 1_000, { do: "cut", who, dir: random.chance(0.5) ? "up" : "both", bytes: "drop", for: 60_000 }],
        typed(at + 1_200, who, "closed"),
        ...(random.chance(0.3) ? [typed(at + 1_600, who, "twice")] : []),
        ...closed(at + 2_500, who),
        [
          at + (random.chance(0.3) ? 40_000 : 3_500),
          random.chance(0.6) ? { do: "restart", who, down: 500 } : { do: "crash", who, how: "kill", down: 500 },
        ],
      ];
    },
  },
  {
    name: "a deletion is the last",
    alone: false,
    make: (random, cast) => {
      const [who] = split(random, cast);
      const at = afterwards(cast) + 5_000;
      return [
        [at, { do: "cut", who, for: 20_000 }],
        [at + 300, { do: "erase", who, count: 1 + random.int(5), where: Math.floor(random.float() * 100) / 100 }],
        [at + 1_000, random.chance(0.5) ? { do: "restart", who, down: 500 } : { do: "crash", who, how: "kill", down: 500 }],
      ];
    },
  },
  {
    // Its content fails and its copy of the log does not, or the other way round.
    name: "half stored, then dead",
    alone: false,
    make: (random, cast) => {
      const [who, others] = split(random, cast);
      // Sealed, stored and sent, and not in its own content.
      if (random.chance(0.5)) {
        const begin = afterwards(cast);
        return Array.from({ length: 5 }, (_, nth) => begin + nth * 3_500).flatMap((from, nth): readonly TimedStep[] => [
          [from, { do: "storage", who, fault: "abort", for: 900 }],
          typed(from + 100, who, `own${nth}`),
          [from + 230 + random.int(250), { do: "crash", who, how: "kill", down: 900 }],
        ]);
      }
      const at = random.chance(0.5) ? 0 : afterwards(cast);
      return Array.from({ length: 3 }, (_, nth) => at + nth * 4_000).flatMap((from): readonly TimedStep[] => [
        [from, { do: "storage", who, fault: "abort", for: 900 }],
        ...others.map((name): TimedStep => [
          from + 100 + random.int(500),
          { do: "erase", who: name, count: 1 + random.int(4), where: 0.5 },
        ]),
        typed(from + 50 + random.int(500), who, "half"),
        [from + 250 + random.int(600), { do: "crash", who, how: "kill", down: 1_000 }],
      ]);
    },
  },
  {
    // A new author's first words are on the reader's disk, whose they are is not; and then nobody else has them.
    name: "the reader dies, the relay loses it",
    alone: true,
    make: (random, cast) => {
      const [reader, [author = reader, ...others]] = split(random, cast);
      return [
        [0, { do: "restart", who: author, down: 500 }],
        [2_500, { do: "backup" }],
        ...others.map((who): TimedStep => [2_600, { do: "cut", who, bytes: "drop", for: 20_000 }]),
        // Its content is stored and the copy of the log is not, or the other way round, or both are.
        [3_000, { do: "crash", who: reader, how: "kill", after: random.pick([1, 2, 2, 2, 2, 2, 3]), down: 3_000 }],
        typed(3_010, author, "first"),
        [3_500, { do: "crash", who: author, how: "kill", down: 15_000 }],
        [3_800, { do: "rollback" }],
        typed(20_000, author, "next"),
      ];
    },
  },
  {
    name: "both twins write",
    alone: true,
    make: (random, cast) => {
      const [who] = split(random, cast);
      const as = "twin";
      return [
        ...(random.chance(0.5) ? [[0, { do: "cut", who, for: 4_000 }] as const, typed(300, who, "before")] : []),
        [1_000, { do: "clone-profile", who, as }],
        // Both take the same number, and one of them is refused.
        typed(5_000, as, "twin"),
        typed(5_000 + random.int(120), who, "original"),
        ...Array.from({ length: 4 }, (_, nth) => typed(5_500 + random.int(6_000), random.pick([who, as]), `w${nth}`)),
        [6_000 + random.int(6_000), { do: "erase", who: as, count: 2, where: 0.5 }],
      ];
    },
  },
  {
    name: "an old profile goes on",
    alone: false,
    make: (random, cast) => {
      const [who] = split(random, cast);
      return [
        [0, { do: "backup-profile", who }],
        typed(500, who, "newer"),
        typed(1_500 + random.int(1_000), who, "newest"),
        [4_000, { do: "restore-profile", who }],
        typed(8_000, who, "older"),
        [9_000, { do: "erase", who, count: 1 + random.int(5), where: 0.3 }],
      ];
    },
  },
  {
    // Acknowledgements come, others' entries do not; and then the relay has neither.
    name: "acknowledged, never seen",
    alone: false,
    make: (random, cast) => [
      [0, { do: "backup" }],
      [500, { do: "cheat", how: "withhold", who: "all", for: 12_000 }],
      ...cast.devices.flatMap((who, index) => [
        typed(3_000 + index * 200, who, `x${index}`),
        typed(4_000 + random.int(2_000), who, `y${index}`),
      ]),
      [8_000, { do: "rollback" }],
    ],
  },
  {
    // What a failed write left comes to light, its author is gone, and those who read have opened the document meanwhile.
    name: "left behind by a failed write",
    alone: true,
    make: (random, cast) => {
      const [author, others] = split(random, cast);
      const at = afterwards(cast) + 10_000;
      return [
        [at, { do: "disk", fault: "write-error", for: 3_000 }],
        typed(at + 50, author, "left"),
        [at + 400 + random.int(400), { do: "evict", who: author }],
        ...others.map((who): TimedStep => [at + 1_000 + random.int(300), { do: "reset", who }]),
      ];
    },
  },
  {
    // Only the next signed head tells of it.
    name: "the last words are left out",
    alone: true,
    make: (random, cast) => {
      const [who, [author = who]] = split(random, cast);
      const at = afterwards(cast) + 10_000;
      return [
        [at, { do: "cheat", how: "drop-entries", who, for: 9_000 }],
        ...Array.from({ length: 1 + random.int(2) }, (_, nth) => typed(at + 4_000 + nth * 300, author, `last${nth}`)),
      ];
    },
  },
  {
    // Nothing else is sent that would betray what was lost with a frame that can't be read.
    name: "garbage on the line",
    alone: true,
    make: (random, cast) => {
      const at = afterwards(cast) + 5_000;
      return cast.devices.flatMap((who): readonly TimedStep[] => [
        [at, { do: "garble", who, how: "scramble", rate: 0.35, dir: "down", for: 6_000 }],
        ...Array.from({ length: 3 }, (): TimedStep => [at + 1_000 + random.int(4_500), { do: "reset", who }]),
        typed(at + 25_000, who, "garbage"),
      ]);
    },
  },
  {
    // No event of anybody else's that would make it try again.
    name: "alone when its store fails",
    alone: true,
    make: (random, cast) => {
      const [who, others] = split(random, cast);
      const at = afterwards(cast);
      return [
        ...others.flatMap((name) => closed(at, name)),
        [at + 45_000, { do: "storage", who, fault: "full", for: 6_000 }],
        typed(at + 45_100, who, "alone"),
      ];
    },
  },
];
