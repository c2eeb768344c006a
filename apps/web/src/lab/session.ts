/**
 * One visit to the Lab: which run is shown, what was done in it, what is still to come, and the editors' documents. No React here.
 *
 * Going back in time starts another worker with the run so far, up to then. What came later stays in the plan and happens again as time passes,
 * until something new is done: then it is dropped, and the run goes another way from there.
 */
import type { Scenario, SimulationView, TraceEvent } from "@skerry/simulator/lab";
import type { ConnectLab, LabConnection } from "./lab-connection.ts";
import { firstLookMs, isFull, joined, laterSteps, stepTime, withDevice, withoutAtEnd, withoutLater } from "./plan.ts";
import type { CheckResult, HandStep, LabReport, LabRequest } from "./messages.ts";
import { updateBytesMax } from "./messages.ts";
import { createReplicaDoc } from "./replica-doc.ts";
import { labStrings } from "./strings.ts";
import type { ReplicaDoc } from "./replica-doc.ts";

export type CheckState = { readonly kind: "none" | "running" | "failed" } | { readonly kind: "done"; readonly result: CheckResult };

export interface LabState {
  readonly phase: "opening" | "ready" | "failed";
  /** Why it failed, for those who repair it. */
  readonly why: string;
  readonly view: SimulationView | undefined;
  readonly plan: Scenario;
  readonly speed: number;
  /** Steps that come later, while the run stands before a moment that was reached already. */
  readonly past: { readonly later: number } | undefined;
  /** What was dropped by doing something new in the past. */
  readonly dropped: number;
  /** The last thing that could not be done. */
  readonly refused: string;
  readonly event: TraceEvent | undefined;
  readonly check: CheckState;
  /** The editors' documents, by device. */
  readonly docs: ReadonlyMap<string, ReplicaDoc>;
  readonly rewinding: boolean;
}

export interface LabTime {
  readonly nowMs: number;
  /** The farthest moment of this run: reached, or planned. */
  readonly endMs: number;
}

export interface LabSession {
  state(): LabState;
  time(): LabTime;
  /** The farthest moment reached. */
  reachedMs(): number;
  /** Both call back after a change; time changes far more often. */
  onState(listener: () => void): () => void;
  onTime(listener: () => void): () => void;
  load(plan: Scenario, options: { readonly atMs: number; readonly speed: number }): void;
  play(speed: number): void;
  advance(byMs: number): void;
  nextEvent(): void;
  goTo(atMs: number): void;
  perform(step: HandStep): void;
  addDevice(): void;
  switchOff(who: string): void;
  /** Replays the run so far from its start and judges it. */
  check(): void;
  dismissCheck(): void;
  /** Everything that was done, and what is still to come. */
  scenario(): Promise<Scenario>;
  close(): void;
}

/** Beyond the last planned step there is still something to see. */
const afterLastMs = 10_000;

export function openLabSession(connect: ConnectLab, first: Scenario): LabSession {
  const stateListeners = new Set<() => void>();
  const timeListeners = new Set<() => void>();
  let state: LabState = {
    phase: "opening",
    why: "",
    view: undefined,
    plan: first,
    speed: 0,
    past: undefined,
    dropped: 0,
    refused: "",
    event: undefined,
    check: { kind: "none" },
    docs: new Map(),
    rewinding: false,
  };
  let time: LabTime = { nowMs: 0, endMs: 0 };
  let connection: LabConnection | undefined;
  let checker: LabConnection | undefined;
  let generation = 0;
  /** The farthest moment reached in this run. */
  let reachedMs = 0;
  let questions = 0;
  const answers = new Map<number, (scenario: Scenario) => void>();
  /** Documents stay as they are: the worker that opens holds the same state. */
  let keepDocs = false;
  /** What is asked of a worker that is about to be replaced, for its successor. */
  let waiting: LabRequest[] | undefined;

  const send = (request: LabRequest): void => {
    if (waiting === undefined) connection?.send(request);
    else waiting.push(request);
  };

  const set = (change: Partial<LabState>): void => {
    state = { ...state, ...change };
    for (const listener of [...stateListeners]) listener();
  };
  const setTime = (nowMs: number): void => {
    const planned = Math.max(0, ...state.plan.steps.map(stepTime));
    const endMs = Math.max(nowMs, reachedMs, planned === 0 ? 0 : planned + afterLastMs);
    if (nowMs === time.nowMs && endMs === time.endMs) return;
    time = { nowMs, endMs };
    for (const listener of [...timeListeners]) listener();
  };
  const closeDocs = (): void => {
    for (const doc of state.docs.values()) doc.close();
  };

  const onText = ({ who, whole, update }: Extract<LabReport, { kind: "text" }>): void => {
    const known = state.docs.get(who);
    if (known !== undefined && (!whole || keepDocs)) {
      known.receive(update);
      return;
    }
    if (!whole) return;
    known?.close();
    const doc = createReplicaDoc({ generation: ++generation, state: update, updateBytesMax, send: (typed) => edit(who, typed) });
    set({ docs: new Map(state.docs).set(who, doc) });
  };

  const onTime = (nowMs: number, speed: number): void => {
    reachedMs = Math.max(reachedMs, nowMs);
    setTime(nowMs);
    const later = laterSteps(state.plan, nowMs);
    const past = nowMs < reachedMs ? { later } : undefined;
    if (past?.later !== state.past?.later || speed !== state.speed) set({ past, speed });
  };

  const onReport = (report: LabReport): void => {
    switch (report.kind) {
      case "time":
        onTime(report.nowMs, report.speed);
        return;
      case "view":
        set({ view: report.view });
        return;
      case "text":
        onText(report);
        return;
      case "performed":
        set({ plan: { ...state.plan, steps: [...state.plan.steps, report.step] } });
        setTime(time.nowMs);
        return;
      case "refused":
        set({ refused: report.why });
        return;
      case "event":
        set({ event: report.event });
        return;
      case "scenario":
        answers.get(report.id)?.(report.scenario);
        answers.delete(report.id);
        return;
      case "opened":
        keepDocs = false;
        set({ phase: "ready", rewinding: false });
        return;
      case "failed":
        set({ phase: "failed", why: report.why, rewinding: false });
        return;
      case "checked":
        return;
      default:
        report satisfies never;
    }
  };

  /** Another worker takes over, with this plan, at this time. Steps are put in order: what was done and what is to come is told apart by time. */
  const reopen = (unordered: Scenario, atMs: number, speed: number, options: { readonly keepDocs: boolean }): void => {
    const plan = { ...unordered, steps: unordered.steps.toSorted((a, b) => stepTime(a) - stepTime(b)) };
    connection?.close();
    answers.clear();
    ({ keepDocs } = options);
    if (!keepDocs) {
      closeDocs();
      set({ docs: new Map() });
    }
    set({
      plan,
      speed,
      refused: "",
      event: undefined,
      rewinding: state.phase === "ready",
      ...(state.phase === "failed" ? { phase: "opening" } : {}),
    });
    connection = connect(onReport);
    connection.send({ kind: "open", scenario: plan, atMs });
    if (speed > 0) connection.send({ kind: "play", speed });
    for (const request of waiting ?? []) connection.send(request);
    waiting = undefined;
  };

  /** Before something new: what came later is not to come again. */
  const leaveThePast = (): void => {
    if (state.past === undefined) return;
    const { later } = state.past;
    const plan = withoutLater(state.plan, time.nowMs);
    reachedMs = time.nowMs;
    set({ past: undefined, dropped: later });
    if (later > 0) reopen(plan, time.nowMs, state.speed, { keepDocs: true });
    else set({ plan });
    setTime(time.nowMs);
  };

  const edit = (who: string, update: Uint8Array): void => {
    if (state.refused !== "") set({ refused: "" });
    leaveThePast();
    send({ kind: "edit", who, update });
  };
  const flushEditors = (): void => {
    for (const doc of state.docs.values()) doc.flush();
  };

  const scenario = async (): Promise<Scenario> => {
    flushEditors();
    if (connection === undefined || state.phase !== "ready") return state.plan;
    const id = ++questions;
    const done = await new Promise<Scenario>((resolve) => {
      answers.set(id, resolve);
      connection?.send({ kind: "get-scenario", id });
    });
    return joined(done, state.plan, time.nowMs);
  };

  /** Another worker takes over with the run as it is now, changed by `change`. */
  const replan = async (
    change: (plan: Scenario) => Scenario | undefined,
    atMs: number,
    options: { readonly keepDocs: boolean },
  ): Promise<void> => {
    if (waiting !== undefined) return;
    const asked = scenario();
    waiting = [];
    const before = connection;
    const plan = change(await asked);
    // Somebody loaded another scenario meanwhile.
    if (connection !== before) return;
    // Documents that go take with them what was typed into them.
    if (!options.keepDocs) waiting = [];
    if (plan === undefined) {
      const unsent = waiting;
      waiting = undefined;
      for (const request of unsent) send(request);
    } else reopen(plan, atMs, options.keepDocs ? state.speed : 0, options);
  };

  const closeChecker = (): void => {
    checker?.close();
    checker = undefined;
  };

  reopen(first, firstLookMs, 1, { keepDocs: false });

  return {
    state: () => state,
    time: () => time,
    reachedMs: () => reachedMs,
    onState: (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    onTime: (listener) => {
      timeListeners.add(listener);
      return () => timeListeners.delete(listener);
    },
    load: (plan, { atMs, speed }) => {
      closeChecker();
      reachedMs = 0;
      waiting = undefined;
      time = { nowMs: 0, endMs: 0 };
      set({ view: undefined, past: undefined, dropped: 0, check: { kind: "none" }, phase: "opening" });
      reopen(plan, atMs, speed, { keepDocs: false });
    },
    play: (speed) => send({ kind: "play", speed }),
    advance: (byMs) => send({ kind: "run-to", atMs: time.nowMs + byMs }),
    nextEvent: () => send({ kind: "next-event" }),
    goTo: (atMs) => {
      flushEditors();
      set({ dropped: 0 });
      if (atMs >= time.nowMs) send({ kind: "run-to", atMs });
      else void replan((plan) => plan, atMs, { keepDocs: false });
    },
    perform: (step) => {
      if (isFull(state.plan)) {
        set({ refused: labStrings.full });
        return;
      }
      set({ refused: "", dropped: 0 });
      flushEditors();
      leaveThePast();
      send({ kind: "perform", step });
    },
    addDevice: () => {
      flushEditors();
      leaveThePast();
      void replan((plan) => withDevice(plan, time.nowMs)?.plan, time.nowMs, { keepDocs: true });
    },
    switchOff: (who) => {
      if (isFull(state.plan)) return;
      flushEditors();
      leaveThePast();
      send({ kind: "perform", step: { do: "crash", who, down: "30d" } });
      set({ plan: withoutAtEnd(state.plan, who) });
    },
    check: () => {
      closeChecker();
      set({ check: { kind: "running" } });
      void scenario().then((whole) => {
        checker = connect((report) => {
          if (report.kind === "checked") set({ check: { kind: "done", result: report.result } });
          else if (report.kind === "failed") set({ check: { kind: "failed" }, why: report.why });
          else return;
          closeChecker();
        });
        checker.send({ kind: "check", scenario: whole });
      });
    },
    dismissCheck: () => {
      closeChecker();
      set({ check: { kind: "none" } });
    },
    scenario,
    close: () => {
      closeChecker();
      connection?.close();
      connection = undefined;
      closeDocs();
      stateListeners.clear();
      timeListeners.clear();
    },
  };
}
