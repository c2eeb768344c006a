/** A relay on a free port for tests: real sockets, a store whose writes can be held and failed, and a clock that can be moved. */
import { defaultConfig } from "./config.ts";
import type { Config } from "./config.ts";
import type { LogFields } from "./log.ts";
import { LogStoreError } from "./log-store.ts";
import type { LogAppend, LogStore, LogStoreErrorCode } from "./log-store.ts";
import { startRelay } from "./server.ts";
import type { RelayServer } from "./server.ts";
import { openMemoryLogStore } from "./storage/memory-log-store.ts";
import { createTag, systemClock, systemRandom } from "./system.ts";
import type { Clock } from "@skerry/protocol";

export interface FaultyStore extends LogStore {
  /** Batches written, for looking at. */
  readonly batches: (readonly LogAppend[])[];
  /** Keeps appends, of documents or of access logs, or notes waiting until `release`. */
  hold(what?: "documents" | "access" | "notes"): void;
  release(): void;
  /** How many appends wait. */
  held(): number;
  /** The next appends, or reads, fail with these codes. */
  failAppends(...codes: LogStoreErrorCode[]): void;
  failReads(...codes: LogStoreErrorCode[]): void;
  /** The next append breaks the port's contract: it rejects with something else than a `LogStoreError`. */
  breakAppend(): void;
}

export function faultyStore(inner: LogStore): FaultyStore {
  const batches: (readonly LogAppend[])[] = [];
  const appendFaults: LogStoreErrorCode[] = [];
  const readFaults: LogStoreErrorCode[] = [];
  let holding: "documents" | "access" | "notes" | undefined;
  const wait = async (what: typeof holding): Promise<void> => {
    if (holding === what) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  let broken = false;
  let waiting: (() => void)[] = [];
  return {
    ...inner,
    batches,
    hold: (what = "documents") => {
      holding = what;
    },
    release: () => {
      holding = undefined;
      const released = waiting;
      waiting = [];
      for (const resolve of released) resolve();
    },
    held: () => waiting.length,
    failAppends: (...codes) => {
      appendFaults.push(...codes);
    },
    failReads: (...codes) => {
      readFaults.push(...codes);
    },
    breakAppend: () => {
      broken = true;
    },
    append: async (batch) => {
      await wait("documents");
      if (broken) {
        broken = false;
        throw new TypeError("planted bug");
      }
      const fault = appendFaults.shift();
      if (fault !== undefined) throw new LogStoreError(fault, "planted");
      await inner.append(batch);
      batches.push(batch);
    },
    appendAccess: async (append) => {
      await wait("access");
      await inner.appendAccess(append);
    },
    putNote: async (...args) => {
      await wait("notes");
      await inner.putNote(...args);
    },
    deleteNote: async (deviceId) => {
      await wait("notes");
      await inner.deleteNote(deviceId);
    },
    read: async (...args) => {
      const fault = readFaults.shift();
      if (fault !== undefined) throw new LogStoreError(fault, "planted", { seq: args[1] });
      return inner.read(...args);
    },
  };
}

/** Timers fire when `advance` says so; the wall clock goes along. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  readonly pending: () => number;
}

export function manualClock(): ManualClock {
  let elapsed = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => 1_700_000_000_000 + elapsed,
    monotonic: () => elapsed,
    schedule: (delayMs, run) => {
      const timer = { at: elapsed + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance: (ms) => {
      const until = elapsed + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        elapsed = Math.max(elapsed, next.at);
        next.run();
      }
      elapsed = until;
    },
    pending: () => timers.size,
  };
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

export interface TestRelay {
  readonly server: RelayServer;
  readonly url: string;
  readonly store: FaultyStore;
  readonly lines: LogLine[];
  close(): Promise<void>;
}

export async function startTestRelay(
  options: { readonly config?: Partial<Config>; readonly clock?: Clock; readonly store?: FaultyStore } = {},
): Promise<TestRelay> {
  const store = options.store ?? faultyStore(await openMemoryLogStore());
  const lines: LogLine[] = [];
  const server = await startRelay({
    config: defaultConfig({ port: 0, ...options.config }),
    store,
    clock: options.clock ?? systemClock,
    random: systemRandom(),
    log: (level, event, fields = {}) => lines.push({ level, event, fields }),
    tag: createTag(),
  });
  const close = async (): Promise<void> => {
    store.release();
    await server.close();
  };
  return { server, url: server.url, store, lines, close };
}
