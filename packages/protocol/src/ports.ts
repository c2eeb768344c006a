/**
 * Time as core code sees it. Only composition roots build one from the real world; the simulator builds a virtual one.
 */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump in either direction. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary start. Never goes back. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`, never before (`schedulerOf` makes that of a host's timers). The returned function cancels; cancelling twice, or too late, does nothing. */
  schedule(delayMs: number, run: () => void): () => void;
}

/** Cryptographically secure random bytes, drawn in blocks underneath (see `pooledRandom` in @skerry/crypto). */
export interface Random {
  /** A fresh array of exactly `length` bytes that the caller owns. */
  bytes(length: number): Uint8Array;
}
