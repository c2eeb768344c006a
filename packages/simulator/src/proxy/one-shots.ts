/** Rules for the next messages only, of whichever connection they come on. */
import { assert } from "@skerry/protocol";
import type { Direction } from "./capture.ts";
import { frameRuleLimits, matches } from "./frame-rules.ts";
import type { FrameRule, Matchable, OneShot, PendingOneShot } from "./frame-rules.ts";

export interface OneShots {
  add(oneShot: OneShot): PendingOneShot;
  has(direction: Direction, connection: number): boolean;
  /** Uses up one of those that `message` hits, the oldest first. */
  take(direction: Direction, connection: number, message: Matchable, isAble: (rule: FrameRule) => boolean): FrameRule | undefined;
  list(): readonly PendingOneShot[];
  clear(): void;
}

export function createOneShots(): OneShots {
  const pending = new Map<number, { readonly oneShot: OneShot; left: number; skip: number }>();
  let nextId = 1;
  const isFor = (oneShot: OneShot, direction: Direction, connection: number): boolean =>
    oneShot.direction === direction && (oneShot.connection ?? connection) === connection;
  return {
    add: (oneShot) => {
      assert(pending.size < frameRuleLimits.oneShotsMax, "too many one-shot faults wait for a message; heal() forgets them");
      const id = nextId++;
      const left = oneShot.count ?? 1;
      pending.set(id, { oneShot, left, skip: oneShot.skip ?? 0 });
      return { ...oneShot, id, left };
    },
    has: (direction, connection) => [...pending.values()].some(({ oneShot }) => isFor(oneShot, direction, connection)),
    take: (direction, connection, message, isAble) => {
      for (const [id, entry] of pending) {
        const { oneShot } = entry;
        if (!isFor(oneShot, direction, connection) || !matches(oneShot, message)) continue;
        if (entry.skip > 0) {
          entry.skip--;
          continue;
        }
        if (!isAble(oneShot)) continue;
        if (--entry.left <= 0) pending.delete(id);
        return oneShot;
      }
      return undefined;
    },
    list: () => [...pending].map(([id, { oneShot, left }]) => ({ ...oneShot, id, left })),
    clear: () => pending.clear(),
  };
}
