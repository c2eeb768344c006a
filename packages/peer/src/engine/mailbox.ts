/**
 * One document's events, handled one after another (docs/peer.md, PE-1): every handler runs to its end, awaits included, before the next one
 * starts, so no two of them ever see each other's half-made state.
 */
export interface Mailbox {
  /** `bytes` counts against the bound. Never throws; a handler that rejects goes to `onError`. */
  post(run: () => void | Promise<void>, bytes?: number): void;
  /** Bytes of posted work that is not done yet. */
  waitingBytes(): number;
  /** Resolves when everything posted so far, and what it posted, is done. */
  idle(): Promise<void>;
  /** Drops what waits and takes no more; resolves when the running handler is done. */
  close(): Promise<void>;
}

export interface MailboxOptions {
  /** After each run of handlers, before the mailbox rests or goes on: where the document commits and sends. */
  readonly afterBatch: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

interface Letter {
  readonly run: () => void | Promise<void>;
  readonly bytes: number;
}

/** Handlers between two commits. */
const batchMax = 64;

export function createMailbox(options: MailboxOptions): Mailbox {
  const letters: Letter[] = [];
  let bytes = 0;
  let closed = false;
  let running: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    while (letters.length > 0) {
      for (let count = 0; count < batchMax && letters.length > 0; count++) {
        const letter = letters.shift();
        if (letter === undefined) break;
        await guarded(letter.run);
        bytes -= letter.bytes;
      }
      await guarded(options.afterBatch);
    }
    running = undefined;
  };
  const guarded = async (run: () => void | Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      options.onError(error);
    }
  };
  return {
    post: (run, size = 0) => {
      if (closed) return;
      letters.push({ run, bytes: size });
      bytes += size;
      running ??= Promise.resolve().then(drain);
    },
    waitingBytes: () => bytes,
    idle: async () => {
      // oxlint-disable-next-line no-unmodified-loop-condition -- `drain` ends it, and what it posted begins another
      while (running !== undefined) await running;
    },
    close: async () => {
      closed = true;
      letters.length = 0;
      bytes = 0;
      await running;
    },
  };
}
