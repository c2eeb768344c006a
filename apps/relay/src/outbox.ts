/**
 * What goes out on one socket. Small answers are always taken; entries and presence only while the socket's buffer has room. A socket that takes
 * nothing for too long is given up (SE-5, SE-8).
 */
import { framedBytes, limits } from "@skerry/protocol";
import type { Clock } from "@skerry/protocol";
import type { Packer } from "./packer.ts";
import type { SharedMessage } from "./shared-message.ts";

export interface OutboxEnv {
  readonly clock: Clock;
  readonly wire: { send(frame: Uint8Array, sent: () => void): void; bufferedBytes(): number };
  readonly bufferBytes: number;
  readonly slowReaderMs: number;
  /** Something waits: `flush` at the end of the turn. */
  readonly filled: () => void;
  /** There is no room any more; `drained` follows, or `tooSlow`. */
  readonly congested: () => void;
  readonly drained: () => void;
  /** The network took a frame. */
  readonly sent: () => void;
  readonly tooSlow: () => void;
}

export interface Outbox {
  push(message: Uint8Array): void;
  /** Takes all of the messages, or none if there is no room. */
  offer(messages: readonly SharedMessage[], channel: number): boolean;
  isCongested(): boolean;
  waitingBytes(): number;
  flush(packer: Packer): void;
  /** Drops what was not flushed. Idempotent. */
  close(): void;
}

export function createOutbox(env: OutboxEnv): Outbox {
  let messages: Uint8Array[] = [];
  let bytes = 0;
  let framesUnderWay = 0;
  let congested = false;
  let closed = false;
  let cancelSlow: (() => void) | undefined;

  const waitingBytes = (): number => env.wire.bufferedBytes() + bytes;
  const push = (message: Uint8Array): void => {
    if (closed) return;
    messages.push(message);
    bytes += framedBytes(message.length);
    env.filled();
    // Answers are few, for a peer whose buffer is full is not read from; but others' doings reach it too.
    if (waitingBytes() > 4 * env.bufferBytes + 2 * limits.frameBytesMax) env.tooSlow();
  };
  /** Each frame that the network takes is progress, and begins the time anew. */
  const watchDrain = (): void => {
    cancelSlow?.();
    cancelSlow = env.clock.schedule(env.slowReaderMs, env.tooSlow);
  };
  const sent = (): void => {
    framesUnderWay--;
    if (closed) return;
    if (congested) {
      if (waitingBytes() > limits.entriesBytesSoft) return watchDrain();
      congested = false;
      cancelSlow?.();
      cancelSlow = undefined;
      env.drained();
    }
    env.sent();
  };

  return {
    push,
    offer: (offered, channel) => {
      if (closed || congested) return false;
      let size = 0;
      for (const message of offered) size += message.size;
      // An empty outbox takes anything, however large. If it is not empty, a `sent` is to come that ends the congestion.
      const isEmpty = framesUnderWay === 0 && messages.length === 0;
      if (!isEmpty && waitingBytes() + size > env.bufferBytes) {
        congested = true;
        watchDrain();
        env.congested();
        return false;
      }
      for (const message of offered) push(message.for(channel));
      return true;
    },
    isCongested: () => congested,
    waitingBytes,
    flush: (packer) => {
      const frames = packer.pack(messages);
      messages = [];
      bytes = 0;
      for (const frame of frames) {
        framesUnderWay++;
        env.wire.send(frame, sent);
      }
    },
    close: () => {
      closed = true;
      messages = [];
      bytes = 0;
      cancelSlow?.();
      cancelSlow = undefined;
    },
  };
}
