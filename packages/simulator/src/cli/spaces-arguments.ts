/** The options of `npm run simulate -- --spaces`, and what is wrong with what somebody typed. */
import { err, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { parseArgs } from "node:util";
import { parseSeed, runsMax } from "./arguments.ts";

export interface SpacesArguments {
  readonly from: bigint;
  readonly count: number;
  readonly twicePercent: number;
  readonly stop: boolean;
  readonly story: boolean;
  readonly json: string | undefined;
}

const usage = "npm run simulate -- --spaces [--runs 100] [--from 1] [--mutant ID] [--stop] [--twice PERCENT] [--story] [--json FILE]";

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "100" },
      from: { type: "string", default: "1" },
      stop: { type: "boolean", default: false },
      story: { type: "boolean", default: false },
      twice: { type: "string", default: "5" },
      json: { type: "string" },
    },
  }).values;

export function parseSpacesArguments(args: readonly string[]): Result<SpacesArguments, string> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return err(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
  const problems: string[] = [];
  const whole = (name: string, text: string, min: number, max: number): number => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) problems.push(`--${name} is a whole number from ${min} to ${max}; found ${text}.`);
    return value;
  };
  const count = whole("runs", values.runs, 1, runsMax);
  const twicePercent = whole("twice", values.twice, 0, 100);
  const from = parseSeed(values.from);
  if (from === undefined) problems.push(`--from is a seed, a whole number; found ${values.from}.`);
  if (from === undefined || problems.length > 0) return err([...problems, usage].join("\n"));
  return ok({ from, count, twicePercent, stop: values.stop, story: values.story, json: values.json });
}
