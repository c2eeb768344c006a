/**
 * What the page is given: a run, shaped for drawing and small enough to stand inside an HTML file. Columns instead of objects, because a run
 * may have 100,000 frames. All times are virtual milliseconds since the start, ascending within a column unless said otherwise.
 */

/** Saved levels as numbers, from worst to best. */
export const savedLevels = ["unsaved", "device", "relay", "others"] as const;

export const lifeStates = ["down", "up", "frozen"] as const;
export const connectionStates = ["closed", "connecting", "open"] as const;
export const groups = ["edits", "frames", "faults", "alarms", "other"] as const;
export type Group = (typeof groups)[number];

export interface Lane {
  readonly name: string;
  readonly role: "device" | "relay";
  /** Which of the eight colours of people; 0 for a relay. */
  readonly person: number;
}

/** Each distinct state hash of the run, by first appearance. */
export interface StateColour {
  readonly hash: string;
  /** Degrees in OKLCH; -1 is the teal of the state that all hold at the end. */
  readonly hue: number;
  /** 0 to 2: lighter and darker neighbours, so that hues which come round again differ. */
  readonly tone: number;
}

export interface StatusWords {
  readonly phase: string;
  readonly saved: number;
  readonly unsent: number;
  readonly behind: number;
  readonly storage: string;
  readonly connection: string;
}

/** `at[i]` is when `value[i]` begins to hold. */
export interface Track {
  readonly at: readonly number[];
  readonly value: readonly number[];
}

export interface LaneTracks {
  /** Indices of `lifeStates`. */
  readonly life: Track;
  /** Indices of `connectionStates`. */
  readonly connection: Track;
  /** Indices of `states`. */
  readonly state: Track;
  /** Beside `state`: index of its text in `texts`, -1 if it is not kept; and how many edits it has not seen. */
  readonly text: readonly number[];
  readonly missing: readonly number[];
  /** Indices of `statuses`. */
  readonly status: Track;
  /** `savedLevels`; a part of `status`, on its own for drawing. */
  readonly saved: Track;
  /** Sequence number of the durable log: relays only. */
  readonly log: Track;
}

/** In the order of sending. */
export interface Frames {
  readonly sentAt: readonly number[];
  /** When it arrived or was lost; -1 if it was still on its way at the end. */
  readonly endAt: readonly number[];
  readonly lost: readonly number[];
  readonly device: readonly number[];
  readonly relay: readonly number[];
  readonly up: readonly number[];
  readonly bytes: readonly number[];
  /** Indices of `words`: the messages in it; why it was lost (-1: it was not). */
  readonly what: readonly number[];
  readonly why: readonly number[];
}

/** Something wrong with a lane for a while. `row` keeps bands that overlap apart. */
export interface Band {
  readonly lane: number;
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly row: number;
}

export interface Mark {
  readonly at: number;
  readonly kind: "edit" | "step" | "alarm" | "violation" | "phase";
  /** -1: of the run as a whole. */
  readonly lane: number;
  readonly text: string;
}

/** Everything that happened, in order, as lines for reading. */
export interface Lines {
  readonly at: readonly number[];
  /** Indices of `groups`. */
  readonly group: readonly number[];
  readonly lane: readonly number[];
  /** Index of `words`, or -1 where `frame` tells it. */
  readonly text: readonly number[];
  /** Index in `frames`, or -1. Sent and gone are two lines with the same frame. */
  readonly frame: readonly number[];
}

/** A text as its difference from the one at index `base`, which is lower than its own. `base` -1: the middle is all of it. */
export type StoredText = readonly [base: number, keptAtStart: number, keptAtEnd: number, middle: string];

export interface TimelineModel {
  readonly endMs: number;
  /** From top to bottom; the relay stands in the middle, so that arrows are short. */
  readonly lanes: readonly Lane[];
  readonly tracks: readonly LaneTracks[];
  readonly states: readonly StateColour[];
  readonly statuses: readonly StatusWords[];
  readonly words: readonly string[];
  readonly texts: readonly StoredText[];
  readonly frames: Frames;
  readonly bands: readonly Band[];
  readonly marks: readonly Mark[];
  readonly lines: Lines;
  /** What was left out to keep the page small, in sentences. */
  readonly leftOut: readonly string[];
}
