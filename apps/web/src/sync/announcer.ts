/**
 * Decides what the live region says: each state once, the newest only, at most one announcement in `minGapMs`.
 * Pure: the caller owns the clock and the timer.
 */
export interface Announcer {
  /** What to say now, if anything, and when to ask again, if something waits. */
  next(sentence: string, nowMs: number): { readonly say: string | undefined; readonly againAtMs: number | undefined };
}

export function createAnnouncer(minGapMs = 5000): Announcer {
  let last = "";
  let lastAtMs = Number.NEGATIVE_INFINITY;
  return {
    next(sentence, nowMs) {
      if (sentence === "" || sentence === last) return { say: undefined, againAtMs: undefined };
      if (nowMs - lastAtMs < minGapMs) return { say: undefined, againAtMs: lastAtMs + minGapMs };
      last = sentence;
      lastAtMs = nowMs;
      return { say: sentence, againAtMs: undefined };
    },
  };
}
