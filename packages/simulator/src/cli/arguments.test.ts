import { expect, test } from "vitest";
import { helpText, optionTable, parseArguments } from "./arguments.ts";
import type { Arguments } from "./arguments.ts";

const parse = (line: string): Arguments | string => {
  const result = parseArguments(line === "" ? [] : line.split(" "), { jobs: 3 });
  return result.ok ? result.value : result.error;
};

test("the command line is read", () => {
  expect(parse("--seed 7")).toEqual({
    task: { kind: "seeds", from: 7n, count: 1, single: true },
    jobs: 3,
    json: undefined,
    timeline: undefined,
    out: undefined,
    twicePercent: 5,
    mutant: undefined,
    timeLimitMs: undefined,
    watchdogMs: 60_000,
    budgetRuns: 1000,
    stop: false,
    quiet: false,
  });
  expect(parse("--seed 10-19 --jobs=8 --stop --quiet --twice 0.5 --time 8h --mutant x --json a.json")).toMatchObject({
    task: { kind: "seeds", from: 10n, count: 10, single: false },
    jobs: 8,
    stop: true,
    quiet: true,
    twicePercent: 0.5,
    timeLimitMs: 28_800_000,
    mutant: "x",
    json: "a.json",
  });
  expect(parse("--runs 300 --from 18446744073709551615")).toMatchObject({ task: { kind: "seeds", from: (1n << 64n) - 1n, count: 300 } });
  expect(parse("--runs 5")).toMatchObject({ task: { from: 1n, count: 5, single: false } });
  expect(parse("--replay a.json --timeline b.html")).toMatchObject({ task: { kind: "replay", file: "a.json" }, timeline: "b.html" });
  for (const help of ["", "--help", "-h", "--help --seed x"]) expect(parse(help)).toMatchObject({ task: { kind: "help" } });
});

test("what is wrong with the command line is said in a sentence", () => {
  expect(parse("--sed 7")).toBe("There is no option --sed. Did you mean --seed?");
  expect(parse("seed 7")).toBe("There is no option seed. Did you mean --seed?");
  expect(parse("--seed")).toBe("--seed needs a value: --seed N or A-B.");
  expect(parse("--json --seed 7")).toMatch(/--json needs a value/);
  expect(parse("--seed 7 --seed 8")).toBe("--seed stands twice.");
  expect(parse("--stop=yes --runs 1")).toBe("--stop takes no value.");
  expect(parse("--seed 9-3")).toMatch(/a range such as 1-100; found 9-3/);
  expect(parse("--seed 18446744073709551616")).toMatch(/below 2\^64/);
  expect(parse("--seed 1 --runs 2")).toMatch(/Only one of --seed, --runs/);
  expect(parse("--seed 1 --from 2")).toMatch(/--from goes with --runs/);
  expect(parse("--runs many")).toMatch(/--runs is a whole number from 1 to/);
  expect(parse("--runs 1 --jobs 0")).toMatch(/--jobs is a whole number from 1 to 256; found 0/);
  expect(parse("--runs 1 --time soon")).toMatch(/--time is a time such as/);
  expect(parse("--runs 10 --timeline a.html")).toMatch(/--timeline shows one run/);
});

test("the help names every option", () => {
  for (const { name } of optionTable) expect(helpText()).toContain(`--${name}`);
});
