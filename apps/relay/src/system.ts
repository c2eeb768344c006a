/** The real world's clock and randomness, and tags for the log. For composition roots only. */
import { createHmac, randomBytes, randomFillSync } from "node:crypto";
import { pooledRandom } from "@skerry/crypto/verify";
import { schedulerOf, toText } from "@skerry/protocol";
import type { Clock, Random } from "@skerry/protocol";
import type { Tag } from "./log.ts";

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

export const systemRandom = (): Random => pooledRandom((block) => randomFillSync(block));

/** A keyed hash under a key that is never written down: equal ids have equal tags within one process, and nothing leads back. */
export function createTag(): Tag {
  const key = randomBytes(32);
  return (id) =>
    createHmac("sha256", key)
      .update(typeof id === "string" ? id : toText(id))
      .digest("base64url")
      .slice(0, 8);
}
