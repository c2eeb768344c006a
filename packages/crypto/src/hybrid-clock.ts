/**
 * Hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone: "Logical Physical Clocks and Consistent Snapshots in Globally
 * Distributed Databases", 2014, figure 5). Pure: state in, state out. A time that it gave is never given again and never undercut,
 * whatever the wall clock does.
 */
import { assert, limits } from "@skerry/protocol";
import type { HybridTime } from "@skerry/protocol";

export interface HybridClock {
  /** The last time that it gave or heard of. */
  readonly time: HybridTime;
}

/** A clock that has seen nothing. Go on with a stored `{ time }` instead where there is one. */
export const newHybridClock: HybridClock = { time: { wallMs: 0, counter: 0 } };

/** Largest counter that a record body can carry (u32). */
const counterMax = 0xffffffff;
/** Last millisecond of ECMAScript's time range; leaves room below 2^53. */
const wallMsMax = 8.64e15;

/** For an event of our own: `time` of the result is the event's. */
export function tickLocal(clock: HybridClock, nowMs: number): HybridClock {
  const now = wallOf(nowMs);
  const { time } = clock;
  return now > time.wallMs ? { time: { wallMs: now, counter: 0 } } : { time: after(time) };
}

/**
 * For a received event. A remote time further ahead than `limits.clockAheadMs` counts as that far ahead: a member with a wrong or
 * malicious clock cannot push ours into the future. Our own past time is never clamped, or it could be given twice.
 */
export function tickRemote(clock: HybridClock, remote: HybridTime, nowMs: number): HybridClock {
  const now = wallOf(nowMs);
  const heard = clamp(remote, now + limits.clockAheadMs);
  const latest = compareHybridTime(clock.time, heard) >= 0 ? clock.time : heard;
  return now > latest.wallMs ? { time: { wallMs: now, counter: 0 } } : { time: after(latest) };
}

/** Negative if `a` is earlier, positive if later. A total order; ties between replicas are for the caller to break. */
export const compareHybridTime = (a: HybridTime, b: HybridTime): number => a.wallMs - b.wallMs || a.counter - b.counter;

const clamp = (remote: HybridTime, wallMs: number): HybridTime => (remote.wallMs > wallMs ? { wallMs, counter: 0 } : remote);

/** The next time after `time`. A full counter borrows one millisecond of the future. */
const after = (time: HybridTime): HybridTime =>
  time.counter < counterMax ? { wallMs: time.wallMs, counter: time.counter + 1 } : { wallMs: time.wallMs + 1, counter: 0 };

/** A wall clock before 1970 or with fractions is taken as the nearest whole millisecond that a record can carry. */
function wallOf(nowMs: number): number {
  assert(Number.isFinite(nowMs) && nowMs <= wallMsMax, "not a wall clock");
  return Math.max(0, Math.floor(nowMs));
}
