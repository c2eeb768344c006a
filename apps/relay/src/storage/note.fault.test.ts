/** ST-19 on a real LevelDB: the process is killed, rows go or are altered behind the store's back, and bits of its files flip. */
import { cp, readFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogStoreError } from "../log-store.ts";
import type { LogStore, StoredNote } from "../log-store.ts";
import { deviceIdOf, docIdOf, noteOf, replicaIdOf, run, wholeLog } from "./author.test-support.ts";
import { realClock } from "./clock.test-support.ts";
import { makeFolder, removeFolder, seeded, startChild } from "./faults.test-support.ts";
import { copyKey, noteKey } from "./keys.ts";
import { openLevelLogStore } from "./level-log-store.ts";
import { changeOf, isDeletion, lengthOf } from "./notes.test-support.ts";

const seed = Number(process.env["SKERRY_TEST_SEED"] ?? 1129);
let folder: string;
let store: LogStore | undefined;

beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  await removeFolder(folder);
});
const open = async (): Promise<LogStore> => {
  store = await openLevelLogStore({ folder, clock: realClock });
  return store;
};

test(
  "ST-10 ST-19 every note that was kept survives kill -9, ten times over, and none is torn or another's",
  { timeout: 120_000 },
  async () => {
    const random = seeded(seed);
    const devices = 6;
    const kept = Array.from({ length: devices }, () => 0);
    let next = 1;
    for (let round = 0; round < 10; round++) {
      const child = startChild("./keep-notes-until-killed.test-child.ts", [folder, String(devices), String(next)]);
      const enough = 1 + random(150);
      let answers = 0;
      for await (const line of child.lines) {
        const [device, count] = line.split(" ").map(Number);
        if (device === undefined || count === undefined) continue;
        kept[device] = count;
        if (++answers === enough) child.process.kill("SIGKILL");
      }
      expect(await child.exit).toBe("SIGKILL");
      const opened = await open();
      for (const [device, count] of kept.entries()) {
        const name = `killed ${device}`;
        // What was under way when it died may be there too.
        const at = changeOf(name, await opened.note(deviceIdOf(name)), [count, Math.max(count + 1, next)]);
        kept[device] = at;
      }
      await opened.close();
      next = Math.max(...kept) + 1;
    }
  },
);

const [kit, other] = [deviceIdOf("kit"), deviceIdOf("other")];
const document = docIdOf("whole");

type Change = (row: Uint8Array) => Uint8Array | undefined;
const gone: Change = () => undefined;
const flipped: Change = (row) => row.map((byte, at) => (at === row.length - 3 ? byte ^ 1 : byte));
const cut: Change = (row) => row.slice(0, -1);

async function keepSome(): Promise<void> {
  const first = await open();
  await first.putNote(kit, noteOf("kit", 1));
  await first.putNote(other, noteOf("other", 1));
  await first.append(run(document, replicaIdOf("ana"), 2));
  await first.close();
}

/** Changes the rows of the kit's note as a disk might, and opens what is left. */
async function after(...changes: readonly (readonly [Uint8Array, Change])[]): Promise<LogStore> {
  const level = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: "view", valueEncoding: "view" });
  await level.open();
  for (const [key, change] of changes) {
    const row = await level.get(key);
    if (row === undefined) throw new Error("no such row");
    const next = change(row);
    if (next === undefined) await level.del(key);
    else await level.put(key, next);
  }
  await level.close();
  return open();
}

const [row, copy] = [noteKey(kit), copyKey(noteKey(kit))];
/** What it rejects with names nobody. */
const damaged = { code: "damaged", docId: undefined, spaceId: undefined };

test.each([
  ["altered", flipped, flipped],
  ["cut short", cut, cut],
  ["one altered, one gone", flipped, gone],
  ["one gone, one cut short", gone, cut],
] as const)(
  "ST-19 both rows of a note are damaged (%s): it is reported, others are read, and a new one takes its place",
  async (_, one, two) => {
    await keepSome();
    const opened = await after([row, one], [copy, two]);
    await expect(opened.note(kit)).rejects.toMatchObject(damaged);
    expect(await opened.note(other)).toEqual(noteOf("other", 1));
    expect((await wholeLog(opened, document)).seq).toBe(2);
    await opened.putNote(kit, noteOf("kit", 2));
    expect(await opened.note(kit)).toEqual(noteOf("kit", 2));
  },
);

test.each([
  ["the row is gone", row, gone],
  ["the row is altered", row, flipped],
  ["its copy is gone", copy, gone],
  ["its copy is altered", copy, flipped],
] as const)("ST-19 %s: the other one serves, also to say that the note was deleted", async (_, key, change) => {
  await keepSome();
  const opened = await after([key, change]);
  expect(await opened.note(kit)).toEqual(noteOf("kit", 1));
  await opened.deleteNote(kit);
  await opened.close();
  expect(await (await after([key, gone])).note(kit)).toBeUndefined();
});

test("ST-19 an older row that comes to light beside the newer one is damage: neither it nor a deleted note comes back", async () => {
  await keepSome();
  for (const change of ["put", "delete"] as const) {
    let old: Uint8Array | undefined;
    const read = await after([row, (bytes) => (old = bytes.slice())]);
    await (change === "put" ? read.putNote(kit, noteOf("kit", 2)) : read.deleteNote(kit));
    await read.close();
    const opened = await after([row, () => old]);
    await expect(opened.note(kit)).rejects.toMatchObject(damaged);
    await opened.putNote(kit, noteOf("kit", 3));
    await opened.close();
  }
});

test("ST-19 the rows of one device's note under another's key are no note", async () => {
  await keepSome();
  const [own, others] = [noteKey(kit), noteKey(other)];
  let foreign: readonly Uint8Array[] = [];
  const read = await after([others, (bytes) => bytes], [copyKey(others), (bytes) => ((foreign = [...foreign, bytes.slice()]), bytes)]);
  await read.close();
  const opened = await after([own, () => foreign[0]], [copyKey(own), () => foreign[0]]);
  await expect(opened.note(kit)).rejects.toMatchObject(damaged);
});

// ---- bits of the files

const devices = 12;
const changes = 24;
/** And none. */
const everyChange = Array.from({ length: changes + 1 }, (_, count) => count);

/** A folder with tables and a write-ahead log, in which every device changed its note often. */
async function fill(): Promise<void> {
  for (let count = 1; count <= changes; count++) {
    if (count % 6 === 1) await store?.close();
    const opened = count % 6 === 1 ? await open() : (store ?? (await open()));
    for (let device = 0; device < devices; device++) {
      const deviceId = deviceIdOf(`flip ${device}`);
      if (isDeletion(count)) await opened.deleteNote(deviceId);
      else await opened.putNote(deviceId, noteOf(`flip ${device}`, count, lengthOf(count)));
    }
  }
  await store?.close();
  store = undefined;
}

interface Tally {
  whole: number;
  damaged: number;
  older: number;
  refused: number;
}

/** Every note is one that its device had, or reported as damaged. */
async function judge(spoil: (copy: string) => Promise<void>, tally: Tally, what: string): Promise<void> {
  const spoilt = await makeFolder();
  try {
    await cp(folder, spoilt, { recursive: true });
    await spoil(spoilt);
    const opened = await openLevelLogStore({ folder: spoilt, clock: realClock }).catch((error: unknown) => error);
    if (opened instanceof LogStoreError) return void tally.refused++;
    const level = opened as LogStore;
    try {
      for (let device = 0; device < devices; device++) {
        const found = await level.note(deviceIdOf(`flip ${device}`)).catch((error: unknown) => error);
        if (found instanceof LogStoreError) {
          expect(found.code).toBe("damaged");
          tally.damaged++;
        } else if (changeOf(`flip ${device}`, found as StoredNote | undefined, everyChange) === changes) tally.whole++;
        else tally.older++;
      }
    } finally {
      await level.close();
    }
  } catch (error) {
    throw new Error(`after ${what}, seed ${seed}`, { cause: error });
  } finally {
    await removeFolder(spoilt);
  }
}

const filesOf = async (pattern: RegExp): Promise<readonly { readonly name: string; readonly bytes: Buffer }[]> => {
  const names = (await readdir(folder)).filter((name) => pattern.test(name));
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
};

async function flipBits(pattern: RegExp, count: number): Promise<Tally> {
  const random = seeded(seed + 1);
  const tally: Tally = { whole: 0, damaged: 0, older: 0, refused: 0 };
  const files = await filesOf(pattern);
  expect(files.length).toBeGreaterThan(0);
  for (const { name, bytes } of files) {
    for (let flip = 0; flip < count; flip++) {
      const [offset, bit] = [random(bytes.length), random(8)];
      const spoilt = Buffer.from(bytes);
      spoilt[offset] = (spoilt[offset] ?? 0) ^ (1 << bit);
      await judge((copy) => writeFile(join(copy, name), spoilt), tally, `bit ${bit} at ${offset} of ${name}`);
    }
  }
  return tally;
}

test("ST-15 ST-19 a flipped bit in a table costs no note: it is there, or reported as damaged", { timeout: 120_000 }, async () => {
  await fill();
  const tally = await flipBits(/\.ldb$/, 15);
  expect(tally.older).toBe(0);
  expect(tally.whole).toBeGreaterThan(0);
});

test(
  "ST-15 ST-16 ST-19 a flipped bit in the write-ahead log, or its end cut off, leaves one that the device had, or damage",
  { timeout: 120_000 },
  async () => {
    await fill();
    const tally = await flipBits(/\.log$/, 30);
    const [log] = await filesOf(/\.log$/);
    if (log === undefined) throw new Error("no log");
    for (let length = 0; length < log.bytes.length; length += Math.ceil(log.bytes.length / 20))
      await judge((copy) => truncate(join(copy, log.name), length), tally, `${log.name} cut to ${length}`);
    expect(tally.older).toBeGreaterThan(0);
    expect(tally.whole).toBeGreaterThan(0);
  },
);
