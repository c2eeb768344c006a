/**
 * Everything for one socket and one turn of the loop in one frame (PR-5): frames cost, not bytes. Subscribers of one document who use
 * the same channel number get identical messages, so the frame that was packed for one of them serves the next as it is.
 */
import { framedBytes, limits } from "@skerry/protocol";

export interface Packer {
  /** Frames that carry `messages` in order. Keep the arrays unchanged until the turn is over: the next call may return the same frames. */
  pack(messages: readonly Uint8Array[]): readonly Uint8Array[];
  /** Forgets the last result. Call it when the turn is over. */
  reset(): void;
}

function packFrame(messages: readonly Uint8Array[], bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  let position = 0;
  for (const message of messages) {
    let length = message.length;
    for (; length >= 0x80; length = Math.floor(length / 128)) frame[position++] = (length & 0x7f) | 0x80;
    frame[position++] = length;
    frame.set(message, position);
    position += message.length;
  }
  return frame;
}

function packFrames(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let start = 0;
  let bytes = 0;
  for (let index = 0; index <= messages.length; index++) {
    const message = messages[index];
    const size = message === undefined ? 0 : framedBytes(message.length);
    const full = bytes + size > limits.frameBytesMax || index - start >= limits.frameMessagesMax;
    if ((message === undefined || full) && index > start) {
      frames.push(packFrame(messages.slice(start, index), bytes));
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  return frames;
}

export function createPacker(): Packer {
  let lastMessages: readonly Uint8Array[] = [];
  let lastFrames: readonly Uint8Array[] = [];
  const isLast = (messages: readonly Uint8Array[]): boolean =>
    messages.length === lastMessages.length && messages.every((message, index) => message === lastMessages[index]);
  return {
    pack: (messages) => {
      if (messages.length === 0) return [];
      if (!isLast(messages)) {
        lastFrames = packFrames(messages);
        lastMessages = messages;
      }
      return lastFrames;
    },
    reset: () => {
      lastMessages = [];
      lastFrames = [];
    },
  };
}
