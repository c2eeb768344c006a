import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createPrng, fuzzSeeds, randomHistory } from "./histories.test-helper.ts";
import type { Prng } from "./histories.test-helper.ts";
import { fitUpdate, validateUpdate } from "./index.ts";

// Long in CI, short at home; what is searched is the same every time, unless another seed is asked for.
const inCi = process.env["CI"] !== undefined;
const seeds = fuzzSeeds();
const mutations = Math.ceil((inCi ? 100_000 : 5_000) / seeds.length);
const histories = Math.ceil((inCi ? 400 : 25) / seeds.length);

interface Case {
  readonly before: readonly Uint8Array[];
  readonly collecting: Uint8Array;
  readonly keeping: Uint8Array;
  readonly after: readonly Uint8Array[];
}

interface Report {
  readonly failures: readonly { readonly index: number; readonly message: string }[];
  readonly slowestMs: number;
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");

const progress = new SharedArrayBuffer(4);
const worker = new Worker(new URL("./apply-worker.test-helper.mjs", import.meta.url), { workerData: progress });
afterAll(async () => {
  await worker.terminate();
});

/** Applies the cases in the worker. One that hangs fails here: the worker is killed, and the culprit named. */
async function applyInWorker(cases: readonly Case[], deadlineMs: number, seed: number): Promise<Report> {
  return await new Promise<Report>((resolve, reject) => {
    const culprit = (): Case | undefined => cases[Atomics.load(new Int32Array(progress), 0)];
    const timer = setTimeout(() => {
      void worker.terminate();
      reject(new Error(`Yjs hung on an accepted update: ${hex(culprit()?.collecting)}, seed ${seed}`));
    }, deadlineMs);
    worker.once("message", (report: Report) => {
      clearTimeout(timer);
      resolve(report);
    });
    worker.postMessage({ cases });
  });
}

/** Time of the best of a few runs: on a busy machine a single one measures the others. */
function quickestMs(run: () => unknown): number {
  let quickest = Infinity;
  for (let round = 0; round < 5 && quickest > 5; round++) {
    const started = performance.now();
    run();
    quickest = Math.min(quickest, performance.now() - started);
  }
  return quickest;
}

const numbers = [0, 1, 2, 10, 63, 127, 128, 255, 16_383, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 50, Number.MAX_SAFE_INTEGER];

function varUint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

function mutate(prng: Prng, update: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = [...update];
  for (let count = prng.chance(0.7) ? 1 : 1 + prng.int(4); count > 0; count--) {
    const at = prng.int(bytes.length + 1);
    switch (prng.int(8)) {
      case 0:
        bytes[Math.min(at, bytes.length - 1)] = prng.int(256);
        break;
      case 1: {
        const one = Math.min(at, bytes.length - 1);
        bytes[one] = (bytes[one] ?? 0) ^ (1 << prng.int(8));
        break;
      }
      case 2:
        bytes.splice(at, 1 + prng.int(3));
        break;
      case 3:
        bytes.splice(at, 0, prng.int(256));
        break;
      case 4:
        bytes.splice(at, prng.int(3), ...varUint(prng.pick(numbers)));
        break;
      case 5:
        bytes.length = at;
        break;
      case 6: {
        const from = prng.int(other.length);
        bytes.splice(at, prng.int(8), ...other.subarray(from, from + prng.int(24)));
        break;
      }
      default: {
        const one = Math.min(at, bytes.length - 1);
        bytes[one] = ((bytes[one] ?? 0) + prng.pick([1, -1, 2, -2]) + 256) & 255;
      }
    }
  }
  return Uint8Array.from(bytes);
}

/** Every shape in which Yjs hands out an update: as emitted, whole, merged, merged with gaps, cut to a state vector. */
function shapes(prng: Prng, updates: readonly Uint8Array[], docs: readonly Y.Doc[]): Uint8Array[] {
  const result = [...updates];
  for (const doc of docs) {
    const whole = Y.encodeStateAsUpdate(doc);
    result.push(whole);
    for (const other of docs) {
      result.push(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)));
      result.push(Y.diffUpdate(whole, Y.encodeStateVector(other)));
    }
  }
  for (let round = 0; round < 6; round++) {
    const some = updates.filter(() => prng.chance(0.5));
    if (some.length === 0) continue;
    const merged = Y.mergeUpdates(some);
    result.push(merged);
    result.push(Y.diffUpdate(merged, Y.encodeStateVector(prng.pick(docs))));
    result.push(Y.convertUpdateFormatV2ToV1(Y.convertUpdateFormatV1ToV2(merged)));
    // A document with pending structs and deletions encodes those too.
    const pending = new Y.Doc();
    Y.applyUpdate(pending, merged);
    result.push(Y.encodeStateAsUpdate(pending));
  }
  return result;
}

/**
 * What its author and the others write next meets what the accepted update left, pending structs too. As in the engine, each is fitted first:
 * an author who contradicts himself here does so for a document that is told. Only after the worker, which is killed when Yjs hangs.
 */
function applyNext({ before, collecting, keeping, after }: Case): void {
  for (const gc of [true, false]) {
    const doc = new Y.Doc({ gc });
    for (const known of before) Y.applyUpdate(doc, known);
    Y.applyUpdate(doc, gc ? collecting : keeping);
    for (const next of after) {
      const summary = validateUpdate(next);
      if (!summary.ok) throw new Error(summary.error);
      const fitted = fitUpdate(doc, next, summary.value);
      if (fitted.ok) Y.applyUpdate(doc, fitted.value);
    }
    Y.applyUpdate(new Y.Doc({ gc }), Y.encodeStateAsUpdate(doc));
  }
}

describe.each(seeds)("fuzzing the update validator (seed %i)", (seed) => {
  it("VF-6 accepts every update that real documents produce", () => {
    for (let run = 0; run < histories; run++) {
      const prng = createPrng(seed + run);
      const { updates, docs } = randomHistory(prng, 60);
      for (const update of shapes(prng, updates, docs)) {
        const result = validateUpdate(update);
        if (!result.ok) throw new Error(`${result.error}: ${hex(update)}, seed ${seed}, run ${run}`);
        // The summary agrees with Yjs' own reading, gaps aside.
        const decoded = Y.decodeUpdate(update);
        const covered = result.value.structs.reduce((sum, { from, to }) => sum + to - from, 0);
        const expected = decoded.structs.reduce((sum, struct) => sum + (struct instanceof Y.Skip ? 0 : struct.length), 0);
        expect(covered).toBe(expected);
      }
    }
  }, 300_000);

  it(`VF-6 ${mutations} mutations: refused at once, or applied by Yjs without a throw and at once`, async () => {
    const prng = createPrng(seed);
    let accepted = 0;
    let slowestValidationMs = 0;
    let slowestApplyMs = 0;
    for (let done = 0; done < mutations;) {
      const { updates, docs } = randomHistory(prng, 25);
      const originals = shapes(prng, updates, docs);
      const cases: Case[] = [];
      for (let nth = 0; nth < 500 && done < mutations; nth++, done++) {
        const update = mutate(prng, prng.pick(originals), prng.pick(originals));
        const result = validateUpdate(update);
        slowestValidationMs = Math.max(
          slowestValidationMs,
          quickestMs(() => validateUpdate(update)),
        );
        if (!result.ok) continue;
        const cut = prng.int(updates.length + 1);
        const before = updates.slice(0, cut);
        // A document that collects may refuse less than one that does not, so each gets its own bytes.
        const [collecting, keeping] = [true, false].map((gc) => {
          const doc = new Y.Doc({ gc });
          for (const known of before) Y.applyUpdate(doc, known);
          return fitUpdate(doc, update, result.value);
        });
        if (collecting?.ok !== true || keeping?.ok !== true) continue;
        cases.push({ before, collecting: collecting.value, keeping: keeping.value, after: prng.chance(0.3) ? updates.slice(cut) : [] });
      }
      accepted += cases.length;
      const report = await applyInWorker(cases, 60_000, seed);
      slowestApplyMs = Math.max(slowestApplyMs, report.slowestMs);
      const [failure] = report.failures;
      if (failure !== undefined) throw new Error(`${failure.message}\nupdate ${hex(cases[failure.index]?.collecting)}, seed ${seed}`);
      for (const one of cases) {
        try {
          applyNext(one);
        } catch (error) {
          throw new Error(`after ${hex(one.collecting)}, seed ${seed}`, { cause: error });
        }
      }
    }
    process.stdout.write(
      `seed ${seed}: ${mutations} mutations, ${accepted} accepted, slowest validation ${slowestValidationMs.toFixed(1)} ms, slowest case ${slowestApplyMs.toFixed(0)} ms\n`,
    );
    expect(accepted).toBeGreaterThan(mutations / 100);
    expect(slowestValidationMs).toBeLessThan(50);
    expect(slowestApplyMs).toBeLessThan(250);
  }, 1_200_000);
});
