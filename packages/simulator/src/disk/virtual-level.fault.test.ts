/** Each fault of the virtual disk, and what the relay's own store makes of it. The model: apps/relay/src/storage/level-*.fault.test.ts. */
import { ready } from "@skerry/crypto/verify";
import type { DocId } from "@skerry/protocol";
import type { Database, LogAppend, LogStore } from "@skerry/relay/core";
import { beforeAll, expect, test } from "vitest";
import {
  appendAfter,
  bytesOf,
  docIdOf,
  headAfter,
  replicaIdOf,
  run,
  wholeLog,
} from "../../../../apps/relay/src/storage/author.test-support.ts";
import { rejectsWith } from "../../../../apps/relay/src/storage/log-store.test-conformance.ts";
import { createPrng } from "../prng.ts";
import { createDiskRig } from "./virtual-disk.test-support.ts";
import type { DiskRig } from "./virtual-disk.test-support.ts";

const alpha = docIdOf("alpha");
const beta = docIdOf("beta");
const ana = replicaIdOf("ana");
const seeds = Array.from({ length: 40 }, (_, index) => BigInt(index));

beforeAll(() => ready);

/** One record of 2 KiB in each of two documents: what is torn apart would show. */
async function nextPair(store: LogStore): Promise<LogAppend[]> {
  const pair: LogAppend[] = [];
  for (const docId of [alpha, beta]) {
    const n = ((await store.tail(docId, ana))?.n ?? 0) + 1;
    pair.push(appendAfter((await store.info(docId))?.head, { docId, replicaId: ana, n, record: bytesOf(`2k ${n}`, 2048) }));
  }
  return pair;
}

async function appendPairs(store: LogStore, count: number): Promise<void> {
  for (let pair = 0; pair < count; pair++) await store.append(await nextPair(store));
}

const seqOf = async (store: LogStore, docId: DocId = alpha): Promise<number> => (await wholeLog(store, docId)).seq;

/** Both logs, which must be equally long: they were only written together. */
async function pairsOf(store: LogStore): Promise<number> {
  const seq = await seqOf(store);
  expect(await seqOf(store, beta)).toBe(seq);
  return seq;
}

/** How often each outcome came. */
async function tally<T extends string | number>(outcome: (rig: DiskRig, seed: bigint) => Promise<T>): Promise<Map<T, number>> {
  const counts = new Map<T, number>();
  for (const seed of seeds) {
    const found = await outcome(createDiskRig(seed), seed);
    counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  return counts;
}

test("ST-10 ST-3 a kill leaves what was acked, and of the write under way all or nothing", async () => {
  const left = await tally(async (rig) => {
    const { store, raw, process } = await rig.open();
    await appendPairs(store, 3);
    void raw.append(await nextPair(store));
    await rig.run(0.2);
    process.kill();
    rig.disk.crash("kill");
    return pairsOf((await rig.open()).store);
  });
  expect(new Set(left.keys())).toEqual(new Set([3, 4]));
});

test("a process that is killed at an effect writes nothing of it, and nothing of it completes", async () => {
  const rig = createDiskRig(1n);
  const { store, raw, process } = await rig.open();
  await appendPairs(store, 2);
  const seen: string[] = [];
  const pair = await nextPair(store);
  const bytes = rig.disk.bytes();
  process.crashAtEffect(1);
  void raw.append(pair).finally(() => seen.push("append"));
  await rig.run(1000);
  expect(process.alive()).toBe(false);
  void raw.info(docIdOf("other")).finally(() => seen.push("info"));
  await rig.run(1000);
  expect(seen).toEqual([]);
  expect(rig.disk.bytes()).toBe(bytes);
  rig.disk.crash("power");
  expect(await pairsOf((await rig.open()).store)).toBe(2);
});

test("ST-10 a power cut leaves what was acked; without fsync a prefix of it, whole batches", async () => {
  const synced = await tally(async (rig) => {
    const { store, process } = await rig.open();
    await appendPairs(store, 6);
    process.kill();
    rig.disk.crash("power");
    return pairsOf((await rig.open()).store);
  });
  expect([...synced.keys()]).toEqual([6]);

  const unsynced = await tally(async (rig) => {
    const { store, process } = await rig.open(rig.disk, "memory");
    await appendPairs(store, 6);
    process.kill();
    rig.disk.crash("power");
    return pairsOf((await rig.open()).store);
  });
  expect(unsynced.size).toBe(7);

  const killed = await tally(async (rig) => {
    const { store, process } = await rig.open(rig.disk, "memory");
    await appendPairs(store, 6);
    process.kill();
    rig.disk.crash("kill");
    return pairsOf((await rig.open()).store);
  });
  expect([...killed.keys()]).toEqual([6]);
});

test("a disk that lies about syncs loses acked appends in a power cut, of those after the last honest sync", async () => {
  const left = await tally(async (rig) => {
    const { store, process } = await rig.open();
    await appendPairs(store, 2);
    rig.disk.faults.syncLies = true;
    await appendPairs(store, 3);
    process.kill();
    rig.disk.crash("power");
    return pairsOf((await rig.open()).store);
  });
  expect(new Set(left.keys())).toEqual(new Set([2, 3, 4, 5]));
});

test("a lying disk holds back a bounded number of batches", async () => {
  const rig = createDiskRig(2n);
  const { store, process } = await rig.open();
  rig.disk.faults.syncLies = true;
  for (const append of run(alpha, ana, 600)) await store.append([append]);
  process.kill();
  rig.disk.crash("power");
  expect(await seqOf((await rig.open()).store)).toBeGreaterThanOrEqual(600 - 256);
});

test("ST-11 a full disk refuses appends, serves reads, and is left behind without a restart", async () => {
  const after = await tally(async (rig) => {
    const { store, events } = await rig.open();
    await appendPairs(store, 20);
    rig.disk.faults.full = true;
    const refused = await nextPair(store);
    for (let again = 0; again < 3; again++) await rejectsWith(store.append(refused), "full");
    await rejectsWith(store.putMeta("name", Uint8Array.of(1)), "full");
    expect(await pairsOf(store)).toBe(20);
    await rig.run(60_000);
    expect(events.at(-1)).toMatchObject({ type: "recovery-failed", error: { code: "full" }, retryInMs: 5000 });
    rig.disk.faults.full = false;
    await rig.run(6000);
    expect(events.at(-1)).toEqual({ type: "recovered" });
    const pairs = await pairsOf(store);
    await appendPairs(store, 20);
    await store.close();
    expect(await pairsOf((await rig.open()).store)).toBe(pairs + 20);
    return pairs;
  });
  expect(new Set(after.keys())).toEqual(new Set([20, 21]));
});

test("ST-12 a write whose fsync failed surfaces after recovery: whole, once, and its resend conflicts", async () => {
  const rig = createDiskRig(3n);
  const { store, events } = await rig.open();
  const appends = run(alpha, ana, 3);
  await store.append(appends.slice(0, 1));
  rig.disk.faults.failNextWrite = { code: "io", surfaces: true };
  await rejectsWith(store.append([...appends.slice(1), ...run(beta, ana, 1)]), "io");
  expect(await seqOf(store)).toBe(1);
  await rig.run(1000);
  expect(events.map(({ type }) => type)).toEqual(["write-failed", "recovered"]);
  expect(await store.tail(alpha, ana)).toMatchObject({ n: 3 });
  expect([await seqOf(store), await seqOf(store, beta)]).toEqual([3, 1]);
  await rejectsWith(store.append(appends.slice(1)), "conflict");
});

test("ST-12 a write that failed before the disk is nowhere after recovery, and its resend is stored", async () => {
  const rig = createDiskRig(4n);
  const { store } = await rig.open();
  const [first, second] = run(alpha, ana, 2);
  if (first === undefined || second === undefined) throw new Error("no append");
  await store.append([first]);
  rig.disk.faults.failNextWrite = { code: "io", surfaces: false };
  await rejectsWith(store.append([second]), "io");
  expect((await store.info(alpha))?.head).toEqual(headAfter(first));
  await rig.run(1000);
  expect(await seqOf(store)).toBe(1);
  await store.append([second]);
  expect(await seqOf(store)).toBe(2);
});

/** The database itself, for what the store above never does. */
async function openDatabase(rig: DiskRig): Promise<{ readonly database: Database; put(byte: number): Promise<void>; kill(): void }> {
  const process = rig.world.spawn("relay");
  const engine = rig.disk.engineFor(process);
  await rig.settle(engine.take());
  const { database } = await rig.settle(engine.open());
  const put = (byte: number): Promise<void> => {
    const batch = database.batch();
    batch.put(Uint8Array.of(byte), Uint8Array.of(byte));
    return rig.settle(batch.write({ sync: true }));
  };
  return { database, put, kill: process.kill };
}

const keysOf = (rig: DiskRig): number[] => [...rig.disk.rows()].map(([key]) => key[0] ?? 0);

test("as LevelDB: a handle goes on behind a torn record, and what it acks there is gone at the next opening", async () => {
  const rig = createDiskRig(5n);
  const { put, kill } = await openDatabase(rig);
  await put(1);
  rig.disk.faults.failNextWrite = { code: "io", surfaces: false };
  await expect(put(2)).rejects.toThrow("Input/output error");
  await put(3);
  kill();
  rig.disk.crash("kill");
  await openDatabase(rig);
  expect(keysOf(rig)).toEqual([1]);
});

test("as LevelDB: after a full disk, or a failed sync, a handle refuses every write for ever; a new one does not", async () => {
  for (const fault of [{ code: "full", surfaces: false } as const, { code: "io", surfaces: true } as const]) {
    const rig = createDiskRig(6n);
    const { database, put, kill } = await openDatabase(rig);
    await put(1);
    rig.disk.faults.failNextWrite = fault;
    for (let again = 0; again < 3; again++) await expect(put(2)).rejects.toThrow("IO error");
    expect(await rig.settle(database.get(Uint8Array.of(2)))).toBeUndefined();
    kill();
    rig.disk.crash("kill");
    const { put: putAgain } = await openDatabase(rig);
    await putAgain(3);
    expect(keysOf(rig)).toEqual(fault.surfaces ? [1, 2, 3] : [1, 3]);
  }
});

test("ST-12 a disk that fails every write and every read: io, and back again once it works", async () => {
  const rig = createDiskRig(7n);
  const { store, events } = await rig.open();
  await appendPairs(store, 2);
  rig.disk.faults.failWrites = { code: "io", surfaces: "random" };
  await rejectsWith(store.append(await nextPair(store)), "io");
  await rig.run(20_000);
  expect(events.at(-1)).toMatchObject({ type: "recovery-failed", error: { code: "io" } });
  rig.disk.faults.failReads = true;
  await rejectsWith(store.read(alpha, 1, 10, 1e6), "io");
  rig.disk.faults.failWrites = undefined;
  await rig.run(6000);
  expect(events.at(-1)).toMatchObject({ type: "recovery-failed", error: { code: "io" } });
  rig.disk.faults.failReads = false;
  await rig.run(6000);
  expect(events.at(-1)).toEqual({ type: "recovered" });
  expect(await pairsOf(store)).toBeGreaterThanOrEqual(2);
});

test("ST-13 one live process at a time, frozen or not; a dead one's folder is free", async () => {
  const rig = createDiskRig(8n);
  const { store, process } = await rig.open();
  await appendPairs(store, 1);
  await rejectsWith(rig.open(), "locked");
  process.freeze();
  await rejectsWith(rig.open(), "locked");
  process.kill();
  rig.disk.crash("kill");
  const second = await rig.open();
  expect(await pairsOf(second.store)).toBe(1);
  await second.store.close();
  expect(await pairsOf((await rig.open()).store)).toBe(1);
});

/** Opens what damage left; every answer is right, or `damaged`, or that of a shorter log. */
async function judge(rig: DiskRig, pairs: number): Promise<"whole" | "damaged" | "shorter"> {
  const { store } = await rig.open();
  let outcome: "whole" | "damaged" | "shorter" = "whole";
  for (const docId of [alpha, beta]) {
    const info = await store.info(docId).catch((error: { code: string }) => error);
    if (info !== undefined && "code" in info) {
      expect(info).toMatchObject({ code: "damaged", docId });
      outcome = "damaged";
      continue;
    }
    const seq = info?.head.seq ?? 0;
    if (seq < pairs && outcome === "whole") outcome = "shorter";
    for (let from = 1; from <= seq; from++) {
      const page = await store.read(docId, from, 1, 1e6).catch((error: { code: string }) => error);
      if ("code" in page) {
        expect(page).toMatchObject({ code: "damaged", docId });
        outcome = "damaged";
      } else expect(page[0]?.record).toEqual(bytesOf(`2k ${from}`, 2048));
      const found = await store.find(docId, ana, from).catch((error: { code: string }) => error);
      if (found !== undefined && "code" in found) outcome = "damaged";
      else expect(found).toMatchObject({ seq: from });
    }
  }
  return outcome;
}

async function written(rig: DiskRig, pairs: number): Promise<void> {
  const { store } = await rig.open();
  await appendPairs(store, pairs);
  await store.close();
}

test("LG-5 ST-15 a flipped bit in the write-ahead log is found, or cuts logs short: nothing altered, no hole", async () => {
  const outcomes = await tally(async (rig, seed) => {
    await written(rig, 12);
    expect(rig.disk.flipBit("log", createPrng(seed))).toBe(true);
    return judge(rig, 12);
  });
  expect([...outcomes.keys()].sort()).toEqual(["damaged", "shorter"]);
});

test("LG-5 ST-15 a flipped bit in a table is found and reported, and takes effect at the next opening only", async () => {
  const found = await tally(async (rig, seed) => {
    await written(rig, 12);
    const first = await rig.open();
    rig.disk.flipBit("table", createPrng(seed));
    expect(await pairsOf(first.store)).toBe(12);
    await first.store.close();
    const { store, events } = await rig.open();
    expect(events).toEqual([{ type: "tables-damaged", blankedBlocks: 1 }]);
    const newcomer = docIdOf("newcomer");
    await store.append(run(newcomer, ana, 3));
    expect(await seqOf(store, newcomer)).toBe(3);
    await store.close();
    return judge(rig, 12);
  });
  // The last rows of all are second copies, which nobody misses.
  expect(found.get("damaged")).toBeGreaterThan(0.8 * seeds.length);
  expect(found.has("shorter")).toBe(false);
  expect(createDiskRig(1n).disk.flipBit("table", createPrng(1n))).toBe(false);
});

test("ST-16 a truncated log leaves a prefix of every document", async () => {
  const outcomes = await tally(async (rig, seed) => {
    await written(rig, 12);
    expect(rig.disk.truncateLog(createPrng(seed))).toBe(true);
    const { store } = await rig.open();
    return pairsOf(store);
  });
  for (const pairs of outcomes.keys()) expect(pairs).toBeLessThan(12);
  expect(outcomes.size).toBeGreaterThan(5);
});

test("a backup brings back what was there, damage of the disk spares it, and a copy goes its own way", async () => {
  const rig = createDiskRig(9n);
  const first = await rig.open();
  await appendPairs(first.store, 5);
  const backup = rig.disk.backup();
  const copy = rig.disk.copy();
  await appendPairs(first.store, 5);
  first.process.kill();
  rig.disk.crash("power");
  rig.disk.flipBit("log", createPrng(1n));

  const onCopy = await rig.open(copy);
  await onCopy.store.append(run(docIdOf("only there"), ana, 1));
  expect(await pairsOf(onCopy.store)).toBe(5);

  rig.disk.restore(backup);
  const restored = await rig.open();
  expect(restored.events).toEqual([]);
  expect(await pairsOf(restored.store)).toBe(5);
  expect(await restored.store.info(docIdOf("only there"))).toBeUndefined();
});

test("listeners see every batch that comes to stand on the disk, and whether it is durable", async () => {
  const rig = createDiskRig(10n);
  const seen: boolean[] = [];
  let rows = 0;
  rig.disk.onWrite((batch, durable) => {
    seen.push(durable);
    rows += batch.length;
  });
  const { store } = await rig.open();
  await store.append(run(alpha, ana, 1));
  rig.disk.faults.syncLies = true;
  await store.append(run(beta, ana, 1));
  rig.disk.faults.failNextWrite = { code: "io", surfaces: false };
  await rejectsWith(store.append(run(docIdOf("lost"), ana, 1)), "io");
  // The format, twice, and four rows for each of the two appends.
  expect([seen, rows]).toEqual([[true, true, false], 10]);
  expect([...rig.disk.rows()]).toHaveLength(10);
  await store.append(run(docIdOf("refused"), ana, 1)).catch(() => undefined);
  expect(seen).toHaveLength(3);
});

test("a slow disk takes its time, and is as right", async () => {
  const took = async (slowness: number): Promise<number> => {
    const rig = createDiskRig(11n);
    rig.disk.faults.slowness = slowness;
    const { store } = await rig.open();
    await appendPairs(store, 5);
    expect(await pairsOf(store)).toBe(5);
    return rig.world.now();
  };
  expect((await took(100)) / (await took(1))).toBeGreaterThan(20);
});
