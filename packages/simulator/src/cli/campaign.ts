/** Runs many seeds: some twice, failures once more for their story. */
import { createSplitMix64 } from "../prng.ts";
import type { Job, JobResult } from "./job.ts";
import type { Pool } from "./pool.ts";
import { createTally } from "./tally.ts";
import type { Failure, Summary } from "./tally.ts";

export interface CampaignOptions {
  readonly from: bigint;
  readonly count: number;
  readonly pool: Pick<Pool, "run">;
  readonly jobs: number;
  readonly twicePercent: number;
  readonly stopAtFirst: boolean;
  readonly timeLimitMs: number | undefined;
  /** Somebody pressed Ctrl-C: what runs comes to its end, and no other begins. */
  readonly interrupted: () => boolean;
  readonly nowMs: () => number;
  /** `recorded` is a second run of a failure, with its story; undefined beyond `storiesMax`. */
  readonly onFailure: (seed: string, failure: Failure, first: JobResult, recorded: JobResult | undefined) => void;
  /** After each seed. The summary is made when it is asked for. */
  readonly onProgress: (summary: () => Summary) => void;
}

/** Failures that are told; the rest is counted. */
export const storiesMax = 10;
/** More dead or hung processes than this, and something is wrong that more seeds don't tell. */
export const casualtiesMax = 100;

export async function runCampaign(options: CampaignOptions): Promise<Summary> {
  const { pool, nowMs, twicePercent } = options;
  const tally = createTally();
  const startedMs = nowMs();
  const elapsed = (): number => nowMs() - startedMs;
  let [taken, told, casualties] = [0, 0, 0];
  let stopped = false;

  const oneSeed = async (seed: string): Promise<void> => {
    const job: Job = { seed, record: false, timeline: false };
    const first = await pool.run(job);
    const failure = tally.add(seed, first);
    if (first.kind !== "outcome") casualties++;
    if (casualties >= casualtiesMax || (failure !== undefined && options.stopAtFirst)) stopped = true;
    if (failure !== undefined) {
      const record = first.kind === "outcome" && told++ < storiesMax;
      const recorded = record ? await pool.run({ ...job, record: true }) : undefined;
      // What can't be replayed is the first thing to know.
      const differs = recorded !== undefined && first.kind === "outcome" ? tally.compare(seed, first.outcome, recorded) : undefined;
      options.onFailure(seed, failure, first, recorded);
      if (differs !== undefined) options.onFailure(seed, differs, first, undefined);
    } else if (first.kind === "outcome" && runsTwice(BigInt(seed), twicePercent)) {
      const second = await pool.run(job);
      const differs = tally.compare(seed, first.outcome, second);
      if (differs !== undefined) {
        if (options.stopAtFirst) stopped = true;
        options.onFailure(seed, differs, first, undefined);
      }
    }
    options.onProgress(() => tally.summary(elapsed()));
  };
  const lane = async (): Promise<void> => {
    while (
      !stopped &&
      !options.interrupted() &&
      taken < options.count &&
      (options.timeLimitMs === undefined || elapsed() < options.timeLimitMs)
    ) {
      const seed = (options.from + BigInt(taken++)) & 0xffffffffffffffffn;
      // oxlint-disable-next-line no-await-in-loop -- one seed at a time in each lane.
      await oneSeed(String(seed));
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, lane));
  return tally.summary(elapsed());
}

/** The same seeds every time, spread evenly. */
export const runsTwice = (seed: bigint, percent: number): boolean =>
  Number(createSplitMix64(seed ^ 0x7769636520n)() % 10_000n) < percent * 100;

/** With so many runs, a required state that was never reached is a failure. */
export const enoughRuns = 1000;
export const missingStates = (summary: Summary, required: readonly string[]): readonly string[] =>
  summary.runs < enoughRuns ? [] : required.filter((state) => summary.sometimes[state] === undefined);
