/** What a link does wrong, as a value: put in force whole, merged with spread. */
import type { Prng } from "../prng.ts";
import type { FrameRule } from "./frame-rules.ts";
import type { LaneFault } from "./lane.ts";

/** One direction. What is not given does no harm. */
export interface LinkFault extends Partial<LaneFault> {
  /** For WebSocket messages. The first rule that hits a message decides what becomes of it. */
  readonly frames?: readonly FrameRule[];
}

export interface Fault {
  /** From client to relay. */
  readonly up?: LinkFault;
  /** From relay to client. */
  readonly down?: LinkFault;
  /** `refuse`: nothing listens. `reset`: accepted and reset. `hang`: accepted and never answered, until healed, then reset. */
  readonly newConnections?: "accept" | "refuse" | "reset" | "hang";
}

/** Faults by name. Merge them with spread. */
export const faults = {
  cut: (bytes: "hold" | "drop" = "hold"): Fault => ({ up: { flow: bytes }, down: { flow: bytes } }),
  cutUp: (bytes: "hold" | "drop" = "hold"): Fault => ({ up: { flow: bytes } }),
  cutDown: (bytes: "hold" | "drop" = "hold"): Fault => ({ down: { flow: bytes } }),
  delay: (delayMs: number, jitterMs = 0): Fault => ({ up: { delayMs, jitterMs }, down: { delayMs, jitterMs } }),
  bandwidth: (bytesPerSecond: number): Fault => ({ up: { bytesPerSecond }, down: { bytesPerSecond } }),
  slice: (sliceBytes = 1): Fault => ({ up: { sliceBytes }, down: { sliceBytes } }),
  frames: (...frames: readonly FrameRule[]): Fault => ({ up: { frames }, down: { frames } }),
  framesUp: (...frames: readonly FrameRule[]): Fault => ({ up: { frames } }),
  framesDown: (...frames: readonly FrameRule[]): Fault => ({ down: { frames } }),
} as const;

/** One of the byte-level faults above, for random runs; every fourth is none. Rates and delays are such that a run still gets somewhere. */
export function randomFault(random: Prng): Fault {
  const bytes = random.pick(["hold", "drop"] as const);
  return random.pick<() => Fault>([
    () => ({}),
    () => ({}),
    () => ({}),
    () => faults.cut(bytes),
    () => faults.cutUp(bytes),
    () => faults.cutDown(bytes),
    () => ({ ...faults.cut(bytes), newConnections: random.pick(["refuse", "reset", "hang"] as const) }),
    () => ({ newConnections: random.pick(["refuse", "reset", "hang"] as const) }),
    () => faults.delay(random.int(100), random.int(100)),
    () => faults.bandwidth(20_000 + random.int(200_000)),
    () => faults.slice(1 + random.int(64)),
    () => ({ up: { delayMs: random.int(100) }, down: { sliceBytes: 1 + random.int(64) } }),
  ])();
}
