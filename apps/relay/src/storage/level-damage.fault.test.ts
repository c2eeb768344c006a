import { cp, readFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesEqual } from "@skerry/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LogStoreError } from "../log-store.ts";
import type { LogAppend, LogStore, StoredEntry } from "../log-store.ts";
import { appendAfter, docIdOf, headAfter, recordOf, replicaIdOf, run, wholeLog } from "./author.test-support.ts";
import { realClock } from "./clock.test-support.ts";
import { makeFolder, removeFolder, seeded } from "./faults.test-support.ts";
import { openLevelLogStore } from "./level-log-store.ts";
import type { StorageEvent } from "./level-log-store.ts";

const documents = ["a", "b", "c", "d"].map((name) => docIdOf(`damage ${name}`));
const writers = ["x", "y", "z"].map((name) => replicaIdOf(`damage ${name}`));
const seed = Number(process.env["SKERRY_TEST_SEED"] ?? 1121);
let whole: string;
const truth = new Map<number, LogAppend[]>();

/** A folder with three tables and a write-ahead log, in which every document has entries of every part. */
beforeAll(async () => {
  whole = await makeFolder();
  const random = seeded(seed);
  for (let part = 0; part < 4; part++) {
    const store = await openLevelLogStore({ folder: whole, clock: realClock });
    await store.putMeta("identity", Uint8Array.of(1, 2, 3));
    for (let count = 0; count < (part < 3 ? 18 : 60); count++) await appendSome(store, random);
    await store.close();
  }
});
afterAll(() => removeFolder(whole));

async function appendSome(store: LogStore, random: (max: number) => number): Promise<void> {
  const batch: LogAppend[] = [];
  for (let item = 0; item <= random(3); item++) {
    const doc = random(documents.length);
    const [docId, replicaId] = [documents[doc], writers[random(writers.length)]];
    if (docId === undefined || replicaId === undefined) throw new Error("no such document");
    const log = truth.get(doc) ?? [];
    truth.set(doc, log);
    const last = log.at(-1);
    const n = log.filter((append) => append.replicaId === replicaId).length + 1;
    const append = appendAfter(last && headAfter(last), { docId, replicaId, n, record: recordOf(replicaId, n) });
    log.push(append);
    batch.push(append);
  }
  await store.append(batch);
}

interface Verdict {
  outcome: "whole" | "refused at open" | "damaged" | "shorter";
}

/** Opens what a fault left behind and holds every answer against the truth: right, or `damaged`, or a consistent shorter log. */
async function judge(folder: string): Promise<Verdict> {
  const opened = await openLevelLogStore({ folder, clock: realClock }).catch(codeOf);
  if (typeof opened === "string") {
    expect(["damaged", "io"]).toContain(opened);
    return { outcome: "refused at open" };
  }
  const verdict: Verdict = { outcome: "whole" };
  try {
    for (const [doc, log] of truth) await judgeDocument(opened, doc, log, verdict);
    // One flipped bit cannot reach both copies of the relay's key.
    const identity = await opened.getMeta("identity").catch(codeOf);
    if (verdict.outcome !== "shorter") expect(identity).toEqual(Uint8Array.of(1, 2, 3));
  } finally {
    await opened.close();
  }
  return verdict;
}

async function judgeDocument(store: LogStore, doc: number, log: readonly LogAppend[], verdict: Verdict): Promise<void> {
  const docId = documents[doc];
  if (docId === undefined) throw new Error("no such document");
  const info = await store.info(docId).catch(codeOf);
  if (info === "damaged") return void (verdict.outcome = "damaged");
  if (typeof info === "string") throw new Error(`info: ${info}`);
  const seq = info?.head.seq ?? 0;
  if (seq < log.length && verdict.outcome === "whole") verdict.outcome = "shorter";
  if (info !== undefined) expect(bytesEqual(info.head.chainHash, log[seq - 1]?.chainHash ?? new Uint8Array(0))).toBe(true);

  let damaged = false;
  for (let from = 1; from <= seq;) {
    const page = await store.read(docId, from, 7, 1e6).catch((error: unknown) => error);
    if (page instanceof LogStoreError) {
      expect(page).toMatchObject({ code: "damaged", docId });
      expect(page.seq).toBeGreaterThanOrEqual(Math.max(1, from - 1));
      damaged = true;
      from = Math.max(from, page.seq ?? from) + 1;
      continue;
    }
    const entries = page as readonly StoredEntry[];
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) {
      if (!isStored(entry, log[from - 1], from)) throw new Error(`altered: entry ${from}`);
      from++;
    }
  }
  for (const { replicaId, n, seq: at, recordHash, chainHash } of log) {
    const found = await store.find(docId, replicaId, n).catch(codeOf);
    if (found === "damaged") damaged = true;
    else if (found === undefined) expect(at > seq || damaged).toBe(true);
    else if (typeof found === "string" || found.seq !== at || !bytesEqual(found.recordHash, recordHash)) throw new Error(`find: ${at}`);
    const hash = await store.chainHashAt(docId, at).catch(codeOf);
    if (hash === "damaged") damaged = true;
    else if (typeof hash === "string" || at > seq !== (hash === undefined)) throw new Error(`chainHashAt: ${at}`);
    else if (hash !== undefined && !bytesEqual(hash, chainHash)) throw new Error(`altered: chain hash ${at}`);
  }
  if (damaged) verdict.outcome = "damaged";
}

function isStored(entry: StoredEntry, append: LogAppend | undefined, seq: number): boolean {
  if (append === undefined || entry.seq !== seq || append.seq !== seq) return false;
  const { receivedAtMs, accessPosition, record } = append.entry;
  const hashes = bytesEqual(entry.recordHash, append.recordHash) && bytesEqual(entry.chainHash, append.chainHash);
  return hashes && entry.receivedAtMs === receivedAtMs && entry.accessPosition === accessPosition && bytesEqual(entry.record, record);
}

const codeOf = (error: unknown): string => {
  if (error instanceof LogStoreError) return error.code;
  throw error;
};

/** Runs `spoil` on a fresh copy and judges what it left. */
async function judgeCopy(spoil: (folder: string) => Promise<void>, what: string, original: string = whole): Promise<Verdict> {
  const folder = await makeFolder();
  try {
    await cp(original, folder, { recursive: true });
    await spoil(folder);
    return await judge(folder);
  } catch (error) {
    throw new Error(`after ${what}, seed ${seed}`, { cause: error });
  } finally {
    await removeFolder(folder);
  }
}

async function filesOf(pattern: RegExp, folder = whole): Promise<{ readonly name: string; readonly bytes: Buffer }[]> {
  const names = (await readdir(folder)).filter((name) => pattern.test(name));
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
}

test("LG-5 the folder that is damaged below is whole", async () => {
  expect(await judgeCopy(async () => undefined, "nothing")).toEqual({ outcome: "whole" });
  expect((await filesOf(/\.ldb$/)).length).toBeGreaterThanOrEqual(1);
  expect((await filesOf(/\.log$/))[0]?.bytes.length).toBeGreaterThan(32_768);
});

/** Flips one bit at each of `count` places of each file. */
async function flipBits(pattern: RegExp, count: number): Promise<Record<string, number>> {
  const random = seeded(seed + 1);
  const tally: Record<string, number> = {};
  for (const { name, bytes } of await filesOf(pattern)) {
    for (let flip = 0; flip < count; flip++) {
      const offset = random(bytes.length);
      const bit = random(8);
      const flipped = Buffer.from(bytes);
      flipped[offset] = (flipped[offset] ?? 0) ^ (1 << bit);
      const { outcome } = await judgeCopy((folder) => writeFile(join(folder, name), flipped), `bit ${bit} at ${offset} of ${name}`);
      tally[outcome] = (tally[outcome] ?? 0) + 1;
    }
  }
  return tally;
}

test(
  "LG-5 ST-15 a flipped bit in the write-ahead log is harmless, found, or cuts a log short: nothing altered, no hole",
  { timeout: 120_000 },
  async () => {
    const tally = await flipBits(/\.log$/, 50);
    expect(tally["damaged"]).toBeGreaterThan(0);
  },
);

test("LG-5 ST-15 a flipped bit in a table is harmless or found", { timeout: 120_000 }, async () => {
  const tally = await flipBits(/\.ldb$/, 20);
  expect(tally["damaged"]).toBeGreaterThan(0);
  expect(tally["shorter"] ?? 0).toBe(0);
});

test(
  "LG-5 ST-15 a damaged block costs the documents in it; all others are served and written, through compactions and restarts",
  { timeout: 60_000 },
  async () => {
    const folder = await makeFolder();
    try {
      await cp(whole, folder, { recursive: true });
      // A bystander, whose rows are not in the damaged table.
      const newcomer = docIdOf("newcomer");
      const before = await openLevelLogStore({ folder, clock: realClock });
      await before.append(run(newcomer, replicaIdOf("new"), 40));
      await before.close();
      const record = Buffer.from(truth.get(0)?.[2]?.entry.record ?? []);
      // The last byte of an entry's sequence number, which LevelDB stores before 8 bytes of its own, the row's head and the record:
      // the keys are out of order, and LevelDB itself would abort the process when it compacts them.
      const spoil = ({ bytes }: { readonly bytes: Buffer }): Buffer => {
        const at = bytes.indexOf(record) - 53 - 9;
        const spoilt = Buffer.from(bytes);
        spoilt[at] = (spoilt[at] ?? 0) ^ 0xff;
        return spoilt;
      };
      // A compaction that `close` cut short leaves tables that hold the record too and that nothing reads: take the one that is in use.
      const candidates = (await filesOf(/\.ldb$/, folder)).filter(({ bytes }) => bytes.indexOf(record) > 62);
      let table: (typeof candidates)[number] | undefined;
      for (const candidate of candidates) {
        const inUse = await judgeCopy(
          (copy) => writeFile(join(copy, candidate.name), spoil(candidate)),
          `${candidate.name} spoilt`,
          folder,
        );
        if (inUse.outcome === "damaged") table = candidate;
      }
      if (table === undefined) throw new Error(`no table in use among ${candidates.length}`);
      const spoilt = spoil(table);
      await writeFile(join(folder, table.name), spoilt);

      const events: StorageEvent[] = [];
      for (let restart = 0; restart < 6; restart++) {
        const store = await openLevelLogStore({ folder, clock: realClock, log: (event) => void events.push(event) });
        const outcomes: string[] = [];
        for (const [doc, log] of truth) {
          const verdict: Verdict = { outcome: "whole" };
          await judgeDocument(store, doc, log, verdict);
          outcomes.push(verdict.outcome);
        }
        expect(outcomes).toContain("damaged");
        expect((await wholeLog(store, newcomer)).seq).toBe(40 + restart);
        const head = (await store.info(newcomer))?.head;
        await store.append([
          appendAfter(head, { docId: newcomer, replicaId: replicaIdOf("new"), n: 41 + restart, record: Buffer.alloc(600_000, restart) }),
        ]);
        await store.close();
      }
      expect(events).toEqual([{ type: "tables-damaged", blankedBlocks: 1 }]);
      expect(Buffer.compare(await readFile(join(folder, `${table.name}.damaged`)), spoilt)).toBe(0);
    } finally {
      await removeFolder(folder);
    }
  },
);

test("ST-15 what a compaction left behind when it was killed is no damage", async () => {
  for (const { name, bytes } of await filesOf(/\.ldb$/)) {
    for (const length of [0, 20, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const spoil = (folder: string): Promise<void> => writeFile(join(folder, "000999.ldb"), bytes.subarray(0, length));
      expect(await judgeCopy(spoil, `${length} bytes of a table like ${name}`)).toEqual({ outcome: "whole" });
    }
  }
});

test("ST-13 a damaged guard, which holds nothing, is made anew", async () => {
  const { outcome } = await judgeCopy(async (folder) => {
    for (const name of await readdir(join(folder, "guard"))) await writeFile(join(folder, "guard", name), "spoilt");
  }, "spoiling the guard");
  expect(outcome).toBe("whole");
});

test(
  "LG-5 ST-15 a flipped bit in CURRENT or the manifest is harmless, refused at opening, or cuts logs short",
  { timeout: 120_000 },
  async () => {
    const tally = await flipBits(/^(CURRENT|MANIFEST-.*)$/, 30);
    expect(tally["refused at open"]).toBeGreaterThan(0);
  },
);

test("ST-16 a write-ahead log cut off anywhere leaves a consistent prefix of every document", { timeout: 120_000 }, async () => {
  for (const { name, bytes } of await filesOf(/\.log$/)) {
    const step = Math.ceil(bytes.length / 50);
    for (let length = 0; length < bytes.length; length += step) {
      const { outcome } = await judgeCopy((folder) => truncate(join(folder, name), length), `${name} cut to ${length}`);
      expect(outcome).toBe("shorter");
    }
  }
});
