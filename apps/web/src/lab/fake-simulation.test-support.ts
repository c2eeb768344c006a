/**
 * A stand-in for the simulator, behind its interface: documents in memory, a relay that joins those whose link is open whenever time passes. It
 * knows as much of faults as the Lab's own tests ask about.
 */
import { durationMs as toMs } from "@skerry/simulator/lab";
import type { RunResult, Scenario, Simulation, SimulationOptions, SimulationView, Step } from "@skerry/simulator/lab";
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { stepTime } from "./plan.ts";

interface Device {
  readonly who: string;
  doc: Doc;
  readonly joinsMs: number;
  cut: boolean;
  /** Off until then. */
  offUntilMs: number;
  alarms: string[];
  readonly listeners: Set<(update: Uint8Array) => void>;
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const hashOf = (text: string): string => {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return (hash >>> 0).toString(16).padStart(16, "0");
};

export async function openFakeSimulation(scenario: Scenario, options: SimulationOptions): Promise<Simulation> {
  const devices = new Map<string, Device>();
  const steps: Step[] = [...scenario.steps];
  const waiting = steps.toSorted((a, b) => stepTime(a) - stepTime(b));
  let relay = new Doc();
  let backup = encodeStateAsUpdate(new Doc());
  let relayOffUntilMs = 0;
  let nowMs = 0;

  const renew = (device: Device): void => {
    const doc = new Doc();
    doc.clientID = Array.from(device.who).reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
    applyUpdate(doc, encodeStateAsUpdate(device.doc));
    doc.on("update", (update: Uint8Array) => {
      for (const listener of device.listeners) listener(update);
    });
    device.doc = doc;
  };
  for (const [who, { joins }] of Object.entries(scenario.devices)) {
    const device: Device = {
      who,
      doc: new Doc(),
      joinsMs: toMs(joins ?? 0),
      cut: false,
      offUntilMs: 0,
      alarms: [],
      listeners: new Set(),
    };
    renew(device);
    devices.set(who, device);
  }
  const isUp = (device: Device): boolean => nowMs >= device.joinsMs && nowMs >= device.offUntilMs;
  const named = (who: string): Device[] =>
    who === "all" ? [...devices.values()] : [...devices.values()].filter((device) => device.who === who);

  const sync = (): void => {
    if (nowMs < relayOffUntilMs) return;
    const joined = [...devices.values()].filter((device) => !device.cut && isUp(device));
    for (const { doc } of joined) applyUpdate(relay, encodeStateAsUpdate(doc, encodeStateVector(relay)));
    for (const { doc } of joined) {
      const missing = encodeStateAsUpdate(relay, encodeStateVector(doc));
      if (missing.byteLength > 2) applyUpdate(doc, missing, "relay");
    }
  };

  const carryOut = (step: Step): void => {
    const index = steps.indexOf(step);
    let refused: string | undefined;
    const who = "who" in step && typeof step.who === "string" ? step.who : "";
    for (const device of named(who)) {
      if ((step.do === "type" || step.do === "update") && !isUp(device)) refused = `${device.who} is not there`;
      else if (step.do === "type") device.doc.getText("body").insert(device.doc.getText("body").length, step.text);
      else if (step.do === "update") applyUpdate(device.doc, fromBase64(step.update), "lab");
      else if (step.do === "cut") device.cut = true;
      else if (step.do === "heal") device.cut = false;
      else if (step.do === "crash") {
        device.offUntilMs = nowMs + toMs(step.down ?? 2000);
        options.onTrace?.({ t: nowMs, kind: "life", who, state: "down", life: 1 });
        renew(device);
      }
    }
    if (who === "relay" && step.do === "crash") relayOffUntilMs = nowMs + toMs(step.down ?? 2000);
    if (step.do === "backup") backup = encodeStateAsUpdate(relay);
    if (step.do === "rollback") {
      relay = new Doc();
      applyUpdate(relay, backup);
      for (const device of devices.values()) device.alarms = ["rollback"];
    }
    options.onTrace?.({ t: nowMs, kind: "step", index, step, ...(refused === undefined ? {} : { refused }) });
  };

  const view = (): SimulationView => {
    const replicas = [...devices.values()].map((device) => {
      const text = device.doc.getText("body").toJSON();
      const missing: Record<string, number> = {};
      for (const other of devices.values()) {
        const bytes = encodeStateAsUpdate(other.doc, encodeStateVector(device.doc)).byteLength;
        if (other !== device && bytes > 2) missing[other.who] = 1;
      }
      return {
        who: device.who,
        alive: isUp(device),
        frozen: false,
        text,
        hash: hashOf(text),
        phase: "ready",
        saved: device.cut ? "device" : "others",
        unsent: device.cut ? 1 : 0,
        connection: device.cut ? "offline" : "online",
        storage: "ok",
        alarms: device.alarms,
        missing,
        faults: device.cut ? ["cut"] : [],
      };
    });
    return {
      nowMs,
      converged: new Set(replicas.map(({ hash }) => hash)).size === 1,
      replicas,
      relay: { alive: nowMs >= relayOffUntilMs, frozen: false, seq: relay.store.clients.size, faults: [] },
      violations: [],
    };
  };

  const runTo = async (atMs: number): Promise<void> => {
    for (;;) {
      const next = waiting[0];
      if (next === undefined || stepTime(next) > atMs) break;
      waiting.shift();
      nowMs = Math.max(nowMs, stepTime(next));
      sync();
      carryOut(next);
    }
    if (atMs > nowMs) {
      nowMs = atMs;
      sync();
    }
    await options.endOfTurn();
  };

  return {
    nowMs: () => nowMs,
    traceHash: () => hashOf(JSON.stringify(steps)),
    runTo,
    perform: async (step) => {
      steps.push(step);
      carryOut(step);
    },
    view,
    editor: (who) => {
      const device = devices.get(who);
      if (device === undefined) throw new Error(`no device ${who}`);
      return {
        get text() {
          return device.doc.getText("body").toJSON();
        },
        onUpdate: (listener) => {
          device.listeners.add(listener);
          return () => device.listeners.delete(listener);
        },
        state: () => encodeStateAsUpdate(device.doc),
      };
    },
    scenario: () => ({ ...scenario, steps: steps.filter((step) => stepTime(step) <= nowMs) }),
    finish: async () => {
      for (const device of devices.values()) device.cut = false;
      await runTo(nowMs + 10_000);
      sync();
      const { replicas, converged } = view();
      const text = replicas[0]?.text;
      return {
        scenario,
        ok: converged,
        violations: [],
        traceHash: hashOf(JSON.stringify(steps)),
        events: steps.length,
        simulatedMs: nowMs,
        edits: steps.length,
        sometimes: {},
        text: converged ? text : undefined,
        trace: [],
      };
    },
    close: () => {},
  };
}

export async function runFakeScenario(scenario: Scenario, options: SimulationOptions): Promise<RunResult> {
  const simulation = await openFakeSimulation(scenario, options);
  await simulation.runTo(Math.max(0, ...scenario.steps.map(stepTime)) + 10_000);
  return simulation.finish();
}
