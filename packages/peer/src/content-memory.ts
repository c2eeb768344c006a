import { applyUpdate, mergeUpdates } from "yjs";
import { StoreError } from "./ports.ts";
import type { Content, ContentStore } from "./ports.ts";

/** Updates by document name. One of no bytes stands for a row that does not open any more. */
export type MemoryContentEntries = Map<string, readonly Uint8Array[]>;

export interface MemoryContentOptions {
  /** Asked before each write: resolves when the "disk" took it, rejects with a `StoreError` if it can't. */
  readonly beforeWrite?: () => Promise<void>;
}

/** A content store that forgets everything at the end of the process: for tests and the simulator, which may keep `entries` over a restart. */
export function createMemoryContentStore(entries: MemoryContentEntries = new Map(), options: MemoryContentOptions = {}): ContentStore {
  return { open: (name, doc) => openContent(name, doc, entries, options) };
}

function openContent(
  name: string,
  doc: Parameters<ContentStore["open"]>[1],
  entries: MemoryContentEntries,
  options: MemoryContentOptions,
): Content {
  let pending = 0;
  let error: StoreError | undefined;
  let listener: Parameters<Content["onChange"]>[0] = () => {};
  let writing: Promise<void> = Promise.resolve();
  let loaded = false;
  let closed = false;

  const write = async (update: Uint8Array): Promise<void> => {
    try {
      await options.beforeWrite?.();
      entries.set(name, [...(entries.get(name) ?? []), update]);
      error = undefined;
      pending--;
    } catch (cause) {
      error = cause instanceof StoreError ? cause : new StoreError("io", "memory content store", { cause });
    }
    listener({ pending, error });
  };
  const onUpdate = (update: Uint8Array): void => {
    pending++;
    listener({ pending, error });
    writing = writing.then(() => write(update));
  };
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    doc.off("update", onUpdate);
    await writing;
  };
  return {
    load: async () => {
      const rows = entries.get(name) ?? [];
      const updates = rows.filter((row) => row.length > 0);
      await Promise.resolve();
      if (closed) throw new StoreError("closed", "the content store is closed");
      if (updates.length > 0) applyUpdate(doc, mergeUpdates([...updates]), "content");
      if (!loaded) doc.on("update", onUpdate);
      loaded = true;
      return { empty: updates.length === 0, lostRows: rows.length - updates.length };
    },
    flush: async () => {
      await writing;
      if (error !== undefined) throw error;
    },
    pending: () => pending,
    onChange: (next) => {
      listener = next;
    },
    close,
    delete: async () => {
      await close();
      entries.delete(name);
    },
  };
}
