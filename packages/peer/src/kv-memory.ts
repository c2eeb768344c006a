import { StoreError } from "./ports.ts";
import type { Kv } from "./ports.ts";

/** A `Kv` that forgets everything at the end of the process: for tests and the simulator, which may keep `entries` over a restart. */
export function createMemoryKv(entries: Map<string, Uint8Array> = new Map<string, Uint8Array>()): Kv {
  let closed = false;

  function open(): Map<string, Uint8Array> {
    if (closed) throw new StoreError("closed", "the store is closed");
    return entries;
  }

  // JavaScript compares strings by UTF-16 code units, as the port asks.
  const keysBetween = (from: string, to: string): string[] => [...open().keys()].filter((key) => key >= from && key < to).sort(byCodeUnits);

  return {
    get: async (key) => open().get(key)?.slice(),
    range: async (from, to, max) =>
      keysBetween(from, to)
        .slice(0, max)
        .map((key) => [key, (open().get(key) ?? new Uint8Array()).slice()] as const),
    write: async (changes) => {
      for (const [key, value] of changes) {
        if (value === undefined) open().delete(key);
        else open().set(key, new Uint8Array(value));
      }
    },
    clear: async (from, to) => {
      for (const key of keysBetween(from, to)) open().delete(key);
    },
    close: async () => {
      closed = true;
    },
  };
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
