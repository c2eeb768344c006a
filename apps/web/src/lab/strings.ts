/**
 * Every word that the Lab shows. Apart from `../strings.ts` because the Lab is loaded only by those who go there. Plain words: device, server,
 * link, copy. A translation replaces this object.
 */
import { meaningOf, nameOf } from "@skerry/simulator/lab";

const number = new Intl.NumberFormat();
const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"] as const;

const counted = (count: number): string => words[count] ?? number.format(count);
const edits = (count: number): string => (count === 1 ? "1 edit" : `${number.format(count)} edits`);
const steps = (count: number): string => (count === 1 ? "1 step" : `${number.format(count)} steps`);

/** "ana", "ana and ben", "ana, ben and cleo" */
const list = new Intl.ListFormat("en-GB", { style: "long", type: "conjunction" });
const names = (all: readonly string[]): string => list.format(all);

/** The simulator's own words, in ours. */
const inOurWords = (words: string): string => words.replace(/\brelay\b/g, "server");

export const labStrings = {
  pageTitle: "Partition Lab · Skerry",
  home: "Skerry, all documents",
  heading: "Partition Lab",
  intro:
    "Each card is a device with its own copy of one document, simulated in this page: the same code as the real thing, in a time that you can stop. Cut links, break the server, and see what each one knows.",
  tryIt: "A first experiment",
  trySteps: ["Cut ben off.", "Type on both sides.", "Heal the link."],
  tryResult: "All cards end in the same colour: nothing is lost, nothing is doubled.",
  opening: "Setting up the devices…",
  failed: "The simulation stopped",
  failedBody: "This is a fault in Skerry. Save the scenario and send it to us: it replays to the same place.",
  unsupported: "This browser can't run the Lab. Use a current version of Firefox, Chrome, Edge or Safari.",

  firstText: "Ferry at six.\nBring lamps and rope.\n",

  agreement: {
    all: (count: number): string => (count === 2 ? "Both agree" : `All ${counted(count)} agree`),
    one: (who: string): string => `Only ${who} is on`,
    none: "Every device is off",
    versions: (groups: readonly (readonly string[])[]): string =>
      `${counted(groups.length).replace(/^./, (letter) => letter.toUpperCase())} versions: ${groups.map(names).join(" | ")}`,
    off: (who: readonly string[]): string => `${names(who)} ${who.length === 1 ? "is" : "are"} off`,
    coming: (who: readonly string[]): string => `${names(who)} ${who.length === 1 ? "has" : "have"} not got it yet`,
    isOff: "off",
    letter: (letter: string): string => `Version ${letter}`,
    sameAsAll: "same as everyone",
    sameAs: (who: readonly string[]): string => `same as ${names(who)}`,
    differs: "differs",
    alone: "the only one",
    notHere: "not here yet",
  },

  card: {
    label: (who: string): string => `Device of ${who}`,
    editor: (who: string): string => `Text on the device of ${who}`,
    placeholder: "Write…",
    seenAll: "Has seen every edit",
    notSeen: (missing: readonly (readonly [string, number])[]): string =>
      `Not seen yet: ${missing.map(([who, count], index) => (index === 0 ? `${edits(count)} of ${who}` : `${number.format(count)} of ${who}`)).join(", ")}`,
    off: "Off",
    asleep: "Asleep",
    starting: "Opening the document…",
    noText: "This device is off. Its text comes back when it starts again.",
    notYet: "This device has not got the document yet.",
    alarm: (text: string): string => `Warns: ${text}`,
    menu: (who: string): string => `More for ${who}`,
    tooLarge: "That is more text than the Lab takes at once.",
  },

  link: {
    cut: "Cut off",
    heal: "Heal",
    cutOff: (who: string): string => `Cut off ${who}`,
    healOf: (who: string): string => `Heal the link of ${who}`,
    open: "Link is open",
    bothCut: "Link is cut",
    upCut: "Cut upward: nothing leaves",
    downCut: "Cut downward: nothing comes",
    slow: "Link is disturbed",
    noEntry: "New connections fail",
  },

  menu: {
    link: "Link to the server",
    cutUp: "Cut upward only",
    cutDown: "Cut downward only",
    delay: "Delay by 2 seconds",
    drop: "Drop the connection",
    heal: "Heal",
    device: "Device",
    crash: "Crash (starts again after 3 s)",
    sleep: "Close the lid for 30 s",
    clone: "Clone its profile to a new device",
    backupProfile: "Back up its profile",
    restoreProfile: "Restore the old profile",
    storageFull: "Its disk is full for 20 s",
    evict: "Clear its browser data",
    off: "Switch off for good",
  },

  server: {
    title: "Server",
    up: "running",
    down: "down",
    frozen: "not answering",
    entries: (count: number): string => (count === 1 ? "1 sealed entry" : `${number.format(count)} sealed entries`),
    blind: "It can't read a word of them.",
    crash: "Crash",
    restart: "Restart",
    backup: "Back up",
    rollback: "Roll back",
    rollbackHint: (backups: number): string =>
      backups > 0 ? "Puts the newest backup in place of its data." : "There is no backup: it starts again empty.",
    more: "More for the server",
    disk: "Disk",
    full: "Full for 20 s",
    writeError: "Write errors for 20 s",
    slow: "Slow for 20 s",
    hostile: "Hostile, for 20 s",
    hostileHint: "What a dishonest operator might do. It ends by itself.",
    towards: "Towards",
    everyone: "everyone",
    cheats: {
      withhold: "Withhold new entries",
      fork: "Fork: show another history",
      "roll-back": "Roll back: show an older log",
      "alter-entries": "Alter entries",
      "forge-acks": "Say “stored” without storing",
      "replay-entries": "Send old entries again",
    },
  },

  everyone: {
    cut: "Cut everyone",
    heal: "Heal everything",
    add: "Add a device",
    full: "Six devices are the most",
  },

  time: {
    label: "Virtual time",
    play: "Play",
    pause: "Pause",
    speed: "Speed",
    times: (speed: number): string => `${speed}×`,
    next: "Next event",
    second: "+1 s",
    tenSeconds: "+10 s",
    slider: "Virtual time. Moving it back runs everything again from the start to there",
    now: (time: string): string => `at ${time}`,
    rewinding: "Running again from the start…",
    past: (count: number): string =>
      count === 0
        ? "You are in the past. Nothing was done after this."
        : `You are in the past: ${steps(count)} done later will happen again as time passes. Do something new, and ${count === 1 ? "it is" : "they are"} dropped.`,
    toLatest: "Back to the latest",
    dropped: (count: number): string =>
      `${steps(count)} from later on ${count === 1 ? "was" : "were"} dropped: from here it goes another way.`,
  },

  scenario: {
    button: "Scenario",
    untitled: "Your experiment",
    fresh: "New experiment",
    devices: "Devices",
    start: "Start",
    builtIn: "Ready-made",
    none: "None in this version.",
    open: "Open a file…",
    save: "Save as a file",
    saved: "Saved. Replay it on the command line:",
    command: (file: string): string => `npm run simulate -- --scenario ${file}`,
    copy: "Copy",
    copied: "Copied",
    copyFailed: "Copying was not allowed. Select the command and copy it.",
    wrongTitle: "This file is not a scenario that Skerry can run",
    tooLarge: "The file is larger than a scenario may be.",
    watch: "Press play, and step in whenever you like: what you do joins in.",
  },

  check: {
    button: "Check now",
    running: "Checking…",
    holds: "Everything holds",
    broken: "Something is broken",
    explain:
      "The run so far was replayed from its start, everything healed, and all were given time to come to rest. Then every promise was checked.",
    text: "All end with this text",
    noText: "They end with different texts.",
    hash: "Trace hash",
    hashHint: "Equal for equal runs, on every machine: the command line gives the same for the saved file.",
    facts: (editCount: number, events: number, time: string): string =>
      `${edits(editCount)}, ${number.format(events)} events, ${time} of virtual time.`,
    promise: (id: string): string => inOurWords(meaningOf(id).holds),
    brokenAt: (id: string, time: string): string => `${inOurWords(nameOf(id))}: broken at ${time}`,
    reached: "Rare states reached",
    failed: "The check could not be carried out.",
  },

  broken: {
    title: "A promise was broken",
    body: "Time stands still here. Save the scenario and send it to us.",
  },
  full: "this run has as many steps as a scenario can hold. Save it, and begin a new one.",
  fault: inOurWords,
  refused: (why: string): string => `That could not be done: ${why}`,
  events: {
    label: "Last event",
    none: "Nothing has happened yet",
    life: (who: string, state: "up" | "down" | "frozen" | "thawed"): string =>
      `${who === "relay" ? "the server" : who} ${{ up: "starts", down: "stops", frozen: "stands still", thawed: "goes on" }[state]}`,
    send: (who: string, dir: "up" | "down", what: readonly string[], bytes: number): string =>
      `${dir === "up" ? `${who} → server` : `server → ${who}`}: ${what.length === 0 ? "bytes" : what.join(", ")} (${number.format(bytes)} bytes)`,
    arrive: "a message arrives",
    lost: (why: string): string => `a message is lost: ${why}`,
    connection: (who: string, state: "connecting" | "open" | "closed"): string => `${who}: connection ${state}`,
    step: (who: string, what: string): string => `${who === "" ? "" : `${who}: `}${what}`,
    fault: (who: string, what: string, on: boolean): string => `${who}: ${what} ${on ? "begins" : "ends"}`,
    alarm: (who: string, alarm: string): string => `${who} warns: ${alarm}`,
    log: (seq: number): string => `the server has stored ${number.format(seq)}`,
    note: (who: string, event: string): string => `${who}: ${event}`,
    changed: (who: string): string => `${who} changed`,
  },
  names,
} as const;
