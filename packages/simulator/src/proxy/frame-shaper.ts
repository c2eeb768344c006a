/** One direction of a WebSocket through the chaos proxy: drops, doubles, damages and misplaces messages as rules say. */
import type { Prng } from "../prng.ts";
import { corrupted, freshMask, truncated } from "./frame-damage.ts";
import { isControl, opcodes } from "./frames.ts";
import { matches } from "./frame-rules.ts";
import type { FrameAction, FrameRule } from "./frame-rules.ts";
import { createMessageReader, encodeMessage, readMessage } from "./messages.ts";
import type { Message } from "./messages.ts";

export interface FrameHit {
  readonly do: FrameAction;
  readonly opcode: number;
  readonly bytes: number;
}

export interface ShaperParts {
  readonly random: Prng;
  /** Those of the fault in force. The first that hits a message decides. */
  rules(): readonly FrameRule[];
  /** Whether any one-shot waits for a message here. */
  hasOneShot(): boolean;
  /** The one-shot that hits this message, if `isAble` says that it could do what it is for. */
  takeOneShot(message: Message, isAble: (rule: FrameRule) => boolean): FrameRule | undefined;
  /** Passes bytes on. With `delayMs` they come that much later, and so does everything after them. */
  out(bytes: Uint8Array, delayMs?: number): void;
  onMessage(): void;
  onHit(hit: FrameHit): void;
}

export interface FrameShaper {
  push(chunk: Uint8Array): void;
  /** Passes on what waits, in the order in which it came. */
  release(): void;
  /** The stream ends: all that is here passes on. */
  end(): void;
  /** Forgets all that is here. Returns how many bytes that were. */
  lose(): number;
  /** Bytes of delayed messages. */
  heldBytes(): number;
  close(): void;
}

const replayMessagesMax = 32;
const replayBytesMax = 128 * 1024;

export function createFrameShaper(parts: ShaperParts): FrameShaper {
  const { random } = parts;
  /** Messages that wait for their time, in the order in which they came. */
  const held = new Map<number, { readonly raw: Uint8Array; readonly timer: NodeJS.Timeout; readonly counts: boolean }>();
  let heldBytes = 0;
  let nextHeld = 1;
  /** The one that changes place with the next. */
  let swapping: number | undefined;
  /** Messages that may not go out amid one that passes. */
  const blocked: Uint8Array[] = [];
  /** What `replay` may repeat: delivered messages, unchanged. */
  const earlier: Message[] = [];
  let earlierBytes = 0;
  const draws = new Map<string, Prng>();

  const send = (raw: Uint8Array): void => {
    if (reader.isPassing()) blocked.push(raw);
    else parts.out(raw);
  };
  const remember = (message: Message): void => {
    if (message.opcode !== opcodes.text && message.opcode !== opcodes.binary) return;
    if (message.raw.length > replayBytesMax) return;
    earlier.push(message);
    earlierBytes += message.raw.length;
    while (earlier.length > replayMessagesMax || earlierBytes > replayBytesMax) earlierBytes -= earlier.shift()?.raw.length ?? 0;
  };

  const letGo = (id: number): void => {
    const item = held.get(id);
    if (item === undefined) return;
    clearTimeout(item.timer);
    held.delete(id);
    if (item.counts) heldBytes -= item.raw.length;
    if (swapping === id) swapping = undefined;
    send(item.raw);
  };
  /** What waits for the next message must not stop the reading, or the next would not come: it does not count, and there is only one. */
  const hold = (raw: Uint8Array, ms: number, counts: boolean): number => {
    const id = nextHeld++;
    held.set(id, { raw, timer: setTimeout(() => letGo(id), ms), counts });
    if (counts) heldBytes += raw.length;
    return id;
  };
  const release = (): void => {
    for (const id of [...held.keys()]) letGo(id);
  };

  /** A stream of draws for each rule: another rule beside it changes nothing for this one. */
  const hits = (rule: FrameRule, index: number): boolean => {
    const name = `${index} ${rule.do}`;
    const stream = draws.get(name) ?? random.fork(name);
    draws.set(name, stream);
    return stream.chance(rule.chance ?? 1);
  };
  const decide = (message: Message): FrameRule | undefined => {
    const isAble = (rule: FrameRule): boolean => {
      if (rule.do === "corrupt" || rule.do === "truncate") return message.payloadBytes > 0;
      if (rule.do === "replay") return earlier.some((one) => matches(rule, one));
      return rule.do !== "reorder" || swapping === undefined;
    };
    const oneShot = parts.takeOneShot(message, isAble);
    // All rules draw, whichever of them decides.
    const hit = parts.rules().filter((rule, index) => matches(rule, message) && hits(rule, index) && isAble(rule));
    return oneShot ?? hit[0];
  };

  const apply = (message: Message, rule: FrameRule): void => {
    parts.onHit({ do: rule.do, opcode: message.opcode, bytes: message.payloadBytes });
    switch (rule.do) {
      case "drop":
        return;
      case "corrupt":
        send(corrupted(message, random));
        return;
      case "truncate":
        send(truncated(message, random));
        return;
      case "duplicate":
        send(message.raw);
        send(encodeMessage(message, message.payload(), freshMask(message, random)));
        break;
      case "replay": {
        const old = random.pick(earlier.filter((one) => matches(rule, one)));
        send(message.raw);
        send(encodeMessage(old, old.payload(), freshMask(old, random)));
        break;
      }
      case "reorder":
        swapping = hold(message.raw, rule.waitMs ?? 1000, false);
        break;
      case "delay":
        if (rule.keepOrder === true) parts.out(message.raw, rule.delayMs ?? 500);
        else hold(message.raw, rule.delayMs ?? 500, true);
        break;
    }
    remember(message);
  };

  const onMessage = (message: Message): void => {
    const control = message.frames[0] !== undefined && isControl(message.frames[0].header);
    // Nothing may follow a close.
    if (message.opcode === opcodes.close) release();
    const before = swapping;
    if (!control) parts.onMessage();
    const rule = decide(message);
    if (rule !== undefined) apply(message, rule);
    else {
      remember(message);
      // A control message may stand between the frames of another; anything else comes here only between messages.
      parts.out(message.raw);
    }
    if (!control && before !== undefined) letGo(before);
  };

  const reader = createMessageReader({
    begin: () => (parts.rules().length > 0 || parts.hasOneShot() ? "whole" : "pass"),
    message: onMessage,
    passed: (bytes) => parts.out(bytes),
    passedMessage: (opcode, raw) => {
      parts.onMessage();
      if (raw !== undefined) remember(readMessage(raw));
      for (const waiting of blocked.splice(0)) parts.out(waiting);
      if (swapping !== undefined) letGo(swapping);
    },
    broken: () => {
      for (const { raw, timer } of held.values()) {
        clearTimeout(timer);
        parts.out(raw);
      }
      clear();
    },
  });
  const clear = (): void => {
    for (const { timer } of held.values()) clearTimeout(timer);
    held.clear();
    heldBytes = 0;
    swapping = undefined;
    blocked.length = 0;
  };

  return {
    push: reader.push,
    release,
    end: () => {
      release();
      const rest = reader.take();
      if (rest.length > 0) parts.out(rest);
    },
    lose: () => {
      const waiting = [...[...held.values()].map(({ raw }) => raw), ...blocked, reader.take()];
      const lost = waiting.reduce((sum, raw) => sum + raw.length, 0);
      clear();
      return lost;
    },
    heldBytes: () => heldBytes,
    close: () => {
      clear();
      earlier.length = 0;
    },
  };
}
