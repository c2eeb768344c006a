/**
 * I12, while it happens: a device that hears from another one of a head that is not in its own history has to say so. Read from presence on the wire,
 * with the key that the simulator has.
 */
import { importSecret, openPresence, parseShareLink, presenceKey } from "@skerry/crypto";
import { bytesEqual, decodeDown, decodeFrame, decodePresenceEnvelope, toText } from "@skerry/protocol";
import type { Head } from "@skerry/protocol";

export interface HeadsWatch {
  /** A frame to a device is on its way. */
  sent(id: number, frame: Uint8Array): void;
  arrived(id: number, who: string): void;
  /** The connection of this device ended: it waits for nothing any more. */
  ended(who: string): void;
  /** Sequence numbers up to `seq`, which it has read, at which `history` is not what this device was told. Each is given once. */
  contradicted(who: string, seq: number, history: readonly { readonly chainHash: Uint8Array }[]): readonly number[];
}

export interface HeadsWatchOptions {
  readonly link: () => string | undefined;
  readonly isHonest: (deviceId: string) => boolean;
}

const waitingMax = 10_000;

export function createHeadsWatch({ link, isHonest }: HeadsWatchOptions): HeadsWatch {
  interface News {
    readonly connectionId: number;
    /** Undefined: it left. */
    readonly head: Head | undefined;
  }
  const onTheWay = new Map<number, readonly News[]>();
  /** By device, then by the connection that named it: a device, too, keeps the newest only. */
  const told = new Map<string, Map<number, Head>>();
  let key: ReturnType<typeof presenceKey> | undefined;
  const keyOf = (): typeof key => {
    const parsed = parseShareLink(link() ?? "");
    if (!parsed.ok) return undefined;
    key ??= presenceKey(importSecret(parsed.value.epochKey), parsed.value.docId);
    return key;
  };
  const newsIn = (frame: Uint8Array): readonly News[] => {
    const news: News[] = [];
    const parts = decodeFrame(frame);
    for (const part of parts.ok ? parts.value : []) {
      const message = decodeDown(part);
      if (message.ok && message.value.type === "left") news.push({ connectionId: message.value.connectionId, head: undefined });
      if (!message.ok || message.value.type !== "relayed-presence") continue;
      const { connectionId } = message.value;
      const envelope = decodePresenceEnvelope(message.value.envelope);
      const secret = keyOf();
      if (!envelope.ok || secret === undefined || !isHonest(toText(envelope.value.header.deviceId))) continue;
      const body = openPresence(envelope.value, secret);
      if (body.ok && body.value.head.seq > 0)
        news.push({
          connectionId,
          head: { seq: body.value.head.seq, chainHash: body.value.head.chainHash.slice() as Head["chainHash"] },
        });
    }
    return news;
  };
  return {
    sent: (id, frame) => {
      const news = newsIn(frame);
      if (news.length > 0 && onTheWay.size < waitingMax) onTheWay.set(id, news);
    },
    arrived: (id, who) => {
      const mine = told.get(who) ?? new Map<number, Head>();
      told.set(who, mine);
      for (const { connectionId, head } of onTheWay.get(id) ?? []) {
        if (head === undefined) mine.delete(connectionId);
        else mine.set(connectionId, head);
      }
      onTheWay.delete(id);
    },
    ended: (who) => void told.delete(who),
    contradicted: (who, seq, history) => {
      const wrong: number[] = [];
      for (const [connectionId, head] of told.get(who) ?? []) {
        const ours = history[head.seq - 1];
        if (head.seq > seq || ours === undefined) continue;
        told.get(who)?.delete(connectionId);
        if (!bytesEqual(ours.chainHash, head.chainHash)) wrong.push(head.seq);
      }
      return wrong;
    },
  };
}
