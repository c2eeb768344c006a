import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { generateVaultKey, ready } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import type { Clock } from "@skerry/protocol";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { LeveldbPersistence } from "y-leveldb";
import { Doc } from "yjs";
import { StoreError } from "../ports.ts";
import type { Content, Log } from "../ports.ts";
import { contentLimits } from "./level-content.ts";
import { contentStoreIn, openLevelContentStore } from "./level-content-store.ts";
import type { LevelContentStore } from "./level-content-store.ts";
import { openLevelFolder } from "./level-folder.ts";
import type { LevelFolder } from "./level-folder.ts";
import { createSealedLevel } from "./sealed-level.ts";
import { loadVaultKey } from "./vault-file.ts";
import { systemClock, systemRandom } from "./world.ts";

beforeAll(() => ready);

let folder = "";
const stores: LevelContentStore[] = [];
const docs: Doc[] = [];
const warn = vi.spyOn(console, "warn");
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skerry-content-"));
  warn.mockClear();
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const doc of docs.splice(0)) doc.destroy();
  await rm(folder, { recursive: true, force: true });
  expect(warn, "y-leveldb's console.warn must not leak").not.toHaveBeenCalled();
});

const random = systemRandom();
const silent: Log = () => undefined;

/** Retries happen when the test says so. */
function manualClock(): Clock & { fire(): number } {
  const due: (() => void)[] = [];
  return {
    now: () => 0,
    monotonic: () => 0,
    schedule: (_delayMs, run) => {
      due.push(run);
      return () => void (due.includes(run) && due.splice(due.indexOf(run), 1));
    },
    fire: () => due.splice(0).map((run) => run()).length,
  };
}

async function openStore(vaultKey: Secret, log: Log = silent): Promise<LevelContentStore> {
  const store = await openLevelContentStore({ location: join(folder, "content"), vaultKey, random, clock: systemClock, log });
  stores.push(store);
  return store;
}

function openDoc(store: LevelContentStore, name: string = "doc"): { doc: Doc; content: Content } {
  const doc = new Doc();
  docs.push(doc);
  return { doc, content: store.open(name, doc) };
}

/** A store whose disk can be made to fail. */
async function fragileStore(
  vaultKey: Secret,
  clock: Clock,
): Promise<{ store: LevelContentStore; disk: { error: StoreError | undefined } }> {
  const real = await openLevelFolder(join(folder, "content"));
  const disk: { error: StoreError | undefined } = { error: undefined };
  const fragile: LevelFolder = {
    use: async (run) => {
      if (disk.error !== undefined) throw disk.error;
      return real.use(run);
    },
    close: () => real.close(),
  };
  const store = await contentStoreIn(fragile, { vaultKey, random, clock, log: silent });
  stores.push(store);
  return { store, disk };
}

async function filesOf(directory: string): Promise<Buffer[]> {
  const names = await readdir(directory, { recursive: true });
  const files: Buffer[] = [];
  for (const name of names) if ((await stat(join(directory, name))).isFile()) files.push(await readFile(join(directory, name)));
  return files;
}

const text = (doc: Doc): string => doc.getText("body").toString();

describe("sealed y-leveldb content", () => {
  test("BS-1 what was typed is there after reopening, with pending 0 only after it is durable", async () => {
    const key = generateVaultKey(random);
    const store = await openStore(key);
    const { doc, content } = openDoc(store);
    expect(await content.load()).toEqual({ empty: true, lostRows: 0 });
    doc.getText("body").insert(0, "hello");
    expect(content.pending()).toBe(1);
    await content.flush();
    expect(content.pending()).toBe(0);
    await content.close();
    await content.close();
    await store.close();
    const again = openDoc(await openStore(key));
    expect(await again.content.load()).toEqual({ empty: false, lostRows: 0 });
    expect(text(again.doc)).toBe("hello");
    expect(again.content.pending()).toBe(0);
  });

  test("BS-2 neither content nor names are in any file of the folder; a planted canary is found by the same search", async () => {
    await mkdir(folder, { recursive: true });
    const store = await openStore(await loadVaultKey(folder, random, true));
    const { doc, content } = openDoc(store, "canary-name");
    await content.load();
    for (let index = 0; index < 50; index++) doc.getText("canary-type").insert(0, "canary-text ");
    await content.flush();
    await content.close();
    await store.close();
    const found = async (): Promise<string[]> => {
      const files = await filesOf(folder);
      return ["canary-name", "canary-type", "canary-text"].filter((canary) => files.some((file) => file.includes(canary)));
    };
    expect(await found()).toEqual([]);
    expect((await stat(join(folder, "vault.key"))).mode & 0o777).toBe(0o600);
    await writeFile(join(folder, "content", "planted"), "xx canary-text canary-name canary-type");
    expect(await found()).toHaveLength(3);
  });

  test("BS-3 another vault key is refused, and the right one opens everything afterwards", async () => {
    const key = generateVaultKey(random);
    const store = await openStore(key);
    const { doc, content } = openDoc(store);
    await content.load();
    doc.getText("body").insert(0, "mine");
    await content.close();
    await store.close();
    await expect(openStore(generateVaultKey(random))).rejects.toMatchObject({ code: "wrong-key" });
    const again = openDoc(await openStore(key));
    await again.content.load();
    expect(text(again.doc)).toBe("mine");
  });

  test("BS-4 a row that does not open is set aside as it is; everything else loads, and editing goes on", async () => {
    const key = generateVaultKey(random);
    const store = await openStore(key);
    const first = openDoc(store);
    await first.content.load();
    for (const word of ["one", "two", "three"]) {
      first.doc.getMap("words").set(word, true);
      await first.content.flush();
    }
    await first.content.close();
    await store.close();
    // Two values swapped: each is bound to its key, so neither opens.
    const raw = await openLevelFolder(join(folder, "content"));
    const sealed = createSealedLevel(raw, key, random);
    const all = await sealed.rows({ gte: ["v1"], lt: ["v2"] });
    const updates = all.filter((row) => row.key[2] === "update");
    expect(updates).toHaveLength(3);
    const [a, b] = updates;
    if (a === undefined || b === undefined) throw new Error("rows are missing");
    await sealed.setAside(a, ["temporary"]);
    await sealed.setAside(b, a.key);
    await raw.close();
    const events: string[] = [];
    const again = openDoc(await openStore(key, (_level, event) => events.push(event)));
    expect(await again.content.load()).toEqual({ empty: false, lostRows: 1 });
    expect(events).toEqual(["content-row-set-aside"]);
    expect([...again.doc.getMap("words").keys()]).toEqual([]);
    again.doc.getMap("words").set("four", true);
    await again.content.flush();
    await again.content.close();
    const third = openDoc(stores.at(-1) ?? store);
    expect(await third.content.load()).toMatchObject({ lostRows: 0 });
  });

  test("BS-5 edits before the load are kept, and written after it", async () => {
    const key = generateVaultKey(random);
    const store = await openStore(key);
    const early = openDoc(store);
    early.doc.getText("body").insert(0, "early");
    await early.content.load();
    expect(early.content.pending()).toBe(1);
    await early.content.close();
    const again = openDoc(store);
    await again.content.load();
    expect(text(again.doc)).toBe("early");
  });

  test("BS-6 rows stay bounded amid typing without a pause, at load too, and opening alone writes nothing", async () => {
    const key = generateVaultKey(random);
    const store = await openStore(key);
    const { doc, content } = openDoc(store);
    await content.load();
    for (let index = 0; index < contentLimits.rowsMax + 60; index++) {
      doc.getText("body").insert(0, "a");
      await content.flush();
    }
    await content.close();
    await store.close();
    const rowCount = async (): Promise<number> => {
      const raw = await openLevelFolder(join(folder, "content"));
      const rows = await createSealedLevel(raw, key, random).rows({ gte: ["v1"], lt: ["v2"] });
      await raw.close();
      return rows.filter((row) => row.key[2] === "update").length;
    };
    expect(await rowCount()).toBeLessThanOrEqual(61);
    for (let round = 0; round < 3; round++) {
      const next = await openStore(key);
      const opened = openDoc(next);
      await opened.content.load();
      expect(text(opened.doc).length).toBe(contentLimits.rowsMax + 60);
      await opened.content.close();
      await next.close();
      expect(await rowCount()).toBe(1);
    }
  });

  test("BS-7 a failed write is told, tried again, and the whole missing state written; doc listeners never see it", async () => {
    const clock = manualClock();
    const key = generateVaultKey(random);
    const { store, disk } = await fragileStore(key, clock);
    const { doc, content } = openDoc(store);
    await content.load();
    const states: (string | undefined)[] = [];
    content.onChange((state) => states.push(state.error?.code));
    const later = vi.fn();
    doc.on("update", later);
    disk.error = new StoreError("full", "the disk is full");
    doc.getText("body").insert(0, "one ");
    doc.getText("body").insert(0, "two ");
    expect(later).toHaveBeenCalledTimes(2);
    await expect(content.flush()).rejects.toMatchObject({ code: "full" });
    expect(content.pending()).toBeGreaterThan(0);
    expect(states).toContain("full");
    expect(clock.fire()).toBe(1);
    await expect(content.flush()).rejects.toMatchObject({ code: "full" });
    disk.error = undefined;
    doc.getText("body").insert(0, "three ");
    await content.flush();
    expect(content.pending()).toBe(0);
    expect(states.at(-1)).toBeUndefined();
    await content.close();
    const again = openDoc(store);
    await again.content.load();
    expect(text(again.doc)).toBe("three two one ");
  });

  test("BS-7 a write after the store was closed is told as `closed`, not swallowed", async () => {
    const store = await openStore(generateVaultKey(random));
    const { doc, content } = openDoc(store);
    await content.load();
    await store.close();
    doc.getText("body").insert(0, "x");
    await expect(content.flush()).rejects.toMatchObject({ name: "StoreError", code: "closed" });
    await expect(content.close()).rejects.toMatchObject({ code: "closed" });
  });

  test("BS-9 delete leaves nothing of that document, and everything of the others", async () => {
    const key = generateVaultKey(random);
    const store = await openStore(key);
    for (const name of ["a", "b"]) {
      const { doc, content } = openDoc(store, name);
      await content.load();
      doc.getText("body").insert(0, name);
      await content.flush();
      if (name === "b") await content.close();
      else await content.delete();
    }
    const a = openDoc(store, "a");
    expect(await a.content.load()).toEqual({ empty: true, lostRows: 0 });
    const b = openDoc(store, "b");
    await b.content.load();
    expect(text(b.doc)).toBe("b");
  });

  test("BS-6 a crash between the two steps of compaction leaves duplicates, which are harmless", async () => {
    const key = generateVaultKey(random);
    const store = await openStore(key);
    const { doc, content } = openDoc(store);
    await content.load();
    for (let index = 0; index < 10; index++) {
      doc.getText("body").insert(0, String(index));
      await content.flush();
    }
    await content.close();
    await store.close();
    const raw = await openLevelFolder(join(folder, "content"));
    const sealed = createSealedLevel(raw, key, random);
    function Level(): unknown {
      return { ...sealed, clear: () => Promise.reject(new Error("crash")) };
    }
    warn.mockImplementationOnce(() => undefined);
    const name = (await sealed.rows({ gte: ["v1"], lt: ["v2"] }))[0]?.key[1];
    await new LeveldbPersistence("", { Level }).flushDocument(String(name));
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockClear();
    await raw.close();
    const again = openDoc(await openStore(key));
    expect(await again.content.load()).toEqual({ empty: false, lostRows: 0 });
    expect(text(again.doc)).toBe("9876543210");
  });

  test("BS-1 kill -9: everything flushed is there, five times over the same folder", { timeout: 180_000 }, async () => {
    const script = fileURLToPath(new URL("kill-child.test-support.ts", import.meta.url));
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, ["--conditions=@skerry/source", "--import", "tsx", script, folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      let acked = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        acked = Number(line);
        // Killed amid writing, at another point each round.
        if (acked < (round + 1) * 60) continue;
        // Before leaving the loop, which closes the pipe: the child must not die of that.
        child.kill("SIGKILL");
        break;
      }
      expect(await exited).toEqual([null, "SIGKILL"]);
      const store = await openStore(await loadVaultKey(folder, random, false));
      const { doc, content } = openDoc(store);
      expect(await content.load()).toMatchObject({ lostRows: 0 });
      expect(text(doc).length).toBeGreaterThanOrEqual(acked);
      await content.close();
      await store.close();
    }
  });
});
