import type { Clock } from "@skerry/protocol";

export interface TokenBucket {
  /** Takes `count` tokens if they are all there. */
  take(count: number): boolean;
  /** Takes them in any case; the balance may become negative. Bounded by what the caller takes at once. */
  debit(count: number): void;
  /** Milliseconds until `count` tokens are there, 0 if they are. At least 1 otherwise. */
  waitMs(count: number): number;
  /** True when nothing was taken for so long that a new bucket would be the same. */
  isFull(): boolean;
}

/** `perSecond` tokens a second, at most `burst` of them saved up. Starts full. */
export function createTokenBucket(clock: Clock, perSecond: number, burst: number): TokenBucket {
  let tokens = burst;
  let at = clock.monotonic();
  const refill = (): void => {
    const now = clock.monotonic();
    tokens = Math.min(burst, tokens + ((now - at) / 1000) * perSecond);
    at = now;
  };
  return {
    take: (count) => {
      refill();
      if (tokens < count) return false;
      tokens -= count;
      return true;
    },
    debit: (count) => {
      refill();
      tokens -= count;
    },
    waitMs: (count) => {
      refill();
      return tokens >= count ? 0 : Math.max(1, Math.ceil(((count - tokens) / perSecond) * 1000));
    },
    isFull: () => {
      refill();
      return tokens >= burst;
    },
  };
}
