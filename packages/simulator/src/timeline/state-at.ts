/** What held at a moment: everything that happened up to it, and at it. */
import { connectionStates, lifeStates } from "./model.ts";
import type { StatusWords, TimelineModel, Track } from "./model.ts";
import { firstAfter } from "./search.ts";

export interface DeviceAt {
  readonly lane: number;
  readonly life: (typeof lifeStates)[number] | "not yet";
  readonly connection: (typeof connectionStates)[number];
  /** Index of `states`; -1 before the first. */
  readonly state: number;
  /** Index of `texts`; -1 if there is none or it is not kept. */
  readonly text: number;
  readonly missing: number;
  readonly status: StatusWords | undefined;
  readonly faults: readonly string[];
  readonly alarms: readonly string[];
}

export const indexAt = (track: Track, t: number): number => firstAfter(track.at, t) - 1;
export const valueAt = (track: Track, t: number): number | undefined => track.value[indexAt(track, t)];

export function devicesAt(model: TimelineModel, t: number): DeviceAt[] {
  return model.lanes.flatMap((lane, index) => (lane.role === "device" ? [deviceAt(model, index, t)] : []));
}

export function deviceAt(model: TimelineModel, lane: number, t: number): DeviceAt {
  const tracks = model.tracks[lane];
  if (tracks === undefined) throw new Error(`no lane ${lane}`);
  const life = lifeStates[valueAt(tracks.life, t) ?? -1];
  const place = indexAt(tracks.state, t);
  return {
    lane,
    life: life ?? "not yet",
    connection: connectionStates[valueAt(tracks.connection, t) ?? 0] ?? "closed",
    state: tracks.state.value[place] ?? -1,
    text: tracks.text[place] ?? -1,
    missing: tracks.missing[place] ?? 0,
    status: model.statuses[valueAt(tracks.status, t) ?? -1],
    faults: model.bands.filter((band) => band.lane === lane && band.from <= t && t < band.to).map((band) => band.what),
    alarms: model.marks.filter((mark) => mark.kind === "alarm" && mark.lane === lane && mark.at <= t).map((mark) => mark.text),
  };
}

/** Whether it can be compared: it runs, and has a state. */
export const isPresent = (device: DeviceAt): boolean => device.life !== "down" && device.life !== "not yet" && device.state >= 0;

/** How many different states the devices hold that run: one is agreement. From each change on, over the whole run. */
export function agreement(model: TimelineModel): Track {
  const devices = model.lanes.flatMap((lane, index) => (lane.role === "device" ? [index] : []));
  const changes: { readonly at: number; readonly lane: number; readonly what: "life" | "state"; readonly value: number }[] = [];
  for (const lane of devices) {
    const tracks = model.tracks[lane];
    tracks?.life.at.forEach((at, i) => changes.push({ at, lane, what: "life", value: tracks.life.value[i] ?? 0 }));
    tracks?.state.at.forEach((at, i) => changes.push({ at, lane, what: "state", value: tracks.state.value[i] ?? 0 }));
  }
  changes.sort((a, b) => a.at - b.at);
  const life = new Map<number, number>();
  const state = new Map<number, number>();
  const track = { at: [] as number[], value: [] as number[] };
  changes.forEach((change, i) => {
    (change.what === "life" ? life : state).set(change.lane, change.value);
    if (changes[i + 1]?.at === change.at) return;
    const held = new Set(devices.filter((lane) => (life.get(lane) ?? 0) > 0 && state.has(lane)).map((lane) => state.get(lane)));
    if (track.value.at(-1) === held.size) return;
    track.at.push(change.at);
    track.value.push(held.size);
  });
  return track;
}
