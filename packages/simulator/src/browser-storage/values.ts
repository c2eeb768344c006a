/** What IndexedDB stores: copies. */

/** The structured clone, quick for what is stored most; keys of WebCrypto are handles and stay what they are. Throws DataCloneError. */
export function cloned(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (typeof value !== "object" || value === null)
    return typeof value === "function" || typeof value === "symbol" ? structuredClone(value) : value;
  if (value instanceof CryptoKey) return value;
  if (Array.isArray(value)) return value.map(cloned);
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cloned(one)]));
  return structuredClone(value);
}

/** About what it takes on disk. */
export function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === "string") return 2 * value.length;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce((sum: number, one: unknown) => sum + 16 + sizeOf(one), 32);
}
