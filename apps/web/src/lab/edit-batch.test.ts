import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Doc, applyUpdate } from "yjs";
import { createEditBatch } from "./edit-batch.ts";
import { toBase64 } from "./base64.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A document, and another one that gets what its batches give. */
function pair(bytesMax: number) {
  const here = new Doc();
  const there = new Doc();
  const given: Uint8Array[] = [];
  const batch = createEditBatch({
    delayMs: 40,
    bytesMax,
    give: (update) => {
      given.push(update);
      applyUpdate(there, update);
    },
  });
  here.on("update", (update: Uint8Array) => batch.add(update));
  const type = (text: string): void => here.getText("body").insert(here.getText("body").length, text);
  return { batch, given, type, here: () => here.getText("body").toJSON(), there: () => there.getText("body").toJSON() };
}

test("what is typed within a moment is one update, and nothing of it is lost", () => {
  const { given, type, there } = pair(10_000);
  for (const letter of "ferry") type(letter);
  expect(given).toHaveLength(0);
  vi.advanceTimersByTime(40);
  expect(given).toHaveLength(1);
  expect(there()).toBe("ferry");
  type("!");
  vi.advanceTimersByTime(39);
  expect(given).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(there()).toBe("ferry!");
});

test("a batch that would be too large is split, in order", () => {
  const { given, type, here, there, batch } = pair(300);
  for (let index = 0; index < 20; index++) type(`${index} ${"x".repeat(50)} `);
  batch.flush();
  expect(given.length).toBeGreaterThan(3);
  expect(given.every((update) => update.byteLength <= 300)).toBe(true);
  expect(there()).toBe(here());
});

test("flush gives at once and once; close gives nothing", () => {
  const { given, type, batch } = pair(1000);
  batch.flush();
  type("a");
  batch.flush();
  batch.flush();
  expect(given).toHaveLength(1);
  type("b");
  batch.close();
  batch.close();
  vi.advanceTimersByTime(1000);
  expect(given).toHaveLength(1);
});

test("base64 of bytes of any length", () => {
  for (const length of [0, 1, 2, 3, 8191, 8192, 8193, 20_000]) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 7) % 256);
    expect(Uint8Array.from(atob(toBase64(bytes)), (letter) => letter.charCodeAt(0)).join()).toBe(bytes.join());
  }
});
