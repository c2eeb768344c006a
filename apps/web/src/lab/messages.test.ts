import { expect, test } from "vitest";
import { readReport, readRequest, speedMax, timeMsMax, updateBytesMax } from "./messages.ts";
import { firstScenario } from "./plan.ts";

const scenario = firstScenario(3, 1, "hello");

test("requests that are well formed pass as they are", () => {
  for (const request of [
    { kind: "open", scenario, atMs: 0 },
    { kind: "check", scenario },
    { kind: "play", speed: 60 },
    { kind: "run-to", atMs: 5 },
    { kind: "next-event" },
    { kind: "perform", step: { do: "cut", who: "ben" } },
    { kind: "edit", who: "ana", update: new Uint8Array(3) },
    { kind: "get-scenario", id: 1 },
  ]) {
    expect(readRequest(request)).toBe(request);
  }
});

test("requests that are not, do not", () => {
  for (const request of [
    undefined,
    null,
    "open",
    [],
    {},
    { kind: "toString" },
    { kind: "__proto__" },
    { kind: "open", scenario, atMs: -1 },
    { kind: "open", scenario: { ...scenario, v: 2 }, atMs: 0 },
    { kind: "open", scenario: {}, atMs: 0 },
    { kind: "play", speed: speedMax + 1 },
    { kind: "play", speed: Number.NaN },
    { kind: "run-to", atMs: timeMsMax + 1 },
    { kind: "run-to", atMs: "1" },
    { kind: "perform", step: {} },
    { kind: "edit", who: "ana", update: [1, 2] },
    { kind: "edit", who: "ana", update: new Uint8Array(updateBytesMax + 1) },
    { kind: "get-scenario", id: 0.5 },
  ]) {
    expect(readRequest(request)).toBeUndefined();
  }
});

test("reports are checked too", () => {
  const time = { kind: "time", nowMs: 1, speed: 0 };
  expect(readReport(time)).toBe(time);
  expect(readReport({ kind: "time", nowMs: "1", speed: 0 })).toBeUndefined();
  expect(readReport({ kind: "view", view: {} })).toBeUndefined();
  expect(readReport({ kind: "text", who: "ana", whole: true, update: "AAA=" })).toBeUndefined();
  expect(readReport({ kind: "checked", result: { ok: true } })).toBeUndefined();
});
