/** The real world, for composition roots in Node: clock and randomness. */
import { randomFillSync } from "node:crypto";
import { pooledRandom } from "@skerry/crypto";
import { schedulerOf } from "@skerry/protocol";
import type { Clock, Random } from "@skerry/protocol";

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: schedulerOf(
    () => performance.now(),
    (run, delayMs) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  ),
};

/** Call after `ready` of @skerry/crypto. */
export const systemRandom = (): Random => pooledRandom((block) => void randomFillSync(block));
