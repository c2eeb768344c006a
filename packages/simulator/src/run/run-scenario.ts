/**
 * Runs scenarios: sets up the world and the actors, carries out the steps, watches the invariants all through, and in the end heals a chosen
 * core and demands agreement. Safety first, then liveness (docs/simulation.md).
 */
import { ready } from "@skerry/crypto";
import { bytesEqual } from "@skerry/protocol";
import type { DocumentStatus } from "@skerry/peer";
import { ContentString, Doc, Text, applyUpdate, encodeSnapshot, encodeStateAsUpdate, snapshot } from "yjs";
import { createDevice, documentKeyOf, factories } from "../actors/device.ts";
import type { Device } from "../actors/device.ts";
import { createMallory } from "../actors/mallory.ts";
import type { Mallory } from "../actors/mallory.ts";
import { createRelayActor } from "../actors/relay.ts";
import type { RelayActor } from "../actors/relay.ts";
import { installIndexedDb } from "../browser-storage/index.ts";
import { createVirtualDisk } from "../disk/virtual-level.ts";
import type { VirtualDisk } from "../disk/virtual-level.ts";
import { canary } from "../invariants/canary.ts";
import { docHolds, stateOf } from "../invariants/coverage.ts";
import { createEditBook } from "../invariants/edit-book.ts";
import type { Edit } from "../invariants/edit-book.ts";
import { createHeadsWatch } from "../invariants/heads-watch.ts";
import { createLogModel } from "../invariants/log-model.ts";
import type { LogModel, ModelEntry } from "../invariants/log-model.ts";
import { createStoredCopy } from "../invariants/stored-copy.ts";
import type { StoredCopy } from "../invariants/stored-copy.ts";
import { createTailsWatch } from "../invariants/tails-watch.ts";
import { createWireWatch } from "../invariants/wire-watch.ts";
import { createNetwork } from "../network/network.ts";
import { createPrng } from "../prng.ts";
import { durationMs } from "../scenario/duration.ts";
import type { DeviceOptions, Scenario, Step } from "../scenario/scenario.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import { installSignatures } from "../world/signature-memo.ts";
import { createWorld } from "../world/world.ts";
import { copiedProfile, garbledFrames, oldBackup } from "./context.ts";
import type { RunContext, SharedDocument } from "./context.ts";
import { frameNames } from "./frame-names.ts";
import type { ReplicaView, RunResult, Simulation, SimulationOptions, SimulationView, Violation } from "./simulation.ts";
import { createStepper } from "./steps.ts";
import type { Stepper } from "./steps.ts";

const graceMs = 10_000;
const settleDefaultMs = 180_000;
const pollMs = 500;
const quietMs = 3_000;
const traceMax = 400_000;
/** `rowsAtLoadMax` of the content store, and what comes in between the opening and the first status. */
const rowsAtStartMax = 80;
/** A device has this long to say that it was shown another history than others. */
const headsMs = 5_000;
/** Steps that may keep a device from comparing the heads that it is told, or that change its history. */
const hidesHeads: ReadonlySet<Step["do"]> = new Set([
  "freeze",
  "sleep",
  "takeover",
  "storage",
  "close-storage",
  "evict",
  "restore-profile",
  "clone-profile",
  "rollback",
  "clone-relay",
  "flip",
  "truncate",
  "disk",
  "garble",
  "close-tab",
  "attack",
]);

/** Events of a log that only a bug writes. */
const bugEvents: ReadonlySet<string> = new Set([
  "document.internal-error",
  "peer.listener-failed",
  "session-failed",
  "document-dropped",
  "document.misfit",
]);

export interface Actors {
  readonly relay: RelayActor;
  readonly devices: Map<string, Device>;
  readonly mallories: Map<string, Mallory>;
}

/** What the run knows of the world beyond its actors, and steps change. */
export interface RunState {
  /** What destroyed part of the relay's log on purpose, since it was last read whole. */
  relayLoss: string | undefined;
  /** The relay can't read its log, and somebody has to help. */
  relayDamaged: boolean;
  /** Its disk was damaged on purpose, since its folder was last replaced: what it refuses for that is no bug. */
  diskDamaged: boolean;
  /** It has lied about what is durable: what was written since the last honest sync may go with the power. */
  diskLied: boolean;
  /** Devices whose relay lies to them about what is stored. */
  readonly deceived: Set<string>;
  /** Profiles that were copied or put back: RC-5 holds from when they notice. */
  readonly notUnique: Set<string>;
  /** What a device had stored was destroyed; `goesOn`: it has an older copy of it, and goes on from there. */
  deviceLoss(device: Device, what: string, goesOn: boolean): void;
  /** Served by another relay. */
  readonly served: Map<string, RelayActor>;
  addDevice(name: string, options: DeviceOptions, like?: Device): Device;
  readonly model: () => LogModel | undefined;
  /** The relay's folder was put back, and has not been read since. */
  rolledBack: boolean;
  /** What a device would hand back is refused: the relay can't read what leads to its log. */
  refusesLost: boolean;
}

export async function runScenario(scenario: Scenario, options: SimulationOptions): Promise<RunResult> {
  const simulation = await openSimulation(scenario, options);
  return simulation.finish();
}

export async function openSimulation(scenario: Scenario, options: SimulationOptions): Promise<Simulation> {
  await ready;
  const removeSignatures = installSignatures("ideal");
  const root = createPrng(BigInt(scenario.seed));
  const violations: Violation[] = [];
  const trace: TraceEvent[] = [];
  const sometimes = new Map<string, number>();
  const alarmCauses = new Set<string>();
  /** Detections that I12 demands by the end: some honest device must have raised one of `kinds`, unless all of `by` forgot what they knew, or find it in its place again. */
  const demands: { readonly kinds: readonly string[]; readonly because: string; readonly by: Map<string, ModelEntry | undefined> }[] = [];
  const performed: Step[] = [];
  const recording = options.record === true || options.onTrace !== undefined;
  let document: SharedDocument | undefined;
  let mainModel: LogModel | undefined;
  let closed = false;
  /** Some device lost what it had stored: "on other devices" was true then. */
  let storageLost = false;
  /** Some device went on from an old copy of its storage. */
  let putBack = false;
  /** And a relay that had lost the newer branch of its records took the older one: the newer one has no place in the log any more. Or see `noteOrphans`. */
  let branched = false;

  const world = createWorld({
    random: root.fork("world"),
    endOfTurn: options.endOfTurn,
    onError: (error, process) => broken("I17", `${process?.name ?? "the simulator"} threw: ${describe(error)}`),
  });
  const book = createEditBook();

  const emit = (event: TraceEvent): void => {
    if (options.record === true && trace.length < traceMax) trace.push(event);
    options.onTrace?.(event);
  };
  const broken = (invariant: string, message: string): void => {
    if (violations.length >= 20) return;
    violations.push({ invariant, message, atMs: world.now() });
    emit({ t: world.now(), kind: "violation", invariant, message });
  };
  const saw = (state: string): void => void sometimes.set(state, (sometimes.get(state) ?? 0) + 1);

  /** Two histories are shown, and nothing else is wrong that would make a device lose, forget or not hear what it is told. */
  const comparesHeads =
    scenario.steps.some((step) => step.do === "cheat" && step.how === "fork") && scenario.steps.every((step) => !hidesHeads.has(step.do));
  const heads = createHeadsWatch({ link: () => document?.link, isHonest: (deviceId) => isHonest(deviceId) });
  /** Frames on their way to devices. */
  const receivers = new Map<number, string>();
  /** Devices to which the relay has ever lied. */
  const misled = new Set<string>();
  const checkHeads = (device: Device, status: DocumentStatus): void => {
    const who = device.name;
    for (const name of state.deceived) misled.add(name);
    if (!comparesHeads || misled.has(who) || status.phase !== "ready") return;
    const life = device.process()?.life;
    for (const seq of heads.contradicted(who, status.seq, mainModel?.entries() ?? [])) {
      saw("a device heard of another history");
      world.later(headsMs, "has compared heads", () => {
        if (device.process()?.life !== life || !device.alive() || device.status() === undefined) return;
        if (device.alarms().some((alarm) => alarm.kind === "fork" && alarm.seq === seq)) return;
        broken("I12", `${who} heard of another history at entry ${seq}, and said nothing`);
      });
    }
  };

  const tails = createTailsWatch();
  /** A former worker may send what its successor has taken from the store since. */
  const takenOver = new Set(scenario.steps.flatMap((step) => (step.do === "takeover" ? [step.who] : [])));
  const watch = createWireWatch({
    canary,
    isUnique: (device) => !state.notUnique.has(device),
    isStored: (who, record) => {
      const device = actors.devices.get(who);
      return device === undefined || takenOver.has(who) || copyOf(device).hasRecord(record);
    },
    toldTail: tails.told,
    broken,
  });
  const network = createNetwork({
    world,
    random: root.fork("network"),
    watch: scenario.steps.some((step) => step.do === "cheat") || options.onTrace !== undefined,
    events: {
      sent: (who, dir, frame, id, relay) => {
        if (dir === "up") {
          if (!actors.mallories.has(who)) watch.up(who, frame);
          if (state.notUnique.has(who)) tails.up(who, frame);
        } else {
          watch.down(frame);
          if (state.notUnique.has(who)) {
            tails.down(id, frame);
            receivers.set(id, who);
          }
          if (comparesHeads && relay === "relay" && actors.devices.has(who)) {
            heads.sent(id, frame);
            receivers.set(id, who);
          }
        }
        if (recording)
          emit({ t: world.now(), kind: "send", frame: id, who, relay, dir, bytes: frame.length, what: frameNames(dir, frame) });
      },
      arrived: (id) => {
        const who = receivers.get(id);
        if (who !== undefined) {
          receivers.delete(id);
          heads.arrived(id, who);
          tails.arrived(id, who);
        }
        if (recording) emit({ t: world.now(), kind: "arrive", frame: id });
      },
      lost: (id, why) => {
        saw("a frame was lost");
        if (recording) emit({ t: world.now(), kind: "lost", frame: id, why });
      },
      connection: (who, now, code) => {
        heads.ended(who);
        if (recording) emit({ t: world.now(), kind: "connection", who, state: now, ...(code === undefined ? {} : { code }) });
      },
    },
  });

  const context: RunContext = {
    world,
    random: root,
    network,
    book,
    recording,
    trace: (event) => recording && emit({ t: world.now(), ...event } as TraceEvent),
    broken,
    sometimes: saw,
    excuseAlarms: (cause) => void alarmCauses.add(cause),
    log: (who, level, event, fields) => {
      watch.logged(JSON.stringify(fields));
      if (recording && level !== "debug") emit({ t: world.now(), kind: "note", who, level, event });
      if (bugEvents.has(event)) broken("I17", `${who} logged ${event} ${JSON.stringify(fields)}`);
      if (level === "warn" || level === "info") saw(`log: ${event}`);
      if (event === "document.restore-refused") {
        if (fields["code"] === "damaged-log") state.refusesLost = true;
        else if (putBack) branched = true;
      }
      if (event === "content-compaction-failed") uncompacted.set(who, actors.devices.get(who)?.process()?.life ?? 0);
      if (event === "document.rewind") noticedLoss(who, Number(fields["to"]));
    },
    document: () => document,
    setDocument: (made) => {
      document = made;
      const key = documentKeyOf(made.link);
      if (key !== undefined) mainModel = createLogModel({ docId: made.docIdBytes, key, isHonest, isAuthor: book.isAuthor });
    },
  };
  const isHonest = (deviceId: string): boolean => ![...actors.mallories.values()].some((one) => one.deviceId() === deviceId);

  // ---- actors

  const models = new Map<RelayActor, LogModel>();
  const modelOf = (relay: RelayActor): LogModel | undefined => {
    if (relay === actors.relay) return mainModel;
    const known = models.get(relay);
    if (known !== undefined || document === undefined) return known;
    const key = documentKeyOf(document.link);
    if (key === undefined) return undefined;
    const made = createLogModel({ docId: document.docIdBytes, key, isHonest, isAuthor: book.isAuthor });
    models.set(relay, made);
    return made;
  };

  const makeRelay = (name: string, disk: VirtualDisk): RelayActor => {
    disk.onWrite((rows) => {
      for (const [key, value] of rows) {
        watch.stored(key);
        watch.stored(value);
        world.hash.bytes(value);
      }
    });
    return createRelayActor({
      context,
      name,
      disk,
      events: {
        durable: (relay, appends) => {
          const model = modelOf(relay);
          if (model === undefined || document === undefined) return;
          const { docIdBytes } = document;
          const mine = appends.filter((append) => bytesEqual(append.docId, docIdBytes));
          // What stands behind a hole can't be checked until somebody has helped.
          if (relay === actors.relay && state.relayDamaged) return;
          const first = mine[0];
          // Entries of a write that failed came to light; the whole log is being read anew.
          if (first !== undefined && first.seq > model.seq() + 1) return saw("a failed write came to light");
          const wrong = model.appended(mine.map(({ seq, chainHash, entry }) => ({ ...entry, seq, chainHash })));
          if (wrong !== undefined) broken(ruleOf(wrong), `${relay.name}: ${wrong}`);
          if (recording && mine.length > 0) emit({ t: world.now(), kind: "log", relay: relay.name, seq: model.seq() });
        },
        promised: (relay) => modelOf(relay)?.seq() ?? 0,
        reread: (relay, entries, promised) => onReread(relay, entries, promised),
      },
    });
  };

  const onReread = (relay: RelayActor, found: Parameters<LogModel["reread"]>[0] | undefined, promised: number): void => {
    const model = modelOf(relay);
    if (model === undefined) return;
    if (found === undefined) {
      saw("the relay's log is damaged");
      if (relay !== actors.relay) return;
      if (state.relayLoss === undefined) return broken("I2", "the relay can't read its log, and nothing was done to its disk");
      state.relayDamaged = true;
      book.destroyed(state.relayLoss, (edit) => isKept(edit, undefined));
      return;
    }
    const before = model.seq();
    // What became durable while it was read can't be missing.
    const entries = found.length >= promised && found.length < before ? [...found, ...model.entries().slice(found.length)] : found;
    const known = model.entries();
    const { wrong, lost } = model.reread(entries);
    if (wrong !== undefined) broken(ruleOf(wrong), `${relay.name}, after a start: ${wrong}`);
    if (relay !== actors.relay) return;
    state.relayDamaged = false;
    if (lost > 0) {
      losses++;
      saw("the relay lost entries");
      if (state.rolledBack) {
        // A folder may hold more than was promised when it was copied: what counts is what is gone.
        const ahead = [...actors.devices.values()].filter((device) => device.alive() && (device.status()?.seq ?? 0) > entries.length);
        if (ahead.length > 0)
          demands.push({
            kinds: ["rollback", "fork"],
            because: "the relay was rolled back",
            by: new Map(ahead.map((device) => [device.name, known[(device.status()?.seq ?? 0) - 1]] as const)),
          });
      }
      if (state.relayLoss === undefined) broken("I2", `the relay lost ${lost} of ${before} entries that it had promised to keep`);
      else book.destroyed(state.relayLoss, (edit) => model.coverage().holds(edit) || isKept(edit, undefined));
      noteOrphans();
    }
    state.relayLoss = undefined;
    state.rolledBack = false;
    if (recording) emit({ t: world.now(), kind: "log", relay: relay.name, seq: model.seq() });
  };

  const copies = new Map<Device, StoredCopy>();
  const copyOf = (device: Device): StoredCopy => {
    const known = copies.get(device);
    if (known !== undefined) return known;
    const made = createStoredCopy(
      device.profile,
      (value) => watch.sealedLocally(device.name, value),
      () => (document === undefined ? undefined : documentKeyOf(document.link)),
    );
    copies.set(device, made);
    return made;
  };
  /**
   * Somebody's document shows it, no log has its record any more, and its author is gone: who shows it must not sign it. A document may run ahead of its
   * log (docs/simulation.md, "What it does not promise").
   */
  const noteOrphans = (): void => {
    const devices = [...actors.devices.values()];
    branched ||= book.edits.some(
      (edit) =>
        edit.promised !== "none" &&
        mainModel?.coverage().holds(edit) !== true &&
        devices.some((device) => copyOf(device).holds(edit)) &&
        !devices.some((device) => copyOf(device).logs(edit) || (device.name === edit.who && copyOf(device).holds(edit))),
    );
  };
  /** Some device's own storage holds it. */
  const isKept = (edit: Edit, but: Device | undefined): boolean => {
    for (const device of actors.devices.values()) if (device !== but && copyOf(device).keeps(edit)) return true;
    return false;
  };

  const state: RunState = {
    relayLoss: undefined,
    rolledBack: false,
    refusesLost: false,
    relayDamaged: false,
    diskDamaged: false,
    diskLied: false,
    deceived: new Set(),
    notUnique: new Set(),
    served: new Map(),
    deviceLoss: (device, what, goesOn) => {
      storageLost = true;
      putBack ||= goesOn;
      for (const { by } of demands) by.delete(device.name);
      const relayHolds = (edit: Edit): boolean => !state.relayDamaged && mainModel?.coverage().holds(edit) === true;
      book.destroyed(what, (edit) => relayHolds(edit) || isKept(edit, undefined));
      noteOrphans();
    },
    model: () => mainModel,
    addDevice: (name, deviceOptions, like) => {
      const device = createDevice({
        context,
        name,
        skewMs: durationMs(deviceOptions.skew ?? 0),
        tabs: deviceOptions.tabs ?? 1,
        creator: actors.devices.size === 0,
        ...(like === undefined ? {} : { profile: { origin: like.profile.origin.clone(), vaultKey: like.profile.vaultKey } }),
        askForLink: (process, give) => askForLink(name, process, give),
        onStatus,
        onAwareness,
        onChange,
      });
      actors.devices.set(name, device);
      copyOf(device);
      return device;
    },
  };

  const askForLink = (
    name: string,
    process: { alive(): boolean; later(ms: number, label: string, run: () => void): unknown },
    give: (link: string) => void,
  ): void => {
    if (!process.alive()) return;
    const ask = (): void => {
      const known = document;
      if (known === undefined) return void process.later(pollMs, "waits for a link", () => askForLink(name, process, give));
      const source = [...actors.devices.values()].find(
        (one) => one.name !== name && one.alive() && !one.frozen() && one.doc() !== undefined,
      );
      const hand = (link: string | undefined): void => void process.later(1, "gets a link", () => give(link ?? known.link));
      if (source === undefined) hand(undefined);
      else source.shareLink(hand);
    };
    ask();
  };

  const actors: Actors = {
    devices: new Map(),
    mallories: new Map(),
    relay: makeRelay("relay", createVirtualDisk({ random: root.fork("relay disk") })),
  };
  network.setRoute((device) => (state.served.get(device) ?? actors.relay).host());

  // ---- what devices tell

  const onStatus = (device: Device, status: DocumentStatus): void => {
    if (recording) emitStatus(device, status);
    const waiting = device.process()?.waiting() ?? 0;
    if (waiting > 2_000) broken("I15", `${device.name} has ${waiting} timers and completions waiting`);
    if (status.phase !== "ready") return;
    const doc = device.doc();
    checkRows(device);
    checkAfterLoss(device, status);
    checkHeads(device, status);
    const news = book.told(device.name, status.saved, device.process()?.life ?? 0, (edit) => doc !== undefined && docHolds(doc, edit));
    if (news.length === 0) return;
    for (const edit of news) {
      if (!copyOf(device).holds(edit)) {
        broken("I4", `${device.name} says "${status.saved}", and edit ${edit.id} ("${edit.words}") is not in its storage`);
        return;
      }
      if (status.saved === "device") continue;
      const served = state.served.get(device.name) ?? actors.relay;
      if (state.deceived.has(device.name) || served !== actors.relay || state.relayLoss !== undefined || state.relayDamaged) {
        edit.promised = "device";
        continue;
      }
      if (mainModel?.coverage().holds(edit) !== true) {
        // Acknowledgements are not signed: until the relay's next signed head a device may believe a lie, or what was true before the relay lost it.
        if (alarmCauses.size > 0) {
          edit.promised = "device";
          continue;
        }
        broken("I4", `${device.name} says "${status.saved}", and edit ${edit.id} ("${edit.words}") is not in the relay's log`);
        return;
      }
      if (status.saved === "others" && alarmCauses.size === 0 && !storageLost && !isElsewhere(edit, device))
        broken("I4", `${device.name} says "on other devices", and edit ${edit.id} ("${edit.words}") is on none`);
    }
  };
  /** By device: the life whose first "ready" was seen, and the life in which rows could not be made one. */
  const loadedLife = new Map<string, number>();
  const uncompacted = new Map<string, number>();
  /** I16: who has opened a document has made its rows one, if there were many. */
  const checkRows = (device: Device): void => {
    const life = device.process()?.life ?? 0;
    if (loadedLife.get(device.name) === life) return;
    loadedLife.set(device.name, life);
    const rows = copyOf(device).contentRows();
    if (rows > rowsAtStartMax && uncompacted.get(device.name) !== life)
      broken("I16", `${device.name} has opened a document, and goes on with ${rows} rows of it`);
  };
  /** How often the relay's log has got shorter. */
  let losses = 0;
  /** By device: since which loss it knows, and where its log goes on. */
  const noticed = new Map<string, { readonly loss: number; readonly life: number; readonly to: number; rewound: boolean }>();
  const noticedLoss = (who: string, to: number): void => {
    const life = actors.devices.get(who)?.process()?.life;
    if (life === undefined || !isServedHonestly(who)) return;
    noticed.set(who, { loss: losses, life, to, rewound: false });
  };
  const isServedHonestly = (who: string): boolean =>
    !state.deceived.has(who) && !state.served.has(who) && state.relayLoss === undefined && !state.relayDamaged;
  /** I4: a device that knows of a loss does not go on saying that the relay has what went with it. */
  const checkAfterLoss = (device: Device, status: DocumentStatus): void => {
    const known = noticed.get(device.name);
    if (known === undefined) return;
    if (!isServedHonestly(device.name) || known.loss !== losses || known.life !== device.process()?.life || state.notUnique.size > 0) {
      noticed.delete(device.name);
      return;
    }
    known.rewound ||= status.seq <= known.to;
    if (!known.rewound || (status.saved !== "relay" && status.saved !== "others")) return;
    const doc = device.doc();
    const gone = book.edits.find(
      (edit) =>
        edit.who === device.name &&
        (edit.promised === "relay" || edit.promised === "others") &&
        mainModel?.coverage().holds(edit) !== true &&
        doc !== undefined &&
        docHolds(doc, edit),
    );
    if (gone === undefined) return;
    broken("I4", `${device.name} knows that the relay lost edit ${gone.id} ("${gone.words}"), and says "${status.saved}"`);
  };
  const isElsewhere = (edit: Edit, device: Device): boolean =>
    [...actors.devices.values()].some((one) => {
      if (one === device) return false;
      const doc = one.heldDoc();
      return (doc !== undefined && docHolds(doc, edit)) || copyOf(one).keeps(edit);
    });

  const emitStatus = (device: Device, status: DocumentStatus): void =>
    emit({
      t: world.now(),
      kind: "status",
      who: device.name,
      phase: status.phase,
      saved: status.saved,
      unsent: status.unsentChanges,
      seq: status.seq,
      relaySeq: status.relaySeq,
      storage: status.storage,
      connection: device.connection()?.kind ?? "connecting",
    });

  /** I11: once a device has what an editor elsewhere wrote, nobody else speaks in that editor's name. */
  const onAwareness = (device: Device, client: number, shown: string): void => {
    if (shown === "null" || shown.includes(canary) || actors.mallories.size === 0) return;
    const doc = device.doc();
    if (doc === undefined || stateOf(doc, client) === 0 || book.clockOf(client) === undefined) return;
    // Its own editor's client id is its own from the first record on.
    const isHere = device.tabs().some((tab) => tab.client === client);
    if (
      isHere &&
      !book.edits.some((edit) => edit.promised !== "none" && edit.promised !== "device" && edit.made.some((made) => made.client === client))
    )
      return;
    broken("I11", `${device.name} was shown a caret of client ${client} that another device moved`);
  };

  const onChange = (device: Device): void => {
    if (!recording) return;
    const doc = shownDoc(device);
    if (doc === undefined) return;
    const missing = book.edits.filter((edit) => edit.who !== device.name && !docHolds(doc, edit)).length;
    emit({ t: world.now(), kind: "replica", who: device.name, hash: stateHash(doc), text: textOf(doc), missing });
  };
  /** What a person at the device looks at. */
  const shownDoc = (device: Device): Doc | undefined => device.tabs()[0]?.doc ?? device.doc();

  // ---- steps

  const stepper: Stepper = createStepper({ context, actors, state, seed: root.fork("steps"), makeRelay, steps: scenario.steps });
  /** Steps of the scenario whose time has not come. */
  const pending = new Set<Step>(scenario.steps);
  const performNow = (step: Step): void => {
    pending.delete(step);
    const refused = stepper.perform(step);
    performed.push(step);
    world.hash.text(step.do);
    if (recording) emit({ t: world.now(), kind: "step", index: performed.length - 1, step, ...(refused === undefined ? {} : { refused }) });
  };
  let lastStepMs = 0;
  for (const step of scenario.steps) {
    const atMs = durationMs(step.at);
    lastStepMs = Math.max(lastStepMs, atMs);
    world.at(atMs, "step", () => performNow(step));
  }
  const uninstall = installIndexedDb(() => {
    const process = world.current();
    return process === undefined ? undefined : factories.get(process);
  });

  actors.relay.start();
  for (const [name, deviceOptions] of Object.entries(scenario.devices)) {
    if (deviceOptions.hostile === true) {
      const mallory = createMallory(context, name);
      actors.mallories.set(name, mallory);
      mallory.start();
      continue;
    }
    const device = state.addDevice(name, deviceOptions);
    world.at(durationMs(deviceOptions.joins ?? 0), "joins", device.start);
  }

  const stop = (): boolean => violations.length > 0;
  const runTo = (atMs: number): Promise<void> => (stop() ? Promise.resolve() : world.runTo(atMs, stop));

  // ---- the end

  const core = (): readonly Device[] => [...actors.devices.values()].filter((one) => !(scenario.without ?? []).includes(one.name));

  /** What was written twice under one number, and lost, only those have who had it: that can't be mended, but it is named. */
  const differKnowingly = (): boolean =>
    branched && [...actors.devices.values()].some((device) => device.alarms().some(({ kind }) => kind === "diverged"));

  /** Why the core is not settled yet; undefined if it is. */
  const unsettled = (): string | undefined => {
    const devices = core();
    if (document === undefined) return "nobody has made the document";
    const model = mainModel;
    // The last copy was destroyed, and everybody is told.
    if (model?.seq() === 0 && losses > 0 && devices.every((device) => device.status()?.phase === "missing")) return undefined;
    let first: Doc | undefined;
    for (const device of devices) {
      const { name } = device;
      const status = device.status();
      const doc = device.doc();
      if (!device.alive() || device.frozen()) return `${name} is not running`;
      if (status === undefined || doc === undefined) return `${name} has not opened the document`;
      if (status.phase !== "ready") return `${name}'s document is "${status.phase}"`;
      if (device.tabs().length === 0) return `${name} has no tab open`;
      if (status.saved !== "relay" && status.saved !== "others")
        return `${name} says "${status.saved}"${status.refusal === undefined ? "" : ` (${status.refusal})`}`;
      if (status.unsentChanges > 0) return `${name} has ${status.unsentChanges} changes that are not sent`;
      if (device.connection()?.kind !== "online") return `${name} is not connected`;
      if (status.seq !== model?.seq()) return `${name} has read up to entry ${status.seq} of ${model?.seq()}`;
      first ??= doc;
      if (stateHash(doc) !== stateHash(first) && !differKnowingly()) return `${name} and ${devices[0]?.name} have different states`;
      for (const tab of device.tabs())
        if (stateHash(tab.doc) !== stateHash(doc)) return `a tab of ${name} shows another state than its worker`;
    }
    return undefined;
  };

  /** Why something that was saved on a device has not left it, though nobody disturbs it; undefined if all has. */
  const left = (): string | undefined => {
    for (const device of core()) {
      const { name } = device;
      const status = device.status();
      if (!device.alive() || device.frozen()) return `${name} is not running`;
      if (device.tabs().length > 0 && status?.saved !== "relay" && status?.saved !== "others") return `${name} says "${status?.saved}"`;
      const kept = book.edits.find(
        (edit) =>
          edit.who === name &&
          edit.promised !== "none" &&
          edit.excused === undefined &&
          mainModel?.coverage().holds(edit) !== true &&
          copyOf(device).holds(edit),
      );
      if (kept !== undefined) return `edit ${kept.id} ("${kept.words}") has not left ${name}, where nobody has it open`;
    }
    return undefined;
  };

  const checkEnd = (): void => {
    const devices = core();
    const model = mainModel;
    for (const edit of book.edits) {
      if (edit.promised === "none" || edit.excused !== undefined) continue;
      const relayHolds = model?.coverage().holds(edit) === true;
      // Of a branch that has no place in the log any more, only what somebody still has is left.
      if (differKnowingly() && isKept(edit, undefined)) continue;
      const missing = devices.filter((device) => {
        const doc = device.doc();
        return doc === undefined || !docHolds(doc, edit);
      });
      if (missing.length > 0)
        broken(
          edit.promised === "device" ? "I3" : "I2",
          `edit ${edit.id} of ${edit.who} ("${edit.words}"), which was said to be saved (${edit.promised}), is lost for ${missing.map(({ name }) => name).join(", ")}`,
        );
      else if (!relayHolds && alarmCauses.size === 0)
        broken("I2", `edit ${edit.id} of ${edit.who} ("${edit.words}") is not in the relay's log`);
    }
    if (!differKnowingly()) checkSame(devices);
    for (const device of devices) checkDevice(device);
    checkAlarms();
    checkExpectations();
  };

  /** I1: not only the state vectors, but what a person sees: text, formats, fields; in every tab, and at whoever works them out alone from the updates. */
  const checkSame = (devices: readonly Device[]): void => {
    const [first] = devices;
    const whole = first?.doc();
    if (first === undefined || whole === undefined) return;
    const fresh = new Doc();
    applyUpdate(fresh, encodeStateAsUpdate(whole));
    const wanted = shownOf(fresh);
    for (const device of devices) {
      for (const doc of [device.doc(), ...device.tabs().map((tab) => tab.doc)]) {
        if (doc === undefined) continue;
        const copy = new Doc();
        applyUpdate(copy, encodeStateAsUpdate(doc));
        if (shownOf(copy) !== wanted) broken("I1", `${device.name} and ${first.name} hold the same updates, and show something else`);
        copy.destroy();
      }
    }
    fresh.destroy();
  };

  const checkDevice = (device: Device): void => {
    const doc = device.doc();
    if (doc === undefined) return;
    const copy = copyOf(device);
    const rows = copy.contentRows();
    if (rows > 600) broken("I16", `${device.name} keeps ${rows} rows for one document`);
    const bytes = network.waitingBytes(device.name);
    if (bytes > 0) broken("I15", `${bytes} bytes wait on ${device.name}'s link though all is quiet`);
    // I11: whoever wrote a record may write only as the editors that it hosts.
    for (const client of doc.store.clients.keys()) {
      const clock = book.clockOf(client);
      if (clock === undefined ? actors.mallories.size === 0 : stateOf(doc, client) > clock)
        broken("I11", `${device.name} holds text of client ${client} that it never typed`);
    }
  };

  const checkAlarms = (): void => {
    const devices = [...actors.devices.values()];
    if (alarmCauses.size === 0) {
      for (const device of devices)
        for (const alarm of device.alarms())
          broken("I12", `${device.name} raised "${alarm.kind}" at entry ${alarm.seq}, and nobody did anything wrong`);
    }
    // Copies of one profile fork their author chain. Nothing that they wrote may be missing in the log for that, and replicas differ.
    if (alarmCauses.size > 0 && [...alarmCauses].every((cause) => cause === copiedProfile)) {
      for (const device of devices)
        for (const alarm of device.alarms().filter(({ kind }) => kind === "diverged"))
          broken("I12", `${device.name} raised "diverged" at entry ${alarm.seq}, and nothing happened but that ${copiedProfile}`);
    }
    // A relay that lost records is named. Nobody's record is a fault of its author for that.
    if (alarmCauses.size > 0 && [...alarmCauses].every((cause) => cause === oldBackup)) {
      for (const device of devices)
        for (const alarm of device
          .alarms()
          .filter(({ kind }) => kind === "author-fork" || kind === "bad-signature" || kind === "malformed"))
          broken("I12", `${device.name} raised "${alarm.kind}" at entry ${alarm.seq}, and nothing happened but that ${oldBackup}`);
    }
    // Frames that are lost make answers that can't be right. No content was altered.
    if (alarmCauses.size > 0 && [...alarmCauses].every((cause) => cause === garbledFrames)) {
      for (const device of devices)
        for (const alarm of device.alarms().filter(({ kind }) => kind !== "bad-chain" && kind !== "malformed"))
          broken("I12", `${device.name} raised "${alarm.kind}" at entry ${alarm.seq}, and nothing happened but ${garbledFrames}`);
    }
    for (const { kinds, because, by } of demands) {
      const differs = [...by.values()].some((head) => {
        const now = head === undefined ? undefined : mainModel?.entries()[head.seq - 1];
        return head !== undefined && (now === undefined || !bytesEqual(now.chainHash, head.chainHash));
      });
      if (differs && !devices.some((device) => device.alarms().some((alarm) => kinds.includes(alarm.kind))))
        broken("I12", `nobody noticed that ${because}`);
    }
  };

  const checkExpectations = (): void => {
    const text = settledText() ?? "";
    for (const expected of scenario.expect ?? []) {
      if ("words" in expected) {
        for (const word of expected.words.split(" ").filter((one) => one !== "")) {
          const count = text.split(word).length - 1;
          if (count !== 1) broken("expect", `"${word}" is in the text ${count} times`);
        }
      } else if ("text" in expected) {
        if (text !== expected.text) broken("expect", `the text is "${text.slice(0, 200)}"`);
      } else if ("noAlarm" in expected) {
        for (const device of core()) for (const alarm of device.alarms()) broken("expect", `${device.name} raised "${alarm.kind}"`);
      } else if ("sometimes" in expected) {
        if (!sometimes.has(expected.sometimes)) broken("expect", `"${expected.sometimes}" was not reached`);
      } else {
        const within = expected.within === undefined ? Number.POSITIVE_INFINITY : durationMs(expected.within);
        const raised = [...actors.devices.values()].some(
          (device) =>
            (expected.by === undefined || expected.by === device.name) &&
            device.alarms().some((alarm) => alarm.kind === expected.alarm && (within === Number.POSITIVE_INFINITY || alarm.atMs > 0)),
        );
        if (!raised) broken("expect", `${expected.by ?? "nobody"} raised ${expected.by === undefined ? "" : "no "}"${expected.alarm}"`);
      }
    }
  };

  const settledText = (): string | undefined => {
    const doc = core()[0]?.doc();
    return doc === undefined ? undefined : textOf(doc);
  };

  const finish = async (): Promise<RunResult> => {
    let text: string | undefined;
    try {
      const untilMs = Math.max(scenario.until === undefined ? lastStepMs + graceMs : durationMs(scenario.until), lastStepMs, world.now());
      if (recording) emit({ t: world.now(), kind: "phase", phase: "faults" });
      await runTo(untilMs);
      if (!stop()) await heal();
      if (recording) emit({ t: world.now(), kind: "phase", phase: "end" });
      text = violations.length === 0 ? settledText() : undefined;
    } finally {
      close();
    }
    return {
      scenario: recorded(),
      ok: violations.length === 0,
      violations,
      traceHash: world.hash.digest(),
      events: world.events(),
      simulatedMs: world.now(),
      edits: book.edits.length,
      sometimes: Object.fromEntries([...sometimes].sort(([a], [b]) => (a < b ? -1 : 1))),
      text,
      trace,
    };
  };

  const heal = async (): Promise<void> => {
    if (recording) emit({ t: world.now(), kind: "phase", phase: "healing" });
    // What people closed may stay closed at first: what they typed leaves their devices all the same.
    const staysClosed = root.fork("closed at the healing").chance(0.5);
    stepper.healAll(core(), !staysClosed);
    const withinMs = durationMs(scenario.settleWithin ?? settleDefaultMs);
    const deadlineMs = world.now() + withinMs;
    while (staysClosed) {
      await runTo(world.now() + pollMs);
      if (stop()) return;
      stepper.nurse(core(), false);
      const why = alarmCauses.size > 0 ? undefined : left();
      if (why === undefined) break;
      if (world.now() >= deadlineMs) return broken("I14", `${Math.round(withinMs / 1000)} s after healing: ${why}`);
    }
    let settledAt: number | undefined;
    for (;;) {
      await runTo(world.now() + pollMs);
      if (stop()) return;
      stepper.nurse(core(), true);
      const why = unsettled();
      // A crash that was planned before, a connection that ends: what settled once may have to settle again.
      if (why !== undefined) settledAt = undefined;
      else settledAt ??= world.now();
      if (settledAt !== undefined && world.now() - settledAt >= quietMs) break;
      if (world.now() >= deadlineMs + quietMs)
        return broken("I14", `${Math.round(withinMs / 1000)} s after healing: ${why ?? "it never rests"}`);
    }
    if (recording) emit({ t: world.now(), kind: "phase", phase: "settled" });
    checkEnd();
  };

  const recorded = (): Scenario => ({ ...scenario, steps: [...performed, ...pending] });

  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const device of actors.devices.values()) device.kill("kill");
    for (const mallory of actors.mallories.values()) mallory.stop();
    actors.relay.kill("kill");
    for (const relay of state.served.values()) relay.kill("kill");
    uninstall();
    removeSignatures();
  };

  // ---- the Lab

  const view = (): SimulationView => {
    const replicas = [...actors.devices.values()].map((device): ReplicaView => {
      const doc = shownDoc(device);
      const missing: Record<string, number> = {};
      if (doc !== undefined) for (const edit of book.edits) if (!docHolds(doc, edit)) missing[edit.who] = (missing[edit.who] ?? 0) + 1;
      const status = device.status();
      return {
        who: device.name,
        alive: device.alive(),
        frozen: device.frozen(),
        text: doc === undefined ? "" : textOf(doc),
        hash: doc === undefined ? "" : stateHash(doc),
        phase: status?.phase ?? "loading",
        saved: status?.saved ?? "unsaved",
        unsent: status?.unsentChanges ?? 0,
        connection: device.connection()?.kind ?? "connecting",
        storage: status?.storage ?? "ok",
        alarms: device.alarms().map(({ kind }) => kind),
        missing,
        faults: stepper.faultsOf(device.name),
      };
    });
    const hashes = new Set(replicas.map(({ hash }) => hash));
    return {
      nowMs: world.now(),
      converged: hashes.size === 1 && !hashes.has(""),
      replicas,
      relay: {
        alive: actors.relay.alive(),
        frozen: actors.relay.process()?.frozen() ?? false,
        seq: mainModel?.seq() ?? 0,
        faults: stepper.faultsOf("relay"),
      },
      violations,
    };
  };

  return {
    nowMs: world.now,
    traceHash: () => world.hash.digest(),
    runTo,
    perform: async (step) => {
      // Times in files are whole milliseconds; as an event like any other, so that a replay is the same run.
      const atMs = Math.ceil(world.now());
      world.at(atMs, "step", () => performNow({ ...step, at: atMs }));
      await runTo(atMs);
    },
    view,
    editor: (who, tab) => {
      const doc = (): Doc | undefined => actors.devices.get(who)?.tab(tab)?.doc;
      return {
        get text() {
          const now = doc();
          return now === undefined ? "" : textOf(now);
        },
        state: () => {
          const now = doc();
          return now === undefined ? new Uint8Array([0, 0]) : encodeStateAsUpdate(now);
        },
        onUpdate: (listener) => actors.devices.get(who)?.onEditorUpdate((index, update) => index === tab && listener(update)) ?? (() => {}),
      };
    },
    scenario: recorded,
    finish,
    close,
  };
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message} ${(error.stack ?? "").split("\n").slice(1, 4).join(" ")}` : String(error);

/** Without `getText`, which would give a type to the root of a document that nobody has typed, and so change how it goes on. */
function textOf(doc: Doc): string {
  let text = "";
  for (let item = doc.share.get("body")?._start ?? null; item !== null; item = item.right)
    if (!item.deleted && item.content instanceof ContentString) text += item.content.str;
  return text;
}

const ruleOf = (wrong: string): string =>
  wrong.includes("stands in the log already") ? "I7" : wrong.includes("never typed") ? "I11" : "I5";

/** Everything that can be seen of a document, of a copy of it: reading types its roots. */
const shownOf = (copy: Doc): string => {
  const note = copy.getMap("notes").get("note");
  return JSON.stringify([copy.getText("body").toDelta(), copy.getMap("fields").toJSON(), note instanceof Text ? note.toDelta() : null]);
};

/** Equal for equal states, whatever the order in which they came about. */
function stateHash(doc: Doc): string {
  const bytes = encodeSnapshot(snapshot(doc));
  let a = 0x811c9dc5;
  let b = 0x1b873593;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b) ^ (b >>> 13);
  }
  return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0");
}
