import { beforeAll, expect, test } from "vitest";
import { castOf } from "./cast.test-support.ts";
import { counting, flipBit } from "./hex.test-support.ts";
import { ready, safetyNumber } from "./index.ts";

beforeAll(() => ready);

const alice = counting(32);
const bob = counting(64).subarray(32);

test("CR-23 both sides see the same 12 groups of 5 digits", () => {
  const number = safetyNumber(alice, bob);
  expect(number).toEqual(safetyNumber(bob, alice));
  expect(number.version).toBe(1);
  expect(number.groups).toHaveLength(12);
  for (const group of number.groups) expect(group).toMatch(/^\d{5}$/);
});

test("CR-23 another account on either side changes its half and leaves the other half", () => {
  const number = safetyNumber(alice, bob).groups;
  const own = new Set(safetyNumber(alice, alice).groups);
  for (let bit = 0; bit < 256; bit += 50) {
    const other = safetyNumber(alice, flipBit(bob, bit)).groups;
    expect(other).not.toEqual(number);
    expect([other.slice(0, 6), other.slice(6)].filter((half) => half.every((group) => own.has(group)))).toHaveLength(1);
  }
});

test("CR-23 it hangs on root keys alone: a real account's does not change with its devices", () => {
  const { account } = castOf(23);
  expect(safetyNumber(account.accountKey, alice)).toEqual(safetyNumber(account.accountKey.slice(), alice));
  expect(() => safetyNumber(alice.subarray(1), bob)).toThrow("32 bytes");
});

// Python's hashlib.blake2b, as the docstring says; another implementation.
test("CR-23 golden safety number", () => {
  expect(safetyNumber(alice, bob).groups.join(" ")).toBe("15827 55688 41251 93114 24835 12795 79792 64728 33513 55686 15480 01564");
  expect(safetyNumber(alice, alice).groups.join(" ")).toBe("79792 64728 33513 55686 15480 01564 79792 64728 33513 55686 15480 01564");
});
