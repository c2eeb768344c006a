/**
 * Joins what is typed quickly into one Yjs update, so that a run has a step for each burst and not for each of Yjs' transactions. A batch is
 * given on after a moment, or when it is large.
 */
import { mergeUpdates } from "yjs";

export interface EditBatch {
  add(update: Uint8Array): void;
  /** Gives on what is there, now. */
  flush(): void;
  /** Forgets what is there. Idempotent. */
  close(): void;
}

export interface EditBatchOptions {
  readonly delayMs: number;
  readonly bytesMax: number;
  readonly give: (update: Uint8Array) => void;
}

export function createEditBatch({ delayMs, bytesMax, give }: EditBatchOptions): EditBatch {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const updates = waiting;
    waiting = [];
    bytes = 0;
    const [first] = updates;
    if (first !== undefined) give(updates.length === 1 ? first : mergeUpdates(updates));
  };
  return {
    add: (update) => {
      // One that would make the batch too large goes alone.
      if (bytes + update.byteLength > bytesMax) flush();
      waiting.push(update);
      bytes += update.byteLength;
      timer ??= setTimeout(flush, delayMs);
    },
    flush,
    close: () => {
      clearTimeout(timer);
      timer = undefined;
      waiting = [];
    },
  };
}
