import type * as Y from "yjs";

/**
 * Keeps Yjs from editing by itself. After applying others' changes, Yjs 13.6 deletes format marks that look redundant *at that moment*
 * (`cleanupYTextAfterTransaction`). Which ones depends on how changes were grouped and in which order they came, so replicas with the same
 * entries would be in different states, a viewer would have deletions of its own that nobody may take, and marks whose text comes
 * with the next entry would be lost. A peer's document has to be exactly what the log says: editors clean up, and send that as an edit.
 * Call it once, before anything is applied.
 */
export function disableFormatCleanup(doc: Y.Doc): void {
  // Yjs emits this between setting the flag and reading it.
  doc.on("afterTransaction", (transaction: Y.Transaction) => {
    transaction._needFormattingCleanup = false;
  });
}
