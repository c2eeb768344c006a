/**
 * A scenario from a seed, as swarm testing does it (Groce et al., ISSTA 2012): each seed enables a random few of the classes of fault and of
 * the kinds of edit, so that some runs have much of one thing, and none of what would hide it. Each class draws from a stream of its own.
 */
import { createPrng } from "../prng.ts";
import type { Prng } from "../prng.ts";
import { one, quietMs, rotated } from "./cast.ts";
import type { Cast, TimedStep, Timeless } from "./cast.ts";
import { deviceThemes } from "./device-themes.ts";
import type { DeviceTheme } from "./device-themes.ts";
import { changesLog, logThemes } from "./log-themes.ts";
import type { LogTheme } from "./log-themes.ts";
import type { AttackStep, CheatStep, DeviceOptions, Direction, Scenario, Step } from "./scenario.ts";

const names = ["ana", "ben", "cleo", "dora", "emil"] as const;

interface FaultClass {
  readonly name: string;
  /** How likely a seed has it. */
  readonly share: number;
  /** One occurrence: its steps, with times from its own beginning. */
  readonly make: (random: Prng, cast: Cast, index: number) => readonly TimedStep[];
}

const short = (random: Prng): number => 200 + random.int(4_000);
const long = (random: Prng): number => (random.chance(0.7) ? 1_000 + random.int(15_000) : 15_000 + random.int(60_000));
const oneOrAll = (random: Prng, cast: Cast): string => (random.chance(0.15) ? "all" : one(random, cast));
const anyDirection = (random: Prng): Direction => random.pick(["up", "down", "both"] as const);

const classes: readonly FaultClass[] = [
  {
    name: "cut",
    share: 0.55,
    make: (random, cast) => [
      [
        0,
        {
          do: "cut",
          who: oneOrAll(random, cast),
          dir: random.chance(0.6) ? "both" : anyDirection(random),
          bytes: random.pick(["hold", "drop"] as const),
          for: long(random),
        },
      ],
    ],
  },
  {
    name: "slow network",
    share: 0.3,
    make: (random, cast) =>
      random.chance(0.5)
        ? [
            [
              0,
              {
                do: "delay",
                who: oneOrAll(random, cast),
                ms: random.int(3_000),
                jitter: random.int(2_000),
                dir: anyDirection(random),
                for: long(random),
              },
            ],
          ]
        : [[0, { do: "bandwidth", who: one(random, cast), bytesPerSecond: 200 + random.int(20_000), for: long(random) }]],
  },
  {
    name: "reset",
    share: 0.4,
    make: (random, cast) => [[0, { do: random.chance(0.6) ? "reset" : "half-open", who: oneOrAll(random, cast) }]],
  },
  {
    name: "flapping",
    share: 0.15,
    make: (random, cast) => [
      [0, { do: "flap", who: oneOrAll(random, cast), cut: 100 + random.int(2_000), healed: 100 + random.int(3_000), for: long(random) }],
    ],
  },
  {
    name: "no entry",
    share: 0.15,
    make: (random, cast) => [
      [0, { do: "no-entry", who: one(random, cast), how: random.pick(["refuse", "hang"] as const), for: long(random) }],
      [0, { do: "reset", who: one(random, cast) }],
    ],
  },
  {
    name: "garbled frames",
    share: 0.12,
    make: (random, cast) => [
      [
        0,
        {
          do: "garble",
          who: oneOrAll(random, cast),
          how: random.pick(["drop", "duplicate", "reorder", "corrupt", "scramble"] as const),
          rate: random.pick([0.02, 0.1, 0.4]),
          dir: anyDirection(random),
          for: short(random) * 2,
        },
      ],
    ],
  },
  {
    name: "device crashes",
    share: 0.5,
    make: (random, cast) => [
      [
        0,
        {
          do: "crash",
          who: one(random, cast),
          how: random.chance(0.7) ? "kill" : "power",
          ...(random.chance(0.7) ? { after: 1 + random.int(30) } : {}),
          down: random.chance(0.7) ? 200 + random.int(3_000) : long(random),
        },
      ],
    ],
  },
  {
    name: "relay crashes",
    share: 0.45,
    make: (random) => [
      [
        0,
        {
          do: "crash",
          who: "relay",
          how: random.chance(0.6) ? "kill" : "power",
          ...(random.chance(0.7) ? { after: 1 + random.int(40) } : {}),
          down: random.chance(0.8) ? 200 + random.int(3_000) : long(random),
        },
      ],
    ],
  },
  {
    name: "restarts",
    share: 0.2,
    make: (random, cast) => [[0, { do: "restart", who: random.chance(0.5) ? "relay" : one(random, cast), down: short(random) }]],
  },
  {
    name: "sleep",
    share: 0.25,
    make: (random, cast) => {
      const who = random.chance(0.15) ? "relay" : one(random, cast);
      const kind = random.int(3);
      if (kind === 0) return [[0, { do: "freeze", who, for: long(random) }]];
      if (kind === 1) return [[0, { do: "sleep", who, for: random.pick(["10m", "8h", "30d"] as const) }]];
      return [[0, { do: "clock", who, by: random.pick(["-10m", "10m", "-1d", "400d", "-3000d"] as const) }]];
    },
  },
  {
    name: "relay disk",
    share: 0.25,
    make: (random) => [
      [
        0,
        {
          do: "disk",
          fault: random.pick(["full", "write-error", "read-error", "slow"] as const),
          for: random.chance(0.5) ? short(random) : long(random),
        },
      ],
    ],
  },
  {
    name: "lying disk",
    share: 0.04,
    make: (random) => [
      [0, { do: "disk", fault: "lie", for: 10_000 + random.int(10_000) }],
      [1_000 + random.int(8_000), { do: "crash", who: "relay", how: "power", down: 1_000 }],
    ],
  },
  {
    name: "damaged disk",
    share: 0.05,
    make: (random) => [[0, random.chance(0.7) ? { do: "flip", where: random.pick(["log", "table"] as const) } : { do: "truncate" }]],
  },
  {
    name: "rolled back",
    share: 0.07,
    make: (random) => [
      [0, { do: "backup" }],
      [3_000 + random.int(30_000), { do: "rollback" }],
    ],
  },
  {
    name: "cloned relay",
    share: 0.04,
    make: (random, cast) => [
      [
        0,
        {
          do: "clone-relay",
          // At least one, and not all.
          who: rotated(cast.devices, random.int(cast.devices.length)).slice(0, 1 + random.int(cast.devices.length - 1)),
          for: 3_000 + random.int(15_000),
        },
      ],
    ],
  },
  {
    name: "device storage",
    share: 0.25,
    make: (random, cast) =>
      random.chance(0.2)
        ? [[0, { do: "close-storage", who: one(random, cast) }]]
        : [
            [
              0,
              {
                do: "storage",
                who: one(random, cast),
                fault: random.pick(["full", "abort", "no-open", "read-error", "slow"] as const),
                for: random.chance(0.6) ? short(random) : long(random),
              },
            ],
          ],
  },
  { name: "eviction", share: 0.06, make: (random, cast) => [[0, { do: "evict", who: one(random, cast) }]] },
  {
    name: "old profile",
    share: 0.06,
    make: (random, cast) => {
      const who = one(random, cast);
      return [
        [0, { do: "backup-profile", who }],
        [2_000 + random.int(30_000), { do: "restore-profile", who }],
      ];
    },
  },
  {
    name: "copied profile",
    share: 0.05,
    make: (random, cast, index) => (index > 1 ? [] : [[0, { do: "clone-profile", who: one(random, cast), as: `copy-${index}` }]]),
  },
  {
    name: "takeover",
    share: 0.12,
    make: (random, cast) => {
      const who = one(random, cast);
      const again = random.chance(0.3) ? [1 + random.int(8)] : [];
      // The second while the first still opens the store: it may get it after the one that leads.
      return [0, ...again].map((after) => [after, { do: "takeover", who, for: short(random) * 2 }]);
    },
  },
  {
    name: "tabs",
    share: 0.3,
    make: (random, cast) => {
      const who = one(random, cast);
      const tab = random.int(2);
      return [
        [0, { do: "close-tab", who, tab }],
        [random.int(10_000), { do: "open-tab", who, tab }],
      ];
    },
  },
  {
    // Everything is closed, and the peer lets the document go when all of it is safe; or does not, when it is not.
    name: "away",
    share: 0.2,
    make: (random, cast) => {
      const who = one(random, cast);
      const backMs = 5_000 + random.int(50_000);
      return [
        [0, { do: "type", who, text: "last ", where: 1 }],
        [random.int(200), { do: "close-tab", who, tab: 0 }],
        [random.int(200), { do: "close-tab", who, tab: 1 }],
        [backMs, { do: "open-tab", who, tab: 0 }],
      ];
    },
  },
  {
    name: "cheating relay",
    share: 0.12,
    make: (random, cast) => [[0, { do: "cheat", how: random.pick(cheats), who: oneOrAll(random, cast), for: 2_000 + random.int(20_000) }]],
  },
];

const cheats: readonly CheatStep["how"][] = [
  "drop-entries",
  "reorder-entries",
  "replay-entries",
  "alter-entries",
  "spoil-signatures",
  "withhold",
  "swallow-appends",
  "forge-acks",
  "fork",
  "roll-back",
  "replay-presence",
  "random",
];

const attacks: readonly AttackStep["how"][] = [
  "garbage-update",
  "hanging-update",
  "contradiction",
  "wrong-key",
  "foreign-client-id",
  "author-fork",
  "false-head",
  "uncertified",
  "newer-format",
  "foreign-presence",
  "honest-looking",
];

const themeShare = 0.35;
const deviceThemeShare = 0.35;

interface Situation {
  readonly theme: LogTheme | undefined;
  readonly themed: Prng;
  readonly deviceTheme: DeviceTheme | undefined;
  readonly deviceThemed: Prng;
}

function situationOf(random: Prng): Situation {
  const themed = random.fork("theme");
  const theme = themed.chance(themeShare) ? themed.pick(logThemes) : undefined;
  // A stream of its own: a theme more or less there changes nothing here.
  const deviceThemed = random.fork("device theme");
  const deviceTheme = theme === undefined && deviceThemed.chance(deviceThemeShare) ? deviceThemed.pick(deviceThemes) : undefined;
  return { theme, themed, deviceTheme, deviceThemed };
}

/** Which situation of several steps a seed has, if one. */
export function themeOf(seed: bigint): string | undefined {
  const { theme, deviceTheme } = situationOf(createPrng(seed).fork("scenario"));
  return (theme ?? deviceTheme)?.name;
}

/** The names of all classes of fault, for documents. */
export const faultClasses: readonly string[] = [...classes.map(({ name }) => name), "hostile member"];
/** And of all themes. */
export const themeNames: readonly string[] = [...logThemes, ...deviceThemes].map(({ name }) => name);

/** Of each device. More seeds find more than longer ones. */
const editsMax = 24;

export function generateScenario(seed: bigint): Scenario {
  const random = createPrng(seed).fork("scenario");
  const shape = random.fork("shape");
  const count = 2 + (shape.chance(0.7) ? shape.int(2) : shape.int(4));
  const lengthMs = shape.chance(0.85) ? 10_000 + shape.int(25_000) : 35_000 + shape.int(85_000);
  const devices: Record<string, DeviceOptions> = {};
  for (const [index, name] of names.slice(0, count).entries()) {
    devices[name] = {
      ...(index > 0 && shape.chance(0.25) ? { joins: shape.int(lengthMs) } : {}),
      ...(shape.chance(0.15) ? { skew: shape.pick(["-1h", "1h", "-400d", "400d"] as const) } : {}),
      ...(shape.chance(0.3) ? { tabs: 2 } : {}),
    };
  }
  const cast: Cast = { devices: names.slice(0, count), lengthMs };
  const steps: { readonly at: number; readonly step: Timeless }[] = [];

  for (const name of cast.devices) {
    const own = random.fork(`edits of ${name}`);
    const meanMs = own.pick([300, 1_500, 5_000, 15_000]);
    const bursts = own.chance(0.3);
    let at = quietMs / 2 + own.float() * meanMs;
    for (let index = 0; at < lengthMs && index < editsMax; index++) {
      steps.push({ at: Math.floor(at), step: editOf(own, name, index) });
      at += bursts && own.chance(0.7) ? own.int(60) : -Math.log(1 - own.float()) * meanMs;
    }
  }

  const { theme, themed, deviceTheme, deviceThemed } = situationOf(random);
  const alone = theme?.alone === true || deviceTheme?.alone === true;
  for (const [afterMs, step] of theme?.make(themed, cast) ?? []) steps.push({ at: quietMs + afterMs, step });
  for (const [afterMs, step] of deviceTheme?.make(deviceThemed, cast) ?? []) steps.push({ at: quietMs + afterMs, step });

  for (const fault of classes) {
    if (theme?.logStays === true && changesLog.has(fault.name)) continue;
    if (alone || theme?.without?.has(fault.name) === true) continue;
    const own = random.fork(`fault ${fault.name}`);
    if (!own.chance(fault.share)) continue;
    const times = 1 + own.int(own.chance(0.3) ? 6 : 2);
    for (let index = 0; index < times; index++) {
      const beginMs = quietMs + own.int(Math.max(1, lengthMs - quietMs));
      for (const [afterMs, step] of fault.make(own, cast, index)) steps.push({ at: beginMs + afterMs, step });
    }
  }

  const hostile = random.fork("fault hostile member");
  if (theme?.hostile === true) devices["mallory"] = { hostile: true };
  if (!alone && hostile.chance(0.1)) {
    devices["mallory"] = { hostile: true };
    const times = 1 + hostile.int(5);
    for (let index = 0; index < times; index++)
      steps.push({ at: quietMs + hostile.int(lengthMs), step: { do: "attack", who: "mallory", how: hostile.pick(attacks) } });
  }

  return {
    v: 1,
    seed: seed < 2n ** 53n ? Number(seed) : seed.toString(),
    devices,
    steps: steps.sort((a, b) => a.at - b.at).map(({ at, step }) => ({ at, ...step }) as Step),
  };
}

function editOf(random: Prng, who: string, index: number): Timeless {
  const tab = random.chance(0.15) ? 1 : 0;
  const base = { who, ...(tab === 0 ? {} : { tab }) };
  const where = random.chance(0.4) ? 1 : Math.floor(random.float() * 1000) / 1000;
  const kind = random.int(20);
  const word = `${who.slice(0, 1)}${index}${random.chance(0.3) ? "Kanarie" : ""}`;
  if (kind < 12) return { ...base, do: "type", text: `${word} `, where };
  if (kind < 16) return { ...base, do: "erase", count: 1 + random.int(12), where };
  if (kind < 17) return { ...base, do: "bold", count: 1 + random.int(10), on: random.chance(0.6), where };
  if (kind < 18) return { ...base, do: "set", key: `k${random.int(3)}`, value: word };
  if (kind < 19) return { ...base, do: "caret", where };
  // A paste.
  return { ...base, do: "type", text: `${word} `.repeat(random.pick([5, 50, 400, 4_000])), where };
}
