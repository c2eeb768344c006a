/** What a run of spaces has: a relay with its disk, links, people with their devices, and what is noted of all that happens. */
import { assert, bytesFromText } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import { factories } from "../actors/device.ts";
import { createRelayActor } from "../actors/relay.ts";
import type { RelayActor } from "../actors/relay.ts";
import { installIndexedDb } from "../browser-storage/index.ts";
import { createVirtualDisk } from "../disk/virtual-level.ts";
import type { VirtualDisk } from "../disk/virtual-level.ts";
import { canary } from "../invariants/canary.ts";
import { createEditBook } from "../invariants/edit-book.ts";
import { createNetwork } from "../network/network.ts";
import type { Network, NetworkEvents } from "../network/network.ts";
import { createPrng } from "../prng.ts";
import type { Prng } from "../prng.ts";
import type { RunContext } from "../run/context.ts";
import type { Violation } from "../run/simulation.ts";
import { createWorld } from "../world/world.ts";
import type { World } from "../world/world.ts";
import type { Forgery } from "./collusion.ts";
import { createPerson } from "./person.ts";
import type { Device, Person, Word } from "./person.ts";
import { planOf } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { truthOn } from "./truth.ts";
import type { Truth } from "./truth.ts";
import type { Facts } from "./facts.ts";

/** What the end is judged by, besides what the relay's disk says. */
export interface Notes {
  readonly words: Word[];
  /** What the relay has stored against the rules. */
  readonly forgeries: Forgery[];
  /** Their person has revoked them. */
  readonly thrownOut: Set<Device>;
  /** The relay was put back to an old backup. */
  rolledBack: boolean;
  /** Somebody decided something before the lost end of the log was handed back. */
  sawFork: boolean;
  /** When something of a device came to the relay, by its name, ascending. */
  readonly arrivals: Map<string, number[]>;
  /** The one that the space began with. */
  firstDocument: string | undefined;
  readonly violations: Violation[];
  /** How often each rare state was reached. */
  readonly sometimes: Map<string, number>;
  readonly story: string[];
}

export interface Stage {
  readonly world: World;
  readonly random: Prng;
  readonly network: Network;
  readonly disk: VirtualDisk;
  readonly relay: RelayActor;
  readonly plan: Plan;
  readonly people: readonly Person[];
  readonly notes: Notes;
  readonly everyDevice: () => readonly Device[];
  /** Undefined before the relay has anything of the space. */
  readonly facts: () => Facts | undefined;
  readonly spaceId: () => SpaceId | undefined;
  /** A line of the story, if it is kept. */
  readonly tell: (line: string) => void;
  readonly saw: (state: string) => void;
  readonly broken: (invariant: string, message: string) => void;
  readonly tearDown: () => void;
}

export interface StageOptions {
  readonly endOfTurn: () => Promise<void>;
  /** Keeps the story. */
  readonly record?: boolean;
}

const names: readonly string[] = ["ana", "ben", "cleo", "dan", "eva", "fay", "gina"];
const violationsMax = 20;

/** Events of a log that only a bug writes. */
const bugEvents: ReadonlySet<string> = new Set([
  "space.copy-damaged",
  "document.internal-error",
  "space.internal-error",
  "space.bad-envelope",
  "peer.listener-failed",
  "session-failed",
  "document-dropped",
  "space-dropped",
  "document.misfit",
  "account.contradicted",
]);
/** And these, unless the relay forgot something. */
const distrustEvents: ReadonlySet<string> = new Set(["space.distrust", "space.operation-refused", "document.distrust"]);

export function createStage(seed: bigint, options: StageOptions): Stage {
  const root = createPrng(seed);
  const notes: Notes = {
    words: [],
    forgeries: [],
    thrownOut: new Set(),
    rolledBack: false,
    sawFork: false,
    arrivals: new Map(),
    firstDocument: undefined,
    violations: [],
    sometimes: new Map(),
    story: [],
  };
  const world = createWorld({
    random: root.fork("world"),
    endOfTurn: options.endOfTurn,
    onError: (error, process) => broken("I17", `${process?.name ?? "the simulator"} threw: ${String(error)}`),
  });
  const tell = (line: string): void => {
    if (options.record === true) notes.story.push(`${String(Math.round(world.now())).padStart(7)} ${line}`);
  };
  const broken = (invariant: string, message: string): void => {
    if (notes.violations.length >= violationsMax) return;
    notes.violations.push({ invariant, message, atMs: world.now() });
    tell(`!!! ${invariant} ${message}`);
  };
  const saw = (state: string): void => void notes.sometimes.set(state, (notes.sometimes.get(state) ?? 0) + 1);
  const network = createNetwork({ world, random: root.fork("network"), watch: false, events: watchFrames(world, notes, saw, broken) });
  const context: RunContext = {
    world,
    random: root,
    network,
    book: createEditBook(),
    recording: false,
    trace: () => {},
    broken,
    sometimes: saw,
    excuseAlarms: () => {},
    log: (who, level, event, fields) => {
      if (level !== "debug") tell(`${who}: ${event} ${JSON.stringify(fields)}`);
      judgeLogLine(notes, saw, broken, who, event, fields);
    },
    document: () => undefined,
    setDocument: () => {},
  };
  const disk = createVirtualDisk({ random: root.fork("disk") });
  disk.onWrite((rows) => {
    for (const [key, value] of rows) {
      world.hash.bytes(value);
      if (holdsCanary(key) || holdsCanary(value)) broken("I10", "a row of the relay's disk holds what was typed");
    }
  });
  const relay = createRelayActor({ context, name: "relay", disk, events: { durable: () => {}, promised: () => 0, reread: () => {} } });
  const uninstall = installIndexedDb(() => {
    const process = world.current();
    return process === undefined ? undefined : factories.get(process);
  });
  network.setRoute(() => relay.host());

  const plan = planOf(root.fork("plan"));
  const homeTruth = (text: string): Truth | undefined => {
    const bytes = bytesFromText(text);
    return bytes.ok ? truthOn(disk.rows(), bytes.value as SpaceId) : undefined;
  };
  const joined = (device: Device): void => {
    tell(`${device.name} is of another account now`);
    const id = device.home()?.spaceId;
    const model = id === undefined ? undefined : homeTruth(id)?.model;
    const own = device.deviceId() ?? "";
    // Whoever was let in was let in by the account's log: nothing of it may be on a disk before. It may have been revoked in the moment since.
    const known = model?.devices.get(own) ?? model?.revoked.get(own);
    if (!notes.rolledBack && known !== device.accountId()) broken("I9", `${device.name} took an account on whose log does not know it`);
  };
  const people = names.slice(0, plan.people).map((name) => createPerson(context, name, { words: () => notes.words, joined }));
  assert(people.length === plan.people, "there is a name for everybody");
  const everyDevice = (): readonly Device[] => people.flatMap(({ devices }) => devices);

  let spaceId: SpaceId | undefined;
  const facts = (): Facts | undefined => {
    const { firstDocument, rolledBack } = notes;
    const text = firstDocument === undefined ? undefined : spaceOf(everyDevice(), firstDocument);
    const bytes = text === undefined ? undefined : bytesFromText(text);
    if (bytes?.ok === true) spaceId = bytes.value as SpaceId;
    const space = spaceId === undefined ? undefined : truthOn(disk.rows(), spaceId);
    if (space === undefined) return undefined;
    const homes = new Map<string, Truth>();
    for (const device of everyDevice()) {
      const [home, account] = [device.home(), device.accountId()];
      if (home === undefined || account === undefined || homes.has(account)) continue;
      const there = homeTruth(home.spaceId);
      if (there !== undefined) homes.set(account, there);
    }
    return { space, homes, firstDocument: firstDocument ?? "", rolledBack, arrivals: notes.arrivals };
  };

  return {
    world,
    random: root,
    network,
    disk,
    relay,
    plan,
    people,
    notes,
    everyDevice,
    facts,
    spaceId: () => spaceId,
    tell,
    saw,
    broken,
    tearDown: () => {
      for (const device of everyDevice()) device.kill("kill");
      relay.kill("kill");
      uninstall();
    },
  };
}

/** In text, by whatever device knows it. */
export const spaceOf = (devices: readonly Device[], docId: string): string | undefined =>
  devices.map((device) => device.space(docId)?.spaceId).find((id) => id !== undefined);

type Saw = Stage["saw"];
type Broken = Stage["broken"];

/** Looks for what was typed in all that passes, and notes when first something came to the relay that a device had sent since a word. */
function watchFrames(world: World, { words, arrivals }: Notes, saw: Saw, broken: Broken): NetworkEvents {
  /** Device and time of what is on its way to the relay. */
  const onTheirWay = new Map<number, { readonly who: string; readonly sentMs: number }>();
  return {
    sent: (who, direction, frame, id) => {
      if (holdsCanary(frame)) broken("I10", `a frame ${direction === "up" ? "from" : "to"} ${who} holds what was typed, or a name`);
      if (direction === "up") onTheirWay.set(id, { who, sentMs: world.now() });
    },
    arrived: (id) => {
      const frame = onTheirWay.get(id);
      onTheirWay.delete(id);
      if (frame === undefined) return;
      const times = arrivals.get(frame.who) ?? [];
      arrivals.set(frame.who, times);
      times.push(world.now());
      for (const word of words)
        if (word.arrivedMs === undefined && word.who === frame.who && word.atMs <= frame.sentMs) word.arrivedMs = world.now();
    },
    lost: (id) => {
      onTheirWay.delete(id);
      saw("a frame was lost");
    },
    connection: () => {},
  };
}

/** What the code under test logs: nothing of what was typed, nothing that only a bug logs, and no distrust of a relay that is honest. */
function judgeLogLine(notes: Notes, saw: Saw, broken: Broken, who: string, event: string, fields: Readonly<Record<string, unknown>>): void {
  const { thrownOut, rolledBack } = notes;
  if (event === "space.distrust" && fields["kind"] === "fork") notes.sawFork = true;
  if (Object.values(fields).some((value) => typeof value === "string" && value.includes(canary)))
    broken("I10", `${who} logged what was typed, or a name, with ${event}`);
  // A device that was thrown out finds no key in the envelope for its account: that is what it is for.
  const isExpected = event === "space.bad-envelope" && [...thrownOut].some(({ name }) => name === who);
  // An error that is none of a store was swallowed.
  const isThrown = event === "peer.store-failed" && fields["code"] === "unknown";
  if (isThrown || (bugEvents.has(event) && !isExpected)) broken("I17", `${who} logged ${event} ${JSON.stringify(fields)}`);
  if (distrustEvents.has(event) && !rolledBack) broken("I12", `${who} logged ${event} ${JSON.stringify(fields)}, and the relay was honest`);
  if (event.startsWith("space.") || event === "document.refused" || event === "document.new-replica")
    saw(`log: ${event} ${String(fields["code"] ?? fields["reason"] ?? fields["kind"] ?? "")}`.trim());
}

/** The canary is ASCII, so its bytes are found as they are. */
const canaryBytes = Uint8Array.from(canary, (character) => character.charCodeAt(0));
function holdsCanary(bytes: Uint8Array): boolean {
  const [first = 0] = canaryBytes;
  for (let from = bytes.indexOf(first); from >= 0; from = bytes.indexOf(first, from + 1)) {
    if (canaryBytes.every((byte, index) => bytes[from + index] === byte)) return true;
  }
  return false;
}
