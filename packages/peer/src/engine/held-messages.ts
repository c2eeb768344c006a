/**
 * Messages that wait for the access log (docs/peer.md, PE-21): an entry that the relay admitted under a position which this device has not read yet can't
 * be judged, and nothing that came after it may overtake it.
 */
import type { ChannelMessage } from "./connection.ts";

export interface HeldMessages {
  /** True if the message has to wait; it is kept then. */
  hold(message: ChannelMessage, bytes: number): boolean;
  /** The next that need not wait any more. */
  next(): ChannelMessage | undefined;
  bytes(): number;
  clear(): void;
}

export function createHeldMessages(knows: (position: number) => boolean): HeldMessages {
  const held: { readonly message: ChannelMessage; readonly bytes: number }[] = [];
  let total = 0;
  return {
    hold: (message, bytes) => {
      if (held.length === 0 && knows(positionNeeded(message))) return false;
      held.push({ message, bytes });
      total += bytes;
      return true;
    },
    next: () => {
      const [first] = held;
      if (first === undefined || !knows(positionNeeded(first.message))) return undefined;
      held.shift();
      total -= first.bytes;
      return first.message;
    },
    bytes: () => total,
    clear: () => {
      held.length = 0;
      total = 0;
    },
  };
}

function positionNeeded(message: ChannelMessage): number {
  if (message.type === "acked") return message.accessPosition;
  if (message.type !== "entries") return 0;
  return message.entries.reduce((most, { accessPosition }) => Math.max(most, accessPosition), 0);
}
