import fc from "fast-check";
import { expect, test } from "vitest";
import { after, idOf, noRows, rowBytes, rowOf, rowsIn, withRows, withoutRows } from "./sorted-rows.ts";
import type { SortedRows, StoredRow } from "./sorted-rows.ts";

const row = (key: Uint8Array, value: number): StoredRow => ({ id: idOf(key), key, value: Uint8Array.of(value) });
const someKey = fc.uint8Array({ minLength: 0, maxLength: 2 });
const writes = fc.array(fc.array(fc.tuple(someKey, fc.nat(255)), { maxLength: 60 }), { maxLength: 8 });
const listed = (rows: SortedRows, range = {}): StoredRow[] => [...rowsIn(rows, range)];

test("rows are what a sorted map says, and an old version stays as it was", () => {
  fc.assert(
    fc.property(writes, someKey, someKey, (batches, low, high) => {
      const model = new Map<string, StoredRow>();
      let rows = noRows;
      const versions: (readonly [SortedRows, readonly StoredRow[]])[] = [];
      for (const batch of batches) {
        const news = batch.map(([key, value]) => row(key, value));
        rows = withRows(rows, news);
        for (const one of news) model.set(one.id, one);
        versions.push([rows, [...model.values()].sort((a, b) => Buffer.compare(a.key, b.key))]);
      }
      for (const [version, expected] of versions) {
        expect(listed(version)).toEqual(expected);
        expect(version.size).toBe(expected.length);
        expect(version.bytes).toBe(expected.reduce((sum, one) => sum + rowBytes(one), 0));
      }
      const all = versions.at(-1)?.[1] ?? [];
      const inRange = all.filter(({ key }) => Buffer.compare(key, low) > 0 && Buffer.compare(key, high) < 0);
      const range = { from: after(idOf(low)), before: idOf(high) };
      expect(listed(rows, range)).toEqual(inRange);
      expect(listed(rows, { ...range, reverse: true })).toEqual(inRange.toReversed());
      for (const one of all) expect(rowOf(rows, one.id)).toBe(one);
      expect(rowOf(rows, "never")).toBeUndefined();
      const gone = new Set(inRange);
      const left = withoutRows(rows, gone);
      expect(listed(left)).toEqual(all.filter((one) => !gone.has(one)));
      expect(left.size).toBe(all.length - inRange.length);
    }),
    { numRuns: 150, seed: 20_260_102 },
  );
});

test("many rows, in order and against it", () => {
  const keys = Array.from({ length: 5000 }, (_, index) => Uint8Array.of(index >> 8, index & 0xff));
  for (const order of [keys, keys.toReversed()]) {
    let rows = noRows;
    for (const key of order) rows = withRows(rows, [row(key, 1)]);
    expect(listed(rows).map(({ key }) => key)).toEqual(keys);
    expect(Math.max(...rows.leaves.map((leaf) => leaf.length))).toBeLessThanOrEqual(64);
    expect(rows.leaves.length).toBeLessThan(200);
  }
});
