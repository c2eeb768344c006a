import { describe, expect, test } from "vitest";
import { casualtiesMax, enoughRuns, missingStates, runCampaign, runsTwice, storiesMax } from "./campaign.ts";
import { broken, passed } from "./cli.test-support.ts";
import type { Job, JobResult } from "./job.ts";
import { createTally, failuresKept } from "./tally.ts";

async function campaign(count: number, answer: (job: Job, time: number) => JobResult, more: object = {}) {
  const times = new Map<string, number>();
  const jobs: Job[] = [];
  const failures: string[] = [];
  const summary = await runCampaign({
    from: 1n,
    count,
    jobs: 3,
    twicePercent: 0,
    stopAtFirst: false,
    timeLimitMs: undefined,
    interrupted: () => false,
    nowMs: () => jobs.length * 10,
    pool: {
      run: async (job) => {
        await Promise.resolve();
        const key = job.seed ?? "";
        jobs.push(job);
        times.set(key, (times.get(key) ?? 0) + 1);
        return answer(job, times.get(key) ?? 0);
      },
    },
    onFailure: (seed, failure) => void failures.push(`${seed} ${failure.invariant}`),
    onProgress: () => undefined,
    ...more,
  });
  return { summary, jobs, failures };
}

describe("SM-5 campaigns", () => {
  test("runs each seed once, in order, and counts", async () => {
    const { summary, jobs } = await campaign(50, () => passed({ sometimes: { rare: 2, never: 0 } }));
    expect(jobs.map(({ seed }) => seed)).toEqual(Array.from({ length: 50 }, (_, index) => String(index + 1)));
    expect(summary).toMatchObject({
      runs: 50,
      failed: 0,
      clientHours: 100,
      events: 5000,
      edits: 500,
      sometimes: { rare: { runs: 50, times: 100 } },
    });
    expect(summary.sometimes["never"]).toBeUndefined();
    expect(summary.seedsPerSecond).toBeCloseTo(100, 0);
  });

  test("who presses Ctrl-C hears what was found so far", async () => {
    let pressed = false;
    const { summary } = await campaign(
      1000,
      ({ seed }) => {
        pressed ||= seed === "20";
        return seed === "7" ? broken("I1") : passed();
      },
      { interrupted: () => pressed },
    );
    expect(summary.failed).toBe(1);
    expect(summary.runs).toBeGreaterThanOrEqual(20);
    expect(summary.runs).toBeLessThanOrEqual(23);
  });

  test("SM-5 a share of the seeds is run twice, and a run that differs fails as I19", async () => {
    const { summary, jobs, failures } = await campaign(
      400,
      ({ seed }, time) => passed({ traceHash: seed === "7" || seed === "8" ? `hash of run ${time}` : "same" }),
      { twicePercent: 100 },
    );
    expect(jobs).toHaveLength(800);
    expect(summary.ranTwice).toBe(400);
    expect(failures.sort()).toEqual(["7 I19", "8 I19"]);
    expect(summary.failuresByInvariant).toEqual({ I19: 2 });
    const share = Array.from({ length: 10_000 }, (_, index) => runsTwice(BigInt(index), 5)).filter(Boolean).length;
    expect(share).toBeGreaterThan(400);
    expect(share).toBeLessThan(600);
    expect(runsTwice(1n, 0)).toBe(false);
  });

  test("SM-3 a failure is run once more for its story, and goes on to the end", async () => {
    const { summary, jobs, failures } = await campaign(40, ({ seed }) => (Number(seed) % 2 === 0 ? broken("I4") : passed()));
    expect(summary).toMatchObject({ runs: 40, failed: 20, failuresByInvariant: { I4: 20 } });
    expect(failures).toHaveLength(20);
    expect(jobs.filter(({ record }) => record)).toHaveLength(storiesMax);
  });

  test("SM-5 a failure that is another one when it is recorded is not deterministic", async () => {
    const { failures } = await campaign(1, (_, time) => broken("I4", { traceHash: String(time) }));
    expect(failures).toEqual(["1 I4", "1 I19"]);
  });

  test("SM-6 dead and hung processes are failures of their seed, and many of them end the campaign", async () => {
    const { summary, failures } = await campaign(1000, ({ seed }) =>
      seed === "3" ? { kind: "hang", detail: "60 s" } : { kind: "crash", detail: "gone" },
    );
    expect(failures.slice(0, 3)).toEqual(["1 crash", "2 crash", "3 hang"]);
    expect(summary.runs).toBeGreaterThanOrEqual(casualtiesMax);
    expect(summary.runs).toBeLessThan(casualtiesMax + 5);
  });

  test("stops at the first failure, or after the time given", async () => {
    expect((await campaign(1000, () => broken("I1"), { stopAtFirst: true })).summary.runs).toBeLessThanOrEqual(3);
    const { summary } = await campaign(1000, () => passed(), { timeLimitMs: 500 });
    expect(summary.runs).toBeGreaterThan(40);
    expect(summary.runs).toBeLessThan(60);
  });

  test("SM-7 with a thousand runs a required rare state that was never reached is missing", async () => {
    const few = await campaign(enoughRuns - 1, () => passed());
    expect(missingStates(few.summary, ["rare"])).toEqual([]);
    const many = await campaign(enoughRuns, ({ seed }) => passed({ sometimes: seed === "17" ? { rare: 1 } : {} }));
    expect(missingStates(many.summary, ["rare", "rarer"])).toEqual(["rarer"]);
  });

  test("the tally is bounded", () => {
    const tally = createTally();
    for (let seed = 0; seed < failuresKept + 10; seed++) tally.add(String(seed), broken("I2"));
    const { failed, failures } = tally.summary(1);
    expect([failed, failures.length]).toEqual([failuresKept + 10, failuresKept]);
  });
});
