import type { Clock } from "./ports.ts";

/** Hosts' timers fire at once beyond this. */
const hostDelayMsMax = 2 ** 31 - 1;

/**
 * `Clock.schedule` out of a host's timer, which rounds to whole milliseconds and may fire a little before its time. Core code that compares with
 * `monotonic` when it is woken would find that it is too soon, and nobody would wake it again.
 */
export function schedulerOf(monotonic: () => number, setTimer: (run: () => void, delayMs: number) => () => void): Clock["schedule"] {
  return (delayMs, run) => {
    const due = monotonic() + Math.max(0, delayMs);
    const wait = (leftMs: number): (() => void) => setTimer(wake, Math.min(Math.ceil(leftMs), hostDelayMsMax));
    const wake = (): void => {
      const left = due - monotonic();
      if (left <= 0) return run();
      cancel = wait(left);
    };
    let cancel = wait(Math.max(0, delayMs));
    return () => cancel();
  };
}
