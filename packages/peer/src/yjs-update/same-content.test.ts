/** PE-33: whoever has the past compares a snapshot with it. */
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { createPrng, fuzzSeeds, randomHistory } from "./histories.test-helper.ts";
import { compareContent, createAckedState, deriveUnsent, disableFormatCleanup, fitUpdate, splitUpdate, validateUpdate } from "./index.ts";
import type { Comparison, UpdateSummary } from "./index.ts";

const seeds = fuzzSeeds();
const runs = Math.ceil((process.env["CI"] === undefined ? 30 : 300) / seeds.length);

const summaryOf = (update: Uint8Array): UpdateSummary => {
  const result = validateUpdate(update);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

const said = (doc: Y.Doc, update: Uint8Array): Comparison => compareContent(doc, update, summaryOf(update));

/** The whole document, as a snapshot gives it. */
const whole = (doc: Y.Doc): Uint8Array => deriveUnsent(doc, createAckedState(), () => true)?.update ?? Uint8Array.of(0, 0);

function docOf(updates: readonly Uint8Array[], gc: boolean): Y.Doc {
  const doc = new Y.Doc({ gc });
  disableFormatCleanup(doc);
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

const shown = (doc: Y.Doc): unknown => ({
  body: doc.getText("body").toDelta() as unknown,
  list: doc.getArray("list").toJSON() as unknown,
  map: doc.getMap("map").toJSON() as unknown,
  xml: doc.getXmlFragment("xml").toJSON() as unknown,
});

const worlds = function* (): IterableIterator<{
  readonly seed: number;
  readonly a: Y.Doc;
  readonly b: Y.Doc;
  readonly parts: readonly Uint8Array[];
}> {
  for (const base of seeds) {
    for (let run = 0; run < runs; run++) {
      const seed = base + run;
      const prng = createPrng(seed);
      const { updates } = randomHistory(prng, 10 + prng.int(60));
      // In two orders, so that items are split and joined otherwise.
      const [a, b] = [docOf(updates, prng.chance(0.7)), docOf(updates.toReversed(), prng.chance(0.7))];
      const parts = splitUpdate(whole(a), 200 + prng.int(2000));
      if (!parts.ok) continue;
      yield { seed, a, b, parts: parts.value };
    }
  }
};

describe("PE-33 what a snapshot says", () => {
  test("of a document is the same on every replica that has it, however Yjs joined and collected it there", () => {
    let count = 0;
    for (const { seed, b, parts } of worlds()) {
      for (const part of parts) expect(said(b, part), `seed ${seed}`).toBe("same");
      count += parts.length;
    }
    expect(count).toBeGreaterThan(runs);
  });

  test("and was altered, passes for the same only where nobody would see a difference", () => {
    let refused = 0;
    for (const { seed, b, parts } of worlds()) {
      const prng = createPrng(seed);
      const update = whole(b);
      if (parts.length === 0 || update.length < 3) continue;
      for (let tries = 0; tries < 60; tries++) {
        const bent = update.slice();
        bent[prng.int(bent.length)] = prng.int(256);
        const summary = validateUpdate(bent);
        if (!summary.ok) continue;
        if (compareContent(b, bent, summary.value) !== "same") {
          refused++;
          continue;
        }
        const fresh = docOf([], true);
        const fitted = fitUpdate(fresh, bent, summary.value);
        if (!fitted.ok) continue;
        Y.applyUpdate(fresh, fitted.value);
        // Whoever takes it has what it leaves out from those who compare states (VF-9).
        Y.applyUpdate(fresh, update);
        expect(shown(fresh), `seed ${seed}, try ${tries}`).toEqual(shown(b));
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  test("is refused where words, places, parents, keys or deletions are others", () => {
    const doc = (change: (doc: Y.Doc) => void, from?: Y.Doc): Y.Doc => {
      const made = new Y.Doc();
      if (from !== undefined) Y.applyUpdate(made, Y.encodeStateAsUpdate(from));
      made.clientID = 7;
      change(made);
      return made;
    };
    const base = doc((made) => made.getText("body").insert(0, "tide"));
    const true1 = doc((made) => made.getText("body").insert(2, "XY"), base);
    expect(said(true1, whole(true1))).toBe("same");
    const lies: readonly (readonly [Comparison, Y.Doc])[] = [
      ["other", doc((made) => made.getText("body").insert(2, "XZ"), base)],
      ["other", doc((made) => made.getText("body").insert(1, "XY"), base)],
      ["other", doc((made) => made.getText("body").insert(1, "XYZ"), base)],
      ["other", doc((made) => made.getText("other").insert(0, "XY"), base)],
      ["other", doc((made) => made.getMap("other").set("a", "XY"), base)],
      ["more", doc((made) => made.getText("body").insert(2, "XYZ"), base)],
      [
        "more",
        doc((made) => {
          made.clientID = 8;
          made.getText("another").insert(0, "new");
        }, true1),
      ],
      ["more", doc((made) => made.getText("body").delete(0, 1), true1)],
    ];
    for (const [index, [found, lie]] of lies.entries()) expect(said(true1, whole(lie)), `lie ${index}`).toBe(found);
    // What is deleted here may be said: whoever takes it takes the deletion, too.
    const later = doc((made) => made.getText("body").delete(0, 2), true1);
    expect(said(later, whole(true1))).toBe("same");
  });
});
