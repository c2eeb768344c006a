/** ST-17 on a real LevelDB: a row of an access log goes, or is altered, behind the store's back. */
import { Level } from "level";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogStore } from "../log-store.ts";
import { operationsOf, run, docIdOf, replicaIdOf, spaceIdOf, wholeLog } from "./author.test-support.ts";
import { realClock } from "./clock.test-support.ts";
import { makeFolder, removeFolder } from "./faults.test-support.ts";
import { accessHeadKey, copyKey, operationKey } from "./keys.ts";
import { openLevelLogStore } from "./level-log-store.ts";

const space = spaceIdOf("damaged");
const document = docIdOf("whole");
let folder: string;
let store: LogStore | undefined;

beforeEach(async () => {
  folder = await makeFolder();
  const first = await openLevelLogStore({ folder, clock: realClock });
  for (const append of operationsOf(space, 4)) await first.appendAccess(append);
  await first.append(run(document, replicaIdOf("ana"), 2));
  await first.close();
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  await removeFolder(folder);
});

type Change = (row: Uint8Array) => Uint8Array | undefined;
const gone: Change = () => undefined;
const flipped: Change = (row) => row.map((byte, at) => (at === row.length - 70 || (row.length < 70 && at === 20) ? byte ^ 1 : byte));

/** Changes rows as a disk might, and opens what is left. */
async function after(changes: readonly (readonly [Uint8Array, Change])[]): Promise<LogStore> {
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
  store = await openLevelLogStore({ folder, clock: realClock });
  return store;
}

const head = accessHeadKey(space);
const damaged = { code: "damaged", spaceId: space };

test.each([
  ["the last operation is gone", [[operationKey(space, 4), gone]]],
  ["the last operation is altered", [[operationKey(space, 4), flipped]]],
  ["both heads are gone", [[head, gone] as const, [copyKey(head), gone] as const]],
  ["both heads are altered", [[head, flipped] as const, [copyKey(head), flipped] as const]],
] as const)("ST-17 %s: neither read nor appended to, and documents go on", async (_, changes) => {
  const opened = await after(changes);
  await expect(opened.accessHead(space)).rejects.toMatchObject(damaged);
  await expect(opened.readAccess(space, 1, 10, 1e6)).rejects.toMatchObject(damaged);
  const [next] = operationsOf(space, 5).slice(4);
  if (next === undefined) throw new Error("no operation");
  await expect(opened.appendAccess(next)).rejects.toMatchObject(damaged);
  expect((await wholeLog(opened, document)).seq).toBe(2);
});

test.each([
  ["gone", gone],
  ["altered", flipped],
] as const)("ST-17 an operation in the middle is %s: the log is not served beyond it", async (_, change) => {
  const opened = await after([[operationKey(space, 2), change]]);
  expect((await opened.readAccess(space, 1, 1, 1e6)).length).toBe(1);
  await expect(opened.readAccess(space, 1, 10, 1e6)).rejects.toMatchObject({ ...damaged, seq: 2 });
});

test.each([
  ["the head", head],
  ["its copy", copyKey(head)],
] as const)("ST-17 %s alone is gone: the other one serves", async (_, key) => {
  const opened = await after([[key, gone]]);
  expect((await opened.accessHead(space))?.position).toBe(4);
  expect((await opened.readAccess(space, 1, 10, 1e6)).length).toBe(4);
});
