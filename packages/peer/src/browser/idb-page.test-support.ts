/** Runs inside Chromium for idb.browser.test.ts: the cases that need a real IndexedDB. A case throws if it fails. */
import { generateVaultKey, localName, ready } from "@skerry/crypto";
import type { Secret } from "@skerry/crypto";
import { assert } from "@skerry/protocol";
import { Doc, encodeStateAsUpdate } from "yjs";
import { kvCases } from "../kv.conformance.ts";
import { StoreError } from "../ports.ts";
import type { Content, ContentStore } from "../ports.ts";
import { openSealedKv } from "../sealed-kv.ts";
import { loadBrowserVault } from "./browser-vault.ts";
import { createIdbContentStore, idbContentLimits } from "./idb-content.ts";
import { openDatabase } from "./idb-database.ts";
import { openIdbKv } from "./idb-kv.ts";
import { browserClock, browserRandom } from "./world.ts";

await ready;
const random = browserRandom();
const clock = browserClock;

const wipe = (name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.addEventListener("success", () => resolve());
    request.addEventListener("error", () => reject(request.error ?? new Error("not deleted")));
  });

async function wipeAll(): Promise<void> {
  for (const { name } of await indexedDB.databases()) if (name !== undefined) await wipe(name);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
}

function storeWith(vaultKey: Secret): ContentStore {
  return createIdbContentStore({ vaultKey, random, clock, log: () => undefined });
}

const databaseOf = (vaultKey: Secret, name: string = "doc"): string =>
  `skerry-${localName(vaultKey, "content", new TextEncoder().encode(name))}`;

interface Opened {
  readonly doc: Doc;
  readonly content: Content;
}

async function open(vaultKey: Secret, name: string = "doc"): Promise<Opened & { readonly loaded: Awaited<ReturnType<Content["load"]>> }> {
  const doc = new Doc();
  const content = storeWith(vaultKey).open(name, doc);
  return { doc, content, loaded: await content.load() };
}

const text = (doc: Doc): string => doc.getText("body").toString();
const type = (doc: Doc, what: string): void => doc.getText("body").insert(0, what);

async function raw<T>(name: string, run: (store: IDBObjectStore) => IDBRequest<T>, store: string = "updates"): Promise<T> {
  const db = await openDatabase(clock, name, []);
  try {
    const tx = db.transaction([store], "readwrite");
    const request = run(tx.objectStore(store));
    await new Promise<void>((resolve, reject) => {
      tx.addEventListener("complete", () => resolve());
      tx.addEventListener("abort", () => reject(tx.error ?? new Error("aborted")));
    });
    return request.result;
  } finally {
    db.close();
  }
}

const rowCount = (name: string): Promise<number> => raw(name, (store) => store.count());

/** Makes writes fail as a full disk does, until the returned function is called. */
function breakWrites(name: string): () => void {
  const add = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = function broken(): IDBRequest<IDBValidKey> {
    throw new DOMException("full", name);
  };
  return () => {
    IDBObjectStore.prototype.add = add;
  };
}

const cases: Record<string, () => Promise<void>> = {};

for (const { title, run } of kvCases) {
  cases[`Kv: ${title}`] = () => run({ open: () => openIdbKv(clock, "kv") });
  cases[`sealed Kv: ${title}`] = async () => {
    const key = generateVaultKey(random);
    await run({ open: async () => openSealedKv(await openIdbKv(clock, "kv"), key, random) });
  };
}

cases["BS-8 a writer that was replaced can't write any more, and is told `locked`"] = async () => {
  const first = await openIdbKv(clock, "kv");
  await first.write([["a", Uint8Array.of(1)]]);
  const second = await openIdbKv(clock, "kv");
  assert((await codeOf(first.write([["a", Uint8Array.of(2)]]))) === "locked", "write");
  assert((await codeOf(first.clear("a", "z"))) === "locked", "clear");
  await second.write([["b", Uint8Array.of(3)]]);
  assert((await second.get("a"))?.[0] === 1, "nothing of the first's came after");
  await first.close();
  await second.close();
};

cases["BS-7 a Kv whose connection another context closed opens a new one by itself"] = async () => {
  const kv = await openIdbKv(clock, "kv");
  await kv.write([["a", Uint8Array.of(1)]]);
  // A versionchange, as a deletion or an upgrade in another tab sends it.
  const upgrade = indexedDB.open("kv", 2);
  await new Promise<void>((resolve) => upgrade.addEventListener("success", () => resolve()));
  upgrade.result.close();
  // Version 1 can't be opened any more: the failure is told.
  assert((await codeOf(kv.get("a"))) === "io", "told");
  await kv.close();
  await wipe("kv");
  const again = await openIdbKv(clock, "kv");
  const db = await openDatabase(clock, "kv", []);
  db.close();
  await again.write([["a", Uint8Array.of(2)]]);
  assert((await again.get("a"))?.[0] === 2, "works");
  await again.close();
};

cases["BS-10 the vault key is the same after reopening; without it the store is wrong-key, not overwritten"] = async () => {
  const kv = await openIdbKv(clock, "kv");
  const first = await loadBrowserVault(kv.connection, random, true);
  const name = localName(first, "x", Uint8Array.of(1));
  const again = await loadBrowserVault(kv.connection, random, false);
  assert(localName(again, "x", Uint8Array.of(1)) === name, "same key");
  const stored = await kv.connection.use(
    (db) =>
      new Promise<{ wrap: CryptoKey }>((resolve) => {
        const request = db.transaction("host").objectStore("host").get("vault");
        request.addEventListener("success", () => resolve(request.result as { wrap: CryptoKey }));
      }),
  );
  assert(!stored.wrap.extractable, "not extractable");
  await raw("kv", (store) => store.delete("vault"), "host");
  assert((await codeOf(loadBrowserVault(kv.connection, random, false))) === "wrong-key", "gone");
  await kv.close();
};

cases["BS-1 what was typed is there after reopening, pending exact from `complete`"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  assert(a.loaded.empty, "empty at first");
  type(a.doc, "world");
  assert(a.content.pending() === 1, "one under way");
  type(a.doc, "hello ");
  await a.content.flush();
  assert(a.content.pending() === 0, "none");
  await a.content.close();
  await a.content.close();
  const b = await open(key);
  assert(text(b.doc) === "hello world" && !b.loaded.empty, "there");
  await b.content.close();
};

cases["BS-6 opening adds no row, however often, also when the network filled the document first"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  type(a.doc, "x");
  await a.content.close();
  for (let round = 0; round < 20; round++) {
    const b = await open(key);
    await b.content.close();
  }
  assert((await rowCount(databaseOf(key))) === 1, "one row");
};

cases["BS-6 rows stay bounded amid typing without a pause, and many rows become one at opening"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  let most = 0;
  for (let index = 0; index < 2600; index++) {
    type(a.doc, "a");
    // Typing that never pauses for as much as a timer, but lets transactions through.
    if (index % 20 === 0) {
      await a.content.flush();
      if (index % 200 === 0) most = Math.max(most, await rowCount(databaseOf(key)));
    }
  }
  await a.content.close();
  most = Math.max(most, await rowCount(databaseOf(key)));
  assert(most > 100 && most <= idbContentLimits.rowsMax + 100, `rows: ${most}`);
  const b = await open(key);
  assert(text(b.doc).length === 2600, "all there");
  assert((await rowCount(databaseOf(key))) <= idbContentLimits.rowsAtLoadMax, "one row");
  await b.content.close();
};

cases["BS-6 more than a few rows become one at opening"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  for (let index = 0; index < 120; index++) {
    type(a.doc, "a");
    await a.content.flush();
  }
  await a.content.close();
  assert((await rowCount(databaseOf(key))) === 120, "a row each");
  const b = await open(key);
  assert(text(b.doc).length === 120, "all there");
  assert((await rowCount(databaseOf(key))) === 1, "one row");
  await b.content.close();
};

cases["BS-5 edits before the load are kept, and written after it"] = async () => {
  const key = generateVaultKey(random);
  const doc = new Doc();
  const content = storeWith(key).open("doc", doc);
  type(doc, "before ");
  const loading = content.load();
  type(doc, "during ");
  await loading;
  assert(content.pending() > 0, "not durable yet");
  await content.close();
  const b = await open(key);
  assert(text(b.doc) === "during before ", text(b.doc));
  await b.content.close();
};

cases["BS-3 a wrong key is told, appends nothing, and the right key still opens everything"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  type(a.doc, "mine");
  await a.content.close();
  // The same database under another key: a store whose name happens to be equal.
  const wrong = generateVaultKey(random);
  const name = databaseOf(key);
  const wrongName = databaseOf(wrong);
  await copyDatabase(name, wrongName);
  const doc = new Doc();
  const content = storeWith(wrong).open("doc", doc);
  assert((await codeOf(content.load())) === "wrong-key", "told");
  type(doc, "must not be written");
  assert((await codeOf(content.flush())) === "closed", "no flush");
  await content.close();
  assert((await rowCount(wrongName)) === 1, "nothing appended");
  const b = await open(key);
  assert(text(b.doc) === "mine", "right key opens");
  await b.content.close();
};

async function copyDatabase(from: string, to: string): Promise<void> {
  const opening = indexedDB.open(to, 1);
  opening.addEventListener("upgradeneeded", () => {
    opening.result.createObjectStore("updates", { autoIncrement: true });
    opening.result.createObjectStore("custom");
  });
  await new Promise<void>((resolve) => opening.addEventListener("success", () => resolve()));
  opening.result.close();
  for (const store of ["updates", "custom"]) {
    const keys = await raw(from, (source) => source.getAllKeys(), store);
    const values = await raw<unknown[]>(from, (source) => source.getAll(), store);
    for (const [index, key] of keys.entries()) await raw(to, (target) => target.put(values[index], key), store);
  }
}

cases["BS-4 a row that does not open is set aside as it is; the others load, and editing goes on"] = async () => {
  const key = generateVaultKey(random);
  const name = databaseOf(key);
  const a = await open(key);
  for (const word of ["one", "two", "three"]) {
    a.doc.getMap("words").set(word, true);
    await a.content.flush();
  }
  await a.content.close();
  const keys = await raw(name, (store) => store.getAllKeys());
  const damaged = keys[1];
  assert(keys.length === 3 && damaged !== undefined, "three rows");
  const garbage = crypto.getRandomValues(new Uint8Array(80));
  await raw(name, (store) => store.put(garbage, damaged));
  const b = await open(key);
  assert(b.loaded.lostRows === 1 && !b.loaded.empty, `lost: ${b.loaded.lostRows}`);
  assert(b.doc.getMap("words").has("one"), "the first is there");
  b.doc.getMap("words").set("four", true);
  await b.content.close();
  const aside = await raw<unknown>(name, (store) => store.get(`aside-${String(damaged)}`), "custom");
  assert(aside instanceof Uint8Array && aside.every((byte, index) => byte === garbage[index]), "kept as it was");
  const c = await open(key);
  assert(c.loaded.lostRows === 0 && c.doc.getMap("words").has("four"), "quiet afterwards");
  await c.content.close();
};

cases["BS-7 connection closed by another context: listeners still run, nothing throws, edits are written"] = async () => {
  const key = generateVaultKey(random);
  const name = databaseOf(key);
  const a = await open(key);
  type(a.doc, "one ");
  await a.content.flush();
  const states: (string | undefined)[] = [];
  a.content.onChange((state) => states.push(state.error?.code));
  let heard = 0;
  a.doc.on("update", () => (heard += 1));
  // What closes it: a deletion elsewhere.
  await wipe(name);
  type(a.doc, "two ");
  type(a.doc, "three ");
  assert(heard === 2, "later listeners ran");
  await until("written again", () => a.content.pending() === 0);
  await a.content.close();
  const b = await open(key);
  assert(text(b.doc) === "three two one ", `everything, the deleted too: ${text(b.doc)}`);
  await b.content.close();
};

cases["BS-7 connection closed behind our back without an event: the edit is written over a new one"] = async () => {
  const key = generateVaultKey(random);
  const connections: IDBDatabase[] = [];
  const transaction = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function watched(this: IDBDatabase, ...args: Parameters<IDBDatabase["transaction"]>): IDBTransaction {
    connections.push(this);
    return transaction.apply(this, args);
  };
  const a = await open(key);
  IDBDatabase.prototype.transaction = transaction;
  for (const connection of connections) connection.close();
  let heard = 0;
  a.doc.on("update", () => (heard += 1));
  type(a.doc, "kept");
  assert(heard === 1, "no throw");
  assert(a.content.pending() > 0, "not durable yet");
  await a.content.flush();
  await a.content.close();
  const b = await open(key);
  assert(text(b.doc) === "kept", text(b.doc));
  await b.content.close();
};

cases["BS-7 a full disk is told as `full`, flush rejects, and all is written once there is room"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  const states: (string | undefined)[] = [];
  a.content.onChange((state) => states.push(state.error?.code));
  const repair = breakWrites("QuotaExceededError");
  let heard = 0;
  a.doc.on("update", () => (heard += 1));
  type(a.doc, "one ");
  type(a.doc, "two ");
  assert(heard === 2, "listeners ran");
  assert((await codeOf(a.content.flush())) === "full", "flush says it");
  assert(states.includes("full") && a.content.pending() === 2, `told, pending ${a.content.pending()}`);
  assert((await codeOf(a.content.flush())) === "full", "still");
  repair();
  type(a.doc, "three ");
  await until("retried by itself", () => a.content.pending() === 0);
  assert(states.at(-1) === undefined, "all well");
  await a.content.close();
  const b = await open(key);
  assert(text(b.doc) === "three two one ", text(b.doc));
  await b.content.close();
};

cases["BS-7 an aborted transaction is made good"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  const commit = IDBTransaction.prototype.commit;
  let aborted = 0;
  IDBTransaction.prototype.commit = function aborts(this: IDBTransaction): void {
    aborted += 1;
    if (aborted > 3) return commit.call(this);
    this.abort();
  };
  for (let index = 0; index < 10; index++) type(a.doc, String(index));
  await until("written", () => a.content.pending() === 0);
  IDBTransaction.prototype.commit = commit;
  assert(aborted >= 3, "aborted");
  await a.content.close();
  const b = await open(key);
  assert(text(b.doc) === "9876543210", text(b.doc));
  await b.content.close();
};

cases["BS-7 a failed open rejects in bounded time"] = async () => {
  const key = generateVaultKey(random);
  const real = indexedDB.open.bind(indexedDB);
  const factory = indexedDB;
  for (const broken of [
    () => {
      throw new DOMException("no", "UnknownError");
    },
    // Never an answer: what a blocked open looks like.
    () => new EventTarget() as IDBOpenDBRequest,
  ]) {
    Object.defineProperty(factory, "open", { value: broken, configurable: true });
    const content = createIdbContentStore({ vaultKey: key, random, clock: hasty, log: () => undefined }).open("doc", new Doc());
    const code = await codeOf(content.load());
    Object.defineProperty(factory, "open", { value: real, configurable: true });
    assert(code === "io", `told: ${code}`);
    await content.close();
  }
};

/** Ten seconds pass in ten milliseconds. */
const hasty = { ...clock, schedule: (delayMs: number, run: () => void) => clock.schedule(delayMs / 1000, run) };

cases["BS-9 delete has really deleted when it resolves"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key);
  type(a.doc, "secret");
  await a.content.delete();
  const left = (await indexedDB.databases()).map((database) => database.name);
  assert(!left.includes(databaseOf(key)), left.join());
  await a.content.close();
  const b = await open(key);
  assert(b.loaded.empty && encodeStateAsUpdate(b.doc).length === 2, "empty");
  await b.content.close();
};

cases["BS-2 a row holds nothing readable, and a planted one is found by the same search"] = async () => {
  const key = generateVaultKey(random);
  const a = await open(key, "canary-name");
  type(a.doc, "canary-text");
  await a.content.close();
  const name = databaseOf(key, "canary-name");
  const found = async (): Promise<boolean> => {
    const rows = await raw<unknown[]>(name, (store) => store.getAll());
    return rows.some((row) => new TextDecoder("latin1").decode(row as Uint8Array).includes("canary-text"));
  };
  assert(!name.includes("canary") && !(await found()), "sealed");
  await raw(name, (store) => store.add(new TextEncoder().encode("xx canary-text")));
  assert(await found(), "planted");
};

/** For the search through the profile's files: leaves content on disk. */
export async function leaveCanary(canary: string, plain: boolean): Promise<void> {
  const kv = await openIdbKv(clock, "skerry");
  const vaultKey = await loadBrowserVault(kv.connection, random, true);
  const sealed = await openSealedKv(kv, vaultKey, random);
  const value = new TextEncoder().encode(canary);
  await (plain ? kv : sealed).write([["note", value]]);
  const { doc, content } = await open(vaultKey, canary);
  type(doc, plain ? "nothing" : canary);
  await content.close();
  await sealed.close();
}

async function run(title: string): Promise<void> {
  await wipeAll();
  const rejections: unknown[] = [];
  const note = (event: PromiseRejectionEvent): void => void rejections.push(event.reason);
  addEventListener("unhandledrejection", note);
  await cases[title]?.();
  await new Promise((resolve) => setTimeout(resolve, 0));
  removeEventListener("unhandledrejection", note);
  assert(rejections.length === 0, `unhandled rejections: ${rejections.map(String).join()}`);
}

Object.assign(globalThis, { skerryCases: { titles: Object.keys(cases), run, leaveCanary } });
