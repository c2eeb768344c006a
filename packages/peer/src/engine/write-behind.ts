/**
 * A document's part of the key-value store, with changes gathered in memory and committed together (docs/peer.md, PE-2). What is set is
 * visible to reads at once; nothing is on disk before `commit` resolves. A failed commit keeps its changes for the next one.
 */
import type { Kv } from "../ports.ts";

export interface WriteBehind {
  get(key: string): Promise<Uint8Array | undefined>;
  range(from: string, to: string, max: number): Promise<readonly (readonly [string, Uint8Array])[]>;
  /** `undefined` deletes. */
  set(key: string, value: Uint8Array | undefined): void;
  /** Bytes not yet committed. */
  pendingBytes(): number;
  /** All or nothing, durable when resolved. Rejects with the store's error. */
  commit(): Promise<void>;
}

export function createWriteBehind(kv: Kv): WriteBehind {
  const pending = new Map<string, Uint8Array | undefined>();
  let pendingBytes = 0;
  const sizeOf = (key: string): number => key.length + (pending.get(key)?.length ?? 0);
  const remove = (key: string): void => {
    if (!pending.has(key)) return;
    pendingBytes -= sizeOf(key);
    pending.delete(key);
  };
  return {
    get: async (key) => (pending.has(key) ? pending.get(key) : kv.get(key)),
    range: async (from, to, max) => {
      const overlay = [...pending].filter(([key]) => key >= from && key < to);
      // Each pending deletion can hide one stored row, so that many more are asked for.
      const stored = await kv.range(from, to, max + overlay.length);
      if (overlay.length === 0) return stored;
      const rows = new Map(stored);
      for (const [key, value] of overlay) {
        if (value === undefined) rows.delete(key);
        else rows.set(key, value);
      }
      return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, max);
    },
    set: (key, value) => {
      remove(key);
      pending.set(key, value);
      pendingBytes += sizeOf(key);
    },
    pendingBytes: () => pendingBytes,
    commit: async () => {
      if (pending.size === 0) return;
      const batch = [...pending];
      await kv.write(batch);
      for (const [key, value] of batch) if (pending.get(key) === value) remove(key);
    },
  };
}
