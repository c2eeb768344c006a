/** A map that forgets what was used longest ago. `Map` keeps insertion order, which is all it takes. */
export interface Lru<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  clear(): void;
}

export function createLru<V>(sizeMax: number): Lru<V> {
  const values = new Map<string, V>();
  return {
    get: (key) => {
      const value = values.get(key);
      if (value === undefined) return undefined;
      values.delete(key);
      values.set(key, value);
      return value;
    },
    set: (key, value) => {
      values.delete(key);
      values.set(key, value);
      if (values.size <= sizeMax) return;
      for (const oldest of values.keys()) {
        values.delete(oldest);
        return;
      }
    },
    clear: () => values.clear(),
  };
}
