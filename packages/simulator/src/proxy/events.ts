/** What a chaos proxy tells of itself while it runs. Never payloads, paths or headers: they may hold what is private. */
import type { Direction } from "./capture.ts";
import type { Fault } from "./fault.ts";
import type { FrameAction, OneShot } from "./frame-rules.ts";

export type ChaosHappening =
  | { readonly type: "connection-opened" | "connection-upgraded" | "upstream-failed"; readonly connection: number }
  /** `ended`: both sides said so. `reset`: broken, by a side or by the proxy. */
  | { readonly type: "connection-closed"; readonly connection: number; readonly how: "ended" | "reset" }
  /** Refused by the fault in force or by the bound on connections. */
  | { readonly type: "connection-refused" }
  | { readonly type: "fault-changed"; readonly fault: Fault }
  | { readonly type: "healed"; readonly how: "resume" | "drop" }
  | { readonly type: "connections-dropped" | "half-opened"; readonly count: number }
  | { readonly type: "one-shot-added"; readonly id: number; readonly oneShot: OneShot }
  /** `payloadBytes` is the message's length before anything was done to it. */
  | {
      readonly type: "frame";
      readonly connection: number;
      readonly direction: Direction;
      readonly do: FrameAction;
      readonly opcode: string;
      readonly payloadBytes: number;
    };

export type ChaosEvent = ChaosHappening & {
  /** 1, 2, … */
  readonly seq: number;
  /** Wall clock, as `Date.now()`. */
  readonly atMs: number;
};

export interface EventLog {
  add(happening: ChaosHappening): void;
  /** The last ones, oldest first. */
  recent(): readonly ChaosEvent[];
  /** Returns what ends it. */
  watch(listener: (event: ChaosEvent) => void): () => void;
}

export function createEventLog(eventsMax: number): EventLog {
  const kept: ChaosEvent[] = [];
  const listeners = new Set<(event: ChaosEvent) => void>();
  let nextSeq = 1;
  return {
    add: (happening) => {
      const event: ChaosEvent = { ...happening, seq: nextSeq++, atMs: Date.now() };
      kept.push(event);
      if (kept.length > eventsMax) kept.shift();
      for (const listener of [...listeners]) listener(event);
    },
    recent: () => [...kept],
    watch: (listener) => {
      const own = (event: ChaosEvent): void => listener(event);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
