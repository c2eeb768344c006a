import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RangeSet } from "./range-set.ts";

const size = 2000;
const range = fc
  .tuple(fc.nat(size - 1), fc.integer({ min: 0, max: 12 }))
  .map(([from, length]) => [from, Math.min(size, from + length)] as const);

/** The same as a row of flags. */
class Model {
  readonly held: boolean[] = Array<boolean>(size).fill(false);
  fill(from: number, to: number, value: boolean): void {
    this.held.fill(value, from, to);
  }
  ranges(value: boolean, from = 0, to = size): [number, number][] {
    const result: [number, number][] = [];
    for (let at = from; at < to; at++) {
      if (this.held[at] !== value) continue;
      const last = result[result.length - 1];
      if (last !== undefined && last[1] === at) last[1] = at + 1;
      else result.push([at, at + 1]);
    }
    return result;
  }
}

describe("RangeSet", () => {
  it("holds what was added and not deleted, disjoint, ascending, and not touching", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), range), { maxLength: 900 }), range, (steps, [from, to]) => {
        const set = new RangeSet();
        const model = new Model();
        for (const [choice, [start, end]] of steps) {
          if (choice === 0) set.delete(start, end);
          else set.add(start, end);
          model.fill(start, end, choice !== 0);
        }
        expect([...set]).toEqual(model.ranges(true));
        expect(set.size).toBe(model.ranges(true).length);
        expect([...set.missing(from, to)]).toEqual(model.ranges(false, from, to));
        expect(set.has(from, to)).toBe(model.ranges(false, from, to).length === 0);
      }),
      { numRuns: 200 },
    );
  });

  it("keeps many ranges in chunks, and joins them across chunks", () => {
    const set = new RangeSet();
    for (let index = 0; index < 10_000; index++) set.add(((index * 7919) % 10_000) * 2, ((index * 7919) % 10_000) * 2 + 1);
    expect(set.size).toBe(10_000);
    expect(set.has(0, 2)).toBe(false);
    set.delete(5000, 5001);
    expect(set.size).toBe(9999);
    set.add(1, 19_999);
    expect([...set]).toEqual([[0, 19_999]]);
  });
});
