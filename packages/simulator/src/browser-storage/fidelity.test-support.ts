/**
 * Small scripts that say what happens, in which order. They run on the virtual IndexedDB and in Chromium, and must say the same (fidelity.browser.test.ts);
 * what Chromium said is kept in fidelity.logs.json, so that Node's tests need no browser.
 */
export interface ScriptWorld {
  readonly idb: IDBFactory;
  readonly ranges: typeof IDBKeyRange;
  readonly sleep: (ms: number) => Promise<void>;
}

type Log = (...words: unknown[]) => void;
type Script = (world: ScriptWorld, log: Log) => Promise<void>;

const nameOf = (error: unknown): string => (error instanceof DOMException || error instanceof Error ? error.name : String(error));

/** Name of what it throws, or "ok". */
function thrown(run: () => unknown): string {
  try {
    run();
    return "ok";
  } catch (error) {
    return nameOf(error);
  }
}

const once = (target: EventTarget, type: string): Promise<Event> =>
  new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("no error")));
  });
}

const ended = (tx: IDBTransaction): Promise<string> =>
  new Promise((resolve) => {
    tx.addEventListener("complete", () => resolve("complete"));
    tx.addEventListener("abort", () => resolve(`abort ${tx.error === null ? "null" : tx.error.name}`));
  });

async function connect({ idb }: ScriptWorld, name = "db", version?: number): Promise<IDBDatabase> {
  const request = version === undefined ? idb.open(name) : idb.open(name, version);
  request.addEventListener("upgradeneeded", () => {
    for (const store of ["a", "b"]) if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
    if (!request.result.objectStoreNames.contains("auto")) request.result.createObjectStore("auto", { autoIncrement: true });
  });
  return answer(request);
}

/** Says what is heard of a request or a transaction. */
function watch(log: Log, target: EventTarget, word: string, ...types: string[]): void {
  for (const type of types)
    target.addEventListener(type, (event) => {
      const at = event.target === event.currentTarget ? "" : " (bubbled)";
      log(`${word} ${type}${at}`);
    });
}

const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? `bytes ${[...value].join()}`
    : value instanceof ArrayBuffer
      ? `buffer ${[...new Uint8Array(value)].join()}`
      : Array.isArray(value)
        ? value.map(plain)
        : value === undefined
          ? "undefined"
          : value;

export const scripts: Readonly<Record<string, Script>> = {
  "open: a new database, its version, the events": async (world, log) => {
    const request = world.idb.open("db", 3);
    log(
      request.readyState,
      thrown(() => request.result),
      thrown(() => request.error),
    );
    watch(log, request, "open", "upgradeneeded", "success", "error", "blocked");
    request.addEventListener("upgradeneeded", (event) => {
      log(event.oldVersion, event.newVersion, request.readyState, request.transaction?.mode ?? "none", request.result.version);
      const store = request.result.createObjectStore("auto", { autoIncrement: true });
      log(
        store.name,
        store.autoIncrement,
        [...request.result.objectStoreNames],
        thrown(() => request.result.createObjectStore("auto")),
      );
      log(thrown(() => request.result.transaction("auto")));
      if (request.transaction !== null) watch(log, request.transaction, "upgrade", "complete", "abort");
      store.add("first");
    });
    const db = await answer(request);
    log(request.transaction === null, db.version, db.name);
    log(await answer(db.transaction("auto").objectStore("auto").getAll()));
    log(thrown(() => db.createObjectStore("late")));
  },
  "open: without a version, again, and a smaller one": async (world, log) => {
    const first = await connect(world);
    log(first.version);
    first.close();
    const second = await connect(world, "db", 4);
    log(second.version, [...second.objectStoreNames]);
    second.close();
    const third = await connect(world);
    log(third.version);
    const older = world.idb.open("db", 2);
    watch(log, older, "older", "success", "error", "blocked");
    log(await answer(older).catch(nameOf));
    log(thrown(() => world.idb.open("db", 0)));
  },
  "open: an upgrade that is aborted leaves nothing": async (world, log) => {
    const request = world.idb.open("db", 2);
    watch(log, request, "open", "upgradeneeded", "success", "error");
    request.addEventListener("upgradeneeded", () => {
      request.result.createObjectStore("gone").put(1, 1);
      if (request.transaction !== null) watch(log, request.transaction, "upgrade", "complete", "abort");
      request.transaction?.abort();
    });
    log(await answer(request).catch(nameOf));
    log((await world.idb.databases()).map(({ name }) => name));
    const db = await connect(world);
    log(db.version, [...db.objectStoreNames]);
  },
  "open: closed while it upgrades": async (world, log) => {
    const request = world.idb.open("db", 1);
    request.addEventListener("upgradeneeded", () => {
      request.result.createObjectStore("a");
      request.result.close();
    });
    log(await answer(request).catch(nameOf));
    log([...(await connect(world, "db", 2)).objectStoreNames]);
  },
  "open: a larger version asks others to close, who do": async (world, log) => {
    const db = await connect(world);
    db.addEventListener("versionchange", (event) => {
      log("versionchange", event.oldVersion, event.newVersion);
      db.close();
    });
    const request = world.idb.open("db", 2);
    watch(log, request, "open", "blocked", "upgradeneeded", "success", "error");
    log((await answer(request)).version);
    log(thrown(() => db.transaction("a")));
  },
  "open: a larger version is blocked by others who do not": async (world, log) => {
    const db = await connect(world);
    watch(log, db, "first", "versionchange", "close");
    const request = world.idb.open("db", 2);
    watch(log, request, "open", "blocked", "upgradeneeded", "success", "error");
    const waiting = world.idb.open("db");
    watch(log, waiting, "second", "upgradeneeded", "success", "error");
    await once(request, "blocked");
    await world.sleep(20);
    log("closing");
    db.close();
    await answer(waiting);
    log(waiting.result.version);
  },
  "delete: what is there, what is not, and opening after it": async (world, log) => {
    const none = world.idb.deleteDatabase("none");
    watch(log, none, "none", "success", "error", "blocked");
    log(plain(await answer(none)));
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    tx.objectStore("a").put(1, 1);
    await ended(tx);
    db.close();
    const deleting = world.idb.deleteDatabase("db");
    watch(log, deleting, "delete", "success", "error", "blocked");
    const opening = world.idb.open("db");
    watch(log, opening, "open", "upgradeneeded", "success");
    await answer(opening);
    log(opening.result.version, opening.result.objectStoreNames.length, plain(deleting.result));
  },
  "delete: waits for who is connected": async (world, log) => {
    const db = await connect(world);
    db.addEventListener("versionchange", (event) => log("versionchange", event.oldVersion, event.newVersion));
    const deleting = world.idb.deleteDatabase("db");
    watch(log, deleting, "delete", "success", "error", "blocked");
    await once(deleting, "blocked");
    log(await answer(db.transaction("a").objectStore("a").count()));
    db.close();
    await answer(deleting);
    log((await world.idb.databases()).length);
  },
  "close: transactions end, new ones are refused": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    const request = tx.objectStore("a").put("v", "k");
    watch(log, request, "put", "success", "error");
    watch(log, tx, "tx", "complete", "abort");
    watch(log, db, "db", "close");
    db.close();
    db.close();
    log(thrown(() => db.transaction("a")));
    log(await ended(tx));
    const again = await connect(world);
    log(await answer(again.transaction("a").objectStore("a").get("k")));
  },
  "delete: waits for transactions of a connection that is closing": async (world, log) => {
    const db = await connect(world);
    watch(log, db, "db", "versionchange");
    const tx = db.transaction("a", "readwrite");
    watch(log, tx, "tx", "complete", "abort");
    let left = 100;
    const more = (): void => {
      if (left-- > 0) tx.objectStore("a").put(left, left).addEventListener("success", more);
    };
    more();
    db.close();
    const deleting = world.idb.deleteDatabase("db");
    watch(log, deleting, "delete", "success", "error", "blocked");
    await answer(deleting);
  },
  "transaction: what is refused": async (world, log) => {
    const db = await connect(world);
    log(
      thrown(() => db.transaction([])),
      thrown(() => db.transaction("none")),
      thrown(() => db.transaction(["a", "none"])),
    );
    log(
      thrown(() => db.transaction("a", "versionchange" as "readonly")),
      thrown(() => db.transaction("a", "nonsense" as "readonly")),
    );
    const tx = db.transaction(["a", "a"], "readonly", { durability: "strict" });
    log(tx.mode, tx.durability, [...tx.objectStoreNames], tx.db === db, tx.error);
    log(
      thrown(() => tx.objectStore("b")),
      tx.objectStore("a") === tx.objectStore("a"),
    );
    const store = tx.objectStore("a");
    log(
      thrown(() => store.put(1, 1)),
      thrown(() => store.add(1, 1)),
      thrown(() => store.delete(1)),
      thrown(() => store.clear()),
    );
    await ended(tx);
    log(
      thrown(() => tx.objectStore("a")),
      thrown(() => store.get(1)),
      thrown(() => tx.abort()),
      thrown(() => tx.commit()),
    );
  },
  "transaction: active in callbacks and their promises, not after a timer": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    const store = tx.objectStore("a");
    await answer(store.put(1, 1));
    log("then");
    await Promise.resolve();
    await Promise.resolve();
    log(await answer(store.get(1)));
    const done = ended(tx);
    await world.sleep(30);
    log(
      thrown(() => store.get(1)),
      await done,
    );
    const idle = db.transaction("a", "readwrite");
    const idleStore = idle.objectStore("a");
    const slept = world.sleep(0);
    await slept;
    log(thrown(() => idleStore.get(1)));
  },
  "transaction: inactive in a foreign callback while a request is under way": async (world, log) => {
    const db = await connect(world);
    const first = db.transaction("a", "readwrite");
    const second = db.transaction("b", "readwrite");
    const store = first.objectStore("a");
    const other = second.objectStore("b");
    let left = 20;
    const keep = (): void => {
      if (left-- > 0) store.put(left, "k").addEventListener("success", keep);
    };
    keep();
    await answer(other.put(1, 1));
    log(
      thrown(() => store.get(1)),
      thrown(() => other.get(1)),
      thrown(() => first.commit()),
    );
    log(await ended(first));
  },
  "transaction: requests, their callbacks and promises, in order": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction(["a", "b"], "readwrite");
    watch(log, tx, "tx", "complete", "abort");
    for (const [index, name] of ["a", "b", "a"].entries()) {
      const request = tx.objectStore(name).put(index, index);
      watch(log, request, `put ${index}`, "success");
      void answer(request).then(() => {
        log(`then ${index}`);
        return Promise.resolve().then(() => log(`later ${index}`));
      });
      if (index === 0)
        request.addEventListener("success", () => {
          const more = tx.objectStore("b").get(1);
          watch(log, more, "get", "success");
          log("asked", more.readyState);
        });
    }
    log(await ended(tx));
  },
  "transaction: those that write take turns, those that read do not": async (world, log) => {
    const db = await connect(world);
    const one = db.transaction("a", "readwrite");
    const two = db.transaction(["a", "b"], "readwrite");
    const three = db.transaction("b", "readonly");
    const four = db.transaction("b", "readonly");
    watch(log, one, "one", "complete");
    watch(log, two, "two", "complete");
    watch(log, three, "three", "complete");
    const third = three.objectStore("b").get("k");
    const fourth = four.objectStore("b").count();
    two.objectStore("b").put("two", "k");
    const counted = two.objectStore("a").count();
    let left = 5;
    const more = (): void => {
      if (left-- > 0) one.objectStore("a").put(left, left).addEventListener("success", more);
    };
    more();
    await Promise.all([one, two, three, four].map(ended));
    log(third.result, fourth.result, counted.result);
  },
  "commit: nothing more is taken, what waits is done": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    const store = tx.objectStore("a");
    const request = store.put(1, 1);
    watch(log, request, "put", "success", "error");
    watch(log, tx, "tx", "complete", "abort");
    tx.commit();
    log(
      thrown(() => store.put(2, 2)),
      thrown(() => tx.commit()),
      thrown(() => tx.abort()),
      thrown(() => tx.objectStore("a")),
    );
    request.addEventListener("success", () => log(thrown(() => store.get(1))));
    log(await ended(tx));
  },
  "commit: an error of what waits aborts all the same": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    const store = tx.objectStore("a");
    store.put(1, 1);
    const failing = store.add(2, 1);
    watch(log, failing, "add", "success", "error");
    tx.commit();
    log(await ended(tx), failing.error?.name);
    log(await answer(db.transaction("a").objectStore("a").count()));
  },
  "abort: requests hear it, nothing stays, and it bubbles": async (world, log) => {
    const db = await connect(world);
    watch(log, db, "db", "abort", "error");
    const tx = db.transaction("a", "readwrite");
    watch(log, tx, "tx", "complete", "abort", "error");
    const store = tx.objectStore("a");
    const first = store.put(1, 1);
    first.addEventListener("success", () => {
      log("first");
      tx.abort();
      log(
        thrown(() => store.put(3, 3)),
        thrown(() => tx.abort()),
        thrown(() => tx.objectStore("a")),
        tx.error,
      );
    });
    const second = store.put(2, 2);
    watch(log, second, "second", "success", "error");
    const done = await ended(tx);
    log(done, second.error?.name, plain(second.result), second.readyState);
    log(await answer(db.transaction("a").objectStore("a").count()));
  },
  "abort: before anything has begun": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    const request = tx.objectStore("a").put(1, 1);
    watch(log, request, "put", "success", "error");
    watch(log, tx, "tx", "complete", "abort");
    tx.abort();
    log(request.readyState, await ended(tx));
  },
  "abort: the key generator goes back": async (world, log) => {
    const db = await connect(world);
    const add = async (abort: boolean): Promise<unknown> => {
      const tx = db.transaction("auto", "readwrite");
      const key = await answer(tx.objectStore("auto").add("x"));
      if (abort) tx.abort();
      await ended(tx);
      return key;
    };
    log(await add(false), await add(true), await add(false));
    const tx = db.transaction("auto", "readwrite");
    const store = tx.objectStore("auto");
    log(
      await answer(store.put("far", 10.5)),
      await answer(store.add("next")),
      await answer(store.put("text", "key")),
      await answer(store.add("last")),
    );
    log(await answer(store.delete(12)), await answer(store.add("not used again")));
    log(plain(await answer(store.getAllKeys())));
  },
  "error: a key that exists aborts, unless prevented": async (world, log) => {
    const db = await connect(world);
    watch(log, db, "db", "abort", "error");
    for (const prevent of [false, true]) {
      const tx = db.transaction("a", "readwrite");
      watch(log, tx, "tx", "complete", "abort", "error");
      const store = tx.objectStore("a");
      store.put("old", "k");
      const failing = store.add("new", "k");
      watch(log, failing, "add", "success", "error");
      failing.addEventListener("error", (event) => {
        if (prevent) event.preventDefault();
        log(failing.error?.name, event.cancelable, event.bubbles);
      });
      const after = store.put("after", "l");
      watch(log, after, "after", "success", "error");
      log(await ended(tx), after.error?.name ?? "none");
    }
    log(plain(await answer(db.transaction("a").objectStore("a").getAll())));
  },
  "keys: what is refused": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction(["a", "auto"], "readwrite");
    const store = tx.objectStore("a");
    for (const key of [undefined, null, Number.NaN, true, {}])
      log(
        thrown(() => store.put(1, key as IDBValidKey)),
        thrown(() => store.get(key as IDBValidKey)),
        thrown(() => store.delete(key as IDBValidKey)),
      );
    log(
      thrown(() => tx.objectStore("auto").put(1)),
      thrown(() => store.put(() => 1, 1)),
    );
    log(
      thrown(() => world.ranges.bound(2, 1)),
      thrown(() => world.ranges.bound(1, 1, true)),
      thrown(() => world.ranges.bound(1, 1)),
    );
    log(
      thrown(() => store.count(null as unknown as undefined)),
      thrown(() => store.getAll(null)),
      thrown(() => store.openCursor(null)),
    );
  },
  "keys: their order": async (world, log) => {
    const db = await connect(world);
    const store = db.transaction("a", "readwrite").objectStore("a");
    const keys = [
      "\u{1f600}",
      "\uffff",
      "b",
      "",
      "a",
      10,
      9,
      -1,
      0.5,
      Number.NEGATIVE_INFINITY,
      new Uint8Array([2]),
      new Uint8Array([1, 1]),
      new Uint8Array(),
    ];
    for (const [index, key] of keys.entries()) store.put(index, key);
    log(plain(await answer(store.getAllKeys())));
    log(
      world.idb.cmp("a", 1),
      world.idb.cmp(1, 2),
      world.idb.cmp(new Uint8Array([1]), "z"),
      world.idb.cmp("\u{1f600}", "\uffff"),
      world.idb.cmp("x", "x"),
    );
  },
  "ranges: get, getKey, getAll, count, delete": async (world, log) => {
    const db = await connect(world);
    const store = db.transaction("a", "readwrite").objectStore("a");
    for (const key of [1, 2, 3, 4, 5]) store.put(key * 10, key);
    const { bound, lowerBound, only, upperBound } = {
      bound: world.ranges.bound(2, 4, true, false),
      lowerBound: world.ranges.lowerBound(4, true),
      upperBound: world.ranges.upperBound(2),
      only: world.ranges.only(3),
    };
    for (const range of [bound, lowerBound, upperBound, only, 5, 9]) {
      const all = await answer(store.getAll(range));
      log(
        await answer(store.getAllKeys(range)),
        all,
        plain(await answer(store.get(range))),
        plain(await answer(store.getKey(range))),
        await answer(store.count(range)),
      );
    }
    log(bound.includes(2), bound.includes(4), upperBound.includes(-1), plain(upperBound.lower), upperBound.lowerOpen, lowerBound.upperOpen);
    log(await answer(store.getAll(null, 2)), await answer(store.getAllKeys(lowerBound, 1)), await answer(store.getAll(undefined, 0)));
    log(
      plain(await answer(store.delete(bound))),
      await answer(store.getAllKeys()),
      plain(await answer(store.clear())),
      await answer(store.count()),
    );
  },
  "cursors: there and back, jumping": async (world, log) => {
    const db = await connect(world);
    const store = db.transaction("a", "readwrite").objectStore("a");
    for (const key of [1, 2, 3, 4, 5, 6]) store.put(`v${key}`, key);
    const walk = async (
      request: IDBRequest<IDBCursorWithValue | null> | IDBRequest<IDBCursor | null>,
      go: (cursor: IDBCursor) => void,
    ): Promise<unknown[]> => {
      const seen: unknown[] = [];
      await new Promise<void>((resolve) => {
        (request as IDBRequest<IDBCursor | null>).addEventListener("success", () => {
          const cursor = request.result;
          if (cursor === null) return resolve();
          seen.push(cursor.key, "value" in cursor ? cursor.value : "none");
          go(cursor);
        });
      });
      return seen;
    };
    log(await walk(store.openCursor(), (cursor) => cursor.continue()));
    log(await walk(store.openKeyCursor(world.ranges.bound(2, 5), "prev"), (cursor) => cursor.continue()));
    log(await walk(store.openCursor(null, "next"), (cursor) => cursor.advance(2)));
    log(await walk(store.openKeyCursor(null, "prev"), (cursor) => (cursor.key === 6 ? cursor.continue(3) : cursor.continue())));
    log(await walk(store.openKeyCursor(world.ranges.only(9)), (cursor) => cursor.continue()));
  },
  "cursors: what is refused": async (world, log) => {
    const db = await connect(world);
    const store = db.transaction("a", "readwrite").objectStore("a");
    for (const key of [1, 2, 3]) store.put(key, key);
    const request = store.openCursor();
    const seen: (IDBCursorWithValue | null)[] = [];
    await new Promise<void>((resolve) => {
      request.addEventListener("success", () => {
        const cursor = request.result;
        seen.push(cursor);
        if (cursor === null) return resolve();
        log(
          thrown(() => cursor.advance(0)),
          thrown(() => cursor.continue(cursor.key)),
        );
        cursor.continue();
        log(
          request.readyState,
          thrown(() => cursor.continue()),
          thrown(() => cursor.delete()),
          thrown(() => request.result),
        );
      });
    });
    log(
      seen.length,
      seen[0] === seen[1],
      thrown(() => seen[0]?.continue()),
    );
  },
  "cursors: delete and update on the way": async (world, log) => {
    const db = await connect(world);
    const store = db.transaction("a", "readwrite").objectStore("a");
    for (const key of [1, 2, 3, 4]) store.put(key, key);
    const request = store.openCursor();
    await new Promise<void>((resolve) => {
      request.addEventListener("success", () => {
        const cursor = request.result;
        if (cursor === null) return resolve();
        if (cursor.key === 2) cursor.delete();
        if (cursor.key === 3) cursor.update("three");
        cursor.continue();
      });
    });
    log(await answer(store.getAllKeys()), await answer(store.getAll()));
  },
  "values are copies, as they were when they were put": async (world, log) => {
    const db = await connect(world);
    const store = db.transaction("a", "readwrite").objectStore("a");
    const bytes = new Uint8Array([1, 2, 3]);
    store.put(bytes, 1);
    store.put(bytes.subarray(1), 2);
    store.put({ bytes, list: [1, "two", null, undefined], nested: { yes: true } }, 3);
    bytes.fill(9);
    const first = (await answer(store.get(1))) as Uint8Array;
    first.fill(7);
    log(plain(await answer(store.get(1))), plain(await answer(store.get(2))));
    const third = (await answer(store.get(3))) as { bytes: Uint8Array; list: unknown[]; nested: object };
    log(plain(third.bytes), plain(third.list), third.nested, plain(await answer(store.get(4))));
    for (const value of [undefined, null, "", 0, false]) store.put(value, 5);
    log(plain(await answer(store.get(5))), plain(await answer(store.put(1, new Uint8Array([5])))));
  },
  "listeners: once, removed, and on…, in their order": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    const request = tx.objectStore("a").openCursor();
    tx.objectStore("a").put(1, 1);
    const gone = (): void => log("never");
    request.addEventListener("success", gone);
    request.removeEventListener("success", gone);
    request.addEventListener("success", () => log("once"), { once: true });
    request.onsuccess = () => log("replaced");
    request.addEventListener("success", () => {
      void Promise.resolve().then(() => log("promise"));
      log("third");
    });
    request.addEventListener("success", () => log("fourth"));
    request.onsuccess = (event) => log("on", event.target === request, event.currentTarget === request, event.type);
    const get = tx.objectStore("a").get(1);
    get.addEventListener("success", () => log("get"));
    log(await ended(tx));
  },
  "listeners: added and removed while they are called": async (world, log) => {
    const db = await connect(world);
    const tx = db.transaction("a", "readwrite");
    const request = tx.objectStore("a").put(1, 1);
    const third = (): void => log("removed in time");
    request.addEventListener("success", () => {
      log("first");
      request.addEventListener("success", () => log("too late"));
      request.removeEventListener("success", third);
      tx.addEventListener("complete", () => log("complete"));
    });
    request.addEventListener("success", () => log("second"));
    request.addEventListener("success", third);
    log(await ended(tx));
  },
  "listeners: one that stops an error from bubbling": async (world, log) => {
    const db = await connect(world);
    watch(log, db, "db", "error", "abort");
    const tx = db.transaction("a", "readwrite");
    watch(log, tx, "tx", "error", "abort");
    tx.objectStore("a").put(1, 1);
    const request = tx.objectStore("a").add(1, 1);
    request.addEventListener("error", (event) => event.stopPropagation());
    watch(log, request, "add", "error");
    log(await ended(tx));
  },
  "transaction: without requests it completes": async (world, log) => {
    const db = await connect(world);
    const one = db.transaction("a", "readwrite");
    const two = db.transaction("a");
    watch(log, one, "one", "complete", "abort");
    watch(log, two, "two", "complete", "abort");
    log(await ended(one), await ended(two));
  },
};

/** From an empty origin to an empty one. Ends also if a script hangs. */
export async function runScript(world: ScriptWorld, title: string): Promise<string[]> {
  const script = scripts[title];
  if (script === undefined) throw new Error(`no script ${title}`);
  const lines: string[] = [];
  const log: Log = (...words) => void lines.push(words.map((word) => JSON.stringify(word) ?? "undefined").join(" "));
  const opened: IDBDatabase[] = [];
  const watched: ScriptWorld = {
    ...world,
    idb: {
      cmp: (a: unknown, b: unknown) => world.idb.cmp(a, b),
      databases: () => world.idb.databases(),
      deleteDatabase: (name: string) => world.idb.deleteDatabase(name),
      open: (name: string, version?: number) => {
        const request = version === undefined ? world.idb.open(name) : world.idb.open(name, version);
        request.addEventListener("success", () => void opened.push(request.result));
        return request;
      },
    } as IDBFactory,
  };
  await Promise.race([
    script(watched, log).catch((error: unknown) => log("threw", nameOf(error), error instanceof Error ? error.message : "")),
    world.sleep(5_000).then(() => log("hangs")),
  ]);
  for (const db of opened) db.close();
  for (const { name } of await world.idb.databases()) if (name !== undefined) await answer(world.idb.deleteDatabase(name));
  return lines;
}
