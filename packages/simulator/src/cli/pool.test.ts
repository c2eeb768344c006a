import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { startChildProcess } from "./child-process.ts";
import { passed } from "./cli.test-support.ts";
import type { Job } from "./job.ts";
import { createPool } from "./pool.ts";
import type { WorkerEvents } from "./pool.ts";

const jobOf = (seed: number): Job => ({ seed: String(seed), record: false, timeline: false });

/** Workers that do what the test says; the watchdog barks when it says so. */
function fakePool(size: number) {
  const workers: { readonly events: WorkerEvents; readonly got: Job[]; killed: boolean }[] = [];
  const watching = new Set<() => void>();
  const pool = createPool({
    size,
    watchdogMs: 60_000,
    start: (events) => {
      const worker = { events, got: [] as Job[], killed: false };
      workers.push(worker);
      return {
        send: (job) => void worker.got.push(job),
        kill: () => {
          worker.killed = true;
          events.ended("killed");
        },
      };
    },
    after: (_, run) => {
      watching.add(run);
      return () => void watching.delete(run);
    },
  });
  return { pool, workers, watching };
}

describe("SM-6 the pool of processes", () => {
  test("SM-6 gives each process one job at a time, and no more processes than wanted", async () => {
    const { pool, workers, watching } = fakePool(2);
    const results = [1, 2, 3].map((seed) => pool.run(jobOf(seed)));
    expect(workers.map(({ got }) => got.length)).toEqual([1, 1]);
    workers[1]?.events.answered(passed());
    expect(await results[1]).toEqual(passed());
    expect(workers.map(({ got }) => got.map(({ seed }) => seed))).toEqual([["1"], ["2", "3"]]);
    expect(watching.size).toBe(2);
    workers[0]?.events.answered(passed());
    workers[1]?.events.answered(passed());
    await Promise.all(results);
    expect(watching.size).toBe(0);
  });

  test("SM-6 a process that dies is a failed run of that seed, and the next seed gets a new one", async () => {
    const { pool, workers } = fakePool(1);
    const [first, second] = [pool.run(jobOf(1)), pool.run(jobOf(2))];
    workers[0]?.events.ended("out of memory");
    expect(await first).toEqual({ kind: "crash", detail: "out of memory" });
    expect(workers).toHaveLength(2);
    workers[1]?.events.answered(passed());
    expect(await second).toEqual(passed());
    workers[0]?.events.answered(passed());
    workers[1]?.events.ended("idle");
    const third = pool.run(jobOf(3));
    expect(workers).toHaveLength(3);
    workers[2]?.events.answered(passed());
    expect(await third).toEqual(passed());
  });

  test("SM-6 a process that hangs is killed and replaced", async () => {
    const { pool, workers, watching } = fakePool(1);
    const [first, second] = [pool.run(jobOf(1)), pool.run(jobOf(2))];
    for (const bark of [...watching]) bark();
    expect(await first).toEqual({ kind: "hang", detail: "stopped after 60 s" });
    expect(workers[0]?.killed).toBe(true);
    workers[1]?.events.answered(passed());
    expect(await second).toEqual(passed());
  });

  test("SM-6 closing ends everything, twice does no harm", async () => {
    const { pool, workers } = fakePool(1);
    const results = [1, 2].map((seed) => pool.run(jobOf(seed)));
    pool.close();
    pool.close();
    expect((await Promise.all(results)).map(({ kind }) => kind)).toEqual(["crash", "crash"]);
    expect(workers.map(({ killed }) => killed)).toEqual([true]);
    expect((await pool.run(jobOf(3))).kind).toBe("crash");
  });
});

describe("SM-6 real processes", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  test("SM-6 answer, die with their last words, and are killed when they loop", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "skerry-pool-"));
    folders.push(folder);
    const file = path.join(folder, "worker.mjs");
    writeFileSync(
      file,
      `process.on("message", (job) => {
        if (job.seed === "1") process.send({ kind: "crash", detail: "answered" });
        else if (job.seed === "2") { process.stderr.write("last words"); process.exitCode = 3; process.disconnect(); }
        else for (;;);
      });
      process.on("disconnect", () => process.exit());`,
    );
    const pool = createPool({
      size: 1,
      watchdogMs: 1500,
      start: (events) => startChildProcess(file, folder, events),
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    });
    expect(await pool.run(jobOf(1))).toEqual({ kind: "crash", detail: "answered" });
    expect(await pool.run(jobOf(2))).toEqual({ kind: "crash", detail: "the process ended (code 3)\nlast words" });
    expect(await pool.run(jobOf(3))).toEqual({ kind: "hang", detail: "stopped after 1.5 s" });
    expect(await pool.run(jobOf(1))).toEqual({ kind: "crash", detail: "answered" });
    pool.close();
  });
});
