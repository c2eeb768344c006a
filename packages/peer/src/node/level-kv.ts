import type { Kv } from "../ports.ts";
import { openLevelFolder } from "./level-folder.ts";

/** UTF-16, big end first: LevelDB's byte order is then the port's order by code units. */
function keyBytes(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length * 2);
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index);
    bytes[index * 2] = unit >> 8;
    bytes[index * 2 + 1] = unit & 0xff;
  }
  return bytes;
}

function keyText(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index + 1 < bytes.length; index += 2)
    text += String.fromCharCode(((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0));
  return text;
}

/** A `Kv` in a LevelDB folder of its own; every write is synced to disk before it resolves. Rejects with `locked` if another process has it. */
export async function openLevelKv(location: string): Promise<Kv> {
  const folder = await openLevelFolder(location);
  // One after another: LevelDB runs batches on a thread pool, in no promised order.
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = (work: () => Promise<void>): Promise<void> => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };

  return {
    get: (key) => folder.use((db) => db.get(keyBytes(key))),
    range: (from, to, max) =>
      folder.use(async (db) => {
        if (max <= 0 || from >= to) return [];
        const rows = await db.iterator({ gte: keyBytes(from), lt: keyBytes(to), limit: max }).all();
        return rows.map(([key, value]) => [keyText(key), value] as const);
      }),
    write: (changes) => {
      const operations = changes.map(([key, value]) =>
        value === undefined
          ? { type: "del" as const, key: keyBytes(key) }
          : { type: "put" as const, key: keyBytes(key), value: new Uint8Array(value) },
      );
      return inOrder(() => folder.use((db) => db.batch(operations, { sync: true })));
    },
    clear: (from, to) =>
      inOrder(() =>
        folder.use(async (db) => {
          if (from >= to) return;
          await db.clear({ gte: keyBytes(from), lt: keyBytes(to) });
          // `clear` has no sync of its own; a synced write after it takes the log before it along.
          await db.batch([{ type: "del", key: keyBytes(from) }], { sync: true });
        }),
      ),
    close: async () => {
      await last;
      await folder.close();
    },
  };
}
