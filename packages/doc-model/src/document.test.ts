import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { aboutKeys, createDocumentModel, displayTitle, initDocument, migrate, readDocument, rootNames, titleLengthMax } from "./index.ts";
import type { FormatRegistry } from "./index.ts";

const exchange = (docs: readonly Y.Doc[]): void => {
  for (const from of docs) for (const to of docs) if (from !== to) Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
};

const newDoc = (clientID: number): Y.Doc => {
  const doc = new Y.Doc();
  doc.clientID = clientID;
  return doc;
};

const created = { createdAtMs: 1_700_000_000_000, createdBy: "ana" };

describe("the shape of a document", () => {
  it("is empty, then current, and beginning it again changes nothing", () => {
    const doc = newDoc(1);
    expect(readDocument(doc)).toEqual({ access: "empty", format: 0, title: "", created: undefined });
    expect(initDocument(doc, created)).toBe(true);
    const before = Y.encodeStateAsUpdate(doc);
    expect(initDocument(doc, { createdAtMs: 2, createdBy: "bo" })).toBe(false);
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
    expect(readDocument(doc)).toEqual({ access: "current", format: 1, title: "", created: { atMs: created.createdAtMs, by: "ana" } });
  });

  it("two beginnings at once, with edits on both sides, merge without anything doubled, lost or mixed", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { minLength: 2, maxLength: 4 }), fc.array(fc.string(), { maxLength: 4 }), (clients, texts) => {
        const docs = clients.map(newDoc);
        docs.forEach((doc, index) => {
          initDocument(doc, { createdAtMs: index, createdBy: `device ${index}` });
          createDocumentModel(doc).body.insert(0, texts[index] ?? "");
        });
        exchange(docs);
        exchange(docs);
        const [first] = docs.map((doc) => readDocument(doc));
        for (const doc of docs) {
          expect(readDocument(doc)).toEqual(first);
          expect(doc.getText(rootNames.body).length).toBe(docs.reduce((sum, _, index) => sum + (texts[index]?.length ?? 0), 0));
        }
        expect(first?.access).toBe("current");
        expect(first?.created?.by).toBe(`device ${first?.created?.atMs}`);
      }),
    );
  });

  it("concurrent titles: one of them wins, the same everywhere, and the later of two in sequence", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (one, two, left, right) => {
        fc.pre(one !== two);
        const docs = [newDoc(one), newDoc(two)];
        const [a, b] = docs.map((doc) => createDocumentModel(doc));
        if (a === undefined || b === undefined) throw new Error("two models");
        initDocument(a.doc, created);
        exchange(docs);
        a.setTitle(left);
        b.setTitle(right);
        exchange(docs);
        expect(a.title()).toBe(b.title());
        expect([left, right]).toContain(a.title());
        b.setTitle("last");
        exchange(docs);
        expect(a.title()).toBe("last");
      }),
    );
  });

  it("keeps what it does not know", () => {
    const doc = newDoc(1);
    doc.getMap(rootNames.about).set("from the future", { deep: [1] });
    doc.getMap("another root").set("k", 1);
    initDocument(doc, created);
    createDocumentModel(doc).setTitle("t");
    migrate(doc, nextFormat);
    expect(doc.getMap(rootNames.about).get("from the future")).toEqual({ deep: [1] });
    expect(doc.getMap("another root").get("k")).toBe(1);
  });

  it("tells of titles and access that change, and only of those, until told to stop", () => {
    const docs = [newDoc(1), newDoc(2)];
    const [a, b] = docs.map((doc) => createDocumentModel(doc));
    if (a === undefined || b === undefined) throw new Error("two models");
    const heard: string[] = [];
    const stop = b.onTitle((title) => heard.push(title));
    const stopAccess = b.onAccess((access) => heard.push(access));
    initDocument(a.doc, created);
    a.setTitle("one");
    exchange(docs);
    a.doc.getMap(rootNames.about).set("other", 1);
    a.setTitle("one");
    exchange(docs);
    expect(heard.toSorted()).toEqual(["current", "one"]);
    stop();
    stop();
    stopAccess();
    a.setTitle("two");
    exchange(docs);
    expect(heard.length).toBe(2);
  });

  it("does not believe values of the wrong shape", () => {
    const doc = newDoc(1);
    const about = doc.getMap(rootNames.about);
    for (const key of ["format:", "format:0", "format:-1", "format:1e3", "format:99999999", "format:01"]) about.set(key, true);
    expect(readDocument(doc).access).toBe("empty");
    about.set(aboutKeys.title, { not: "a string" });
    for (const value of [null, 5, {}, { atMs: -1, by: "x" }, { atMs: 1.5, by: "x" }, { atMs: 1, by: 2 }]) {
      about.set(aboutKeys.created, value);
      expect(readDocument(doc)).toMatchObject({ title: "", created: undefined });
    }
  });
});

/** A format to come, whose step moves the title into an entry of its own. */
const nextFormat: FormatRegistry = {
  current: 2,
  steps: new Map([[1, (doc) => doc.getMap(rootNames.about).set("heading", readDocument(doc).title)]]),
};

describe("formats", () => {
  it("a newer format is read-only here, and is not migrated or begun anew", () => {
    const doc = newDoc(1);
    initDocument(doc, created, nextFormat);
    const model = createDocumentModel(doc);
    const before = Y.encodeStateAsUpdate(doc);
    expect(model.access()).toBe("newer-version");
    expect(model.setTitle("no")).toBe(false);
    expect(model.migrate()).toBe("newer-version");
    expect(initDocument(doc, created)).toBe(false);
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  });

  it("an older one is migrated step by step, once, and a missing step is refused before anything is changed", () => {
    const doc = newDoc(1);
    initDocument(doc, created);
    const model = createDocumentModel(doc, nextFormat);
    createDocumentModel(doc).setTitle("t");
    expect(model.access()).toBe("older-version");
    expect(model.setTitle("no")).toBe(false);
    expect(model.migrate()).toBe("current");
    expect(doc.getMap(rootNames.about).get("heading")).toBe("t");
    const before = Y.encodeStateAsUpdate(doc);
    expect(model.migrate()).toBe("current");
    expect(() => migrate(doc, { current: 4, steps: new Map([[2, () => doc.getText("x").insert(0, "x")]]) })).toThrow(
      "no migration from format 3",
    );
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  });

  it("an old and a new app that begin or migrate at once end at the newer format, whoever wins", () => {
    for (const [one, two] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const docs = [newDoc(one), newDoc(two)];
      const [older, newer] = docs;
      if (older === undefined || newer === undefined) throw new Error("two documents");
      initDocument(older, created);
      initDocument(newer, created, nextFormat);
      exchange(docs);
      for (const doc of docs) {
        expect(readDocument(doc).access).toBe("newer-version");
        expect(readDocument(doc, nextFormat).access).toBe("current");
      }
    }
  });
});

describe("titles", () => {
  it("are stored bounded, without cutting a character in two", () => {
    const doc = newDoc(1);
    initDocument(doc, created);
    const model = createDocumentModel(doc);
    model.setTitle(`${"x".repeat(titleLengthMax - 1)}😀`);
    expect(model.title()).toBe("x".repeat(titleLengthMax - 1));
  });

  it("are shown as one short line without tricks", () => {
    expect(displayTitle("  two\n lines\u0000 ")).toBe("two lines");
    expect(displayTitle("invoice\u202Efdp.exe")).toBe("invoicefdp.exe");
    expect(displayTitle("x".repeat(1_000_000))).toHaveLength(120);
    expect(displayTitle("👍🏽", 20)).toBe("👍🏽");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 2, max: 40 }), (title, max) => {
        const shown = displayTitle(title, max);
        expect(shown.length).toBeLessThanOrEqual(max);
        expect(shown).not.toMatch(/\p{Cc}/u);
        // No half of a pair that was not there before.
        if (!/\p{Cs}/u.test(title)) expect(shown).not.toMatch(/\p{Cs}/u);
      }),
    );
  });
});
