import { toText } from "@skerry/protocol";
import type { DocId } from "@skerry/protocol";
import { expect, test } from "vitest";
import { createTag } from "./system.ts";

const docId = Uint8Array.from({ length: 16 }, (_, index) => index * 7 + 3) as DocId;

test("an id's tag in the log is the same throughout one process, another in the next, and nothing of the id", () => {
  const tag = createTag();
  expect(tag(docId)).toBe(tag(docId));
  expect(tag(docId)).toBe(tag(toText(docId)));
  expect(tag(docId)).not.toBe(createTag()(docId));
  expect(tag(docId)).toMatch(/^[\w-]{8}$/);
  for (const spelling of [toText(docId), Buffer.from(docId).toString("hex")]) expect(spelling.slice(0, 8)).not.toBe(tag(docId));
});
