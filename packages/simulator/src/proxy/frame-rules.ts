/** What may happen to single WebSocket messages, and to which of them. */
import type { Direction } from "./capture.ts";
import { opcodes } from "./frames.ts";

export const frameActions = ["drop", "corrupt", "truncate", "duplicate", "replay", "reorder", "delay"] as const;

/**
 * `drop`: never arrives. `corrupt`: one bit of the payload is flipped; a text stays valid UTF-8. `truncate`: ends early, as a message of its own
 * right. `duplicate`: arrives twice. `replay`: an earlier one that matches arrives again after it. `reorder`: changes place with the next.
 * `delay`: arrives later.
 */
export type FrameAction = (typeof frameActions)[number];

export const matchOpcodes = ["data", "text", "binary", "ping", "pong", "close"] as const;

export interface FrameMatch {
  /** Default `data`: text or binary. */
  readonly opcode?: (typeof matchOpcodes)[number];
  /** Bytes that the payload has at `at`, in hex: with y-websocket `00` is sync, `0002` an update, `01` awareness. */
  readonly bytes?: string;
  /** Default 0. */
  readonly at?: number;
  /** Payloads of at least this many bytes, and of at most that many. */
  readonly bytesMin?: number;
  readonly bytesMax?: number;
}

export interface FrameRule {
  readonly do: FrameAction;
  readonly match?: FrameMatch;
  /** 0 to 1, drawn for each message that matches. Default 1. */
  readonly chance?: number;
  /** How late a `delay`ed message is. Default 500. */
  readonly delayMs?: number;
  /** With `delay`: those after it wait behind it, as they would behind a slow packet of TCP. Default false: they overtake it. */
  readonly keepOrder?: boolean;
  /** With `reorder`: how long a message waits for one to change places with. Default 1000. */
  readonly waitMs?: number;
}

/** A rule for the next messages only. */
export interface OneShot extends FrameRule {
  readonly direction: Direction;
  /** How many messages it is for. Default 1. */
  readonly count?: number;
  /** Messages that match and are let pass before. Default 0. */
  readonly skip?: number;
  /** Of this connection only. Default: of whichever comes first. */
  readonly connection?: number;
}

export interface PendingOneShot extends OneShot {
  readonly id: number;
  /** How many messages it will still hit. */
  readonly left: number;
}

/** Bounds that the control API checks, and that hold for anyone. */
export const frameRuleLimits = { rulesMax: 16, oneShotsMax: 100, countMax: 1_000_000, delayMsMax: 600_000, patternBytesMax: 64 } as const;

export interface Matchable {
  readonly opcode: number;
  /** Unmasked. Called only if the rule looks at bytes. */
  payload(): Uint8Array;
  readonly payloadBytes: number;
}

export function matches(rule: FrameRule, message: Matchable): boolean {
  const { opcode = "data", bytes = "", at = 0, bytesMin = 0, bytesMax = Number.POSITIVE_INFINITY } = rule.match ?? {};
  const kind =
    opcode === "data" ? message.opcode === opcodes.text || message.opcode === opcodes.binary : message.opcode === opcodes[opcode];
  if (!kind || message.payloadBytes < bytesMin || message.payloadBytes > bytesMax) return false;
  const pattern = Buffer.from(bytes, "hex");
  return pattern.length === 0 || pattern.equals(message.payload().subarray(at, at + pattern.length));
}

/** `text`, `binary`, … for people. */
export const opcodeName = (opcode: number): string =>
  Object.entries(opcodes).find(([, value]) => value === opcode)?.[0] ?? `opcode ${opcode}`;
