/**
 * Seals every value of a `Kv`, bound to its key: whoever reads the disk learns keys and sizes, and cannot swap one value for another. A check
 * value tells a wrong vault key from a damaged value, before anything could be written under the wrong one.
 */
import { openLocal, sealLocal } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { bytesEqual } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";
import { StoreError } from "./ports.ts";
import type { Kv } from "./ports.ts";

const checkKey = "check";
const checkValue: Uint8Array = new TextEncoder().encode("skerry-kv-1");
/** In front of each key of the caller, so that the check value is out of reach. */
const prefix = "v/";

/** Contexts are printable ASCII: everything else of a key is spelled as its code unit. */
const contextOf = (key: string): string =>
  `kv/${key.replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, (unit) => `\\${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}`;

/** Rejects with `wrong-key` if the store was sealed under another vault key, with `damaged` if it holds values but no check value. */
export async function openSealedKv(inner: Kv, vaultKey: Secret, random: Random): Promise<Kv> {
  const seal = (key: string, value: Uint8Array): Uint8Array => sealLocal(vaultKey, contextOf(key), value, random);

  function open(key: string, sealed: Uint8Array): Uint8Array {
    const opened = openLocal(vaultKey, contextOf(key), sealed);
    if (!opened.ok) throw new StoreError("damaged", "a stored value does not open");
    return opened.value;
  }

  await check(inner, vaultKey, random);
  return {
    get: async (key) => {
      const sealed = await inner.get(prefix + key);
      return sealed === undefined ? undefined : open(key, sealed);
    },
    range: async (from, to, max) => {
      const rows = await inner.range(prefix + from, prefix + to, max);
      return rows.map(([key, sealed]) => {
        const bare = key.slice(prefix.length);
        return [bare, open(bare, sealed)] as const;
      });
    },
    write: (changes) =>
      inner.write(changes.map(([key, value]) => [prefix + key, value === undefined ? undefined : seal(key, value)] as const)),
    clear: (from, to) => inner.clear(prefix + from, prefix + to),
    close: () => inner.close(),
  };
}

async function check(inner: Kv, vaultKey: Secret, random: Random): Promise<void> {
  const sealed = await inner.get(checkKey);
  if (sealed === undefined) {
    const rows = await inner.range(prefix, endOf(prefix), 1);
    if (rows.length > 0) throw new StoreError("damaged", "the store has lost its key check");
    await inner.write([[checkKey, sealLocal(vaultKey, contextOf(checkKey), checkValue, random)]]);
    return;
  }
  const opened = openLocal(vaultKey, contextOf(checkKey), sealed);
  if (!opened.ok || !bytesEqual(opened.value, checkValue)) throw new StoreError("wrong-key", "the vault key does not open this store");
}

/** The first key after all that start with `text`. */
const endOf = (text: string): string => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1);
