/** The loaded documents: read on demand, dropped when nobody uses them and nothing is under way. */
import { toText } from "@skerry/protocol";
import type { DocId, Head } from "@skerry/protocol";
import { createDocument } from "./document.ts";
import type { Document, DocumentEnv } from "./document-types.ts";

export interface Documents {
  /** Runs `use` with the document in the same turn in which it is there, so that it cannot be dropped in between. Rejects with a `LogStoreError`. */
  use<T>(docId: DocId, use: (document: Document) => T): Promise<T>;
  /** See `Document.barrier`. Rejects with a `LogStoreError`. */
  barrier(docId: DocId): Promise<Head>;
  /** See `Document.recheck`: all that are loaded. */
  recheck(): void;
  readonly size: () => number;
  /** Resolves when nothing is under way in any document. */
  settled(): Promise<void>;
}

export interface DocumentsEnv extends Omit<DocumentEnv, "idle" | "broken"> {
  readonly broken: (docId: DocId, error: unknown) => void;
}

export function createDocuments(env: DocumentsEnv): Documents {
  const documents = new Map<string, Document>();
  const loading = new Map<string, Promise<Document>>();
  let whenSettled: (() => void)[] = [];

  const checkSettled = (): void => {
    if (whenSettled.length === 0) return;
    for (const document of documents.values()) if (document.isBusy()) return;
    const waiting = whenSettled;
    whenSettled = [];
    for (const resolve of waiting) resolve();
  };
  const drop = (document: Document): void => {
    const key = toText(document.docId);
    if (documents.get(key) === document) documents.delete(key);
    checkSettled();
  };
  const idle = (document: Document): void => {
    if (document.users().size === 0 && !document.isBusy()) drop(document);
    else checkSettled();
  };
  const broken = (document: Document, error: unknown): void => {
    drop(document);
    env.broken(document.docId, error);
  };

  const load = async (key: string, docId: DocId): Promise<Document> => {
    try {
      const info = await env.store.info(docId);
      const document = createDocument(docId, info, { ...env, idle, broken });
      documents.set(key, document);
      return document;
    } finally {
      loading.delete(key);
    }
  };

  const all: Documents = {
    use: async (docId, use) => {
      const key = toText(docId);
      for (;;) {
        const known = documents.get(key);
        if (known !== undefined) {
          const result = use(known);
          idle(known);
          return result;
        }
        const underWay = loading.get(key) ?? load(key, docId.slice() as DocId);
        if (!documents.has(key)) loading.set(key, underWay);
        await underWay;
      }
    },
    barrier: async (docId) => {
      // An object, for a bare promise would be awaited by `use`.
      const { passed } = await all.use(docId, (document) => ({ passed: document.barrier() }));
      return passed;
    },
    recheck: () => {
      for (const document of [...documents.values()]) document.recheck();
    },
    size: () => documents.size,
    settled: () =>
      new Promise((resolve) => {
        whenSettled.push(resolve);
        checkSettled();
      }),
  };
  return all;
}
