/** Shapes a run for the page. */
import type { RunResult } from "../run/simulation.ts";
import type { TraceEvent } from "../trace/trace-event.ts";
import { bandsOf } from "./bands.ts";
import { capTrace } from "./cap-trace.ts";
import { describePhase } from "./describe-phase.ts";
import { describeEvent, describeStep, isEdit, isOfPerson, whoOf } from "./describe.ts";
import { laneFinder, lanesOf } from "./lanes.ts";
import { connectionStates, groups, lifeStates, savedLevels } from "./model.ts";
import type { Frames, Group, Lane, LaneTracks, Lines, Mark, StatusWords, TimelineModel, Track } from "./model.ts";
import { pairFrames } from "./pair-frames.ts";
import { createStateColours } from "./state-colours.ts";
import { createTextStore } from "./text-store.ts";
import { grouped, plural, short } from "./words.ts";

export const marksMax = 50_000;
const wordCharsMax = 400;

interface Interner<T> {
  indexOf(value: T): number;
  readonly list: T[];
}

function createInterner<T>(keyOf: (value: T) => string): Interner<T> {
  const known = new Map<string, number>();
  const list: T[] = [];
  return {
    list,
    indexOf: (value) => {
      const key = keyOf(value);
      const index = known.get(key) ?? list.push(value) - 1;
      known.set(key, index);
      return index;
    },
  };
}

const emptyTrack = (): { at: number[]; value: number[] } => ({ at: [], value: [] });

/** Of two values at one time the later holds; a value that already holds is not told again. */
function put(track: { at: number[]; value: number[] }, at: number, value: number): void {
  if (track.value.at(-1) === value) return;
  if (track.at.at(-1) === at) {
    track.value[track.value.length - 1] = value;
    return;
  }
  track.at.push(at);
  track.value.push(value);
}

/** The state that all devices hold at the end, if they agree. */
export function finalStateOf(trace: readonly TraceEvent[], without: readonly string[]): string | undefined {
  const last = new Map<string, string>();
  for (const event of trace) if (event.kind === "replica") last.set(event.who, event.hash);
  for (const who of without) last.delete(who);
  const hashes = new Set(last.values());
  return hashes.size === 1 ? [...hashes][0] : undefined;
}

/** What comes after the end is the simulator letting go of everything: nobody's state. */
function untilEnd(trace: readonly TraceEvent[]): readonly TraceEvent[] {
  const end = trace.findLastIndex((event) => event.kind === "phase" && event.phase === "end");
  return end < 0 ? trace : trace.slice(0, end + 1);
}

export function buildModel(result: RunResult): TimelineModel {
  const { trace, leftOut } = capTrace(untilEnd(result.trace));
  const lanes = lanesOf(result.scenario, trace);
  const laneOf = laneFinder(lanes);
  const endMs = Math.max(result.simulatedMs, trace.at(-1)?.t ?? 0, 1);
  const words = createInterner<string>((text) => text);
  const word = (text: string): number => words.indexOf(short(text, wordCharsMax));
  const statuses = createInterner<StatusWords>((status) => JSON.stringify(status));
  const colours = createStateColours(finalStateOf(trace, result.scenario.without ?? []));
  for (const event of trace) if (event.kind === "replica") colours.indexOf(event.hash);
  const marks = marksOf(trace, laneOf);
  const told = [...leftOut];
  if (marks.length > marksMax)
    told.push(`${grouped(marks.length - marksMax)} marks of edits and steps are left out; the last ${grouped(marksMax)} are here.`);

  const { texts, textOf, missed } = storeTexts(trace);
  if (missed > 0) told.push(`The texts of ${plural(missed, "early state")} are left out: all together they would be too long.`);

  return {
    endMs,
    lanes,
    tracks: lanes.map((lane, index) => tracksOf(lane, index, trace, laneOf, colours.indexOf, statuses, textOf)),
    statuses: statuses.list,
    ...framesAndLines(trace, laneOf, word),
    states: colours.list(),
    words: words.list,
    texts,
    bands: bandsOf(trace, laneOf, endMs),
    marks: marks.slice(-marksMax),
    leftOut: told,
  };
}

/** From the last to the first, for `createTextStore` keeps the newest. */
function storeTexts(trace: readonly TraceEvent[]): {
  readonly texts: TimelineModel["texts"];
  readonly textOf: ReadonlyMap<TraceEvent, number>;
  readonly missed: number;
} {
  const store = createTextStore();
  const textOf = new Map<TraceEvent, number>();
  let missed = 0;
  for (let i = trace.length - 1; i >= 0; i -= 1) {
    const event = trace[i];
    if (event?.kind !== "replica") continue;
    const index = store.add(event.who, event.text);
    textOf.set(event, index);
    if (index < 0) missed += 1;
  }
  return { texts: store.texts(), textOf, missed };
}

function tracksOf(
  lane: Lane,
  index: number,
  trace: readonly TraceEvent[],
  laneOf: (who: string) => number,
  colourOf: (hash: string) => number,
  statuses: Interner<StatusWords>,
  textOf: ReadonlyMap<TraceEvent, number>,
): LaneTracks {
  const life = emptyTrack();
  const connection = emptyTrack();
  const state = emptyTrack();
  const status = emptyTrack();
  const saved = emptyTrack();
  const log = emptyTrack();
  const text: number[] = [];
  const missing: number[] = [];
  for (const event of trace) {
    if (event.kind === "log") {
      if (event.relay === lane.name) put(log, event.t, event.seq);
      continue;
    }
    if (event.kind !== "life" && event.kind !== "connection" && event.kind !== "replica" && event.kind !== "status") continue;
    if (laneOf(event.who) !== index) continue;
    if (event.kind === "life") {
      const now = event.state === "frozen" ? "frozen" : event.state === "down" ? "down" : "up";
      put(life, event.t, lifeStates.indexOf(now));
      if (now === "down") put(connection, event.t, connectionStates.indexOf("closed"));
    } else if (event.kind === "connection") put(connection, event.t, connectionStates.indexOf(event.state));
    else if (event.kind === "replica") {
      // Not `put`: the same state may come with other `missing`.
      if (state.at.at(-1) === event.t) for (const column of [state.at, state.value, text, missing]) column.pop();
      state.at.push(event.t);
      state.value.push(colourOf(event.hash));
      text.push(textOf.get(event) ?? -1);
      missing.push(event.missing);
    } else {
      const level = Math.max(0, savedLevels.indexOf(event.saved as (typeof savedLevels)[number]));
      put(saved, event.t, level);
      const told = {
        phase: event.phase,
        saved: level,
        unsent: event.unsent,
        behind: Math.max(0, event.relaySeq - event.seq),
        storage: event.storage,
        connection: event.connection,
      };
      put(status, event.t, statuses.indexOf(told));
    }
  }
  // Whoever is never said to start was there from the beginning.
  if (life.at.length === 0) put(life, 0, lifeStates.indexOf("up"));
  return { life, connection, state, text, missing, status, saved, log } satisfies Record<string, Track | number[]>;
}

const groupOf = (event: TraceEvent): Group => {
  switch (event.kind) {
    case "send":
    case "arrive":
    case "lost":
      return "frames";
    case "fault":
      return "faults";
    case "alarm":
    case "violation":
      return "alarms";
    case "step":
      return isEdit(event.step) ? "edits" : isOfPerson(event.step) ? "other" : "faults";
    default:
      return "other";
  }
};

function framesAndLines(
  trace: readonly TraceEvent[],
  laneOf: (who: string) => number,
  word: (text: string) => number,
): { readonly frames: Frames; readonly lines: Lines } {
  const paired = pairFrames(trace);
  const indexOf = new Map(paired.map((frame, index) => [frame.send.frame, index]));
  const frames: Frames = {
    sentAt: paired.map(({ send }) => send.t),
    endAt: paired.map(({ end }) => end?.t ?? -1),
    lost: paired.map(({ end }) => (end?.kind === "lost" ? 1 : 0)),
    device: paired.map(({ send }) => laneOf(send.who)),
    relay: paired.map(({ send }) => laneOf(send.relay)),
    up: paired.map(({ send }) => (send.dir === "up" ? 1 : 0)),
    bytes: paired.map(({ send }) => send.bytes),
    what: paired.map(({ send }) => word(send.what.join(", "))),
    why: paired.map(({ end }) => (end?.kind === "lost" ? word(end.why) : -1)),
  };
  const at: number[] = [];
  const group: number[] = [];
  const lane: number[] = [];
  const text: number[] = [];
  const frame: number[] = [];
  for (const event of trace) {
    const isFrame = event.kind === "send" || event.kind === "arrive" || event.kind === "lost";
    const index = isFrame ? indexOf.get(event.frame) : undefined;
    if (isFrame && index === undefined) continue;
    at.push(event.t);
    group.push(groups.indexOf(groupOf(event)));
    frame.push(index ?? -1);
    lane.push(isFrame ? (frames.device[index ?? 0] ?? -1) : laneOf(laneNameOf(event)));
    text.push(isFrame ? -1 : word(describeEvent(event)));
  }
  return { frames, lines: { at, group, lane, text, frame } };
}

const laneNameOf = (event: TraceEvent): string =>
  "who" in event ? event.who : "relay" in event ? event.relay : event.kind === "step" ? whoOf(event.step) : "";

function marksOf(trace: readonly TraceEvent[], laneOf: (who: string) => number): Mark[] {
  const marks: Mark[] = [];
  for (const event of trace) {
    const at = event.t;
    if (event.kind === "step") {
      const who = whoOf(event.step);
      const text = short(describeEvent(event), 120);
      if (isEdit(event.step)) marks.push({ at, kind: "edit", lane: laneOf(who), text });
      else if (event.step.do !== "caret")
        marks.push({ at, kind: "step", lane: laneOf(who), text: `${who}: ${short(describeStep(event.step), 120)}` });
    } else if (event.kind === "alarm") marks.push({ at, kind: "alarm", lane: laneOf(event.who), text: describeEvent(event) });
    else if (event.kind === "violation") marks.push({ at, kind: "violation", lane: -1, text: short(describeEvent(event), 240) });
    else if (event.kind === "phase") marks.push({ at, kind: "phase", lane: -1, text: describePhase(event.phase) });
  }
  return marks;
}
