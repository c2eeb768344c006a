/**
 * Processes that do jobs, one at a time each. One that dies or hangs is replaced, and its job ends with that verdict: a bug in the simulator, or an
 * endless loop in the code under test, is a result like any other. No job is tried again.
 */
import { detailMax } from "./job.ts";
import type { Job, JobResult } from "./job.ts";

export interface WorkerEvents {
  readonly answered: (result: JobResult) => void;
  /** Called once, whatever the reason; `detail` is the end of what it wrote to stderr. */
  readonly ended: (detail: string) => void;
}
export interface Worker {
  send(job: Job): void;
  /** At once, whatever it is doing. `ended` follows. */
  kill(): void;
}

export interface PoolOptions {
  readonly start: (events: WorkerEvents) => Worker;
  readonly size: number;
  /** A job that takes longer hangs. */
  readonly watchdogMs: number;
  /** Calls back after a time, unless it is called off. */
  readonly after: (ms: number, run: () => void) => () => void;
}

export interface Pool {
  /** Never rejects. Waits for a free process: callers keep the number of those who wait within bounds. */
  run(job: Job): Promise<JobResult>;
  /** Kills all. What is under way ends as a crash. Idempotent. */
  close(): void;
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (result: JobResult) => void;
}
interface Slot {
  worker: Worker | undefined;
  busy: Waiting | undefined;
  stopWatching: () => void;
}

export function createPool({ start, size, watchdogMs, after }: PoolOptions): Pool {
  const slots = Array.from({ length: size }, (): Slot => ({ worker: undefined, busy: undefined, stopWatching: () => undefined }));
  const queue: Waiting[] = [];
  let closed = false;

  const finish = (slot: Slot, result: JobResult): void => {
    const done = slot.busy;
    slot.busy = undefined;
    slot.stopWatching();
    done?.resolve(result);
    next();
  };
  const startIn = (slot: Slot): Worker => {
    const worker = start({
      answered: (result) => {
        if (slot.worker === worker) finish(slot, result);
      },
      ended: (detail) => {
        if (slot.worker !== worker) return;
        slot.worker = undefined;
        if (slot.busy !== undefined) finish(slot, { kind: "crash", detail: detail.slice(-detailMax) });
      },
    });
    slot.worker = worker;
    return worker;
  };
  const give = (slot: Slot, waiting: Waiting): void => {
    slot.busy = waiting;
    const worker = slot.worker ?? startIn(slot);
    slot.stopWatching = after(watchdogMs, () => {
      slot.worker = undefined;
      worker.kill();
      finish(slot, { kind: "hang", detail: `stopped after ${watchdogMs / 1000} s` });
    });
    worker.send(waiting.job);
  };
  const next = (): void => {
    for (const slot of slots) {
      if (closed || slot.busy !== undefined) continue;
      const waiting = queue.shift();
      if (waiting === undefined) return;
      give(slot, waiting);
    }
  };
  return {
    run: (job) =>
      new Promise((resolve) => {
        if (closed) return resolve({ kind: "crash", detail: "closed" });
        queue.push({ job, resolve });
        next();
      }),
    close: () => {
      if (closed) return;
      closed = true;
      for (const slot of slots) {
        slot.stopWatching();
        slot.worker?.kill();
        slot.worker = undefined;
        slot.busy?.resolve({ kind: "crash", detail: "closed" });
        slot.busy = undefined;
      }
      for (const { resolve } of queue.splice(0)) resolve({ kind: "crash", detail: "closed" });
    },
  };
}
