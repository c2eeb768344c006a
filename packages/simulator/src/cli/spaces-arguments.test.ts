import { expect, test } from "vitest";
import { parseSpacesArguments } from "./spaces-arguments.ts";

test("a hundred runs from seed 1, if nothing is said", () => {
  expect(parseSpacesArguments([])).toEqual({
    ok: true,
    value: { from: 1n, count: 100, twicePercent: 5, stop: false, story: false, json: undefined },
  });
  expect(parseSpacesArguments(["--runs", "7", "--from", "18446744073709551615", "--twice=0", "--stop"])).toMatchObject({
    ok: true,
    value: { from: 18_446_744_073_709_551_615n, count: 7, twicePercent: 0, stop: true },
  });
});

test.for([
  [["--runs", "abc"], "--runs is a whole number from 1"],
  [["--runs", "0"], "--runs is a whole number from 1"],
  [["--twice", "101"], "--twice is a whole number from 0 to 100; found 101."],
  [["--from", "-x"], "--from"],
  [["--from", "18446744073709551616"], "--from is a seed"],
  [["--sead", "1"], "--sead"],
  [["--runs"], "--runs"],
  [["seven"], "seven"],
] as const)("%j runs nothing, and is told what is wrong", ([args, said]) => {
  const parsed = parseSpacesArguments(args);
  expect(parsed.ok ? "" : parsed.error).toContain(said);
  expect(parsed.ok ? "" : parsed.error).toContain("npm run simulate -- --spaces");
});
