/** A tab holds a Web Lock of its own for as long as it lives: the browser frees it on close, crash and navigation, when nothing else says so. */

const nameOf = (tab: string): string => `skerry-tab-${tab}`;

export const tabLock: {
  /** In the tab. Resolves with a function that frees the lock, when it is held. */
  hold(tab: string): Promise<() => void>;
  /** In the worker. Calls back once, when the tab is gone; the returned function ends the wait. */
  whenFree(tab: string, gone: () => void): () => void;
} = {
  hold: (tab) =>
    new Promise((resolve, reject) => {
      const held = (): Promise<void> => new Promise((free) => resolve(free));
      navigator.locks.request(nameOf(tab), held).catch(reject);
    }),
  whenFree: (tab, gone) => {
    const controller = new AbortController();
    navigator.locks.request(nameOf(tab), { signal: controller.signal }, () => gone()).catch(() => undefined);
    return () => controller.abort();
  },
};
