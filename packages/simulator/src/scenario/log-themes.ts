/**
 * Situations of several steps in which the relay's log, what it shows to whom, or a hostile member matter, and which classes that are drawn one by one
 * meet too seldom. Some seeds have one, besides the rest.
 */
import type { Prng } from "../prng.ts";
import { one, rotated } from "./cast.ts";
import type { Cast, TimedStep } from "./cast.ts";

export interface LogTheme {
  readonly name: string;
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

export const logThemes: readonly LogTheme[] = [
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
    logStays: true,
    make: (random, cast) => {
      const [author = "ana", reader = "ben"] = rotated(cast.devices, random.int(cast.devices.length));
      return [
        [0, { do: "cheat", how: "alter-entries", who: reader, for: 6_000 }],
        ...Array.from({ length: 3 }, (_, nth) => typeAt(1_000 + random.int(4_500), author, nth)),
        ...(random.chance(0.5) ? [[7_000, { do: "evict", who: author }] as const] : []),
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
    without: new Set(["device crashes", "relay crashes", "restarts", "takeover", "device storage"]),
    make: (random) => [[1_000 + random.int(10_000), { do: "attack", who: "mallory", how: "contradiction" }]],
  },
  {
    // In a text inside a map: those of the root have no kind in a peer's own document, and Yjs does nothing with them.
    name: "formatting apart",
    logStays: true,
    make: (random, cast) => [
      [0, { do: "type", who: "ana", text: "some words that many people format ", note: true }],
      ...cast.devices.flatMap((who): TimedStep[] => [
        [2_000 + random.int(4_000), { do: "cut", who, for: 2_000 + random.int(8_000) }],
        ...Array.from({ length: 6 }, (): TimedStep => {
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
