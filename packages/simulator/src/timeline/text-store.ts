/**
 * All texts of a run in little room: typing changes a few characters of a text, so each is kept as its difference from a later one.
 * Later rather than earlier, because the end of a run matters most: when the room is used up, it is the oldest texts that are not kept.
 */
import type { StoredText } from "./model.ts";

/** Characters in all differences together. */
export const storedCharsMax = 6_000_000;
/** Steps from a text to one that is kept whole. */
export const chainMax = 64;

export interface TextStore {
  /** Texts of one replica, from its last to its first. The index, or -1 when there is no more room. */
  add(who: string, text: string): number;
  texts(): StoredText[];
}

export function createTextStore(charsMax: number = storedCharsMax): TextStore {
  const stored: StoredText[] = [];
  const known = new Map<string, number>();
  const last = new Map<string, { readonly index: number; readonly text: string; readonly chain: number }>();
  let chars = 0;
  return {
    add: (who, text) => {
      const base = last.get(who);
      const same = known.get(text);
      // Its own chain is not known here; the next difference starts from what this replica had before.
      if (same !== undefined) return same;
      const difference = base === undefined || base.chain >= chainMax ? whole(text) : between(base.index, base.text, text);
      const entry = difference[3].length * 2 > text.length ? whole(text) : difference;
      if (chars + entry[3].length > charsMax) return -1;
      chars += entry[3].length;
      stored.push(entry);
      known.set(text, stored.length - 1);
      last.set(who, { index: stored.length - 1, text, chain: entry[0] === -1 ? 0 : (base?.chain ?? 0) + 1 });
      return stored.length - 1;
    },
    texts: () => stored,
  };
}

const whole = (text: string): StoredText => [-1, 0, 0, text];

function between(index: number, base: string, text: string): StoredText {
  const most = Math.min(base.length, text.length);
  let start = 0;
  while (start < most && base.charCodeAt(start) === text.charCodeAt(start)) start += 1;
  let end = 0;
  while (end < most - start && base.charCodeAt(base.length - 1 - end) === text.charCodeAt(text.length - 1 - end)) end += 1;
  return [index, start, end, text.slice(start, text.length - end)];
}

/** Undefined for -1 and for what is no index. Remembers some hundred texts: neighbours are asked for one after the other. */
export function createTextReader(stored: readonly StoredText[]): (index: number) => string | undefined {
  const recent = new Map<number, string>();
  const remember = (index: number, text: string): string => {
    if (recent.size >= 256) for (const oldest of [...recent.keys()].slice(0, 128)) recent.delete(oldest);
    recent.set(index, text);
    return text;
  };
  return (wanted) => {
    const way: number[] = [];
    let index = wanted;
    let text = recent.get(index);
    while (text === undefined) {
      const entry = stored[index];
      if (entry === undefined || way.length > chainMax) return undefined;
      if (entry[0] === -1) text = entry[3];
      else {
        way.push(index);
        index = entry[0];
        text = recent.get(index);
      }
    }
    for (const step of way.reverse()) {
      const [, start, end, middle] = stored[step] ?? whole("");
      text = text.slice(0, start) + middle + text.slice(text.length - end);
    }
    return remember(wanted, text);
  };
}
