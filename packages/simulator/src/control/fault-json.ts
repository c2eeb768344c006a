/** Faults as JSON: what the control API and `--fault` take. In JSON there is no infinity: a limit that is not given is none. */
import type { Fault, LinkFault } from "../proxy/fault.ts";
import { frameActions, frameRuleLimits, matchOpcodes } from "../proxy/frame-rules.ts";
import type { FrameMatch, FrameRule, OneShot } from "../proxy/frame-rules.ts";
import { hex, list, number, object, oneOf, truth, withRequired } from "./checks.ts";
import type { Check } from "./checks.ts";

const { rulesMax, countMax, delayMsMax, patternBytesMax } = frameRuleLimits;
const bytes = number(0, 1_000_000_000);
const delay = number(0, delayMsMax);

const match: Check<FrameMatch> = object({
  opcode: oneOf(matchOpcodes),
  bytes: hex(patternBytesMax),
  at: bytes,
  bytesMin: bytes,
  bytesMax: bytes,
});

const ruleFields = {
  do: oneOf(frameActions),
  match,
  chance: number(0, 1, "any"),
  delayMs: delay,
  keepOrder: truth,
  waitMs: delay,
};
const rule: Check<FrameRule> = withRequired(object(ruleFields), ["do"]);

const link: Check<LinkFault> = object({
  flow: oneOf(["pass", "hold", "drop"]),
  delayMs: delay,
  jitterMs: delay,
  bytesPerSecond: number(1, 1_000_000_000),
  sliceBytes: number(1, 1_000_000_000),
  frames: list(rule, rulesMax),
});

export const faultFromJson: Check<Fault> = object({
  up: link,
  down: link,
  newConnections: oneOf(["accept", "refuse", "reset", "hang"]),
});

const connection = number(1, Number.MAX_SAFE_INTEGER);

export const oneShotFromJson: Check<OneShot> = withRequired(
  object({ ...ruleFields, direction: oneOf(["up", "down"]), count: number(1, countMax), skip: number(0, countMax), connection }),
  ["do", "direction"],
);

export const healFromJson: Check<{ readonly how?: "resume" | "drop" }> = object({ how: oneOf(["resume", "drop"]) });
export const dropFromJson: Check<{ readonly how?: "reset" | "end"; readonly connection?: number }> = object({
  how: oneOf(["reset", "end"]),
  connection,
});
export const halfOpenFromJson: Check<{ readonly connection?: number }> = object({ connection });

/** JSON without what has no number in it: an infinite limit is no limit. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint" ? part.toString() : typeof part === "number" && !Number.isFinite(part) ? undefined : part,
  );
