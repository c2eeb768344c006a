/**
 * Every step: what it does and which fields it has. The only place: the parser, the JSON Schema, docs/simulation.md, the shrinker and the story
 * read it, and its type makes it say exactly what `Step` says.
 */
import type { Step } from "./scenario.ts";
import { choice, count, duration, fraction, maybe, name, names, shift, text, truth } from "./field.ts";
import type { Field, Fields, FieldsOf } from "./field.ts";
import { scenarioLimits as limits } from "./limits.ts";

export const stepGroups: Readonly<Record<StepGroup, string>> = {
  edit: "What people type",
  person: "What people do besides",
  network: "The network",
  process: "Processes and clocks",
  "relay-disk": "The relay's disk",
  storage: "A device's storage",
  cheat: "A relay that cheats",
  attack: "A member who attacks",
};
export type StepGroup = "edit" | "person" | "network" | "process" | "relay-disk" | "storage" | "cheat" | "attack";

export interface StepEntry {
  readonly group: StepGroup;
  readonly means: string;
  /** Besides `at` and `do`. */
  readonly fields: Fields;
}
type StepTable = {
  readonly [K in Step["do"]]: StepEntry & { readonly fields: FieldsOf<Omit<Extract<Step, { readonly do: K }>, "do" | "at">> };
};

const who: Field<false> = name("the device");
const link: Field<false> = name("the device whose link it is", "all");
const machine: Field<false> = name("the device", "relay");
const tab: Field<true> = maybe(count("which tab, from 0", limits.tabs - 1, 0), "0");
const where: Field<true> = maybe(fraction("place in the text, from 0 (start) to 1 (end)"), "1");
const note: Field<true> = maybe(truth("in a text inside a shared map, as a table's cell is, instead of the main one"), "false");
const untilHealed: Field<true> = maybe(duration("how long"), "until `heal`, or the healing at the end");
const lasting: Field<false> = duration("how long");
const dir = maybe(
  choice("direction", { up: "from the device to the relay", down: "from the relay to the device", both: "both ways" }),
  "both",
);
const back: Field<true> = maybe(duration("how long it is down"), "2s");

const table: StepTable = {
  type: {
    group: "edit",
    means: "Types text.",
    fields: { who, text: text("what is typed", limits.textChars), where, tab, note },
  },
  erase: { group: "edit", means: "Erases characters.", fields: { who, count: count("how many", limits.textChars), where, tab, note } },
  bold: {
    group: "edit",
    means: "Makes characters bold, or takes bold off.",
    fields: { who, count: count("how many", limits.textChars), on: truth("bold or not"), where, tab, note },
  },
  set: {
    group: "edit",
    means: "Sets a key of a shared map. The last writer wins.",
    fields: { who, key: text("which key", limits.wordChars), value: text("to what", limits.textChars, 0), tab },
  },
  update: {
    group: "edit",
    means: "Applies a Yjs update. The Lab writes these when you type into its editors.",
    fields: { who, update: { kind: "base64", means: "the update, base64", optional: false, max: limits.updateChars }, tab },
  },
  caret: {
    group: "edit",
    means: "Moves the caret: presence.",
    fields: { who, where: fraction("place in the text, from 0 (start) to 1 (end)"), tab },
  },
  "close-tab": { group: "person", means: "Closes a tab. The device stays.", fields: { who, tab } },
  "open-tab": { group: "person", means: "Opens a tab.", fields: { who, tab } },
  retry: { group: "person", means: "Presses “Try again now”.", fields: { who } },
  cut: {
    group: "network",
    means: "Nothing passes.",
    fields: {
      who: link,
      for: untilHealed,
      dir,
      bytes: maybe(choice("what is on its way", { hold: "comes after the healing", drop: "is lost, and the connection with it" }), "hold"),
    },
  },
  delay: {
    group: "network",
    means: "Everything takes longer.",
    fields: {
      who: link,
      for: untilHealed,
      ms: count("by how many milliseconds", 600_000, 0),
      jitter: maybe(count("by up to so many milliseconds more", 600_000, 0), "0"),
      dir,
    },
  },
  bandwidth: {
    group: "network",
    means: "A thin line.",
    fields: { who: link, for: untilHealed, bytesPerSecond: count("bytes a second", 1_000_000_000, 16), dir },
  },
  garble: {
    group: "network",
    means: "A broken box in between treats single frames badly.",
    fields: {
      who: link,
      for: untilHealed,
      how: choice("what it does", {
        drop: "loses them",
        duplicate: "doubles them",
        reorder: "swaps them with the next",
        corrupt: "flips a bit",
        scramble: "makes them unreadable",
      }),
      rate: fraction("probability for each frame, 0 to 1"),
      dir,
    },
  },
  "no-entry": {
    group: "network",
    means: "New connections fail.",
    fields: {
      who: link,
      for: untilHealed,
      how: choice("in which way", { refuse: "at once", hang: "they are accepted and never answered, as by a café's login page" }),
    },
  },
  flap: {
    group: "network",
    means: "Cut and healed in turn, as in a train.",
    fields: { who: link, cut: duration("how long each cut is"), healed: duration("how long it works in between"), for: lasting },
  },
  "half-open": { group: "network", means: "The relay's side of the connection is gone; the device was not told.", fields: { who: link } },
  reset: { group: "network", means: "The connection breaks.", fields: { who: link } },
  heal: { group: "network", means: "Ends every fault of the link.", fields: { who: link } },
  crash: {
    group: "process",
    means: "Dies, and starts again.",
    fields: {
      who: machine,
      how: maybe(choice("of what", { kill: "the process is killed", power: "the power fails: what was not synced may be lost" }), "kill"),
      after: maybe(count("so many effects (frames, writes) from now on", 100_000, 0), "at once"),
      down: back,
    },
  },
  freeze: { group: "process", means: "Stands still, as by SIGSTOP or in a background tab.", fields: { who: machine, for: lasting } },
  sleep: {
    group: "process",
    means: "The lid is closed: frozen for at most a minute of the others' time; its wall clock finds that all of it has passed.",
    fields: { who: machine, for: lasting },
  },
  clock: { group: "process", means: "The wall clock jumps.", fields: { who: machine, by: shift("by how much; may be negative") } },
  restart: {
    group: "process",
    means: "Stops in good order and starts again.",
    fields: { who: machine, down: back },
  },
  disk: {
    group: "relay-disk",
    means: "The relay's disk fails.",
    fields: {
      fault: choice("how", {
        full: "no room is left",
        "write-error": "writes fail",
        "read-error": "reads fail",
        slow: "everything takes long",
        lie: "says that it has synced, and has not",
      }),
      for: lasting,
    },
  },
  flip: {
    group: "relay-disk",
    means: "The relay is killed, one bit of its folder flips, it starts again.",
    fields: { where: choice("in what", { log: "its write-ahead log", table: "a table" }) },
  },
  truncate: { group: "relay-disk", means: "The relay is killed, its write-ahead log loses its end, it starts again.", fields: {} },
  backup: { group: "relay-disk", means: "A copy of the relay's folder is made.", fields: {} },
  rollback: {
    group: "relay-disk",
    means: "The relay is stopped, its newest backup (or an empty folder) put in place, and started again.",
    fields: {},
  },
  "clone-relay": {
    group: "relay-disk",
    means: "An operator's mistake: a second relay, on a copy of the folder, serves some devices for a while.",
    fields: { who: names("the devices that the second relay serves"), for: lasting },
  },
  storage: {
    group: "storage",
    means: "The browser's storage fails.",
    fields: {
      who,
      fault: choice("how", {
        full: "the quota is used up",
        abort: "transactions are aborted",
        "no-open": "it can't be opened",
        "read-error": "reads fail",
        slow: "everything takes long",
      }),
      for: lasting,
    },
  },
  "close-storage": { group: "storage", means: "The browser closes all database connections behind the page's back.", fields: { who } },
  evict: {
    group: "storage",
    means: "Everything that the browser stored is gone, and the process with it. It starts again, and is given the link again.",
    fields: { who },
  },
  "backup-profile": { group: "storage", means: "A copy of the browser's profile is made.", fields: { who } },
  "restore-profile": {
    group: "storage",
    means: "The browser is killed and its profile put back to the newest backup (or as it was new).",
    fields: { who },
  },
  takeover: {
    group: "storage",
    means: "A second worker takes the profile over while the first is frozen; the first wakes later.",
    fields: { who, for: duration("how long the first is frozen") },
  },
  "clone-profile": {
    group: "storage",
    means: "Another machine comes up with a copy of this profile as it is now.",
    fields: { who, as: { kind: "new-name", means: "what the other machine is called", optional: false } },
  },
  cheat: {
    group: "cheat",
    means: "The relay cheats some devices on purpose.",
    fields: {
      how: choice("how", {
        "drop-entries": "leaves entries out",
        "reorder-entries": "swaps entries",
        "replay-entries": "sends old entries again",
        "alter-entries": "changes bytes of entries",
        "spoil-signatures": "spoils signatures, which no hash covers",
        withhold: "sends nothing new",
        "swallow-appends": "throws away what they send",
        "forge-acks": "says “stored” of what it threw away",
        fork: "shows them another history than the rest",
        "roll-back": "shows them an older state",
        "replay-presence": "sends old presence again",
        random: "any of these, drawn",
      }),
      who: name("the devices that it cheats", "all"),
      for: lasting,
    },
  },
  attack: {
    group: "attack",
    means: "A hostile member writes what no honest engine writes.",
    fields: {
      who: name("the hostile device"),
      how: choice("what", {
        "garbage-update": "bytes that are no Yjs update",
        "hanging-update": "an update that makes Yjs loop",
        contradiction: "updates that are right one by one and make Yjs throw together",
        "wrong-key": "a record sealed under another key",
        "foreign-client-id": "an update in another device's name",
        "author-fork": "two records with the same number",
        "false-head": "a claim about the log that is not true",
        uncertified: "a record without a certificate",
        "newer-format": "a record of a newer version",
        "foreign-presence": "a caret in another device's name",
        "honest-looking": "an ordinary edit",
      }),
    },
  },
};

export const stepTable: Readonly<Record<Step["do"], StepEntry>> = table;
export const stepKinds: readonly Step["do"][] = Object.keys(table) as Step["do"][];

/** What people write who do not know our word. */
export const otherWords: Readonly<Record<string, Step["do"]>> = {
  edit: "type",
  write: "type",
  insert: "type",
  delete: "erase",
  remove: "erase",
  offline: "cut",
  disconnect: "cut",
  partition: "cut",
  unplug: "cut",
  online: "heal",
  reconnect: "heal",
  latency: "delay",
  lag: "delay",
  throttle: "bandwidth",
  kill: "crash",
  die: "crash",
  stop: "restart",
  pause: "freeze",
  suspend: "sleep",
  restore: "rollback",
  fork: "cheat",
  clone: "clone-profile",
};
