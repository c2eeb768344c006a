/**
 * A frame: everything for one socket and one turn of the loop, in one WebSocket message (frames cost, not bytes).
 *
 *     frame = (length ‖ message)+
 */
import type * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { decodeWith, refuse, remaining, varBytes } from "./codec.ts";
import type { Codec, DecodeError } from "./codec.ts";
import { limits } from "./limits.ts";
import { assert } from "./result.ts";
import type { Result } from "./result.ts";

const message = varBytes(limits.frameBytesMax);

/** Bytes that a message takes in a frame. */
export const framedBytes = (messageBytes: number): number => {
  let prefix = 1;
  for (let rest = messageBytes; rest >= 128; rest = Math.floor(rest / 128)) prefix++;
  return prefix + messageBytes;
};

const frameCodec: Codec<readonly Uint8Array[]> = {
  write: (encoder, messages) => {
    for (const bytes of messages) message.write(encoder, bytes);
  },
  read: (decoder: decoding.Decoder) => {
    if (decoder.arr.length > limits.frameBytesMax) return refuse("too-long", "frame");
    const messages: Uint8Array[] = [];
    do {
      if (messages.length >= limits.frameMessagesMax) return refuse("too-long", "frame");
      messages.push(message.read(decoder, "frame"));
    } while (remaining(decoder) > 0);
    return messages;
  },
};

/** Packs encoded messages. The caller keeps within `frameBytesMax` and `frameMessagesMax` (`framedBytes` tells the size). */
export function encodeFrame(messages: readonly Uint8Array[]): Uint8Array {
  assert(messages.length > 0 && messages.length <= limits.frameMessagesMax, "frame of no or too many messages");
  const encoder = encoding.createEncoder();
  frameCodec.write(encoder, messages);
  assert(encoding.length(encoder) <= limits.frameBytesMax, "frame too large");
  return encoding.toUint8Array(encoder);
}

/** Unpacks a frame from anyone; the messages are views into it. */
export const decodeFrame = (bytes: Uint8Array): Result<readonly Uint8Array[], DecodeError> => decodeWith(frameCodec, bytes, "frame");
