import type { ChainHash, DocId, Head, RecordHash } from "@skerry/protocol";
import { expect, test } from "vitest";
import { bytesOf, deviceIdOf, docIdOf, noteOf, replicaIdOf, spaceIdOf } from "./author.test-support.ts";
import { authorKey, entryKey, headKey, noteKey, readU64, seqOfEntryKey, writeU64 } from "./keys.ts";
import {
  encodeBytesRow,
  encodeEntryRow,
  encodeHeadRow,
  encodeNoteRow,
  encodePointerRow,
  openBytesRow,
  openEntryRow,
  openHeadRow,
  openNoteRow,
  openPointerRow,
} from "./rows.ts";

const docId: DocId = docIdOf("rows");
const chainHash = bytesOf("chain", 32) as ChainHash;
const recordHash = bytesOf("record", 32) as RecordHash;
const head: Head = { seq: 2 ** 53 - 1, chainHash };
const entry = { receivedAtMs: 1_763_600_000_000, accessPosition: 7, record: bytesOf("record", 90) };
const pointer = { seq: 5, n: 4, recordHash };
const value = bytesOf("value", 20);

const kinds = [
  {
    kind: "entry",
    key: entryKey(docId, 3),
    row: encodeEntryRow(entryKey(docId, 3), entry, chainHash),
    open: openEntryRow,
    holds: { ...entry, chainHash },
  },
  {
    kind: "head",
    key: headKey(docId),
    row: encodeHeadRow(headKey(docId), { spaceId: spaceIdOf("s"), head }),
    open: openHeadRow,
    holds: { spaceId: spaceIdOf("s"), head },
  },
  {
    kind: "pointer",
    key: authorKey(docId, replicaIdOf("r"), 4),
    row: encodePointerRow(authorKey(docId, replicaIdOf("r"), 4), pointer),
    open: openPointerRow,
    holds: pointer,
  },
  {
    kind: "note",
    key: noteKey(deviceIdOf("d")),
    row: encodeNoteRow(noteKey(deviceIdOf("d")), noteOf("d", 1, 30)),
    open: openNoteRow,
    holds: noteOf("d", 1, 30),
  },
  {
    kind: "deleted note",
    key: noteKey(deviceIdOf("d")),
    row: encodeNoteRow(noteKey(deviceIdOf("d")), null),
    open: openNoteRow,
    holds: null,
  },
  { kind: "bytes", key: headKey(docId), row: encodeBytesRow(headKey(docId), value), open: openBytesRow, holds: value },
] as const;

test.each(kinds)(
  "LG-5 a row ($kind) opens to what was put in; with any bit flipped, cut short, or under another key it does not open",
  (sample) => {
    const { key, row, open, holds } = sample;
    expect(open(key, row)).toEqual(holds);
    for (let bit = 0; bit < 8 * row.length; bit++) {
      const flipped = row.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(open(key, flipped)).toBeUndefined();
    }
    for (let length = 0; length < row.length; length++) expect(open(key, row.subarray(0, length))).toBeUndefined();
    const otherKey = key.slice();
    otherKey[key.length - 1] = (otherKey[key.length - 1] ?? 0) ^ 1;
    expect(open(otherKey, row)).toBeUndefined();
  },
);

test("ST-4 keys of a document sort by sequence number, and numbers beyond 2^53 - 1 read as none", () => {
  const numbers = [0, 1, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  const keys = numbers.map((number) => entryKey(docId, number));
  expect(keys.toSorted(Buffer.compare)).toEqual(keys);
  expect(keys.map(seqOfEntryKey)).toEqual(numbers);
  expect(readU64(new Uint8Array(8).fill(0xff), 0)).toBeNaN();
  expect(readU64(new Uint8Array(7), 0)).toBeNaN();
  expect(() => writeU64(new Uint8Array(8), 0, 2 ** 53)).toThrow();
});
