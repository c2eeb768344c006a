/**
 * One life of one simulated program: a relay process, a browser's worker with its tabs. Everything that happens in it is an event of the
 * world that belongs to it; when it is killed, none of them happens any more, so that whatever it awaited is the last thing that it did.
 */
import type { Clock } from "@skerry/protocol";
import type { Prng } from "../prng.ts";

export interface Process {
  /** The actor whose life this is: "relay", "ana". */
  readonly name: string;
  /** Counts the lives of all actors, from 1. */
  readonly life: number;
  /** Skewed, jumping, asleep with the actor's faults; delays of `schedule` are at least 1 ms, as a timer's are. */
  readonly clock: Clock;
  /** For keys and nonces of the code under test. */
  readonly random: Prng;
  alive(): boolean;
  frozen(): boolean;
  /** Runs `run` in this process, `delayMs` ≥ 0 of world time later, unless it was killed or `cancel` was called before. */
  later(delayMs: number, label: string, run: () => void): () => void;
  /**
   * Asked before every effect that outlives the process: a frame sent, a write begun. False if the process is dead: then nothing may happen. A
   * planned crash kills it here, between two effects of one event.
   */
  act(label: string): boolean;
  /** Dies at the `effects`-th effect from now on; 1 is the next one, which does not happen. */
  crashAtEffect(effects: number): void;
  /** Idempotent. Listeners are called once, after nothing of it can run any more. */
  kill(): void;
  onKill(listener: () => void): void;
  /** As SIGSTOP, or a laptop lid: what is due waits until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Timers and completions that wait: bounded by I15. */
  waiting(): number;
  /** Milliseconds added to the wall clock from now on. */
  jumpWall(byMs: number): void;
}
