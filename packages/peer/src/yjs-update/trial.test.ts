import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createPrng, fuzzSeeds, randomHistory } from "./histories.test-helper.ts";
import { recordLimits, startTrial, stateBytes, validateUpdate } from "./index.ts";
import type { Trial, UpdateSummary } from "./index.ts";

const summaryOf = (update: Uint8Array): UpdateSummary => {
  const result = validateUpdate(update);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};

const add = (trial: Trial, author: string, update: Uint8Array): boolean => trial.add(author, update, summaryOf(update));

const copyOf = (doc: Y.Doc): Y.Doc => {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
};

/** What `edit` does to a copy of the document, as an update. */
function editOf(doc: Y.Doc, edit: (copy: Y.Doc) => void): Uint8Array {
  const copy = copyOf(doc);
  const updates: Uint8Array[] = [];
  copy.on("update", (update: Uint8Array) => updates.push(update));
  copy.transact(() => edit(copy));
  return updates[0] ?? new Uint8Array([0, 0]);
}

function written(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText("body").insert(0, text);
  return doc;
}

const nothingElse = { isHere: false, isIncomplete: false, hasOther: false };

describe("trying updates on a copy", () => {
  it("PE-32 tells each author's words in the order of the document, and leaves the document as it is", () => {
    const doc = written("one three");
    const before = stateBytes(doc);
    const trial = startTrial(doc);
    expect(
      add(
        trial,
        "bea",
        editOf(doc, (copy) => copy.getText("body").insert(9, " four")),
      ),
    ).toBe(true);
    expect(
      add(
        trial,
        "cem",
        editOf(doc, (copy) => copy.getText("body").insert(0, "zero ")),
      ),
    ).toBe(true);
    expect(
      add(
        trial,
        "bea",
        editOf(doc, (copy) => copy.getText("body").insert(3, " two")),
      ),
    ).toBe(true);
    expect([...trial.words()]).toEqual([
      ["bea", { text: " two\n four", ...nothingElse }],
      ["cem", { text: "zero ", ...nothingElse }],
    ]);
    expect(trial.deletes()).toBe(false);
    expect(stateBytes(doc)).toEqual(before);
  });

  it.each(fuzzSeeds())("PE-32 random edits of two authors, seed %i: exactly what would be there that is not there now", (seed) => {
    const prng = createPrng(seed);
    for (let run = 0; run < 60; run++) {
      const doc = written("abcdefghij");
      // Capitals and digits: in the text it is plain whose each is.
      const others = [
        { name: "bea", letters: "ABCDE", doc: copyOf(doc), updates: [] as Uint8Array[] },
        { name: "cem", letters: "01234", doc: copyOf(doc), updates: [] as Uint8Array[] },
      ];
      for (const other of others) other.doc.on("update", (update: Uint8Array) => other.updates.push(update));
      for (let step = 0; step < 40; step++) {
        const { doc: copy, letters } = prng.pick(others);
        const text = copy.getText("body");
        const at = prng.int(text.length + 1);
        if (prng.chance(0.7) || at === text.length) text.insert(at, prng.pick(letters.split("")));
        else text.delete(at, 1);
        // They read each other now and then.
        if (prng.chance(0.2)) {
          const [bea, cem] = others;
          if (bea !== undefined && cem !== undefined) Y.applyUpdate(bea.doc, Y.encodeStateAsUpdate(cem.doc), "read");
        }
      }
      const trial = startTrial(doc);
      const whole = copyOf(doc);
      for (const { name, doc: copy, updates } of others) {
        for (const update of updates) {
          const isOwn = summaryOf(update).structs.every(({ client }) => client === copy.clientID);
          if (isOwn) expect(add(trial, name, update)).toBe(true);
          Y.applyUpdate(whole, update);
        }
      }
      const wholeText = whole.getText("body").toJSON();
      for (const { name, letters } of others) {
        const expected = wholeText.split(new RegExp(`[^${letters}]+`)).filter((passage) => passage !== "");
        expect(trial.words().get(name)?.text ?? "", `run ${run}`).toBe(expected.join("\n"));
        expect(trial.words().get(name)?.isIncomplete ?? false).toBe(false);
      }
      expect(trial.deletes()).toBe(!"abcdefghij".split("").every((letter) => wholeText.includes(letter)));
    }
  });

  it("PE-32 says what it can't show: deletions, what is not text, what builds on something missing, what is there already", () => {
    const doc = written("kept");
    const deleting = startTrial(doc);
    expect(
      add(
        deleting,
        "bea",
        editOf(doc, (copy) => copy.getText("body").delete(1, 1)),
      ),
    ).toBe(true);
    expect(deleting.deletes()).toBe(true);
    expect(deleting.words().size).toBe(0);

    const titled = startTrial(doc);
    add(
      titled,
      "bea",
      editOf(doc, (copy) => copy.getMap("about").set("title", "Bea's")),
    );
    add(
      titled,
      "cem",
      editOf(doc, (copy) => copy.getText("body").insertEmbed(0, { image: "x" })),
    );
    add(
      titled,
      "dov",
      editOf(doc, (copy) => copy.getXmlFragment("page").insert(0, [new Y.XmlText("in a type")])),
    );
    expect(titled.words().get("bea")).toEqual({ text: "", ...nothingElse, hasOther: true });
    expect(titled.words().get("cem")).toEqual({ text: "", ...nothingElse, hasOther: true });
    expect(titled.words().get("dov")).toEqual({ text: "in a type", ...nothingElse, hasOther: true });

    const ahead = copyOf(doc);
    const updates: Uint8Array[] = [];
    ahead.on("update", (update: Uint8Array) => updates.push(update));
    for (const word of ["first ", "second ", "third "]) ahead.getText("body").insert(0, word);
    const [first, second, third] = updates as [Uint8Array, Uint8Array, Uint8Array];
    const gap = startTrial(doc);
    for (const update of [first, third]) expect(add(gap, "bea", update)).toBe(true);
    expect(gap.words().get("bea")).toEqual({ text: "first ", ...nothingElse, isIncomplete: true });
    expect(add(gap, "bea", second)).toBe(true);
    expect(gap.words().get("bea")).toEqual({ text: "third second first ", ...nothingElse });

    Y.applyUpdate(doc, first);
    const here = startTrial(doc);
    for (const update of updates) add(here, "bea", update);
    expect(here.words().get("bea")).toEqual({ text: "third second first ", ...nothingElse, isHere: true });
  });

  it("PE-32 halves of characters become none on the way: what is told can be written down as it is", () => {
    const doc = written("x");
    const update = editOf(doc, (copy) => copy.getText("body").insert(0, "🌊"));
    const [range] = summaryOf(update).structs;
    if (range === undefined) throw new Error("no range");
    const trial = startTrial(doc);
    // Of a hostile author's update only the first half's clock is said to be theirs.
    const half = { ...summaryOf(update), structs: [{ ...range, to: range.from + 1 }] };
    expect(trial.add("bea", update, half)).toBe(true);
    expect(trial.words().get("bea")?.text).toBe("\ufffd");
  });

  it("PE-32 all of a trial together is held to the limits of one record; what waits, to a few", () => {
    const doc = written("x");
    const big = editOf(doc, (copy) => {
      for (let index = 0; index < 20_000; index++) copy.getText("body").insert(0, "y");
    });
    const { structCount } = summaryOf(big);
    expect(structCount).toBeGreaterThan(recordLimits.structsMax / 2);
    const trial = startTrial(doc);
    expect(trial.takes(summaryOf(big))).toBe(true);
    expect(add(trial, "bea", big)).toBe(true);
    expect(trial.takes(summaryOf(big))).toBe(false);
    expect(trial.takes(summaryOf(editOf(doc, (copy) => copy.getText("body").insert(0, "z"))))).toBe(true);

    const waiting = startTrial(doc);
    const builds = (): Uint8Array => {
      const unknown = copyOf(doc);
      unknown.getText("body").insert(0, "unknown ");
      return editOf(unknown, (copy) => copy.getText("body").insert(3, "z"));
    };
    let taken = 0;
    for (let update = builds(); waiting.takes(summaryOf(update)); update = builds()) {
      expect(add(waiting, "bea", update)).toBe(true);
      expect(++taken).toBeLessThan(100);
    }
    expect(taken).toBeGreaterThan(10);
  });

  it.each(fuzzSeeds())("PE-32 random documents of any shape, seed %i: nothing throws, and the document stays as it is", (seed) => {
    const prng = createPrng(seed);
    for (let run = 0; run < 5; run++) {
      const { updates } = randomHistory(prng, 80);
      const doc = new Y.Doc();
      for (const update of updates.slice(0, 30)) Y.applyUpdate(doc, update);
      const before = stateBytes(doc);
      const trial = startTrial(doc);
      for (const update of updates.slice(30)) if (prng.chance(0.8)) add(trial, "bea", update);
      trial.words();
      expect(stateBytes(doc)).toEqual(before);
    }
  });
});
