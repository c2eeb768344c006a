/**
 * When to try again (docs/peer.md, PE-4): exponential with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015),
 * so that a thousand peers whose relay restarted do not come back in the same instant.
 */
import type { Random } from "@skerry/protocol";

export interface BackoffBounds {
  readonly baseMs: number;
  readonly capMs: number;
}

/** A connection that held this long was a good one: the next failure starts counting anew. */
export const stableMs = 10_000;

export const connectionBackoff: BackoffBounds = { baseMs: 500, capMs: 30_000 };
/** Opening a document again after the relay gave it a wrong answer, and writing again to a store that failed. */
export const retryBackoff: BackoffBounds = { baseMs: 200, capMs: 30_000 };

/** `attempt` counts failures in a row, from 0. `notBeforeMs` is what the relay asked for; the jitter comes on top of it. */
export function backoffDelayMs(bounds: BackoffBounds, attempt: number, random: Random, notBeforeMs = 0): number {
  const ceiling = Math.min(bounds.capMs, bounds.baseMs * 2 ** Math.min(attempt, 20));
  return notBeforeMs + Math.floor(unit(random) * ceiling);
}

/** Uniform in [0, 1), from 32 random bits. */
function unit(random: Random): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}
