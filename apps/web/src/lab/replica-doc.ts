/**
 * A device's text as the page's editor holds it: a `Y.Doc` of its own that mirrors the simulated tab's, and sends back what is typed. While somebody
 * composes (Japanese, dead keys), what others wrote waits, as in the app itself.
 */
import { createDocumentModel } from "@skerry/doc-model";
import { Awareness } from "y-protocols/awareness";
import { Doc, applyUpdate } from "yjs";
import type { Text } from "yjs";
import { createEditBatch } from "./edit-batch.ts";

export interface ReplicaDoc {
  /** Differs for every document: editors are made anew with it. */
  readonly generation: number;
  readonly body: Text;
  readonly awareness: Awareness;
  receive(update: Uint8Array): void;
  setComposing(composing: boolean): void;
  /** Sends what was typed and waits. */
  flush(): void;
  /** Sends nothing any more. Idempotent. */
  close(): void;
}

/** What is typed within this time is one step. */
const batchMs = 40;
const heldMax = 500;

export interface ReplicaDocOptions {
  readonly generation: number;
  readonly state: Uint8Array;
  readonly updateBytesMax: number;
  readonly send: (update: Uint8Array) => void;
}

export function createReplicaDoc({ generation, state, updateBytesMax, send }: ReplicaDocOptions): ReplicaDoc {
  const doc = new Doc();
  const origin = {};
  applyUpdate(doc, state, origin);
  const awareness = new Awareness(doc);
  const batch = createEditBatch({ delayMs: batchMs, bytesMax: updateBytesMax, give: send });
  const held: Uint8Array[] = [];
  let composing = false;

  doc.on("update", (update: Uint8Array, from: unknown) => {
    if (from !== origin) batch.add(update);
  });
  const release = (): void => {
    for (const update of held.splice(0)) applyUpdate(doc, update, origin);
  };

  return {
    generation,
    body: createDocumentModel(doc).body,
    awareness,
    receive: (update) => {
      held.push(update);
      if (!composing || held.length > heldMax) release();
    },
    setComposing: (next) => {
      composing = next;
      if (!next) release();
    },
    flush: batch.flush,
    close: () => {
      batch.close();
      awareness.destroy();
      doc.destroy();
    },
  };
}
