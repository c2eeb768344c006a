import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { afterEach, expect, test, vi } from "vitest";
import type { LogAppend, LogStore, LogStoreError } from "../log-store.ts";
import { appendAfter, bytesOf, docIdOf, headAfter, replicaIdOf, run, wholeLog } from "./author.test-support.ts";
import { realClock } from "./clock.test-support.ts";
import { makeFolder, mayMount, removeFolder, smallFiles, smallFileSystem, startChild } from "./faults.test-support.ts";
import type { SmallDisk } from "./faults.test-support.ts";
import { openLevelLogStore } from "./level-log-store.ts";
import type { StorageEvent } from "./level-log-store.ts";
import { rejectsWith } from "./log-store.test-conformance.ts";

const alpha = docIdOf("alpha");
const beta = docIdOf("beta");
const ana = replicaIdOf("ana");
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A store, and a promise of its next recovery. */
async function openWatched(
  folder: string,
): Promise<{ readonly store: LogStore; readonly recovered: Promise<void>; readonly events: StorageEvent[] }> {
  let done: () => void = () => undefined;
  const recovered = new Promise<void>((resolve) => (done = resolve));
  const events: StorageEvent[] = [];
  const log = (event: StorageEvent): void => {
    events.push(event);
    if (event.type === "recovered") done();
  };
  const store = await openLevelLogStore({ folder, clock: realClock, log });
  cleanups.push(() => store.close());
  return { store, recovered, events };
}

/** One record of 16 KiB in each of two documents: what is torn apart would show. */
async function nextPair(store: LogStore): Promise<LogAppend[]> {
  const pair: LogAppend[] = [];
  for (const docId of [alpha, beta]) {
    const n = ((await store.tail(docId, ana))?.n ?? 0) + 1;
    pair.push(appendAfter((await store.info(docId))?.head, { docId, replicaId: ana, n, record: bytesOf(`16k ${n}`, 16_384) }));
  }
  return pair;
}

async function appendUntilFull(store: LogStore): Promise<number> {
  for (let pairs = 0; pairs < 10_000; pairs++) {
    const failure = await store.append(await nextPair(store)).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) continue;
    expect(failure).toMatchObject({ code: "full" });
    return pairs;
  }
  throw new Error("the disk never filled up");
}

async function expectFullDiskSurvived(disk: SmallDisk): Promise<void> {
  cleanups.push(() => disk.dispose());
  const { store, recovered } = await openWatched(disk.folder);
  const acked = await appendUntilFull(store);
  expect(acked).toBeGreaterThan(10);
  const refused = await nextPair(store);
  for (let again = 0; again < 3; again++) await rejectsWith(store.append(refused), "full");
  await rejectsWith(store.putMeta("name", Uint8Array.of(1)), "full");
  for (const docId of [alpha, beta]) expect((await wholeLog(store, docId)).seq).toBe(acked);

  await disk.free();
  await recovered;
  const after = (await wholeLog(store, alpha)).seq;
  expect((await wholeLog(store, beta)).seq).toBe(after);
  expect([acked, acked + 1]).toContain(after);
  for (let more = 0; more < 50; more++) await store.append(await nextPair(store));
  await store.close();

  const reopened = await openLevelLogStore({ folder: disk.folder, clock: realClock });
  cleanups.push(() => reopened.close());
  for (const docId of [alpha, beta]) {
    const { seq, records } = await wholeLog(reopened, docId);
    expect(seq).toBe(after + 50);
    expect(records).toEqual(Array.from({ length: seq }, (_, index) => Buffer.from(bytesOf(`16k ${index + 1}`, 16_384)).toString("hex")));
  }
}

test(
  "ST-11 a full disk (file size limit) refuses appends, serves reads, and is left behind without a restart",
  { timeout: 60_000 },
  async () => {
    await expectFullDiskSurvived(await smallFiles(768 * 1024));
  },
);

// Who may not mount a file system has the test above, which needs no privilege.
test.each((await mayMount()) ? [8 * 1024 * 1024] : [])(
  "ST-11 a full disk (a file system of %i bytes) refuses appends, serves reads, and is left behind without a restart",
  { timeout: 60_000 },
  async (bytes) => expectFullDiskSurvived(await smallFileSystem(bytes)),
);

test("ST-12 a write whose fsync failed may surface after recovery: whole, once, and its resend conflicts", async () => {
  const folder = await makeFolder();
  cleanups.push(() => removeFolder(folder));
  const { store, recovered, events } = await openWatched(folder);
  const appends = run(alpha, ana, 3);
  await store.append(appends.slice(0, 1));

  failNextWrite(await batchPrototype(), "written");
  const unlucky = [store.append([...appends.slice(1), ...run(beta, ana, 1)]), store.append(run(docIdOf("same group"), ana, 1))];
  // At once, before the store can have recovered.
  unlucky.push(...unlucky.map((promise) => promise.catch(() => store.append(run(docIdOf("later"), ana, 1)))));
  for (const promise of unlucky) await rejectsWith(promise, "io");
  await recovered;

  expect(events.map(({ type }) => type)).toEqual(["write-failed", "recovered"]);
  expect(await store.tail(alpha, ana)).toMatchObject({ n: 3 });
  expect((await wholeLog(store, alpha)).seq).toBe(3);
  expect((await wholeLog(store, beta)).seq).toBe(1);
  expect((await wholeLog(store, docIdOf("later"))).seq).toBe(0);
  await rejectsWith(store.append(appends.slice(1)), "conflict");
  const twice = appendAfter((await store.info(alpha))?.head, { docId: alpha, replicaId: ana, n: 2, record: bytesOf("twice", 100) });
  await rejectsWith(store.append([twice]), "conflict");
});

test("ST-12 a write that failed before the disk is nowhere after recovery, and its resend is stored", async () => {
  const folder = await makeFolder();
  cleanups.push(() => removeFolder(folder));
  const { store, recovered } = await openWatched(folder);
  const [first, second] = run(alpha, ana, 2);
  if (first === undefined || second === undefined) throw new Error("no append");
  await store.append([first]);
  failNextWrite(await batchPrototype(), "lost");
  await rejectsWith(store.append([second]), "io");
  expect((await store.info(alpha))?.head).toEqual(headAfter(first));
  await recovered;
  expect((await wholeLog(store, alpha)).seq).toBe(1);
  await store.append([second]);
  expect((await wholeLog(store, alpha)).seq).toBe(2);
});

test("ST-7 closing while the disk fails ends the recovery too", async () => {
  const folder = await makeFolder();
  cleanups.push(() => removeFolder(folder));
  const { store } = await openWatched(folder);
  failNextWrite(await batchPrototype(), "lost");
  await rejectsWith(store.append(run(alpha, ana, 1)), "io");
  await store.close();
  const { store: again } = await openWatched(folder);
  await again.append(run(alpha, ana, 1));
});

test("ST-13 a folder that another process uses is refused as locked", { timeout: 30_000 }, async () => {
  const folder = await makeFolder();
  cleanups.push(() => removeFolder(folder));
  const child = startChild("./append-until-killed.test-child.ts", [folder, "1", "1"]);
  let tried = false;
  for await (const _ of child.lines) {
    if (tried) continue;
    tried = true;
    await rejectsWith(openLevelLogStore({ folder, clock: realClock }), "locked").finally(() => child.process.kill("SIGKILL"));
  }
  expect(await child.exit).toBe("SIGKILL");
  const { store } = await openWatched(folder);
  await rejectsWith(openLevelLogStore({ folder, clock: realClock }), "locked");
  await store.append(run(alpha, ana, 1));
});

test("ST-13 a folder that cannot be made, and a path that is a file, are refused with the cause", async () => {
  const folder = await makeFolder();
  cleanups.push(() => removeFolder(folder));
  await writeFile(join(folder, "file"), "");
  for (const path of [join(folder, "file"), join(folder, "file", "below"), "/proc/skerry/data"]) {
    const error = await openLevelLogStore({ folder: path, clock: realClock }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "io" });
    expect((error as LogStoreError).cause).toBeInstanceOf(Error);
  }
  const { store } = await openWatched(join(folder, "made", "on", "demand"));
  await store.append(run(alpha, ana, 1));
});

test("ST-14 a folder with data but no CURRENT file is refused: LevelDB would empty it", async () => {
  const folder = await makeFolder();
  cleanups.push(() => removeFolder(folder));
  await mkdir(join(folder, "data"));
  await writeFile(join(folder, "data", "000005.ldb"), "data");
  await rejectsWith(openLevelLogStore({ folder: join(folder, "data"), clock: realClock }), "damaged");
});

interface Batch {
  write(options: object): Promise<void>;
}

/** The class of LevelDB's batches, which every store shares. */
async function batchPrototype(): Promise<Batch> {
  const folder = await makeFolder();
  const level = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
  await level.open();
  const batch = level.batch();
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(batch)) as Batch;
  await batch.close();
  await level.close();
  await removeFolder(folder);
  return prototype;
}

/** The fault of LevelDB that no disk can be made to show on demand: the write is reported as failed, and is on disk or is not. */
function failNextWrite(prototype: Batch, outcome: "written" | "lost"): void {
  const { write } = prototype;
  vi.spyOn(prototype, "write").mockImplementationOnce(async function (this: Batch, options) {
    if (outcome === "written") await write.call(this, options);
    throw Object.assign(new Error("IO error: Input/output error"), { code: "LEVEL_IO_ERROR" });
  });
}
