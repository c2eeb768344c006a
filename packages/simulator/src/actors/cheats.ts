/** How a hostile relay cheats in a simulation: the scripts of `tamperers.ts` and `forgery.ts`, at random where they want a place. */
import type { RelayIdentity } from "@skerry/crypto/verify";
import type { DownMessage } from "@skerry/protocol";
import { createForgery } from "../forgery.ts";
import type { Prng } from "../prng.ts";
import { randomTamperer } from "../random-tamperer.ts";
import type { CheatStep } from "../scenario/scenario.ts";
import type { Tamper } from "../tamper.ts";
import { entriesMessages, flipInRecord, forgeAcks, rewriteEntries, rollBack } from "../tamperers.ts";

export interface CheatOptions {
  readonly how: CheatStep["how"];
  readonly random: Prng;
  /** The relay's key, of a relay that was up. */
  readonly identity: RelayIdentity | undefined;
  /** Where the honest log ends now. */
  readonly seq: number;
}

const often = 0.3;

/** Undefined if there is nothing to cheat with yet. */
export function cheat({ how, random, identity, seq }: CheatOptions): Tamper | undefined {
  switch (how) {
    case "drop-entries":
      return rewriteEntries((item) => (random.chance(often) ? [] : [item]));
    case "reorder-entries":
      return () => ({
        down: (message) => {
          if (message.type !== "entries" || message.entries.length < 2) return [message];
          const items = message.entries.map((entry, index) => ({ seq: message.from + index, entry }));
          const [a, b] = [random.int(items.length), random.int(items.length)];
          const [first, second] = [items[a], items[b]];
          if (first === undefined || second === undefined || a === b) return [message];
          items[a] = { seq: first.seq, entry: second.entry };
          items[b] = { seq: second.seq, entry: first.entry };
          return entriesMessages(message.channel, items);
        },
      });
    case "replay-entries":
      return rewriteEntries((item, docId, { logs }) => {
        const old = item.seq > 1 && random.chance(often) ? logs.entry(docId, 1 + random.int(item.seq - 1)) : undefined;
        return [old === undefined ? item : { ...item, entry: { ...item.entry, record: old.record } }];
      });
    case "alter-entries":
      return (random.chance(0.5) ? sealedParts : anyPart)(random);
    case "spoil-signatures":
      return signatures(random);
    case "withhold":
      return () => ({
        down: (message) => (isNews(message) ? [] : [message]),
      });
    case "swallow-appends":
      return () => ({ up: (message) => (message.type === "append" ? [] : [message]) });
    case "forge-acks":
      return forgeAcks;
    case "fork":
      return identity === undefined ? undefined : createForgery({ identity, swallowAppends: true }).tamper;
    case "roll-back":
      return seq < 2 ? undefined : rollBack(1 + random.int(seq - 1));
    case "replay-presence": {
      const old: Extract<DownMessage, { type: "relayed-presence" }>[] = [];
      return () => ({
        down: (message) => {
          if (message.type !== "relayed-presence") return [message];
          if (old.length < 50) old.push(message);
          return random.chance(often) ? [message, { ...random.pick(old), channel: message.channel }] : [message];
        },
      });
    }
    case "random":
      return randomTamperer({ random, probability: 0.1, up: false });
  }
  return undefined;
}

const anyPart = (random: Prng): Tamper =>
  rewriteEntries((item) => {
    if (!random.chance(often)) return [item];
    const part = random.pick(["version", "header", "nonce", "ciphertext", "signature"] as const);
    return [{ ...item, entry: { ...item.entry, record: flipInRecord(item.entry.record, part) } }];
  });

/** They look like faults of their authors, but the heads betray it. */
const sealedParts = (random: Prng): Tamper =>
  stubborn(() => (random.chance(often) ? random.pick(["nonce", "ciphertext"] as const) : undefined));

/** What no hash covers. */
const signatures = (random: Prng): Tamper => stubborn(() => (random.chance(0.6) ? "signature" : undefined));

/** Alters the same entries in the same way whenever they are asked for. */
function stubborn(choose: () => "nonce" | "ciphertext" | "signature" | undefined): Tamper {
  const parts = new Map<number, ReturnType<typeof choose>>();
  return rewriteEntries((item) => {
    const part = parts.has(item.seq) ? parts.get(item.seq) : choose();
    parts.set(item.seq, part);
    return [part === undefined ? item : { ...item, entry: { ...item.entry, record: flipInRecord(item.entry.record, part) } }];
  });
}

const isNews = ({ type }: DownMessage): boolean => type === "entries" || type === "fresh-head" || type === "relayed-presence";
