/**
 * This device's copy of a document's log: the sealed records as they stand in it, so that they can be handed back to a relay that lost them,
 * and the chain hash at every place, so that any head that anyone names can be compared.
 */
import type { ChainHash } from "@skerry/protocol";
import type { DocumentKeys } from "./keys.ts";
import { storedEntry } from "./stored.ts";
import type { LogEntry } from "./stored.ts";
import type { WriteBehind } from "./write-behind.ts";

export interface LocalLog {
  put(entry: LogEntry): void;
  remove(seq: number): void;
  get(seq: number): Promise<LogEntry | undefined>;
  chainHashAt(seq: number): Promise<ChainHash | undefined>;
  /** Entries `from` to `to`, both included, in order. */
  read(from: number, to: number): AsyncIterable<LogEntry>;
}

/** Chain hashes at hand without a read: live heads are compared with these. */
const recentMax = 4096;
/** Entries of one read; a record has at most 640 KiB, usually a few hundred bytes. */
const readMax = 64;

export function createLocalLog(store: WriteBehind, keys: DocumentKeys): LocalLog {
  const recent = new Map<number, ChainHash>();
  const remember = (entry: LogEntry): LogEntry => {
    recent.delete(entry.seq);
    recent.set(entry.seq, entry.chainHash);
    if (recent.size > recentMax) for (const oldest of recent.keys()) return (recent.delete(oldest), entry);
    return entry;
  };
  const get = async (seq: number): Promise<LogEntry | undefined> => {
    const bytes = await store.get(keys.entry(seq));
    return bytes === undefined ? undefined : remember(storedEntry.decode(bytes));
  };
  return {
    get,
    put: (entry) => store.set(keys.entry(entry.seq), storedEntry.encode(remember(entry))),
    remove: (seq) => {
      recent.delete(seq);
      store.set(keys.entry(seq), undefined);
    },
    chainHashAt: async (seq) => recent.get(seq) ?? (await get(seq))?.chainHash,
    read: async function* (from, to) {
      for (let next = from; next <= to;) {
        const rows = await store.range(keys.entry(next), keys.entry(to + 1), readMax);
        if (rows.length === 0) return;
        for (const [, bytes] of rows) {
          const entry = remember(storedEntry.decode(bytes));
          next = entry.seq + 1;
          yield entry;
        }
      }
    },
  };
}
