import { limits } from "@skerry/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { repeatable } from "./cast.test-support.ts";
import { compareHybridTime, newHybridClock, tickLocal, tickRemote } from "./hybrid-clock.ts";
import type { HybridClock } from "./hybrid-clock.ts";

const at = (wallMs: number, counter: number): HybridClock => ({ time: { wallMs, counter } });
const counterMax = 0xffffffff;

test("CR-11 a local event takes the wall clock, or counts on when that did not move", () => {
  expect(tickLocal(newHybridClock, 1000)).toEqual(at(1000, 0));
  expect(tickLocal(at(1000, 0), 1000)).toEqual(at(1000, 1));
  expect(tickLocal(at(1000, 5), 400)).toEqual(at(1000, 6));
  expect(tickLocal(at(1000, 5), 1001)).toEqual(at(1001, 0));
});

// Kulkarni et al. 2014, figure 5: the four cases of a receive event.
test("CR-11 a remote event advances past both clocks and the wall", () => {
  expect(tickRemote(at(1000, 3), { wallMs: 1000, counter: 7 }, 900)).toEqual(at(1000, 8));
  expect(tickRemote(at(1000, 9), { wallMs: 1000, counter: 7 }, 900)).toEqual(at(1000, 10));
  expect(tickRemote(at(1000, 3), { wallMs: 990, counter: 7 }, 900)).toEqual(at(1000, 4));
  expect(tickRemote(at(1000, 3), { wallMs: 1010, counter: 7 }, 900)).toEqual(at(1010, 8));
  expect(tickRemote(at(1000, 3), { wallMs: 1010, counter: 7 }, 2000)).toEqual(at(2000, 0));
});

test("CR-11 a clock from the future is clamped: no member can push ours further ahead than the limit", () => {
  const now = 1_000_000;
  const ahead = now + limits.clockAheadMs;
  expect(tickRemote(at(now, 0), { wallMs: ahead, counter: 4 }, now)).toEqual(at(ahead, 5));
  expect(tickRemote(at(now, 0), { wallMs: ahead + 1, counter: 4 }, now)).toEqual(at(ahead, 1));
  expect(tickRemote(at(now, 0), { wallMs: Number.MAX_SAFE_INTEGER, counter: counterMax }, now)).toEqual(at(ahead, 1));
});

test("CR-11 a full counter borrows a millisecond instead of overflowing", () => {
  expect(tickLocal(at(1000, counterMax), 1000)).toEqual(at(1001, 0));
  expect(tickRemote(at(1000, 0), { wallMs: 1000, counter: counterMax }, 1000)).toEqual(at(1001, 0));
});

test("CR-11 our own time is not clamped when the wall clock jumps back: it would be given twice", () => {
  expect(tickLocal(at(9_000_000, 0), 1000)).toEqual(at(9_000_000, 1));
  expect(tickRemote(at(9_000_000, 0), { wallMs: 5, counter: 5 }, 1000)).toEqual(at(9_000_000, 1));
});

test("CR-11 whatever wall clocks and remotes do, time rises strictly, stays in range, and stays near the latest wall clock", () => {
  const wall = fc.oneof(fc.nat(200_000), fc.double({ min: -10, max: 8.64e15, noNaN: true }));
  const remote = fc.record({
    wallMs: fc.oneof(fc.nat(400_000), fc.maxSafeNat()),
    counter: fc.oneof(fc.nat(3), fc.constant(counterMax)),
  });
  const events = fc.array(fc.record({ now: wall, remote: fc.option(remote, { nil: undefined }) }), { maxLength: 60 });
  fc.assert(
    fc.property(events, (list) => {
      let clock = newHybridClock;
      let latestWall = 0;
      for (const event of list) {
        const next = event.remote === undefined ? tickLocal(clock, event.now) : tickRemote(clock, event.remote, event.now);
        latestWall = Math.max(latestWall, Math.floor(event.now));
        expect(compareHybridTime(next.time, clock.time)).toBeGreaterThan(0);
        expect(Number.isSafeInteger(next.time.wallMs) && Number.isInteger(next.time.counter)).toBe(true);
        expect(next.time.counter).toBeLessThanOrEqual(counterMax);
        expect(next.time.wallMs).toBeLessThanOrEqual(latestWall + limits.clockAheadMs + list.length);
        clock = next;
      }
    }),
    { ...repeatable, numRuns: 500 },
  );
});

test("CR-11 what is no wall clock is a bug", () => {
  for (const now of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) expect(() => tickLocal(newHybridClock, now)).toThrow("wall clock");
});
