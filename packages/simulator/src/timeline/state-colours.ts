/** A colour for each state hash: the same hash, the same colour, in every lane. */
import type { StateColour } from "./model.ts";

/** Hue of the app's teal. Its neighbourhood is kept for the state that all hold at the end. */
const teal = 195;
const keptFree = 28;
/** The golden angle: neighbours in time are far apart, and no hue comes twice soon. */
const step = 137.508;

const hueOf = (index: number): number => {
  const span = 360 - 2 * keptFree;
  return Math.round((teal + keptFree + ((40 + index * step) % span)) % 360);
};

export interface StateColours {
  /** Index of the hash's colour, new or known. */
  indexOf(hash: string): number;
  list(): StateColour[];
}

/** `final`: the hash that all hold at the end, if they agree. */
export function createStateColours(final: string | undefined): StateColours {
  const known = new Map<string, number>();
  const colours: StateColour[] = [];
  return {
    indexOf: (hash) => {
      const index = known.get(hash);
      if (index !== undefined) return index;
      known.set(hash, colours.length);
      colours.push({ hash, hue: hash === final ? -1 : hueOf(colours.length), tone: hash === final ? 1 : colours.length % 3 });
      return colours.length - 1;
    },
    list: () => colours,
  };
}
