/** Carries out the steps of a scenario on the actors, and undoes in the end what they broke. */
import { Text } from "yjs";
import type { Doc } from "yjs";
import { cheat } from "../actors/cheats.ts";
import type { Device } from "../actors/device.ts";
import type { RelayActor } from "../actors/relay.ts";
import { typeUpdate } from "../actors/tab.ts";
import type { DiskBackup, VirtualDisk } from "../disk/virtual-level.ts";
import type { LaneFaults } from "../network/faults.ts";
import type { Prng } from "../prng.ts";
import { durationMs } from "../scenario/duration.ts";
import type { CheatStep, Direction, Duration, EditStep, NetworkStep, Step } from "../scenario/scenario.ts";
import type { Process } from "../world/process.ts";
import { copiedProfile, garbledFrames, oldBackup } from "./context.ts";
import type { RunContext } from "./context.ts";
import type { Actors, RunState } from "./run-scenario.ts";

export interface StepperOptions {
  readonly context: RunContext;
  readonly actors: Actors;
  readonly state: RunState;
  readonly seed: Prng;
  readonly makeRelay: (name: string, disk: VirtualDisk) => RelayActor;
  /** The whole scenario's. */
  readonly steps: readonly Step[];
}

export interface Stepper {
  /** Why it could not be done, if so. */
  perform(step: Step): string | undefined;
  /** Ends every fault; the core is started. */
  healAll(core: readonly Device[], open: boolean): void;
  /** What people and operators do while they wait: start what died, reload what was refused, replace a folder that can't be read; and `open`, what is closed. */
  nurse(core: readonly Device[], open: boolean): void;
  /** What is wrong with "relay" or a device, in words. */
  faultsOf(who: string): readonly string[];
}

type StepOf<Do extends Step["do"]> = Extract<Step, { readonly do: Do }>;

const downMs = 2_000;
const sleepMostMs = 60_000;
const downMost = 20;
const formerEndsMs = 20_000;

export function createStepper({ context, actors, state, seed, makeRelay, steps }: StepperOptions): Stepper {
  const { world, network } = context;
  const { relay } = actors;
  const faults = new Map<string, Map<string, number>>();
  const blank: DiskBackup = relay.disk.backup();
  let newest: { readonly backup: DiskBackup; readonly damaged: boolean } = { backup: blank, damaged: false };
  const profiles = new Map<string, ReturnType<Device["profile"]["origin"]["snapshot"]>>();
  /** Former workers of profiles that another took over. */
  const formers = new Set<{ end(): void }>();
  let relays = 1;
  let healed = false;
  /** How often in a row the relay was not serving when somebody looked. */
  let down = 0;

  // ---- faults, and their ends

  const begin = (who: string, what: string): void => {
    const mine = faults.get(who) ?? new Map<string, number>();
    faults.set(who, mine);
    mine.set(what, (mine.get(what) ?? 0) + 1);
    context.trace({ kind: "fault", who, what, on: true });
  };
  const end = (who: string, what: string): void => {
    const mine = faults.get(who);
    const count = mine?.get(what);
    if (mine === undefined || count === undefined) return;
    if (count > 1) mine.set(what, count - 1);
    else mine.delete(what);
    if (count === 1) context.trace({ kind: "fault", who, what, on: false });
  };
  const endAll = (who: string, matching: (what: string) => boolean): void => {
    for (const what of faults.get(who)?.keys() ?? []) {
      if (!matching(what)) continue;
      faults.get(who)?.set(what, 1);
      end(who, what);
    }
  };
  /** Runs `undo` after `duration`, unless all was healed before, or the same fault came again and lasts longer. */
  const during = (who: string, what: string, duration: Duration | undefined, undo: () => void): void => {
    begin(who, what);
    if (duration === undefined) return;
    world.later(durationMs(duration), `${what} ends`, () => {
      if (healed) return;
      end(who, what);
      if (faults.get(who)?.has(what) !== true) undo();
    });
  };

  // ---- who

  const linksOf = (who: string): readonly string[] => (who === "all" ? [...actors.devices.keys(), ...actors.mallories.keys()] : [who]);
  const deviceOf = (who: string): Device | undefined => actors.devices.get(who);
  /** A stream of its own for each step, whatever stands before it in the list. */
  const randomFor = (step: Step): Prng => seed.fork(`${step.do} ${"who" in step ? String(step.who) : ""} at ${step.at}`);

  // ---- editing

  const edit = (step: EditStep): string | undefined => {
    const device = deviceOf(step.who);
    if (device === undefined) return "there is no such device";
    const { tab = 0 } = step;
    if (step.do === "caret") return device.edit(tab, (open) => open.caret(step.where), "") ? undefined : "its tab is not open";
    const done = device.edit(tab, (open) => editDoc(open.doc, step, (update) => typeUpdate(open, update)), wordsOf(step));
    return done ? undefined : "its tab is not open";
  };

  // ---- the network

  const lanesOf = (who: string, dir: Direction = "both"): readonly LaneFaults[] =>
    linksOf(who).flatMap((name) => {
      const link = network.link(name).faults;
      return dir === "both" ? [link.up, link.down] : [link[dir]];
    });
  const changed = (who: string): void => {
    for (const name of linksOf(who)) network.link(name).changed();
  };
  const onLanes = (
    step: { readonly who: string; readonly dir?: Direction; readonly for?: Duration },
    what: string,
    set: (lane: LaneFaults) => void,
    unset: (lane: LaneFaults) => void,
  ): void => {
    for (const lane of lanesOf(step.who, step.dir)) set(lane);
    changed(step.who);
    for (const name of linksOf(step.who))
      during(name, what, step.for, () => {
        for (const lane of lanesOf(name, step.dir)) unset(lane);
        healLink(name);
      });
  };
  /** One fault of a link ended: connections that lost something can't go on, once the way is free again. */
  const healLink = (name: string): void => {
    const link = network.link(name);
    link.changed();
    link.mend();
  };

  const onNetwork = (step: NetworkStep): string | undefined => {
    const { who } = step;
    if (who !== "all" && !linksOf("all").includes(who)) return "there is no such device";
    switch (step.do) {
      case "cut": {
        const { bytes = "hold", dir = "both" } = step;
        onLanes(
          step,
          `cut${dir === "both" ? "" : ` ${dir}`}${bytes === "drop" ? ", losing" : ""}`,
          (lane) => lane.cuts.push(bytes),
          (lane) => {
            // All cuts of this kind have ended; a flap's stand first, and end by themselves.
            for (let at = lane.cuts.lastIndexOf(bytes); at >= 0; at = lane.cuts.lastIndexOf(bytes)) lane.cuts.splice(at, 1);
          },
        );
        return undefined;
      }
      case "delay":
        onLanes(
          step,
          "delay",
          (lane) => {
            lane.delayMs = step.ms;
            lane.jitterMs = step.jitter ?? 0;
          },
          (lane) => {
            lane.delayMs = 0;
            lane.jitterMs = 0;
          },
        );
        return undefined;
      case "bandwidth":
        onLanes(
          step,
          "slow line",
          (lane) => (lane.bytesPerSecond = Math.max(100, step.bytesPerSecond)),
          (lane) => (lane.bytesPerSecond = Number.POSITIVE_INFINITY),
        );
        return undefined;
      case "garble":
        context.excuseAlarms(step.how === "drop" ? garbledFrames : "altered frames");
        onLanes(
          step,
          `frames: ${step.how}`,
          (lane) => (lane.garble = { ...lane.garble, [step.how]: step.rate }),
          (lane) => (lane.garble = { ...lane.garble, [step.how]: 0 }),
        );
        return undefined;
      case "no-entry":
        for (const name of linksOf(who)) {
          network.link(name).faults.entry = step.how;
          during(name, `new connections: ${step.how}`, step.for, () => {
            network.link(name).faults.entry = "open";
            healLink(name);
          });
        }
        return undefined;
      case "flap": {
        const [cutMs, healedMs] = [Math.max(50, durationMs(step.cut)), Math.max(50, durationMs(step.healed))];
        const untilMs = world.now() + durationMs(step.for);
        for (const name of linksOf(who)) {
          during(name, "flapping", step.for, () => {});
          const flap = (cut: boolean): void => {
            if (healed) return;
            const over = world.now() >= untilMs;
            for (const lane of lanesOf(name)) {
              if (cut && !over) lane.cuts.unshift("drop");
              else if (lane.cuts[0] === "drop") lane.cuts.shift();
            }
            healLink(name);
            if (!over) world.later(cut ? cutMs : healedMs, "flap", () => flap(!cut));
          };
          flap(true);
        }
        return undefined;
      }
      case "half-open":
        for (const name of linksOf(who)) network.link(name).halfOpen();
        return undefined;
      case "reset":
        for (const name of linksOf(who)) network.link(name).reset();
        return undefined;
      case "heal":
        for (const name of linksOf(who)) {
          network.link(name).heal();
          endAll(name, isLinkFault);
        }
        return undefined;
    }
    return undefined;
  };

  // ---- processes

  interface Mortal {
    kill(how: "kill" | "power"): void;
    start(): void;
    freeze(): void;
    thaw(): void;
    alive(): boolean;
    process(): Process | undefined;
    jumpWall(byMs: number): void;
  }
  const mortalOf = (who: string): Mortal | undefined => (who === "relay" ? relay : deviceOf(who));

  const die = (who: string, mortal: Mortal, how: "kill" | "power", downForMs: number): void => {
    if (how === "power" && who === "relay" && state.diskLied) {
      state.relayLoss = "the relay's disk lied about what was durable, and lost power";
      context.excuseAlarms("a lying disk");
    }
    mortal.kill(how);
    context.sometimes(`${who === "relay" ? "the relay" : "a device"} died (${how})`);
    world.later(downForMs, "starts again", () => {
      if (!healed || !mortal.alive()) mortal.start();
    });
  };

  const onProcess = (step: StepOf<"crash" | "freeze" | "sleep" | "clock" | "restart">): string | undefined => {
    const mortal = mortalOf(step.who);
    if (mortal === undefined) return "there is no such process";
    switch (step.do) {
      case "crash": {
        const { how = "kill", after } = step;
        const downForMs = durationMs(step.down ?? downMs);
        const process = mortal.process();
        if (process === undefined || !process.alive()) return "it is not running";
        if (after === undefined) {
          die(step.who, mortal, how, downForMs);
          return undefined;
        }
        // Whatever kills it between two effects, its storage learns of it in the same moment.
        process.onKill(() => world.later(0, "dead", () => die(step.who, mortal, how, downForMs)));
        process.crashAtEffect(after);
        return undefined;
      }
      case "freeze":
      case "sleep": {
        if (!mortal.alive()) return "it is not running";
        const forMs = durationMs(step.for);
        const frozenMs = step.do === "sleep" ? Math.min(forMs, sleepMostMs) : forMs;
        const process = mortal.process();
        mortal.freeze();
        begin(step.who, step.do === "sleep" ? "asleep" : "frozen");
        world.later(frozenMs, "wakes", () => {
          end(step.who, step.do === "sleep" ? "asleep" : "frozen");
          if (process !== mortal.process()) return;
          if (forMs > frozenMs) mortal.jumpWall(forMs - frozenMs);
          mortal.thaw();
        });
        return undefined;
      }
      case "clock":
        mortal.jumpWall(durationMs(step.by));
        return undefined;
      case "restart": {
        if (!mortal.alive()) return "it is not running";
        const again = (): void => void world.later(durationMs(step.down ?? downMs), "starts again", () => mortal.start());
        if (step.who === "relay") relay.stop(again);
        else deviceOf(step.who)?.quit(again);
        return undefined;
      }
    }
    return undefined;
  };

  // ---- the relay's disk

  const replaceFolder = (backup: DiskBackup, why: string): void => {
    relay.kill("kill");
    state.relayLoss = why;
    context.excuseAlarms(why);
    relay.disk.restore(backup);
    state.diskDamaged = false;
    world.later(500, "starts again", relay.start);
  };

  const onDisk = (step: StepOf<"disk" | "flip" | "truncate" | "backup" | "rollback" | "clone-relay">): string | undefined => {
    const { disk } = relay;
    switch (step.do) {
      case "disk": {
        const set = (on: boolean): void => {
          if (step.fault === "full") disk.faults.full = on;
          else if (step.fault === "write-error") disk.faults.failWrites = on ? { code: "io", surfaces: "random" } : undefined;
          else if (step.fault === "read-error") disk.faults.failReads = on;
          else if (step.fault === "slow") disk.faults.slowness = on ? 200 : 1;
          else {
            disk.faults.syncLies = on;
            state.diskLied ||= on;
          }
        };
        set(true);
        during("relay", `disk: ${step.fault}`, step.for, () => set(false));
        return undefined;
      }
      case "flip":
      case "truncate": {
        relay.kill("kill");
        const done = step.do === "flip" ? disk.flipBit(step.where, randomFor(step)) : disk.truncateLog(randomFor(step));
        if (done) {
          state.diskDamaged = true;
          state.relayLoss = step.do === "flip" ? "a bit of the relay's disk flipped" : "the relay's log was cut short";
          context.excuseAlarms(state.relayLoss);
        }
        world.later(downMs, "starts again", relay.start);
        return done ? undefined : "there is nothing to damage";
      }
      case "backup":
        newest = { backup: disk.backup(), damaged: state.diskDamaged };
        return undefined;
      case "rollback": {
        context.sometimes("the relay was rolled back");
        replaceFolder(newest.backup, oldBackup);
        state.rolledBack = true;
        state.diskDamaged = newest.damaged;
        return undefined;
      }
      case "clone-relay": {
        context.excuseAlarms("two relays with one identity");
        const clone = makeRelay(`relay-${++relays}`, disk.copy());
        clone.start();
        for (const who of step.who) {
          state.served.set(who, clone);
          network.link(who).reset();
        }
        during("relay", "a second relay on a copy of its folder", step.for, () => endClone(clone));
        return undefined;
      }
    }
    return undefined;
  };
  const endClone = (clone: RelayActor): void => {
    clone.kill("kill");
    for (const [who, serving] of state.served) {
      if (serving !== clone) continue;
      state.served.delete(who);
      network.link(who).reset();
    }
  };

  // ---- devices' storage

  const onStorage = (
    step: StepOf<"storage" | "close-storage" | "evict" | "backup-profile" | "restore-profile" | "takeover" | "clone-profile">,
  ): string | undefined => {
    const device = deviceOf(step.who);
    if (device === undefined) return "there is no such device";
    const { origin } = device.profile;
    switch (step.do) {
      case "storage": {
        const set = (on: boolean): void => {
          if (step.fault === "full") origin.faults.quotaBytes = on ? origin.bytes() : Number.POSITIVE_INFINITY;
          else if (step.fault === "abort") origin.faults.abortCommits = on ? 0.5 : 0;
          else if (step.fault === "no-open") origin.faults.failOpen = on ? "UnknownError" : undefined;
          else if (step.fault === "read-error") origin.faults.failReads = on;
          else origin.faults.slow = on ? 100 : 1;
        };
        set(true);
        context.sometimes(`a device's storage: ${step.fault}`);
        during(step.who, `storage: ${step.fault}`, step.for, () => set(false));
        return undefined;
      }
      case "close-storage":
        origin.closeConnections();
        return undefined;
      case "evict":
        device.kill("kill");
        origin.evict();
        profiles.delete(step.who);
        state.deviceLoss(device, `the browser threw away all that ${step.who} had stored`, false);
        context.sometimes("a device's storage was evicted");
        world.later(downMs, "starts again", device.start);
        return undefined;
      case "backup-profile":
        profiles.set(step.who, origin.snapshot());
        return undefined;
      case "restore-profile": {
        const old = profiles.get(step.who);
        if (old === undefined) return "there is no backup of this profile";
        device.kill("kill");
        state.notUnique.add(step.who);
        origin.restore(old);
        state.deviceLoss(device, `${step.who}'s profile was put back to an old copy`, true);
        context.excuseAlarms("an old profile was restored");
        context.sometimes("an old profile was restored");
        world.later(downMs, "starts again", device.start);
        return undefined;
      }
      case "takeover": {
        const former = device.takeOver();
        if (former === undefined) return "it is not running";
        formers.add(former);
        context.sometimes("a second worker took a profile over");
        world.later(durationMs(step.for), "the former worker wakes", () => {
          former.thaw();
          world.later(formerEndsMs, "the former worker ends", () => {
            formers.delete(former);
            former.end();
          });
        });
        return undefined;
      }
      case "clone-profile": {
        if (actors.devices.has(step.as) || actors.mallories.has(step.as) || actors.devices.size >= 8)
          return "there is such a device already";
        state.notUnique.add(step.who).add(step.as);
        context.excuseAlarms(copiedProfile);
        context.sometimes("a profile was copied");
        state.addDevice(step.as, {}, device).start();
        return undefined;
      }
    }
    return undefined;
  };
  // ---- people who mean ill

  /** The cheat that a device is under; a newer one takes the place of an older. */
  const cheats = new Map<string, { readonly how: CheatStep["how"] }>();
  const onCheat = (step: StepOf<"cheat">): string | undefined => {
    const tamper = cheat({ how: step.how, random: randomFor(step), identity: relay.identity(), seq: state.model()?.seq() ?? 0 });
    if (tamper === undefined) return "there is nothing to cheat with yet";
    context.excuseAlarms(`the relay cheats: ${step.how}`);
    context.sometimes(`the relay cheats: ${step.how}`);
    for (const name of linksOf(step.who)) {
      if (actors.mallories.has(name)) continue;
      const mine = { how: step.how };
      cheats.set(name, mine);
      state.deceived.add(name);
      network.setTamper(name, tamper);
      network.link(name).reset();
      during(name, `the relay cheats: ${step.how}`, step.for, () => endCheat(name, mine));
    }
    return undefined;
  };
  const endCheat = (name: string, which: { readonly how: CheatStep["how"] } | undefined): void => {
    if (which === undefined || cheats.get(name) !== which) return;
    cheats.delete(name);
    network.setTamper(name, undefined);
    // It may go on as if nothing had been, where its lies are found out by what comes next.
    const goesOn = foundOutByItself.has(which.how) && seed.fork(`after a cheat on ${name} at ${world.now()}`).chance(0.5);
    if (!goesOn) network.link(name).reset();
    // What it was told before it hears the honest relay's head is a lie still.
    world.later(10_000, "told the truth", () => {
      if (!cheats.has(name)) state.deceived.delete(name);
    });
  };

  let contradicted = false;
  const onAttack = (step: StepOf<"attack">): string | undefined => {
    const mallory = actors.mallories.get(step.who);
    if (mallory === undefined) return "there is no such hostile device";
    // Who owns a client id is settled by the order of the log, and kept when a log is lost (docs/peer.md): with both in one run, copies may differ.
    if (step.how === "foreign-client-id" && steps.some((other) => losesLog.has(other.do))) return "the log may be lost in this run";
    // What is refused depends on what the document has, and after a crash it may have more than its log (docs/simulation.md, "What it does not promise").
    if (step.how === "contradiction" && steps.some((other) => runsAhead.has(other.do) || losesLog.has(other.do)))
      return "a document may run ahead of its log in this run";
    // Of two, the second is judged otherwise where it comes in one page with the first (docs/simulation.md, "What it does not promise").
    if (step.how === "contradiction" && contradicted) return "there was one already";
    contradicted ||= step.how === "contradiction";
    // Whose client id is in the log already: who is first there owns it (SECURITY.md says what that leaves open).
    const isClaimed = (client: number): boolean =>
      state
        .model()
        ?.coverage()
        .holds({ made: [{ client, from: 0, to: 1 }], removed: [] }) === true;
    const victim = [...actors.devices.values()].flatMap((device) => device.tabs()).find((tab) => isClaimed(tab.client));
    context.excuseAlarms(`${step.who} attacks`);
    if (!mallory.attack(step.how, victim)) return "she has nothing to attack with yet";
    context.sometimes(`attack: ${step.how}`);
    return undefined;
  };

  // ---- people

  const onPerson = (step: StepOf<"close-tab" | "open-tab" | "retry">): string | undefined => {
    const device = deviceOf(step.who);
    if (device === undefined) return "there is no such device";
    if (device.frozen()) return "it is frozen";
    if (step.do === "retry") return device.retry() ? undefined : "it is not running";
    const { tab = 0 } = step;
    const done = step.do === "open-tab" ? device.openTab(tab) : device.closeTab(tab);
    return done ? undefined : step.do === "open-tab" ? "it is open already, or there is nothing to open" : "it is not open";
  };

  const perform = (step: Step): string | undefined => {
    switch (step.do) {
      case "type":
      case "erase":
      case "bold":
      case "set":
      case "update":
      case "caret":
        return edit(step);
      case "close-tab":
      case "open-tab":
      case "retry":
        return onPerson(step);
      case "cut":
      case "delay":
      case "bandwidth":
      case "garble":
      case "no-entry":
      case "flap":
      case "half-open":
      case "reset":
      case "heal":
        return onNetwork(step);
      case "crash":
      case "freeze":
      case "sleep":
      case "clock":
      case "restart":
        return onProcess(step);
      case "disk":
      case "flip":
      case "truncate":
      case "backup":
      case "rollback":
      case "clone-relay":
        return onDisk(step);
      case "storage":
      case "close-storage":
      case "evict":
      case "backup-profile":
      case "restore-profile":
      case "takeover":
      case "clone-profile":
        return onStorage(step);
      case "cheat":
        return onCheat(step);
      case "attack":
        return onAttack(step);
    }
    return undefined;
  };

  const nurse = (core: readonly Device[], open: boolean): void => {
    // The log may be whole, and what leads to it not.
    const refuses = state.diskDamaged && (state.refusesLost || core.some((device) => device.status()?.refusal === "damaged-log"));
    // Or it can't even be opened.
    down = relay.host() === undefined ? down + 1 : 0;
    if ((state.relayDamaged && relay.alive()) || refuses || (state.diskDamaged && down > downMost)) {
      down = 0;
      context.sometimes("an operator replaced a damaged folder");
      state.relayDamaged = false;
      state.refusesLost = false;
      replaceFolder(blank, "the operator started over with an empty folder");
    }
    for (const device of core) {
      if (!device.alive()) device.start();
      else if (device.connection()?.kind === "refused") {
        context.sometimes("a device was refused, and reloaded");
        device.kill("kill");
        device.start();
      } else if (open && device.tabs().length === 0) device.openTab(0);
    }
  };

  return {
    perform,
    nurse,
    faultsOf: (who) => [...(faults.get(who)?.keys() ?? [])],
    healAll: (core, open) => {
      healed = true;
      relay.disk.faults.full = false;
      relay.disk.faults.failWrites = undefined;
      relay.disk.faults.failNextWrite = undefined;
      relay.disk.faults.failReads = false;
      relay.disk.faults.syncLies = false;
      relay.disk.faults.slowness = 1;
      for (const name of linksOf("all")) {
        endCheat(name, cheats.get(name));
        network.link(name).heal();
      }
      for (const clone of new Set(state.served.values())) endClone(clone);
      for (const former of formers) former.end();
      formers.clear();
      if (relay.process()?.frozen() === true) relay.thaw();
      if (!relay.alive()) relay.start();
      for (const device of actors.devices.values()) {
        const { faults: wrong } = device.profile.origin;
        wrong.quotaBytes = Number.POSITIVE_INFINITY;
        wrong.abortCommits = 0;
        wrong.failOpen = undefined;
        wrong.failReads = false;
        wrong.slow = 1;
        if (!core.includes(device)) device.kill("kill");
        else if (device.frozen()) device.thaw();
      }
      for (const who of faults.keys()) endAll(who, () => true);
      nurse(core, open);
      // Somebody presses "try again", or nobody does: within its backoff it has to find out by itself.
      if (seed.fork("healing").chance(0.5)) for (const device of core) device.retry();
    },
  };
}

/** What is missing or wrong then shows at the next entry, or at the next signed head. */
const foundOutByItself: ReadonlySet<CheatStep["how"]> = new Set([
  "drop-entries",
  "reorder-entries",
  "replay-entries",
  "alter-entries",
  "spoil-signatures",
  "replay-presence",
]);

/** Steps after which entries may stand in another order than before. */
const losesLog: ReadonlySet<Step["do"]> = new Set(["disk", "flip", "truncate", "rollback", "clone-relay", "cheat"]);

/** Steps after which a device's document may hold more than its copy of the log, or is made anew from what is stored. */
const runsAhead: ReadonlySet<Step["do"]> = new Set([
  "crash",
  "restart",
  "close-tab",
  "takeover",
  "storage",
  "close-storage",
  "restore-profile",
  "clone-profile",
]);

const isLinkFault = (what: string): boolean => !/^(storage|disk|asleep|frozen|the relay|a second)/.test(what);

const placeIn = (length: number, where = 1): number => Math.min(length, Math.round(where * length));

function editDoc(doc: Doc, step: Exclude<EditStep, { do: "caret" }>, applyTyped: (update: Uint8Array) => void): void {
  const text = ("note" in step && step.note ? noteOf(doc) : undefined) ?? doc.getText("body");
  switch (step.do) {
    case "type":
      text.insert(placeIn(text.length, step.where), step.text);
      return;
    case "erase": {
      const at = Math.min(placeIn(text.length, step.where), Math.max(0, text.length - step.count));
      const count = Math.min(step.count, text.length - at);
      if (count > 0) text.delete(at, count);
      return;
    }
    case "bold": {
      const at = Math.min(placeIn(text.length, step.where), Math.max(0, text.length - step.count));
      const count = Math.min(step.count, text.length - at);
      if (count > 0) text.format(at, count, { bold: step.on ? true : null });
      return;
    }
    case "set":
      doc.getMap("fields").set(step.key, step.value);
      return;
    case "update":
      applyTyped(bytesOfBase64(step.update));
  }
}

/** A text that is a value of a map, as those of tables and comments are. Made by whoever is first; of two, Yjs keeps one. */
function noteOf(doc: Doc): Text {
  const notes = doc.getMap("notes");
  const known = notes.get("note");
  if (known instanceof Text) return known;
  const made = new Text();
  notes.set("note", made);
  return made;
}

function wordsOf(step: EditStep): string {
  if (step.do === "type") return step.text.trim().slice(0, 40);
  if (step.do === "erase") return `${step.count} characters erased`;
  if (step.do === "set") return `${step.key} = ${step.value}`.slice(0, 40);
  return step.do;
}

function bytesOfBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
