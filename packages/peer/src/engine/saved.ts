/**
 * The three levels of "saved" (design §2), never blurred, and never derived from the state of a socket: only from what the local store
 * and the relay's acknowledgements said.
 */
import type { SavedLevel, StorageState } from "../client.ts";

export interface SavedFacts {
  /** The device's copy is read: before that, nothing is known to be anywhere else. */
  readonly loaded: boolean;
  /** Changes that the content store holds but has not made durable. */
  readonly contentPending: number;
  readonly storage: StorageState;
  /** The document holds local changes that no sealed record covers. */
  readonly dirty: boolean;
  /** Sealed records that the relay has not acknowledged. */
  readonly unacknowledged: number;
  /** Records that the relay once had and lost, not yet handed back. */
  readonly missingAtRelay: number;
  /** Last sequence number of a record of this device, 0 if it has none. */
  readonly ownSeq: number;
  /** Highest verified sequence number that another device named. */
  readonly othersSeq: number;
}

export function savedLevel(facts: SavedFacts): SavedLevel {
  if (facts.contentPending > 0 || facts.storage !== "ok") return "unsaved";
  if (!facts.loaded || facts.dirty || facts.unacknowledged > 0 || facts.missingAtRelay > 0) return "device";
  return facts.ownSeq > 0 && facts.othersSeq >= facts.ownSeq ? "others" : "relay";
}

const rank: Readonly<Record<SavedLevel, number>> = { unsaved: 0, device: 1, relay: 2, others: 3 };

/** Whether less is known to be safe at level `a` than at level `b`. */
export const isLess = (a: SavedLevel, b: SavedLevel): boolean => rank[a] < rank[b];
