/** Who watches a value. A late or slow watcher gets the newest value, not every one in between. */
import type { Clock } from "@skerry/protocol";
import type { Subscription } from "../client.ts";

export interface Watched<T> {
  /** Calls back soon with the value, and again after each change. */
  watch(listener: (value: T) => void): Subscription;
  /** The value may have changed. Listeners hear of it at most once in `everyMs`. */
  touch(): void;
  watchers(): number;
  close(): void;
}

/** `isUrgent`: whether the present value makes what was told last untrue in a way that can't wait (PE-13). Such news is not held back. */
export function createWatched<T>(
  clock: Clock,
  everyMs: number,
  read: () => T,
  onError: (error: unknown) => void,
  isUrgent: (told: T, value: T) => boolean = () => false,
): Watched<T> {
  const listeners = new Set<(value: T) => void>();
  let cancel: (() => void) | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  let told: T | undefined;
  let closed = false;
  let urgent = false;
  const tell = (): void => {
    cancel = undefined;
    urgent = false;
    toldAt = clock.monotonic();
    const value = read();
    told = value;
    for (const listener of listeners) call(listener, value);
  };
  const call = (listener: (value: T) => void, value: T): void => {
    try {
      listener(value);
    } catch (error) {
      onError(error);
    }
  };
  return {
    watchers: () => listeners.size,
    touch: () => {
      if (closed || listeners.size === 0) return;
      if (urgent) return;
      urgent = told !== undefined && isUrgent(told, read());
      if (urgent) {
        cancel?.();
        cancel = clock.schedule(0, tell);
        return;
      }
      if (cancel !== undefined) return;
      cancel = clock.schedule(Math.max(0, toldAt + everyMs - clock.monotonic()), tell);
    },
    watch: (listener) => {
      // A wrapper, so that one function may watch twice.
      const mine = (value: T): void => listener(value);
      listeners.add(mine);
      void Promise.resolve().then(() => {
        if (closed || !listeners.has(mine)) return;
        told = read();
        call(mine, told);
      });
      return () => void listeners.delete(mine);
    },
    close: () => {
      closed = true;
      cancel?.();
      listeners.clear();
    },
  };
}
