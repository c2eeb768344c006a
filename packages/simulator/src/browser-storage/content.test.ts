/** The peer's real content store (y-indexeddb, sealed) over the virtual IndexedDB, in virtual time. */
import { generateVaultKey, localName, openLocal, ready } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { createIdbContentStore, idbContentLimits, openIdbKv } from "@skerry/peer/browser/storage";
import { StoreError } from "@skerry/peer";
import type { Content } from "@skerry/peer";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Doc } from "yjs";
import { createPrng } from "../prng.ts";
import type { Process } from "../world/process.ts";
import type { VirtualOrigin } from "./index.ts";
import { createStorageRig } from "./settle.test-support.ts";
import type { StorageRig } from "./settle.test-support.ts";

let rig: StorageRig;
let key: Secret;

beforeAll(() => ready);
beforeEach(() => {
  rig = createStorageRig(7n);
  key = generateVaultKey(createPrng(7n));
});
afterEach(() => rig.end());

const nameWith = (vaultKey: Secret): string => `skerry-${localName(vaultKey, "content", new TextEncoder().encode("doc"))}`;
const text = (doc: Doc): string => doc.getText("body").toString();
const type = (doc: Doc, what: string): void => doc.getText("body").insert(0, what);

interface Opened {
  readonly process: Process;
  readonly doc: Doc;
  readonly content: Content;
  readonly loaded: Awaited<ReturnType<Content["load"]>>;
  /** A person types, and time passes until it is stored. */
  save(what: string): Promise<void>;
}

async function open(process: Process = rig.start(), vaultKey: Secret = key): Promise<Opened> {
  const doc = new Doc();
  const content = createIdbContentStore({
    vaultKey,
    random: process.random.fork("content"),
    clock: process.clock,
    log: () => undefined,
  }).open("doc", doc);
  const loaded = await rig.run(process, () => content.load());
  return {
    process,
    doc,
    content,
    loaded,
    save: (what) =>
      rig.run(process, () => {
        type(doc, what);
        return content.flush();
      }),
  };
}

function kill({ process }: Opened, how: "kill" | "power" = "kill", origin: VirtualOrigin = rig.origin): void {
  process.kill();
  origin.crash(process, how);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
}

const rowCount = (): number => rig.origin.rows(nameWith(key), "updates").length;

/** Text of a browser that starts now. */
async function stored(vaultKey: Secret = key, origin: VirtualOrigin = rig.origin): Promise<string> {
  const opened = await open(rig.start("reader", origin), vaultKey);
  kill(opened, "kill", origin);
  return text(opened.doc);
}

test("BS-1 what was reported stored survives a kill and a power cut right after; what was not is wholly there or not", async () => {
  for (const how of ["kill", "power"] as const) {
    const a = await open();
    await a.save(`${how} `);
    kill(a, how);
    expect(await stored()).toContain(how);
  }
  const before = await stored();
  const seen = new Set<boolean>();
  for (let effect = 1; effect <= 2; effect++) {
    const a = await open();
    await rig.run(a.process, async () => {
      a.process.crashAtEffect(effect);
      type(a.doc, `edit ${effect} `);
    });
    await rig.pass(1_000);
    if (a.process.alive()) kill(a);
    const now = await stored();
    seen.add(now.includes(`edit ${effect}`));
    expect(now.endsWith(before)).toBe(true);
  }
  expect([...seen]).toEqual([false, true]);
  expect(rig.errors).toEqual([]);
});

test("BS-1 pending is exact until the transaction is complete", async () => {
  const a = await open();
  expect(a.loaded.empty).toBe(true);
  const pending = await rig.run(a.process, async () => {
    type(a.doc, "one ");
    type(a.doc, "two ");
    const before = a.content.pending();
    await a.content.flush();
    return [before, a.content.pending(), rowCount()];
  });
  expect(pending).toEqual([2, 0, 2]);
});

test("BS-7 a full disk is told, and everything is written once there is room", async () => {
  const a = await open();
  rig.origin.faults.quotaBytes = rig.origin.bytes();
  expect(await codeOf(a.save("one "))).toBe("full");
  expect(a.content.pending()).toBeGreaterThan(0);
  rig.origin.faults.quotaBytes = Number.POSITIVE_INFINITY;
  await rig.pass(idbContentLimits.retryMsMax * 2);
  expect(a.content.pending()).toBe(0);
  kill(a);
  expect(await stored()).toBe("one ");
});

test("BS-7 commits that abort are made good", async () => {
  const a = await open();
  rig.origin.faults.abortNextCommits = 3;
  for (let index = 0; index < 10; index++) await rig.run(a.process, async () => type(a.doc, String(index)));
  await rig.pass(60_000);
  expect([a.content.pending(), rig.origin.faults.abortNextCommits]).toEqual([0, 0]);
  kill(a);
  expect(await stored()).toBe("9876543210");
  expect(rig.errors).toEqual([]);
});

test("BS-7 a connection that the browser closed, idle or amid a write, is made anew", async () => {
  const a = await open();
  await a.save("one ");
  rig.origin.closeConnections();
  await rig.pass(1);
  await a.save("two ");
  await rig.run(a.process, async () => type(a.doc, "three "));
  rig.origin.closeConnections();
  await rig.pass(60_000);
  expect(a.content.pending()).toBe(0);
  kill(a);
  expect(await stored()).toBe("three two one ");
  expect(rig.errors).toEqual([]);
});

test("BS-7 an eviction under way: what is in memory is written again, the deleted too", async () => {
  const a = await open();
  await a.save("one ");
  rig.origin.evict();
  expect([rig.origin.databases(), rig.origin.bytes()]).toEqual([[], 0]);
  await rig.pass(1);
  await a.save("two ");
  await rig.pass(60_000);
  kill(a);
  expect(await stored()).toBe("two one ");
});

test("BS-7 an open that fails is told, and works once it does not", async () => {
  rig.origin.faults.failOpen = "UnknownError";
  expect(await codeOf(open())).toBe("io");
  rig.origin.faults.failOpen = "QuotaExceededError";
  expect(await codeOf(open())).toBe("full");
  rig.origin.faults.failOpen = undefined;
  expect((await open()).loaded.empty).toBe(true);
});

test("BS-7 stored content that can't be read is not taken for none", async () => {
  const a = await open();
  await a.save("one ");
  kill(a);
  rig.origin.faults.failReads = true;
  expect(await codeOf(open())).toBe("io");
  rig.origin.faults.failReads = false;
  expect(await stored()).toBe("one ");
});

test("BS-6 rows become one at the bound, and stay bounded", async () => {
  const a = await open();
  let most = 0;
  for (let index = 0; index < idbContentLimits.rowsMax + 30; index++) {
    await a.save("a");
    most = Math.max(most, rowCount());
  }
  expect(most).toBe(idbContentLimits.rowsMax);
  expect(rowCount()).toBeLessThan(60);
  kill(a);
  const again = await open();
  expect(text(again.doc).length).toBe(idbContentLimits.rowsMax + 30);
});

test("BS-6 making rows one is whole or not at all, wherever it is killed", async () => {
  const a = await open();
  for (let index = 0; index < idbContentLimits.rowsAtLoadMax + 10; index++) await a.save("a");
  kill(a);
  const many = rig.origin.snapshot();
  const seen = new Set<number>();
  for (let ms = 0; ms < 20; ms += 0.5) {
    rig.origin.restore(many);
    const process = rig.start();
    const doc = new Doc();
    const content = createIdbContentStore({ vaultKey: key, random: process.random, clock: process.clock, log: () => undefined }).open(
      "doc",
      doc,
    );
    process.later(0, "load", () => void content.load());
    await rig.pass(ms);
    process.kill();
    rig.origin.crash(process, "power");
    seen.add(rowCount());
  }
  expect([...seen]).toEqual([idbContentLimits.rowsAtLoadMax + 10, 1]);
  expect(await stored()).toBe("a".repeat(idbContentLimits.rowsAtLoadMax + 10));
});

test("BS-3 a wrong vault key is told and writes nothing", async () => {
  const a = await open();
  await a.save("mine ");
  kill(a);
  const [mine] = rig.origin.snapshot().values();
  const wrong = generateVaultKey(createPrng(8n));
  if (mine !== undefined) rig.origin.restore(new Map([[nameWith(wrong), mine]]));
  const before = rig.origin.rows(nameWith(wrong), "updates");
  expect(await codeOf(open(rig.start(), wrong))).toBe("wrong-key");
  expect(rig.origin.rows(nameWith(wrong), "updates")).toEqual(before);
});

test("BS-4 after a flipped bit the rest loads", async () => {
  const a = await open();
  for (const word of ["one", "two", "three"])
    await rig.run(a.process, () => {
      a.doc.getMap("words").set(word, true);
      return a.content.flush();
    });
  kill(a);
  const whole = rig.origin.snapshot();
  const outcomes = new Set<string>();
  for (let seed = 0n; seed < 150n; seed++) {
    rig.origin.restore(whole);
    expect(rig.origin.flipBit(createPrng(seed))).toBe(true);
    const code = await codeOf(
      open().then((b) => {
        outcomes.add(`lost ${b.loaded.lostRows ?? 0} of ${(b.loaded.lostRows ?? 0) + rowCount()}`);
        kill(b);
      }),
    );
    outcomes.add(code);
  }
  // The key check's row is one of the four.
  expect([...outcomes].sort()).toEqual(["damaged", "lost 0 of 2", "lost 1 of 3", "none", "wrong-key"]);
});

test("an old profile restored and a cloned one hold what they held, apart from each other", async () => {
  const a = await open();
  await a.save("one ");
  const old = rig.origin.snapshot();
  await a.save("two ");
  const clone = rig.origin.clone();
  await a.save("three ");
  expect(await stored(key, clone)).toBe("two one ");
  const inClone = await open(rig.start("clone", clone));
  await inClone.save("of the clone ");
  kill(a);
  expect(await stored()).toBe("three two one ");
  rig.origin.restore(old);
  expect(await stored()).toBe("one ");
  expect(await stored(key, clone)).toBe("of the clone two one ");
});

test("BS-8 a writer that was replaced is told `locked`, also one that was frozen amid its write", async () => {
  const first = rig.start("first");
  const kv = await rig.run(first, () => openIdbKv(first.clock, "kv"));
  await rig.run(first, () => kv.write([["a", Uint8Array.of(1)]]));
  let outcome = "none";
  first.later(0, "write", () => void codeOf(kv.write([["a", Uint8Array.of(2)]])).then((code) => (outcome = code)));
  await rig.pass(0.01);
  first.freeze();
  const second = rig.start("second");
  rig.origin.abortTransactions(first);
  const newer = await rig.run(second, () => openIdbKv(second.clock, "kv"));
  await rig.run(second, () => newer.write([["b", Uint8Array.of(3)]]));
  first.thaw();
  await rig.pass(1_000);
  expect(outcome).toBe("locked");
  expect(rig.origin.rows("kv", "kv")).toEqual([
    ["a", Uint8Array.of(1)],
    ["b", Uint8Array.of(3)],
  ]);
  expect(await codeOf(rig.run(first, () => kv.clear("a", "z")))).toBe("locked");
});

test("BS-9 delete has deleted when it resolves", async () => {
  const a = await open();
  await a.save("secret");
  let losses = 0;
  rig.origin.onLoss(() => losses++);
  await rig.run(a.process, () => a.content.delete());
  expect([rig.origin.databases(), losses]).toEqual([[], 1]);
});

test("BS-2 every committed value is seen by listeners, sealed", async () => {
  const values: Uint8Array[] = [];
  rig.origin.onCommit((commit) => {
    for (const { value } of commit) if (value instanceof Uint8Array) values.push(value);
  });
  const a = await open();
  await a.save("canary");
  expect(values.length).toBe(2);
  expect(values.some((value) => Buffer.from(value).includes("canary"))).toBe(false);
  const opened = values.map((value) => openLocal(key, `content/${nameWith(key)}`, value));
  expect(opened.some((one) => one.ok && Buffer.from(one.value).includes("canary"))).toBe(true);
});

test("one seed, one run; another seed, another", async () => {
  const digests: string[] = [];
  for (const seed of [1n, 1n, 2n]) {
    rig.end();
    rig = createStorageRig(seed);
    const a = await open();
    for (const word of ["one ", "two "]) await a.save(word);
    rig.origin.closeConnections();
    await rig.pass(1_000);
    await a.save("three ");
    kill(a, "power");
    digests.push(rig.world.hash.digest());
  }
  expect(digests[0]).toBe(digests[1]);
  expect(digests[0]).not.toBe(digests[2]);
});
