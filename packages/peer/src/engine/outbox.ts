/** Packs messages into as few frames as possible (docs/protocol.md, PR-5): everything of one turn of the loop goes out together. */
import { encodeFrame, framedBytes, limits } from "@skerry/protocol";

export interface Outbox {
  /** The message leaves when the running code has come to its end. */
  push(message: Uint8Array): void;
  /** Sends what waits, now. */
  flush(): void;
}

export function createOutbox(send: (frame: Uint8Array) => void): Outbox {
  let messages: Uint8Array[] = [];
  let bytes = 0;
  let scheduled = false;
  const flush = (): void => {
    if (messages.length === 0) return;
    const frame = encodeFrame(messages);
    messages = [];
    bytes = 0;
    send(frame);
  };
  return {
    flush,
    push: (message) => {
      const size = framedBytes(message.length);
      if (bytes + size > limits.frameBytesMax || messages.length >= limits.frameMessagesMax) flush();
      messages.push(message);
      bytes += size;
      if (scheduled) return;
      scheduled = true;
      void Promise.resolve().then(() => {
        scheduled = false;
        flush();
      });
    },
  };
}
