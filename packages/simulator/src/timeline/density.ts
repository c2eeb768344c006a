/** How many frames in each slice of time: what is drawn when there are too many for arrows. */
import type { Frames } from "./model.ts";
import { firstFrom } from "./search.ts";

export interface Density {
  /** `slices` numbers for each lane, one lane after the other. */
  readonly up: Uint32Array;
  readonly down: Uint32Array;
  readonly lost: Uint32Array;
  readonly most: number;
}

/** Frames by the time of sending, from `from` to `to`. */
export function densityOf(frames: Frames, lanes: number, from: number, to: number, slices: number): Density {
  const up = new Uint32Array(lanes * slices);
  const down = new Uint32Array(lanes * slices);
  const lost = new Uint32Array(lanes * slices);
  let most = 0;
  const scale = slices / (to - from);
  const end = firstFrom(frames.sentAt, to);
  for (let i = firstFrom(frames.sentAt, from); i < end; i += 1) {
    const lane = frames.device[i] ?? -1;
    if (lane < 0) continue;
    const place = lane * slices + Math.min(slices - 1, Math.floor(((frames.sentAt[i] ?? 0) - from) * scale));
    const column = frames.up[i] === 1 ? up : down;
    const count = (column[place] ?? 0) + 1;
    column[place] = count;
    if (count > most) most = count;
    if (frames.lost[i] === 1) lost[place] = (lost[place] ?? 0) + 1;
  }
  return { up, down, lost, most };
}
