import { expect, test } from "vitest";
import type { Clock } from "./ports.ts";
import { schedulerOf } from "./scheduler.ts";

interface Host {
  now: number;
  readonly timers: { readonly run: () => void; readonly delayMs: number; cancelled: boolean }[];
  readonly schedule: Clock["schedule"];
}

/** A host whose timers are told apart by hand. */
function host(): Host {
  const timers: Host["timers"] = [];
  const world: Host = {
    now: 100.4,
    timers,
    schedule: schedulerOf(
      () => world.now,
      (run, delayMs) => {
        const timer = { run, delayMs, cancelled: false };
        timers.push(timer);
        return () => {
          timer.cancelled = true;
        };
      },
    ),
  };
  return world;
}

test("a timer that fires early is set again: nothing runs before its time", () => {
  const world = host();
  let runs = 0;
  world.schedule(50.5, () => runs++);
  expect(world.timers.map(({ delayMs }) => delayMs)).toEqual([51]);
  world.now += 50;
  world.timers[0]?.run();
  expect([runs, world.timers[1]?.delayMs]).toEqual([0, 1]);
  world.now += 0.6;
  world.timers[1]?.run();
  expect(runs).toBe(1);
});

test("what is due at once, or was, still runs later; what is far away is waited for in turns; the last timer is the one that is cancelled", () => {
  const world = host();
  let runs = 0;
  world.schedule(-5, () => runs++);
  expect([runs, world.timers[0]?.delayMs]).toEqual([0, 0]);
  world.timers[0]?.run();
  expect(runs).toBe(1);
  const cancel = world.schedule(2 ** 31 + 10, () => runs++);
  expect(world.timers[1]?.delayMs).toBe(2 ** 31 - 1);
  world.now += 2 ** 31 - 1;
  world.timers[1]?.run();
  expect(world.timers[2]?.delayMs).toBe(11);
  cancel();
  expect(world.timers[2]?.cancelled).toBe(true);
  expect(runs).toBe(1);
});
