/** Where each lane and each of its strips stands, in pixels from the top. */
import type { TimelineModel } from "./model.ts";

export interface Strip {
  readonly y: number;
  readonly height: number;
}

export interface LanePlace {
  readonly y: number;
  readonly height: number;
  /** Edits and alarms. Empty for a relay. */
  readonly edits: Strip;
  /** Device: state and life. Relay: life. */
  readonly state: Strip;
  /** Device: the saved level. Relay: how long its log is. */
  readonly saved: Strip;
  readonly connection: Strip;
  readonly bands: Strip;
  /** Where arrows begin and end: the edge that faces the relay, of a relay both. */
  readonly top: number;
  readonly bottom: number;
  /** Whether it stands above the relay that is in the middle. */
  readonly isAbove: boolean;
}

export interface Layout {
  readonly steps: Strip;
  readonly lanes: readonly LanePlace[];
  readonly height: number;
}

export const rulerHeight = 24;
const stepsHeight = 16;
export const bandHeight = 17;
const laneGap = 34;

export function layoutOf(model: TimelineModel): Layout {
  const relayAt = model.lanes.findIndex((lane) => lane.role === "relay");
  const steps = { y: rulerHeight, height: stepsHeight };
  let y = rulerHeight + stepsHeight + 10;
  const lanes = model.lanes.map((lane, index): LanePlace => {
    const isDevice = lane.role === "device";
    const rows = model.bands.reduce((most, band) => (band.lane === index ? Math.max(most, band.row + 1) : most), 0);
    const isAbove = index < relayAt;
    const start = y;
    let at = y;
    const strip = (height: number, space: number): Strip => {
      const placed = { y: at, height };
      at += height + (height > 0 ? space : 0);
      return placed;
    };
    const connectionAbove = isDevice && !isAbove ? strip(3, 3) : undefined;
    const edits = strip(isDevice ? 13 : 0, 2);
    const state = strip(isDevice ? 22 : 18, 3);
    const saved = strip(isDevice ? 12 : 20, 3);
    const bands = strip(rows * bandHeight, 3);
    const connection = connectionAbove ?? strip(isDevice ? 3 : 0, 3);
    const height = at - start - 3;
    y = start + height + laneGap;
    return { y: start, height, edits, state, saved, connection, bands, top: start, bottom: start + height, isAbove };
  });
  return { steps, lanes, height: y - laneGap + 12 };
}
