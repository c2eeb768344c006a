/**
 * A relay that cheats at random, from a seed: each message may be dropped, doubled, held back, replaced by an old one of its kind, or get a wrong number or a
 * flipped bit in one of its fields. What comes out still decodes: garbage is turned away earlier, and tested elsewhere.
 */
import { decodeDown, decodeUp, encodeDown, encodeUp } from "@skerry/protocol";
import type { DownMessage, Entry, UpMessage } from "@skerry/protocol";
import { flipBit } from "./tamperers.ts";
import type { Prng } from "./prng.ts";
import type { Tamper } from "./tamper.ts";

export interface RandomTampererOptions {
  readonly random: Prng;
  /** Of each message. */
  readonly probability: number;
  /** Whether it also bends what peers send: then the honest relay behind it stores bent records, for good. */
  readonly up: boolean;
}

const heldMax = 4;
const oldMax = 50;

export function randomTamperer({ random, probability, up }: RandomTampererOptions): Tamper {
  let connections = 0;
  return () => {
    const own = random.fork(`connection ${connections++}`);
    const downward = oneWay<DownMessage>(own.fork("down"), probability, (message) => decodeDown(encodeDown(message)).ok);
    const upward = oneWay<UpMessage>(own.fork("up"), probability, (message) => decodeUp(encodeUp(message)).ok);
    return { down: downward, ...(up ? { up: upward } : {}) };
  };
}

function oneWay<Message extends UpMessage | DownMessage>(
  random: Prng,
  probability: number,
  decodes: (message: Message) => boolean,
): (message: Message) => readonly Message[] {
  const old: Message[] = [];
  let held: Message[] = [];
  const bend = (message: Message): readonly Message[] => {
    const what = random.int(7);
    if (what === 0) return [];
    if (what === 1) return [message, message];
    if (what === 2 && held.length < heldMax) {
      held.push(message);
      return [];
    }
    const before = old.filter((other) => other.type === message.type);
    if (what === 3 && before.length > 0) return [random.pick(before)];
    const bent = what <= 5 ? bendBytes(random, message) : bendNumber(random, message);
    return decodes(bent) ? [bent] : [];
  };
  return (message) => {
    old.push(message);
    if (old.length > oldMax) old.shift();
    // The handshake is left alone, or there would be nothing to cheat with.
    const cheats = message.type !== "hello" && message.type !== "challenge" && message.type !== "welcome" && random.chance(probability);
    const out = cheats ? bend(message) : [message];
    if (held.length === 0 || !random.chance(0.5)) return out;
    const released = held;
    held = [];
    return random.chance(0.5) ? [...out, ...released] : [...released, ...out];
  };
}

/** One bit in one field of bytes, at any depth: records, hashes, signatures, envelopes. */
function bendBytes<Message extends object>(random: Prng, message: Message): Message {
  const fields = Object.entries(message).filter(
    ([, value]) => value instanceof Uint8Array || (typeof value === "object" && value !== null),
  );
  if (fields.length === 0) return message;
  const [name, value] = random.pick(fields) as [string, unknown];
  if (value instanceof Uint8Array) return { ...message, [name]: value.length === 0 ? value : flipBit(value, random.int(value.length * 8)) };
  if (!Array.isArray(value)) return { ...message, [name]: bendBytes(random, value as object) };
  if (value.length === 0) return message;
  const at = random.int(value.length);
  const items = [...(value as readonly (Uint8Array | Entry)[])];
  const item = items[at];
  const how = random.int(5);
  if (how === 0) items.splice(at, 1);
  else if (how === 1 && items.length > 1) items.reverse();
  else if (item !== undefined)
    items[at] = item instanceof Uint8Array ? flipBit(item, random.int(item.length * 8)) : bendBytes(random, item);
  return { ...message, [name]: items };
}

/** One number, a little or a lot. The channel's is left alone: of another channel's messages the peer hears nothing. */
function bendNumber<Message extends object>(random: Prng, message: Message): Message {
  const fields = Object.entries(message).filter(
    ([name, value]) => typeof value === "number" && name !== "channel" && name !== "retryAfterMs",
  );
  if (fields.length === 0) return message;
  const [name, value] = random.pick(fields) as [string, number];
  return { ...message, [name]: Math.max(0, random.chance(0.5) ? value + random.int(5) - 2 : random.int(1000)) };
}
