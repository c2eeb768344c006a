/**
 * What relays told devices of their author chains (RC-6): a profile that was copied or put back may have used numbers that it does not remember, until
 * the answer to `open` says so.
 */
import { decodeDown, decodeFrame, decodeUp, toText } from "@skerry/protocol";

export interface TailsWatch {
  up(who: string, frame: Uint8Array): void;
  /** A frame to a device is on its way. */
  down(id: number, frame: Uint8Array): void;
  arrived(id: number, who: string): void;
  /** Highest number of the replica that the device was told of by the last answer; 0 if none. */
  told(who: string, replicaId: string): number;
}

const waitingMax = 10_000;

export function createTailsWatch(): TailsWatch {
  const asked = new Map<string, string>();
  const onTheWay = new Map<number, number>();
  const tails = new Map<string, { readonly replicaId: string; readonly n: number }>();
  return {
    up: (who, frame) => {
      const parts = decodeFrame(frame);
      for (const part of parts.ok ? parts.value : []) {
        const message = decodeUp(part);
        if (!message.ok || message.value.type !== "open") continue;
        asked.set(who, toText(message.value.replicaId));
        tails.delete(who);
      }
    },
    down: (id, frame) => {
      const parts = decodeFrame(frame);
      for (const part of parts.ok ? parts.value : []) {
        const message = decodeDown(part);
        if (message.ok && message.value.type === "opened" && onTheWay.size < waitingMax) onTheWay.set(id, message.value.tailN);
      }
    },
    arrived: (id, who) => {
      const n = onTheWay.get(id);
      onTheWay.delete(id);
      const replicaId = asked.get(who);
      if (n !== undefined && replicaId !== undefined) tails.set(who, { replicaId, n });
    },
    told: (who, replicaId) => {
      const tail = tails.get(who);
      return tail?.replicaId === replicaId ? tail.n : 0;
    },
  };
}
