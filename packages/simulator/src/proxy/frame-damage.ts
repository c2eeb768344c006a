/** What `corrupt` and `truncate` do to a message. Both give well-formed frames: damage that WebSocket itself would notice tests nothing of yours. */
import type { Prng } from "../prng.ts";
import { opcodes } from "./frames.ts";
import { encodeMessage } from "./messages.ts";
import type { Message } from "./messages.ts";

/** From a client: a fresh one for each frame (RFC 6455 §5.3). */
export const freshMask = (like: Message, random: Prng): Uint8Array | undefined => (like.isMasked ? random.bytes(4) : undefined);

const isContinuationByte = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** Whether this text is what a reader sees as bytes, so that one of its bits may be any. */
const isPlainText = ({ opcode, frames }: Message): boolean => opcode === opcodes.text && frames[0]?.header.reserved === 0;

/** Flips one bit. A text stays valid UTF-8: in ASCII any of the low seven bits may flip, in longer characters the last one of a byte that continues. */
export function corrupted(message: Message, random: Prng): Uint8Array {
  const payload = message.payload();
  let index = random.int(payload.length);
  let bit = random.int(8);
  if (isPlainText(message)) {
    while ((payload[index] ?? 0) >= 0xc0) index = (index + 1) % payload.length;
    bit = isContinuationByte(payload[index] ?? 0) ? 0 : bit % 7;
  }
  const raw = new Uint8Array(message.raw);
  let frameAt = 0;
  for (const { header, raw: frame } of message.frames) {
    if (index < header.payloadBytes) {
      const at = frameAt + header.headerBytes + index;
      raw[at] = (raw[at] ?? 0) ^ (1 << bit);
      break;
    }
    index -= header.payloadBytes;
    frameAt += frame.length;
  }
  return raw;
}

/** Keeps 0 to all but one of its bytes; a text ends after a character. */
export function truncated(message: Message, random: Prng): Uint8Array {
  const payload = message.payload();
  let length = random.int(payload.length);
  if (isPlainText(message)) while (length > 0 && isContinuationByte(payload[length] ?? 0)) length--;
  return encodeMessage(message, payload.subarray(0, length), freshMask(message, random));
}
