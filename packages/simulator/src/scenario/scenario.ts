/**
 * A scenario: who is there, what they do, what goes wrong, what must hold. Version 1. `docs/simulation.md` explains it to testers;
 * `parse-scenario.ts` reads it from JSON and says what is wrong with it; `generate.ts` makes one from a seed.
 *
 * One scenario, one run, bit for bit: whatever is drawn while it runs (latencies, keys, places in a text) comes from streams named after the
 * actor and the kind of draw, under `seed`; so taking a step out leaves all others as they were.
 */

/** Milliseconds, or text: "250ms", "5s", "2m", "1h", "30d". */
export type Duration = number | string;

/** A device's name: lower-case letters, digits, dashes. "relay" and "all" are taken. */
export type DeviceName = string;
/** A device, or "all" of them. */
export type Whom = string;
/** A device, or "relay". */
export type ProcessName = string;

export interface DeviceOptions {
  /** When it is given the share link. The first device makes the document and ignores this. */
  readonly joins?: Duration;
  /** Its wall clock is this much ahead (or, negative, behind). */
  readonly skew?: Duration;
  /** Holds the key, and writes by `attack` only what no honest engine writes. */
  readonly hostile?: boolean;
  /** Tabs that have the document open, each an editor with a client id of its own. Default 1. */
  readonly tabs?: number;
}

export interface Scenario {
  readonly v: 1;
  readonly name?: string;
  readonly about?: string;
  /** 64 bits: a number below 2^53 or decimal text. */
  readonly seed: number | string;
  /** In the order of joining; one to eight. */
  readonly devices: Readonly<Record<DeviceName, DeviceOptions>>;
  readonly steps: readonly Step[];
  /** When everything is healed and quiet is demanded. Default: 10 s after the last step. */
  readonly until?: Duration;
  /** Of virtual time, from the healing on, in which all must agree and be synced (I14). Default "3m". */
  readonly settleWithin?: Duration;
  /** Devices that stay dead at the healing: the others must settle without them. */
  readonly without?: readonly DeviceName[];
  /** Besides the invariants, which always hold. */
  readonly expect?: readonly Expectation[];
}

export type Direction = "up" | "down" | "both";

interface At {
  /** Since the start. Steps at one time happen in the order of the list. */
  readonly at: Duration;
}
interface By extends At {
  readonly who: DeviceName;
}
/** `who` may also be "all". */
interface OnLink extends At {
  readonly who: Whom;
  /** Ends by itself after this long. Default: until `heal`, or the end. */
  readonly for?: Duration;
}

/** `where`: 0 (start) to 1 (end, the default). `tab` counts from 0. `note`: in a text inside a shared map, instead of the main one. */
interface InText {
  readonly where?: number;
  readonly tab?: number;
  readonly note?: boolean;
}

/** What people do. */
export type EditStep =
  | (By & InText & { readonly do: "type"; readonly text: string })
  | (By & InText & { readonly do: "erase"; readonly count: number })
  /** Sets bold on `count` characters, or takes it off. */
  | (By & InText & { readonly do: "bold"; readonly count: number; readonly on: boolean })
  /** Sets a key of a shared map: last writer wins. */
  | (By & { readonly do: "set"; readonly key: string; readonly value: string; readonly tab?: number })
  /** A Yjs update, base64: what the Lab's editors typed. */
  | (By & { readonly do: "update"; readonly update: string; readonly tab?: number })
  /** Moves the caret: presence. */
  | (By & { readonly do: "caret"; readonly where: number; readonly tab?: number });

/** The person at the device. */
export type PersonStep =
  /** Closes the tab, as people do; the device stays. */
  | (By & { readonly do: "close-tab"; readonly tab?: number })
  | (By & { readonly do: "open-tab"; readonly tab?: number })
  /** "Try again now". */
  | (By & { readonly do: "retry" });

export type NetworkStep =
  | (OnLink & {
      readonly do: "cut";
      readonly dir?: Direction;
      /** What is on its way: `hold` (default) comes after healing, `drop` is lost, and the connection with it. */ readonly bytes?:
        | "hold"
        | "drop";
    })
  | (OnLink & { readonly do: "delay"; readonly ms: number; readonly jitter?: number; readonly dir?: Direction })
  | (OnLink & { readonly do: "bandwidth"; readonly bytesPerSecond: number; readonly dir?: Direction })
  /** A broken middlebox: single frames are dropped, doubled, swapped with the next, or get a flipped bit, each with probability `rate`. */
  | (OnLink & {
      readonly do: "garble";
      readonly how: "drop" | "duplicate" | "reorder" | "corrupt" | "scramble";
      readonly rate: number;
      readonly dir?: Direction;
    })
  /** New connections fail (`refuse`), or are accepted and never answered (`hang`). */
  | (OnLink & { readonly do: "no-entry"; readonly how: "refuse" | "hang" })
  /** Cut and healed in turn. */
  | (OnLink & { readonly do: "flap"; readonly cut: Duration; readonly healed: Duration; readonly for: Duration })
  /** The relay's side of the connection is gone, the device was not told. */
  | (At & { readonly who: Whom; readonly do: "half-open" })
  | (At & { readonly who: Whom; readonly do: "reset" })
  /** Ends every fault of the link. */
  | (At & { readonly who: Whom; readonly do: "heal" });

/** `who` may be "relay". */
export type ProcessStep =
  /**
   * Dies `after` effects (frames, writes) from now, default at once, and starts again after `down` (default 2 s). `power`: what was not
   * synced may be lost.
   */
  | (At & {
      readonly who: ProcessName;
      readonly do: "crash";
      readonly how?: "kill" | "power";
      readonly after?: number;
      readonly down?: Duration;
    })
  /** Stops, as by SIGSTOP or in a background tab, for that long. */
  | (At & { readonly who: ProcessName; readonly do: "freeze"; readonly for: Duration })
  /** The lid is closed: frozen for at most a minute of the others' time; its wall clock finds that `for` has passed. */
  | (At & { readonly who: ProcessName; readonly do: "sleep"; readonly for: Duration })
  /** The wall clock jumps by this much. */
  | (At & { readonly who: ProcessName; readonly do: "clock"; readonly by: Duration })
  /** In good order: SIGTERM, or the browser quits; and starts again after `down`. */
  | (At & { readonly who: ProcessName; readonly do: "restart"; readonly down?: Duration });

export type RelayDiskStep =
  | (At & { readonly do: "disk"; readonly fault: "full" | "write-error" | "read-error" | "slow" | "lie"; readonly for: Duration })
  /** The relay is killed, one bit of its folder flips, it starts again. */
  | (At & { readonly do: "flip"; readonly where: "log" | "table" })
  /** As `flip`: its write-ahead log loses its end. */
  | (At & { readonly do: "truncate" })
  /** A copy of its folder is made. */
  | (At & { readonly do: "backup" })
  /** The relay is stopped, the newest backup (or an empty folder, if there is none) put in place of its folder, and started again. */
  | (At & { readonly do: "rollback" })
  /** An operator's mistake: a second relay, on a copy of the folder, serves these devices for a while. Afterwards only the first one is left. */
  | (At & { readonly do: "clone-relay"; readonly who: readonly DeviceName[]; readonly for: Duration });

export type DeviceStorageStep =
  | (By & { readonly do: "storage"; readonly fault: "full" | "abort" | "no-open" | "read-error" | "slow"; readonly for: Duration })
  /** The browser closes all database connections behind the page's back. */
  | (By & { readonly do: "close-storage" })
  /** Everything that the browser stored is gone, and the process with it. It starts again, and is given the link again. */
  | (By & { readonly do: "evict" })
  | (By & { readonly do: "backup-profile" })
  /** The browser is killed and its profile put back to the newest backup (or as it was new). */
  | (By & { readonly do: "restore-profile" })
  /** A second worker takes the profile over while the first is frozen; the first wakes after `for`. */
  | (By & { readonly do: "takeover"; readonly for: Duration })
  /** Another machine with a copy of this profile as it is now comes up, called `as`. */
  | (By & { readonly do: "clone-profile"; readonly as: DeviceName });

/** What the relay does to the devices named, on purpose. */
export type CheatStep = At & {
  readonly do: "cheat";
  readonly how:
    | "drop-entries"
    | "reorder-entries"
    | "replay-entries"
    | "alter-entries"
    | "spoil-signatures"
    | "withhold"
    | "swallow-appends"
    | "forge-acks"
    | "fork"
    | "roll-back"
    | "replay-presence"
    | "random";
  readonly who: Whom;
  readonly for: Duration;
};

export type AttackStep = By & {
  readonly do: "attack";
  readonly how:
    | "garbage-update"
    | "hanging-update"
    | "contradiction"
    | "wrong-key"
    | "foreign-client-id"
    | "author-fork"
    | "false-head"
    | "uncertified"
    | "newer-format"
    | "foreign-presence"
    | "honest-looking";
};

export type Step = EditStep | PersonStep | NetworkStep | ProcessStep | RelayDiskStep | DeviceStorageStep | CheatStep | AttackStep;

export type Expectation =
  /** Words (separated by spaces) that the text must hold at the end, each exactly once. */
  | { readonly words: string }
  | { readonly text: string }
  /** An alarm of this kind is raised by the device, or by anyone. */
  | { readonly alarm: string; readonly by?: DeviceName; readonly within?: Duration }
  | { readonly noAlarm: true }
  /** A rare state (docs/simulation.md has the list) is reached. */
  | { readonly sometimes: string };
