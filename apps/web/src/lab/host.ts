/**
 * The worker's side of the Lab: drives one simulation by the page's requests, in their order, and reports what changed. Virtual time passes only
 * here, and whatever influences the run is a step at the present virtual time; so the scenario that comes out replays to the same run.
 */
import type { RunResult, Scenario, Simulation, SimulationOptions, Step, TraceEvent } from "@skerry/simulator/lab";
import { mergeUpdates } from "yjs";
import { toBase64 } from "./base64.ts";
import type { HandStep, LabReport, LabRequest } from "./messages.ts";
import { timeMsMax } from "./messages.ts";

export interface HostOptions {
  readonly openSimulation: (scenario: Scenario, options: SimulationOptions) => Promise<Simulation>;
  readonly runScenario: (scenario: Scenario, options: SimulationOptions) => Promise<RunResult>;
  readonly endOfTurn: () => Promise<void>;
  readonly report: (report: LabReport) => void;
  /** Real milliseconds. */
  readonly nowMs: () => number;
  /** Calls back after real milliseconds. */
  readonly later: (delayMs: number, run: () => void) => void;
}

export interface Host {
  handle(request: LabRequest): void;
  /** Resolves when all requests so far are done. */
  idle(): Promise<void>;
}

const tickMs = 50;
/** A tab that was asleep, or a run slower than real time, does not catch up. */
const elapsedMsMax = 250;
/** How far "next event" looks, and in which strides. */
const lookMs = 60_000;
const strideMs = 1;

interface Mirror {
  readonly stop: () => void;
  readonly updates: Uint8Array[];
}

/** Events worth stopping at, and worth a line. That a message arrives says little without what it was; what it sets off says more. */
const isNotable = (event: TraceEvent): boolean =>
  event.kind !== "arrive" && event.kind !== "status" && event.kind !== "replica" && event.kind !== "phase";

export function createHost(options: HostOptions): Host {
  const { report } = options;
  let simulation: Simulation | undefined;
  let queue: Promise<void> = Promise.resolve();
  let speed = 0;
  let ticking = false;
  let lastView = "";
  let lastEvent: TraceEvent | undefined;
  let notable = 0;
  const mirrors = new Map<string, Mirror>();
  /** Devices whose tab began a new life since its text was sent as a whole. */
  const renewed = new Set<string>();

  const onTrace = (event: TraceEvent): void => {
    if (event.kind === "life" && event.state === "down") renewed.add(event.who);
    if (event.kind === "step") {
      const { step } = event;
      if ((step.do === "open-tab" || step.do === "close-tab" || step.do === "evict") && "who" in step) renewed.add(step.who);
      if (event.refused !== undefined) {
        report({ kind: "refused", step, why: event.refused });
        // The page's editor has text that the simulated one has not.
        if (step.do === "update") renewed.add(step.who);
      }
    }
    if (!isNotable(event)) return;
    notable++;
    lastEvent = event;
  };

  /** Follows the text of every device that is up. */
  const mirror = (open: Simulation, who: string): void => {
    if (renewed.delete(who)) {
      mirrors.get(who)?.stop();
      mirrors.delete(who);
    }
    const known = mirrors.get(who);
    if (known === undefined) {
      const editor = open.editor(who, 0);
      const updates: Uint8Array[] = [];
      mirrors.set(who, { updates, stop: editor.onUpdate((update) => updates.push(update)) });
      report({ kind: "text", who, whole: true, update: editor.state() });
      return;
    }
    const updates = known.updates.splice(0);
    if (updates.length > 0) report({ kind: "text", who, whole: false, update: mergeUpdates(updates) });
  };

  const publish = (open: Simulation): void => {
    const view = open.view();
    for (const { who, alive } of view.replicas) if (alive) mirror(open, who);
    const { nowMs: _nowMs, ...rest } = view;
    const text = JSON.stringify(rest);
    if (text !== lastView) report({ kind: "view", view });
    lastView = text;
    if (view.violations.length > 0) speed = 0;
    if (lastEvent !== undefined) report({ kind: "event", event: lastEvent });
    lastEvent = undefined;
    report({ kind: "time", nowMs: open.nowMs(), speed });
  };

  const perform = async (open: Simulation, step: HandStep): Promise<void> => {
    const timed = { ...step, at: open.nowMs() } as Step;
    await open.perform(timed);
    // What it sets off at this very moment.
    await open.runTo(open.nowMs());
    report({ kind: "performed", step: timed });
  };

  const nextEvent = async (open: Simulation): Promise<void> => {
    const before = notable;
    const endMs = Math.min(timeMsMax, open.nowMs() + lookMs);
    while (notable === before && open.nowMs() < endMs && open.view().violations.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- Moments come one after the other.
      await open.runTo(Math.min(endMs, Math.floor(open.nowMs()) + strideMs));
    }
  };

  const carryOut = async (open: Simulation, request: LabRequest): Promise<void> => {
    switch (request.kind) {
      case "play":
        speed = request.speed;
        tick();
        return;
      case "run-to":
        await open.runTo(Math.max(open.nowMs(), request.atMs));
        return;
      case "next-event":
        speed = 0;
        await nextEvent(open);
        return;
      case "perform":
        await perform(open, request.step);
        return;
      case "edit":
        await perform(open, { do: "update", who: request.who, update: toBase64(request.update) });
        return;
      case "get-scenario":
        report({ kind: "scenario", id: request.id, scenario: open.scenario() });
        return;
      case "open":
      case "check":
        throw new Error(`a second "${request.kind}"`);
      default:
        return request satisfies never;
    }
  };

  const begin = async (request: LabRequest): Promise<void> => {
    if (request.kind === "check") {
      const { trace: _trace, ...result } = await options.runScenario(request.scenario, { endOfTurn: options.endOfTurn });
      report({ kind: "checked", result });
      return;
    }
    if (request.kind !== "open") throw new Error(`"${request.kind}" before "open"`);
    simulation = await options.openSimulation(request.scenario, { endOfTurn: options.endOfTurn, onTrace });
    await simulation.runTo(request.atMs);
    publish(simulation);
    report({ kind: "opened" });
  };

  const enqueue = (run: () => Promise<void>): void => {
    queue = queue.then(run).catch((error: unknown) => {
      speed = 0;
      report({ kind: "failed", why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    });
  };

  const tick = (): void => {
    if (ticking || speed === 0) return;
    ticking = true;
    const fromMs = options.nowMs();
    options.later(tickMs, () => {
      enqueue(async () => {
        ticking = false;
        if (simulation === undefined || speed === 0) return;
        const elapsedMs = Math.round(Math.min(elapsedMsMax, options.nowMs() - fromMs));
        await simulation.runTo(Math.min(timeMsMax, simulation.nowMs() + elapsedMs * speed));
        if (simulation.nowMs() >= timeMsMax) speed = 0;
        publish(simulation);
        tick();
      });
    });
  };

  return {
    handle: (request) =>
      enqueue(async () => {
        if (simulation === undefined) return begin(request);
        await carryOut(simulation, request);
        publish(simulation);
      }),
    idle: () => queue,
  };
}
