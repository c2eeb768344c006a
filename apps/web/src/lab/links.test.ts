import { expect, test } from "vitest";
import type { Step } from "@skerry/simulator/lab";
import { isDisturbed, linksAt } from "./links.ts";

const devices = ["ana", "ben"];
const at = (nowMs: number, ...steps: Step[]) => linksAt(devices, steps, nowMs);

test("a cut is there from its moment until it is healed", () => {
  const steps: Step[] = [
    { at: 1000, do: "cut", who: "ben" },
    { at: "3s", do: "heal", who: "ben" },
  ];
  expect(at(999, ...steps).get("ben")).toEqual({ up: "open", down: "open", noEntry: false });
  expect(at(1000, ...steps).get("ben")).toEqual({ up: "cut", down: "cut", noEntry: false });
  expect(at(1000, ...steps).get("ana")).toEqual({ up: "open", down: "open", noEntry: false });
  expect(at(3000, ...steps).get("ben")).toEqual({ up: "open", down: "open", noEntry: false });
});

test("directions, disturbances, entry and everyone", () => {
  expect(at(0, { at: 0, do: "cut", who: "ana", dir: "up" }).get("ana")).toEqual({ up: "cut", down: "open", noEntry: false });
  expect(at(0, { at: 0, do: "delay", who: "ana", ms: 50, dir: "down" }).get("ana")).toEqual({ up: "open", down: "slow", noEntry: false });
  expect(at(0, { at: 0, do: "no-entry", who: "all", how: "refuse" }).get("ben")).toEqual({ up: "open", down: "open", noEntry: true });
  expect([...at(0, { at: 0, do: "cut", who: "all" }).values()].every(isDisturbed)).toBe(true);
  // Cut is worse than slow.
  expect(at(0, { at: 0, do: "delay", who: "ana", ms: 50 }, { at: 0, do: "cut", who: "ana" }).get("ana")?.up).toBe("cut");
});

test("what ends by itself, ends", () => {
  const steps: Step[] = [{ at: 0, do: "cut", who: "ana", for: "2s" }];
  expect(at(1999, ...steps).get("ana")?.up).toBe("cut");
  expect(at(2000, ...steps).get("ana")?.up).toBe("open");
  const flaps: Step[] = [{ at: 0, do: "flap", who: "ana", cut: "1s", healed: "3s", for: "8s" }];
  expect([0, 500, 1500, 3999, 4500, 5500, 9000].map((nowMs) => at(nowMs, ...flaps).get("ana")?.up)).toEqual([
    "cut",
    "cut",
    "open",
    "open",
    "cut",
    "open",
    "open",
  ]);
});

test("steps on what has no link change none", () => {
  expect([...at(0, { at: 0, do: "crash", who: "relay" }, { at: 0, do: "cut", who: "nobody" }).values()].some(isDisturbed)).toBe(false);
});
