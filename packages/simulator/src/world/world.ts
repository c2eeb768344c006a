/**
 * Virtual time. A world is a queue of events and the processes that they belong to; running it runs the events in order, each to the end of
 * everything that it sets off within one turn of the loop, so that code under test needs no change: its promises are the real ones, its
 * clock, network and disks are the world's. One seed, one run.
 *
 * Only one world may run at a time in one JavaScript realm (`current()` tells whose code is running).
 */
import type { Clock } from "@skerry/protocol";
import { assert } from "@skerry/protocol";
import type { Prng } from "../prng.ts";
import { createEventQueue } from "./event-queue.ts";
import type { QueuedEvent } from "./event-queue.ts";
import type { Process } from "./process.ts";
import { createTraceHash } from "./trace-hash.ts";
import type { TraceHash } from "./trace-hash.ts";

/** Wall clock at the start of every run: 2026-01-01T00:00:00Z. */
export const epochMs = 1_767_225_600_000;

export interface WorldOptions {
  readonly random: Prng;
  /** Resolves when the present turn of the loop and all its promises are done: `setImmediate`, or a message to oneself. */
  readonly endOfTurn: () => Promise<void>;
  /** An error that nothing caught. The run goes on. */
  readonly onError: (error: unknown, process: Process | undefined) => void;
}

export interface ProcessOptions {
  /** Added to the wall clock. */
  readonly skewMs?: number;
}

export interface World {
  /** Milliseconds since the start. */
  now(): number;
  readonly random: Prng;
  readonly hash: TraceHash;
  /** Whose event is running; undefined between events and in the world's own. */
  current(): Process | undefined;
  spawn(name: string, options?: ProcessOptions): Process;
  /** An event of no process: a step of the scenario, a check. It comes after all events of processes at its time. */
  at(timeMs: number, label: string, run: () => void): () => void;
  /** An event of the world's machinery (a frame on its way), in the order of its time among those of processes. */
  later(delayMs: number, label: string, run: () => void): () => void;
  /** Runs `look` when the running event is over. It is no event: who looks changes no run. */
  afterEvent(look: () => void): void;
  /** Runs all events up to and at `timeMs`; then it is that time. Stops early if `until` says so after an event. */
  runTo(timeMs: number, until?: () => boolean): Promise<void>;
  /** Runs `run` as if `process` had called it: for steps that reach into a process. */
  enter<T>(process: Process, run: () => T): T;
  /** Events run so far. */
  events(): number;
}

interface WorldEvent extends QueuedEvent {
  timeMs: number;
  order: number;
  readonly label: string;
  readonly process: LiveProcess | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

interface LiveProcess extends Process {
  /** Due while frozen. */
  readonly held: WorldEvent[];
}

/** More events than this at one moment are a loop that never lets time pass. */
const eventsAtOnceMax = 200_000;

export function createWorld(options: WorldOptions): World {
  const queue = createEventQueue<WorldEvent>();
  const hash = createTraceHash();
  let nowMs = 0;
  let order = 0;
  let lives = 0;
  let ran = 0;
  let running: LiveProcess | undefined;
  let looks: (() => void)[] = [];

  const push = (delayMs: number, rank: number, label: string, process: LiveProcess | undefined, run: WorldEvent["run"]): WorldEvent => {
    const event: WorldEvent = { timeMs: nowMs + Math.max(0, delayMs), rank, order: order++, label, process, run, cancelled: false };
    queue.push(event);
    return event;
  };

  const spawn = (name: string, { skewMs = 0 }: ProcessOptions = {}): LiveProcess => {
    const life = ++lives;
    const bornMs = nowMs;
    const listeners: (() => void)[] = [];
    let alive = true;
    let frozen = false;
    let wallMs = epochMs + skewMs;
    let waiting = 0;
    let effectsLeft = Number.POSITIVE_INFINITY;
    const clock: Clock = {
      now: () => Math.floor(wallMs + nowMs),
      monotonic: () => nowMs - bornMs,
      schedule: (delayMs, run) => process.later(Math.max(1, delayMs), "timer", run),
    };
    const process: LiveProcess = {
      name,
      life,
      clock,
      random: options.random.fork(`process ${name} ${life}`),
      held: [],
      alive: () => alive,
      frozen: () => frozen,
      later: (delayMs, label, run) => {
        if (!alive) return () => {};
        waiting++;
        let done = false;
        const settle = (): void => {
          if (!done) waiting--;
          done = true;
        };
        const event = push(delayMs, 0, label, process, () => {
          settle();
          run();
        });
        return () => {
          event.cancelled = true;
          settle();
        };
      },
      act: (label) => {
        if (!alive) return false;
        hash.text(label);
        if (--effectsLeft > 0) return true;
        process.kill();
        return false;
      },
      crashAtEffect: (effects) => {
        effectsLeft = effects;
      },
      kill: () => {
        if (!alive) return;
        alive = false;
        process.held.length = 0;
        for (const listener of listeners.splice(0)) listener();
      },
      onKill: (listener) => {
        listeners.push(listener);
      },
      freeze: () => {
        frozen = true;
      },
      thaw: () => {
        frozen = false;
        for (const event of process.held.splice(0)) {
          event.timeMs = nowMs;
          event.order = order++;
          queue.push(event);
        }
      },
      waiting: () => waiting,
      jumpWall: (byMs) => {
        wallMs += byMs;
      },
    };
    return process;
  };

  const runOne = async (event: WorldEvent): Promise<void> => {
    const { process } = event;
    if (event.cancelled || process?.alive() === false) return;
    if (process?.frozen() === true) {
      process.held.push(event);
      return;
    }
    ran++;
    hash.number(event.timeMs);
    hash.number(process?.life ?? 0);
    hash.text(event.label);
    running = process;
    try {
      event.run();
    } catch (error) {
      options.onError(error, process);
    }
    await options.endOfTurn();
    running = undefined;
    if (looks.length === 0) return;
    const due = looks;
    looks = [];
    for (const look of due) look();
  };

  return {
    now: () => nowMs,
    random: options.random,
    hash,
    current: () => running,
    spawn,
    at: (timeMs, label, run) => {
      const event = push(timeMs - nowMs, 1, label, undefined, run);
      return () => {
        event.cancelled = true;
      };
    },
    later: (delayMs, label, run) => {
      const event = push(delayMs, 0, label, undefined, run);
      return () => {
        event.cancelled = true;
      };
    },
    afterEvent: (look) => void looks.push(look),
    runTo: async (timeMs, until) => {
      let atOnce = 0;
      for (;;) {
        const next = queue.peek();
        if (next === undefined || next.timeMs > timeMs) break;
        queue.pop();
        atOnce = next.timeMs === nowMs ? atOnce + 1 : 0;
        assert(atOnce < eventsAtOnceMax, `time stands still at ${nowMs} ms: ${next.process?.name ?? "world"} ${next.label}`);
        nowMs = next.timeMs;
        await runOne(next);
        if (until?.() === true) return;
      }
      nowMs = Math.max(nowMs, timeMs);
    },
    enter: (process, run) => {
      const before = running;
      running = process as LiveProcess;
      try {
        return run();
      } finally {
        running = before;
      }
    },
    events: () => ran,
  };
}
