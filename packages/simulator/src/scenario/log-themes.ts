/**
 * Situations of several steps in which the relay's log, what it shows to whom, or a hostile member matter, and which classes that are drawn one by one
 * meet too seldom. Some seeds have one, besides the rest.
 */
import type { Prng } from "../prng.ts";
import { one, rotated } from "./cast.ts";
import type { Cast, TimedStep } from "./cast.ts";

export interface LogTheme {
  readonly name: string;
  /** It shows only if nothing else goes wrong: no class of fault is drawn besides. */
  readonly alone?: boolean;
  /** Classes that would hide it. */
  readonly without?: ReadonlySet<string>;
  /** It shows only while nobody loses, damages or forges the relay's log otherwise. */
  readonly logStays: boolean;
  readonly hostile?: boolean;
  readonly make: (random: Prng, cast: Cast) => readonly TimedStep[];
}

const typeAt = (atMs: number, who: string, index: number): TimedStep => [
  atMs,
  { do: "type", who, text: `${who.slice(0, 1)}t${index} `, where: 1 },
];

/** Ana and others write, and the relay loses it. Times from the quiet beginning on; the relay is put back at `lostMs`. */
const lostMs = 8_000;
const written = (random: Prng, cast: Cast): TimedStep[] => [
  [0, { do: "backup" }],
  ...cast.devices.flatMap((who, index) => [
    typeAt(500 + random.int(2_000), who, index),
    typeAt(3_000 + random.int(2_000), who, index + 10),
  ]),
  [lostMs, { do: "rollback" }],
];

/** More than one page of the log. */
const pastes = (random: Prng, cast: Cast, fromMs: number, eachMs: number, who?: string): TimedStep[] =>
  Array.from({ length: (who === undefined ? 5 : 9) + random.int(3) }, (_, nth) => [
    fromMs + nth * eachMs,
    { do: "type", who: who ?? one(random, cast), text: `paste${nth} `.repeat(3_000), where: 1 },
  ]);

export const logThemes: readonly LogTheme[] = [
  {
    name: "a long log is read from its start",
    alone: true,
    logStays: true,
    make: (random, cast) => {
      const reader = one(random, cast);
      return [
        ...pastes(random, cast, 500, 700),
        [6_500, { do: "evict", who: reader }],
        // Its store is slow to say that it could not take what came with the first page; the next ones are there already.
        ...(random.chance(0.6)
          ? ([
              [8_700, { do: "storage", who: reader, fault: "slow", for: 6_000 }],
              [8_700, { do: "storage", who: reader, fault: "abort", for: 6_000 }],
            ] as const)
          : []),
      ];
    },
  },
  {
    name: "a slow reader",
    alone: true,
    logStays: true,
    make: (random, cast) => {
      const [author = "ana", ...others] = rotated(cast.devices, random.int(cast.devices.length));
      return [
        ...others.map((who): TimedStep => [0, { do: "bandwidth", who, bytesPerSecond: 4_000 + random.int(12_000), for: 20_000 }]),
        ...pastes(random, cast, 500, 300 + random.int(400), author),
        ...cast.devices.flatMap((who, index) =>
          Array.from({ length: 4 }, (_, nth) => typeAt(600 + random.int(4_000), who, index * 10 + nth)),
        ),
      ];
    },
  },
  {
    // Several authors' records in one batch of the relay.
    name: "all type at once, on a slow disk",
    alone: true,
    logStays: true,
    make: (random, cast) => [
      [0, { do: "disk", fault: "slow", for: 12_000 }],
      ...Array.from({ length: 12 }, (_, round) => round).flatMap((round) =>
        cast.devices.map((who, index) => typeAt(500 + round * 700 + random.int(60), who, round * 10 + index)),
      ),
    ],
  },
  {
    // What failed may have reached the disk.
    name: "writes that may have come through",
    alone: true,
    logStays: true,
    make: (random, cast) => [
      ...Array.from({ length: 4 }, (_, nth) => nth).flatMap((nth): readonly TimedStep[] => [
        [500 + nth * 4_000, { do: "disk", fault: random.chance(0.7) ? "write-error" : "full", for: 300 + random.int(2_500) }],
        // Nobody has the document open for a moment: it is read anew while the disk fails.
        ...(random.chance(0.5) ? ([[600 + nth * 4_000 + random.int(300), { do: "reset", who: "all" }]] as const) : []),
        ...(random.chance(0.3)
          ? ([[2_500 + nth * 4_000 + random.int(1_000), { do: "crash", who: "relay", how: "kill", down: 500 }]] as const)
          : []),
      ]),
      ...cast.devices.flatMap((who, index) => Array.from({ length: 12 }, (_, nth) => typeAt(random.int(16_000), who, index * 20 + nth))),
    ],
  },
  {
    name: "frames that never come",
    alone: true,
    logStays: true,
    make: (random, cast) => [
      [
        0,
        {
          do: "garble",
          who: random.chance(0.5) ? "all" : one(random, cast),
          how: random.pick(["drop", "scramble"] as const),
          rate: random.pick([0.05, 0.2]),
          dir: "down",
          for: 12_000,
        },
      ],
      ...Array.from({ length: 5 }, (): TimedStep => [random.int(11_500), { do: "reset", who: one(random, cast) }]),
      ...cast.devices.flatMap((who, index) =>
        Array.from({ length: 8 }, (_, nth) => typeAt(500 + random.int(10_000), who, index * 10 + nth)),
      ),
    ],
  },
  {
    name: "a night without a network",
    alone: true,
    logStays: true,
    make: (random, cast) => {
      const who = one(random, cast);
      return [
        [0, { do: "no-entry", who, how: random.chance(0.7) ? "refuse" : "hang", for: "10m" }],
        [0, { do: "reset", who }],
        typeAt(5_000, who, 1),
        typeAt(630_000, who, 2),
      ];
    },
  },
  {
    name: "handing back over a bad line",
    logStays: true,
    make: (random, cast) => [
      ...written(random, cast),
      [lostMs + 400, { do: "flap", who: "all", cut: 50 + random.int(300), healed: 100 + random.int(700), for: 5_000 + random.int(8_000) }],
      ...(random.chance(0.5)
        ? [[lostMs + 600 + random.int(3_000), { do: "crash", who: "relay", how: "kill", after: 1 + random.int(30), down: 500 }] as const]
        : []),
    ],
  },
  {
    // Nobody else has what was lost.
    name: "handing back alone, over a bad line",
    logStays: true,
    make: (random, cast) => {
      const [who = "ana", ...others] = rotated(cast.devices, random.int(cast.devices.length));
      return [
        ...written(random, cast),
        ...others.map((name): TimedStep => [300, { do: "cut", who: name, bytes: "drop", for: 45_000 }]),
        [lostMs, { do: "delay", who, ms: 1_500 + random.int(1_000), dir: "up", for: 30_000 }],
        [lostMs + 8_500 + random.int(4_500), { do: "reset", who }],
        [lostMs + 15_000 + random.int(8_000), { do: "reset", who }],
      ];
    },
  },
  {
    name: "handing back over a thin line",
    logStays: true,
    make: (random, cast) => [
      [2_500, { do: "type", who: one(random, cast), text: "paste ".repeat(4_000), where: 1 }],
      ...written(random, cast),
      [lostMs, { do: "bandwidth", who: "all", bytesPerSecond: 300 + random.int(2_000), for: 15_000 + random.int(10_000) }],
    ],
  },
  {
    // Who wrote it can't help any more.
    name: "handing back to a full disk",
    logStays: true,
    make: (random, cast) => [
      ...written(random, cast),
      [lostMs - 300, { do: "evict", who: one(random, cast) }],
      [
        lostMs + 300 + random.int(500),
        { do: "disk", fault: random.pick(["full", "write-error"] as const), for: 3_000 + random.int(6_000) },
      ],
    ],
  },
  {
    name: "two histories",
    logStays: true,
    make: (random, cast) => [
      [0, { do: "cheat", how: "fork", who: one(random, cast), for: 12_000 + random.int(8_000) }],
      ...cast.devices.flatMap((who, index) =>
        Array.from({ length: 4 }, (_, nth) => typeAt(2_000 + random.int(9_000), who, index * 10 + nth)),
      ),
    ],
  },
  {
    name: "altered while its author goes",
    alone: true,
    logStays: true,
    make: (random, cast) => {
      const [author = "ana", reader = "ben"] = rotated(cast.devices, random.int(cast.devices.length));
      return [
        [0, { do: "cheat", how: random.chance(0.8) ? "spoil-signatures" : "alter-entries", who: reader, for: 8_000 }],
        ...Array.from({ length: 3 }, (_, nth) => typeAt(1_000 + random.int(5_500), author, nth)),
        ...(random.chance(0.8) ? [[7_500, { do: "evict", who: author }] as const] : []),
        // What others write upon it waits for it, also over a restart.
        ...cast.devices.filter((who) => who !== reader).map((who, index) => typeAt(10_000 + random.int(1_000), who, 20 + index)),
        [14_000, { do: "restart", who: reader, down: 500 }],
      ];
    },
  },
  {
    name: "impersonation",
    logStays: true,
    hostile: true,
    make: (random, cast) => {
      const others = cast.devices.slice(1);
      return [
        typeAt(500, "ana", 1),
        [3_000, { do: random.chance(0.5) ? "restart" : "crash", who: random.pick(others), down: 500 + random.int(1_000) }],
        [6_000 + random.int(2_000), { do: "attack", who: "mallory", how: "foreign-client-id" }],
        [6_000 + random.int(4_000), { do: "attack", who: "mallory", how: "foreign-presence" }],
      ];
    },
  },
  {
    name: "contradictions",
    logStays: true,
    hostile: true,
    without: new Set(["device crashes", "relay crashes", "restarts", "takeover", "device storage", "tabs", "away"]),
    make: (random) => [[1_000 + random.int(10_000), { do: "attack", who: "mallory", how: "contradiction" }]],
  },
  {
    // In a text inside a map: those of the root have no kind in a peer's own document, and Yjs does nothing with them.
    name: "formatting apart",
    logStays: true,
    make: (random, cast) => [
      [0, { do: "type", who: "ana", text: "some words that many people format ", note: true }],
      ...cast.devices.flatMap((who): TimedStep[] => [
        [2_000 + random.int(4_000), { do: "cut", who, for: 4_000 + random.int(10_000) }],
        ...Array.from({ length: 14 }, (): TimedStep => {
          const where = Math.floor(random.float() * 100) / 100;
          const count = 1 + random.int(12);
          return random.chance(0.75)
            ? [2_000 + random.int(10_000), { do: "bold", who, count, on: random.chance(0.6), where, note: true }]
            : [2_000 + random.int(10_000), { do: "erase", who, count, where, note: true }];
        }),
      ]),
    ],
  },
];

/** Classes after which a log or its owners are not what they were. */
export const changesLog: ReadonlySet<string> = new Set([
  "lying disk",
  "damaged disk",
  "rolled back",
  "cloned relay",
  "old profile",
  "copied profile",
  "relay disk",
  "cheating relay",
  "eviction",
]);
