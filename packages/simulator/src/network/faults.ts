/** What is wrong with one direction of a device's link to the relay. */
export interface LaneFaults {
  /**
   * Cuts in force, the last one counts. `hold`: what comes waits until the lane passes again. `drop`: it is lost, and the stream with it: nothing
   * comes over this connection any more, and it is reset once the way is free.
   */
  readonly cuts: ("hold" | "drop")[];
  /** Added to the link's own latency. */
  delayMs: number;
  jitterMs: number;
  bytesPerSecond: number;
  /** Probability of each frame to be dropped, doubled, swapped with the next, to get a flipped bit, or a burst after which nobody can read it. */
  garble: Readonly<Record<Garble, number>>;
}

export type Garble = "drop" | "duplicate" | "reorder" | "corrupt" | "scramble";

export const noGarble: Readonly<Record<Garble, number>> = { drop: 0, duplicate: 0, reorder: 0, corrupt: 0, scramble: 0 };

export const noFaults = (): LaneFaults => ({
  cuts: [],
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  garble: noGarble,
});

export interface LinkFaults {
  readonly up: LaneFaults;
  readonly down: LaneFaults;
  /** What new connections meet. */
  entry: "open" | "refuse" | "hang";
}

export const flowOf = ({ cuts }: LaneFaults): "pass" | "hold" | "drop" => cuts.at(-1) ?? "pass";
