/** The list of documents on this device: keys, titles, times. Sealed like everything else; held in memory, written through. */
import { toText } from "@skerry/protocol";
import type { DocId } from "@skerry/protocol";
import type { DocumentSummary } from "../client.ts";
import type { Kv } from "../ports.ts";
import { allRows } from "./all-rows.ts";
import { isSpaceKey, libraryFrom, libraryKey, libraryTo } from "./keys.ts";
import { hasSpaceLog, storedLibraryEntry, titleBytesMax } from "./stored.ts";
import type { LibraryEntry } from "./stored.ts";

export interface Library {
  get(docId: string): LibraryEntry | undefined;
  all(): Iterable<LibraryEntry>;
  /** Newest change first. */
  summaries(): readonly DocumentSummary[];
  /** Durable when resolved, in one write with `more`. Visible at once. */
  put(entry: LibraryEntry, more?: readonly (readonly [string, Uint8Array])[]): Promise<void>;
  /** Resolves when what was put under this id is durable; rejects if it could not be written, and is gone again. */
  durable(docId: string): Promise<void>;
  /** Changes an entry, if it is there. */
  update(docId: string, change: (entry: LibraryEntry) => LibraryEntry): Promise<void>;
  remove(docId: string): Promise<void>;
}

/** `onSpace` gets the rows of spaces, which stand among those of documents. */
export async function loadLibrary(
  kv: Kv,
  nameOf: (docId: DocId) => string,
  onChange: () => void,
  onSpace: (row: Uint8Array) => void,
): Promise<Library> {
  const entries = new Map<string, LibraryEntry>();
  for (const [key, bytes] of await allRows(kv, libraryFrom, libraryTo)) {
    if (isSpaceKey(key)) {
      onSpace(bytes);
      continue;
    }
    const entry = storedLibraryEntry.decode(bytes);
    entries.set(toText(entry.docId), entry);
  }
  /** New documents that are on their way to the disk. */
  const arriving = new Map<string, Promise<void>>();
  const put: Library["put"] = async (entry, more = []) => {
    const docId = toText(entry.docId);
    const isNew = !entries.has(docId);
    const write = kv.write([[libraryKey(nameOf(entry.docId)), storedLibraryEntry.encode(entry)], ...more]);
    if (isNew) arriving.set(docId, write);
    entries.set(docId, entry);
    onChange();
    try {
      await write;
    } catch (error) {
      // A document that is not on disk was never made. A change of a known one stays, and is written with the next.
      if (isNew) entries.delete(docId);
      onChange();
      throw error;
    } finally {
      if (arriving.get(docId) === write) arriving.delete(docId);
    }
  };
  return {
    get: (docId) => entries.get(docId),
    all: () => entries.values(),
    summaries: () => [...entries.values()].map(summaryOf).sort((a, b) => b.changedAtMs - a.changedAtMs),
    put,
    durable: (docId) => arriving.get(docId) ?? Promise.resolve(),
    update: async (docId, change) => {
      const entry = entries.get(docId);
      if (entry !== undefined) await put(change(entry));
    },
    remove: async (docId) => {
      const entry = entries.get(docId);
      if (entry === undefined) return;
      entries.delete(docId);
      onChange();
      await kv.write([[libraryKey(nameOf(entry.docId)), undefined]]);
    },
  };
}

const summaryOf = (entry: LibraryEntry): DocumentSummary => ({
  docId: toText(entry.docId),
  spaceId: hasSpaceLog(entry) ? toText(entry.spaceId) : undefined,
  title: entry.title,
  createdAtMs: entry.createdAtMs,
  openedAtMs: entry.openedAtMs,
  changedAtMs: entry.changedAtMs,
  unsent: entry.unsettled,
});

/** As many whole characters as fit into `bytesMax` of UTF-8. A lone surrogate counts as the U+FFFD that it is stored as. */
export function shorten(text: string, bytesMax: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > bytesMax) break;
    end += character.length;
  }
  return text.slice(0, end);
}

export const titleOf = (text: string): string => shorten(text, titleBytesMax);
