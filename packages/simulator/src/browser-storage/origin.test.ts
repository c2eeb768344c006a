/** What no browser can be made to do on demand: deaths, power cuts, faults, other processes. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPrng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import { createVirtualOrigin, installIndexedDb } from "./index.ts";
import { createStorageRig } from "./settle.test-support.ts";
import type { StorageRig } from "./settle.test-support.ts";

let rig: StorageRig;
let heard: string[];

beforeEach(() => {
  rig = createStorageRig(11n);
  heard = [];
});
afterEach(() => {
  rig.end();
  expect(rig.errors).toEqual([]);
});

const openDb = (version = 1): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("db", version);
    request.addEventListener("upgradeneeded", () => {
      for (const store of ["a", "b"]) if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
    });
    request.addEventListener("blocked", () => heard.push("blocked"));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("not opened")));
  });

type Durability = "strict" | "relaxed";

async function put(db: IDBDatabase, key: string, value: unknown, durability: Durability = "strict", store = "a"): Promise<string> {
  const tx = db.transaction(store, "readwrite", { durability });
  tx.objectStore(store).put(value, key);
  tx.commit();
  return new Promise((resolve) => {
    tx.addEventListener("complete", () => resolve("complete"));
    tx.addEventListener("abort", () => resolve(tx.error?.name ?? "aborted"));
  });
}

async function start(name = "browser"): Promise<{ readonly process: Process; readonly db: IDBDatabase }> {
  const process = rig.start(name);
  return { process, db: await rig.run(process, () => openDb()) };
}

/** Begins something in the process that nobody waits for here. */
function begin(process: Process, code: () => Promise<string>): void {
  process.later(0, "begin", () => void code().then((what) => heard.push(what)));
}

const keys = (store = "a"): unknown[] => rig.origin.rows("db", store).map(([key]) => key);

test("what is not committed is not there, for nobody; a process that dies at the commit has written nothing, after it everything", async () => {
  const { process, db } = await start();
  begin(process, () => put(db, "one", 1));
  await rig.pass(0.7);
  expect([keys(), rig.origin.bytes()]).toEqual([[], 0]);
  await rig.pass(20);
  expect([keys(), heard]).toEqual([["one"], ["complete"]]);
  process.crashAtEffect(1);
  begin(process, () => put(db, "two", 2));
  await rig.pass(20);
  expect([process.alive(), keys(), heard]).toEqual([false, ["one"], ["complete"]]);
  const next = await start();
  next.process.crashAtEffect(2);
  begin(next.process, () => put(next.db, "two", 2));
  begin(next.process, () => put(next.db, "three", 3));
  await rig.pass(40);
  expect([next.process.alive(), keys(), heard]).toEqual([false, ["one", "two"], ["complete", "complete"]]);
});

test("a death frees what it kept others from, without anybody calling crash", async () => {
  const one = await start("one");
  const two = await start("two");
  begin(one.process, () => put(one.db, "one", 1));
  begin(two.process, () => put(two.db, "two", 2));
  await rig.pass(0.8);
  one.process.kill();
  await rig.pass(20);
  expect([keys(), heard]).toEqual([["two"], ["complete"]]);
});

test("a power cut takes relaxed commits, the newest first, and never a strict one or what came before it", async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 40; round++) {
    rig.origin.evict();
    const { process, db } = await start();
    const losses: number[] = [];
    rig.origin.onLoss(() => losses.push(1));
    await rig.run(process, async () => {
      await put(db, "1", 1, "relaxed");
      await put(db, "2", 2, "strict");
      for (const key of ["3", "4", "5"]) await put(db, key, 1, "relaxed");
    });
    process.kill();
    rig.origin.crash(process, "power");
    seen.add(keys().join(""));
    expect(losses.length).toBe(keys().length < 5 ? 1 : 0);
  }
  expect([...seen].sort()).toEqual(["12", "123", "1234", "12345"]);
});

test("what a power cut right now would leave is told: nothing relaxed until a strict commit or a flush, and then all of it", async () => {
  const { process, db } = await start();
  const durable = (): unknown[] => rig.origin.durableRows("db", "a").map(([key]) => key);
  const both = (): unknown[] => [durable(), keys(), rig.origin.allDurable()];
  await rig.run(process, () => put(db, "1", 1, "relaxed"));
  await rig.run(process, () => put(db, "2", 1, "relaxed"));
  expect(both()).toEqual([[], ["1", "2"], false]);
  await rig.run(process, () => put(db, "3", 1, "strict"));
  expect(both()).toEqual([["1", "2", "3"], ["1", "2", "3"], true]);
  await rig.run(process, () => put(db, "4", 1, "relaxed"));
  expect(both()).toEqual([["1", "2", "3"], ["1", "2", "3", "4"], false]);
  await rig.pass(40_000);
  expect(both()).toEqual([["1", "2", "3", "4"], ["1", "2", "3", "4"], true]);
});

test("a kill takes nothing; relaxed commits reach the disk by themselves after some time", async () => {
  const { process, db } = await start();
  await rig.run(process, () => put(db, "1", 1, "relaxed"));
  rig.origin.crash(process, "kill");
  expect(keys()).toEqual(["1"]);
  const next = await start();
  await rig.run(next.process, () => put(next.db, "2", 1, "relaxed"));
  await rig.pass(40_000);
  for (let round = 0; round < 10; round++) rig.origin.crash(next.process, "power");
  expect(keys()).toEqual(["1", "2"]);
});

test("a death amid an upgrade leaves what was there", async () => {
  const { process, db } = await start();
  await rig.run(process, () => put(db, "1", 1));
  process.kill();
  for (let ms = 0; ms < 6; ms += 0.25) {
    const next = rig.start();
    let upgrading = false;
    next.later(0, "upgrade", () => {
      const request = indexedDB.open("db", 2);
      request.addEventListener("upgradeneeded", () => {
        upgrading = true;
        request.result.deleteObjectStore("a");
        request.result.createObjectStore("c");
      });
    });
    await rig.pass(ms);
    next.kill();
    const state = rig.origin.snapshot().get("db");
    expect(`${state?.version} ${[...(state?.stores.keys() ?? [])].join("")}`).toMatch(upgrading ? /^(1 ab|2 bc)$/ : /^1 ab$/);
    if (state?.version === 2) return;
  }
  expect.fail("never upgraded");
});

test("quota: what is put beyond it aborts, deleting still works; a failing commit has the name it was given", async () => {
  const { process, db } = await start();
  await rig.run(process, () => put(db, "large", new Uint8Array(1000)));
  rig.origin.faults.quotaBytes = 1500;
  expect(await rig.run(process, () => put(db, "more", new Uint8Array(1000)))).toBe("QuotaExceededError");
  const remove = (): Promise<string> => {
    const tx = db.transaction("a", "readwrite");
    tx.objectStore("a").delete("large");
    return new Promise((resolve) => tx.addEventListener("complete", () => resolve("complete")));
  };
  expect(await rig.run(process, remove)).toBe("complete");
  expect(rig.origin.bytes()).toBe(0);
  expect(await rig.run(process, () => put(db, "more", new Uint8Array(1000)))).toBe("complete");
  rig.origin.faults.abortNextCommits = 1;
  expect(await rig.run(process, () => put(db, "other", 1))).toBe("UnknownError");
  rig.origin.faults.abortCommits = 1;
  rig.origin.faults.abortWith = "QuotaExceededError";
  expect(await rig.run(process, () => put(db, "other", 1))).toBe("QuotaExceededError");
  expect(keys()).toEqual(["more"]);
});

test("connections that are closed behind a page's back: transactions abort, `close` is heard, later use throws", async () => {
  const { process, db } = await start();
  db.addEventListener("close", () => heard.push("close"));
  begin(process, () => put(db, "1", 1));
  await rig.pass(0.5);
  rig.origin.closeConnections();
  await rig.pass(10);
  expect([keys(), heard]).toEqual([[], ["AbortError", "close"]]);
  await expect(rig.run(process, () => put(db, "1", 1))).rejects.toMatchObject({ name: "InvalidStateError" });
  const again = await rig.run(process, () => openDb());
  expect(await rig.run(process, () => put(again, "1", 1))).toBe("complete");
});

test("a frozen process hears nothing; a larger version waits for it", async () => {
  const { process, db } = await start();
  db.addEventListener("versionchange", () => {
    heard.push("versionchange");
    db.close();
  });
  process.freeze();
  const other = rig.start("other");
  begin(other, async () => `open ${(await openDb(2)).version}`);
  await rig.pass(1_000);
  expect(heard).toEqual(["blocked"]);
  process.thaw();
  await rig.pass(10);
  expect(heard).toEqual(["blocked", "versionchange", "open 2"]);
});

test("transactions of a frozen process that keep others waiting can be aborted; it hears so when it wakes up", async () => {
  const one = await start("one");
  const two = await start("two");
  begin(one.process, async () => `one ${await put(one.db, "1", 1)}`);
  await rig.pass(0.3);
  one.process.freeze();
  begin(two.process, async () => `two ${await put(two.db, "2", 2)}`);
  await rig.pass(100);
  expect(heard).toEqual([]);
  rig.origin.abortTransactions(one.process);
  await rig.pass(100);
  expect(heard).toEqual(["two complete"]);
  one.process.thaw();
  await rig.pass(100);
  expect([heard, keys()]).toEqual([["two complete", "one AbortError"], ["2"]]);
});

test("a listener that throws aborts its transaction and is an uncaught error", async () => {
  const { process, db } = await start();
  const fate = await rig.run(
    process,
    () =>
      new Promise<string>((resolve) => {
        const tx = db.transaction("a", "readwrite");
        tx.objectStore("a")
          .put(1, 1)
          .addEventListener("success", () => {
            throw new Error("on purpose");
          });
        tx.addEventListener("abort", () => resolve(tx.error?.name ?? "none"));
      }),
  );
  await rig.pass(1);
  expect(fate).toBe("AbortError");
  expect(rig.errors.splice(0).map(String)).toEqual(["Error: on purpose"]);
});

test("copies share nothing that changes; a flipped bit changes one row", async () => {
  expect(rig.origin.flipBit(createPrng(1n))).toBe(false);
  const { process, db } = await start();
  await rig.run(process, () => put(db, "1", Uint8Array.of(1, 2, 3)));
  const old = rig.origin.snapshot();
  const clone = rig.origin.clone();
  expect(rig.origin.flipBit(createPrng(1n))).toBe(true);
  expect(rig.origin.rows("db", "a")).not.toEqual(clone.rows("db", "a"));
  rig.origin.restore(old);
  expect(rig.origin.rows("db", "a")).toEqual([["1", Uint8Array.of(1, 2, 3)]]);
  expect([rig.origin.databases(), rig.origin.bytes()]).toEqual([clone.databases(), clone.bytes()]);
});

test("a slow disk is slow, and a transaction costs few events", async () => {
  const { process, db } = await start();
  const measure = async (): Promise<readonly [number, number]> => {
    const [events, now] = [rig.world.events(), rig.world.now()];
    await rig.run(process, () => put(db, "1", 1));
    return [rig.world.events() - events, rig.world.now() - now];
  };
  const [events, quick] = await measure();
  // Its beginning (a test's), running, committing, telling.
  expect(events).toBe(4);
  expect(quick).toBeLessThan(9);
  rig.origin.faults.slow = 100;
  const [, slow] = await measure();
  expect(slow).toBeGreaterThan(100);
});

test("the globals are installed once, and given back", () => {
  expect(() => installIndexedDb(() => undefined)).toThrow();
  expect(() => indexedDB).toThrow("outside of any process");
  rig.end();
  expect("indexedDB" in globalThis).toBe(false);
  const origin = createVirtualOrigin({ random: createPrng(1n) });
  const factory = origin.factoryFor(rig.world.spawn("other"));
  const undo = installIndexedDb(() => factory);
  expect(indexedDB).toBe(factory);
  undo();
  undo();
  expect("IDBKeyRange" in globalThis).toBe(false);
});
