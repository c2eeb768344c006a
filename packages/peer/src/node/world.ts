/** The real world, for composition roots in Node: clock and randomness. */
import { randomFillSync } from "node:crypto";
import { pooledRandom } from "@skerry/crypto";
import type { Clock, Random } from "@skerry/protocol";

/** setTimeout fires at once beyond this. */
const delayMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), delayMsMax));
    return () => clearTimeout(timer);
  },
};

/** Call after `ready` of @skerry/crypto. */
export const systemRandom = (): Random => pooledRandom((block) => void randomFillSync(block));
