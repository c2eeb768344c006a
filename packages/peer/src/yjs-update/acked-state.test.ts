import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAckedState, decodeAckedState } from "./index.ts";
import type { AckedState, UpdateSummary } from "./index.ts";

const range = fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 40 })).map(([from, length]) => [from, from + length] as const);
const summary: fc.Arbitrary<UpdateSummary> = fc
  .record({ client: fc.nat(3), struct: fc.option(range), deleted: fc.option(range) })
  .map(({ client, struct, deleted }) => ({
    structs: struct === null ? [] : [{ client, from: struct[0], to: struct[1] }],
    deletes: new Map(deleted === null ? [] : [[client, [deleted]]]),
    empty: struct === null && deleted === null,
    structCount: struct === null ? 0 : 1,
    deleteCount: deleted === null ? 0 : 1,
  }));

const stateOf = (summaries: readonly UpdateSummary[]): AckedState => {
  const state = createAckedState();
  for (const one of summaries) state.add(one);
  return state;
};

describe("what the log gives", () => {
  it("is the same in any order, added once or twice, and through its encoding", () => {
    fc.assert(
      fc.property(fc.array(summary, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (summaries, order) => {
        const bytes = stateOf(summaries).encode();
        const keys = summaries.map(() => order.next().value ?? 0);
        const shuffled = summaries.map((one, index) => [keys[index] ?? 0, one] as const).toSorted((a, b) => a[0] - b[0]);
        expect(stateOf([...shuffled.map(([, one]) => one), ...summaries]).encode()).toEqual(bytes);
        const decoded = decodeAckedState(bytes);
        if (!decoded.ok) throw new Error(decoded.error.reason);
        expect(decoded.value.encode()).toEqual(bytes);
      }),
    );
  });

  it("reads damaged bytes as a refusal or as what they say, never as something else, and never throws", () => {
    fc.assert(
      fc.property(fc.array(summary, { maxLength: 10 }), fc.nat(), fc.nat(255), fc.boolean(), (summaries, at, byte, cut) => {
        const bytes = stateOf(summaries).encode();
        const damaged = cut ? bytes.subarray(0, at % bytes.length) : bytes.with(at % bytes.length, byte);
        const decoded = decodeAckedState(damaged);
        if (decoded.ok) expect(decoded.value.encode()).toEqual(damaged);
      }),
      { numRuns: 2000 },
    );
  });
});
