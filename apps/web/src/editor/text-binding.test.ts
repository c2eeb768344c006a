import { expect, test } from "vitest";
import { Doc } from "yjs";
import type { YTextEvent } from "yjs";
import { isPlainText, toChanges } from "./text-binding.ts";

const deltasOf = (run: (doc: Doc) => void): YTextEvent["delta"][] => {
  const doc = new Doc();
  const deltas: YTextEvent["delta"][] = [];
  doc.getText("body").insert(0, "one two three");
  doc.getText("body").observe((event) => deltas.push(event.delta));
  doc.transact(() => run(doc));
  return deltas;
};

test("inserts, deletes and formats become positions in the old text", () => {
  const [delta] = deltasOf((doc) => {
    doc.getText("body").delete(0, 4);
    doc.getText("body").insert(4, "and ");
    doc.getText("body").format(0, 2, { bold: true });
  });
  expect(toChanges(delta ?? [])).toEqual([
    { from: 0, to: 4 },
    { from: 8, to: 8, insert: "and " },
  ]);
});

test("an embedded object is refused instead of handed to the editor", () => {
  const [delta] = deltasOf((doc) => doc.getText("body").insertEmbed(3, { image: 1 }));
  expect(toChanges(delta ?? [])).toBeUndefined();
});

test("a text with an embedded object is not plain", () => {
  const doc = new Doc();
  doc.getText("body").insert(0, "plain\r\n");
  expect(isPlainText(doc.getText("body"))).toBe(true);
  doc.getText("body").insertEmbed(0, {});
  expect(isPlainText(doc.getText("body"))).toBe(false);
});
