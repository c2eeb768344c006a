/** One message for many channels: it is encoded once, and per channel number only the few bytes in front differ. */
import { encodeDown } from "@skerry/protocol";
import type { DownMessage } from "@skerry/protocol";

export type ChannelMessage = Extract<DownMessage, { readonly channel: number }>;

export interface SharedMessage {
  /** Bytes of the message with its channel replaced. The same array for the same number. */
  readonly size: number;
  for(channel: number): Uint8Array;
}

/** `encode` makes the message for channel 0: its bytes are tag, 0, rest. */
export function shareMessage(message: ChannelMessage): SharedMessage {
  const forZero = encodeDown({ ...message, channel: 0 });
  const byChannel = new Map<number, Uint8Array>([[0, forZero]]);
  const prefixed = (channel: number): Uint8Array => {
    const extra = channel < 0x80 ? 0 : channel < 0x4000 ? 1 : 2;
    const bytes = new Uint8Array(forZero.length + extra);
    bytes[0] = forZero[0] ?? 0;
    let position = 1;
    let rest = channel;
    for (; rest >= 0x80; rest >>>= 7) bytes[position++] = (rest & 0x7f) | 0x80;
    bytes[position++] = rest;
    bytes.set(forZero.subarray(2), position);
    return bytes;
  };
  return {
    size: forZero.length + 2,
    for: (channel) => {
      const known = byChannel.get(channel);
      if (known !== undefined) return known;
      const bytes = prefixed(channel);
      byChannel.set(channel, bytes);
      return bytes;
    },
  };
}
