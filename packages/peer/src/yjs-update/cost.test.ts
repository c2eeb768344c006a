import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createPrng } from "./histories.test-helper.ts";
import { createAckedState, deriveUnsent, editorLimits, hasUnsent, stateBytes, validateUpdate } from "./index.ts";

const quickest = (times: readonly number[]): number => Math.min(...times);
const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;

describe("what asking after every edit costs", () => {
  it("does not grow with the document: 100,000 characters in as many places, a third of them deleted one by one", () => {
    const prng = createPrng(1);
    const doc = new Y.Doc();
    const text = doc.getText("body");
    text.insert(0, "x".repeat(60_000));
    doc.transact(() => {
      for (let index = 0; index < 40_000; index++) text.insert(0, "y");
    });
    doc.transact(() => {
      for (let at = text.length - 3; at > 0; at -= 3) text.delete(at, 1);
    });
    const whole = validateUpdate(Y.encodeStateAsUpdate(doc), editorLimits);
    if (!whole.ok) throw new Error(whole.error);
    expect(whole.value.deleteCount).toBeGreaterThan(25_000);
    const acked = createAckedState();
    const addStarted = performance.now();
    acked.add(whole.value);
    const addMs = performance.now() - addStarted;
    const firstStarted = performance.now();
    expect(hasUnsent(doc, acked, () => true)).toBe(false);
    const firstMs = performance.now() - firstStarted;

    const asking: number[] = [];
    const deriving: number[] = [];
    for (let edit = 0; edit < 300; edit++) {
      if (prng.chance(0.5)) text.insert(prng.int(text.length), "z");
      else text.delete(prng.int(text.length - 1), 1);
      const started = performance.now();
      const unsent = hasUnsent(doc, acked, () => true);
      asking.push(performance.now() - started);
      expect(unsent).toBe(true);
      const deriveStarted = performance.now();
      const derived = deriveUnsent(doc, acked, () => true);
      deriving.push(performance.now() - deriveStarted);
      // Acknowledged every tenth time, so that it also derives several edits at once.
      const summary = derived && validateUpdate(derived.update);
      if (summary?.ok !== true) throw new Error("not derived");
      expect(derived?.update.length).toBeLessThan(500);
      if (edit % 10 === 9) acked.add(summary.value);
    }
    const stateStarted = performance.now();
    stateBytes(doc);
    process.stdout.write(
      `${doc.store.clients.get(doc.clientID)?.length} structs: add all ${addMs.toFixed(1)} ms, first call ${firstMs.toFixed(1)} ms, ` +
        `hasUnsent ${median(asking).toFixed(4)} ms, deriveUnsent ${median(deriving).toFixed(3)} ms, state bytes ${(performance.now() - stateStarted).toFixed(1)} ms\n`,
    );
    expect(median(asking)).toBeLessThan(0.5);
    expect(median(deriving)).toBeLessThan(3);
    expect(quickest(asking)).toBeLessThan(0.1);
  }, 60_000);
});
