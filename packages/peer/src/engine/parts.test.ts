/** The pure parts of the engine, each against its rule. */
import {
  generateDevice,
  generateVaultKey,
  documentKey,
  ready,
  recordHashOf,
  sealRecord,
  certifyDevice,
  generateAccount,
} from "@skerry/crypto";
import { decodeRecord, emptyHead, encodeCertificate, noRecord } from "@skerry/protocol";
import type { Clock, DocId, Entry, Head, RecordHash, RecordHeader, ReplicaId } from "@skerry/protocol";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import { Doc } from "yjs";
import { createMemoryKv } from "../kv-memory.ts";
import { alarmsMax, createAlarms } from "./alarms.ts";
import { createAuthorChains } from "./author-chains.ts";
import { createAwarenessBuffer } from "./awareness-merge.ts";
import { backoffDelayMs, connectionBackoff } from "./backoff.ts";
import { createClientIds } from "./client-ids.ts";
import { random } from "./engine.test-support.ts";
import { judgePage, placePage } from "./judge-page.ts";
import type { PageContext } from "./judge-page.ts";
import { documentKeys } from "./keys.ts";
import { shorten } from "./library.ts";
import { createMailbox } from "./mailbox.ts";
import { createWatched } from "./listeners.ts";
import { isLess, savedLevel } from "./saved.ts";
import type { SavedLevel } from "../client.ts";
import type { SavedFacts } from "./saved.ts";
import { createWriteBehind } from "./write-behind.ts";

beforeAll(() => ready);

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const hashOf = (name: number): RecordHash => bytes(32, name) as RecordHash;
const header = (n: number, prev: RecordHash, replica = 1, device = 1): RecordHeader => ({
  kind: "update",
  docId: bytes(16, 9) as DocId,
  epoch: 1,
  deviceId: bytes(32, device) as RecordHeader["deviceId"],
  replicaId: bytes(16, replica) as ReplicaId,
  n,
  prev,
  seen: emptyHead,
  accessPosition: 0,
});
const replica = bytes(16, 1) as ReplicaId;

describe("author chains", () => {
  test("RC-4 records link up one after another; a signature vouches for all before it", () => {
    const chains = createAuthorChains();
    expect(chains.add(header(1, noRecord), hashOf(1), 1)).toBeUndefined();
    expect(chains.add(header(2, hashOf(1)), hashOf(2), 2)).toBeUndefined();
    expect(chains.add(header(3, hashOf(2)), hashOf(3), 5)).toBeUndefined();
    expect(chains.verified(replica, hashOf(2)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(chains.get(replica)?.head.n).toBe(2);
    expect(chains.get(replica)?.loose.map(({ n }) => n)).toEqual([3]);
  });

  test("VF-2 a gap, a fork and another device's replica are told apart", () => {
    const chains = createAuthorChains();
    chains.add(header(1, noRecord), hashOf(1), 1);
    chains.verified(replica, hashOf(1));
    expect(chains.add(header(3, hashOf(2)), hashOf(3), 2)).toBe("gap");
    expect(chains.add(header(2, hashOf(7)), hashOf(2), 2)).toBe("fork");
    expect(chains.add(header(1, noRecord), hashOf(8), 2)).toBe("fork");
    expect(chains.add(header(2, hashOf(1), 1, 2), hashOf(2), 2)).toBe("wrong-device");
    expect(chains.add(header(2, hashOf(1)), hashOf(2), 2)).toBeUndefined();
  });

  test("VF-2 a forged successor does not cut its author off", () => {
    const chains = createAuthorChains();
    chains.add(header(1, noRecord), hashOf(1), 1);
    chains.verified(replica, hashOf(1));
    expect(chains.add(header(2, hashOf(1)), hashOf(66), 2)).toBeUndefined();
    expect(chains.add(header(2, hashOf(1)), hashOf(2), 3)).toBeUndefined();
    expect(chains.verified(replica, hashOf(2)).map(({ seq }) => seq)).toEqual([3]);
    expect(chains.get(replica)?.loose).toEqual([]);
    expect(chains.add(header(3, hashOf(66)), hashOf(67), 4)).toBe("fork");
  });

  test("VF-1 what came in a page that is read again is forgotten", () => {
    const chains = createAuthorChains();
    chains.add(header(1, noRecord), hashOf(1), 1);
    chains.verified(replica, hashOf(1));
    chains.add(header(2, hashOf(1)), hashOf(2), 2);
    chains.add(header(1, noRecord, 2), hashOf(3), 3);
    chains.forgetFrom(2);
    expect(chains.get(replica)?.loose).toEqual([]);
    expect(chains.get(bytes(16, 2) as ReplicaId)).toBeUndefined();
    expect(chains.add(header(2, hashOf(1)), hashOf(2), 2)).toBeUndefined();
  });

  test("PE-15 chains of a page that can't be kept are put back, verified head and loose records, and those that were not there go", () => {
    const chains = createAuthorChains();
    chains.add(header(1, noRecord), hashOf(1), 1);
    chains.verified(replica, hashOf(1));
    chains.add(header(2, hashOf(1)), hashOf(2), 2);
    const stranger = bytes(16, 2) as ReplicaId;
    const putBack = chains.checkpoint([replica, stranger]);
    chains.add(header(3, hashOf(2)), hashOf(3), 3);
    chains.verified(replica, hashOf(3));
    chains.add(header(1, noRecord, 2), hashOf(4), 4);
    putBack();
    expect(chains.get(replica)?.head).toEqual({ n: 1, hash: hashOf(1), seq: 1 });
    expect(chains.get(replica)?.loose.map(({ n }) => n)).toEqual([2]);
    expect(chains.get(stranger)).toBeUndefined();
    expect(chains.add(header(3, hashOf(2)), hashOf(3), 3)).toBeUndefined();
  });
});

describe("a page", () => {
  const author = (): ((count: number, breakSignatureOf?: readonly number[]) => { entries: Entry[]; context: PageContext }) => {
    const account = generateAccount(random);
    const device = generateDevice(random);
    const docId = random.bytes(16) as DocId;
    const key = documentKey(generateVaultKey(random), docId);
    const replicaId = random.bytes(16) as ReplicaId;
    return (count, broken = []) => {
      const entries: Entry[] = [];
      let prev = noRecord;
      for (let n = 1; n <= count; n++) {
        const sealed = sealRecord({
          header: { ...header(n, prev), kind: n === 1 ? "genesis" : "update", docId, deviceId: device.deviceId, replicaId },
          body: {
            time: { wallMs: n, counter: 0 },
            certificate: n === 1 ? encodeCertificate(certifyDevice(account, device.deviceId, 1)) : undefined,
            update: Uint8Array.of(0, 0),
          },
          key,
          device,
          random,
        });
        const record = sealed.bytes.slice();
        if (broken.includes(n)) record[record.length - 5] = (record.at(-5) ?? 0) ^ 1;
        entries.push({ receivedAtMs: 1, accessPosition: 0, record });
        prev = sealed.recordHash;
      }
      const first = decodeRecord(entries[0]?.record ?? new Uint8Array());
      if (!first.ok) throw new Error("no genesis");
      const genesis = recordHashOf(first.value.hashedBytes);
      return {
        entries,
        context: { docId, genesis, chains: createAuthorChains(), each: false, isOurs: () => false, isAccepted: () => false },
      };
    };
  };
  const place = (entries: readonly Entry[], context: PageContext, from: Head = emptyHead): ReturnType<typeof placePage> =>
    placePage(context.docId, from, entries);

  test("VF-3 the last signature covers those before it", () => {
    const { entries, context } = author()(20, [1, 5, 19]);
    const judged = judgePage(place(entries, context), context);
    expect(judged.cut).toBeUndefined();
    expect(judged.items.filter(({ fault }) => fault !== undefined)).toEqual([]);
    expect([...context.chains.all()].map(({ head }) => head.n)).toEqual([20]);
  });

  test("VF-3 what no good signature covers is cut off, and asked for again", () => {
    const { entries, context } = author()(10, [8, 9, 10]);
    const judged = judgePage(place(entries, context), context);
    expect(judged.items).toHaveLength(7);
    expect(judged.cut?.item.seq).toBe(8);
    expect(judged.cut?.fault).toBe("bad-signature");
    expect([...context.chains.all()].map(({ head, loose }) => [head.n, loose.length])).toEqual([[7, 0]]);
  });

  test("VF-2 a record that stands in the log twice is noticed by a newcomer too", () => {
    const { entries, context } = author()(4);
    const twice = [...entries.slice(0, 2), ...entries.slice(1)];
    const judged = judgePage(place(twice, context), context);
    expect(judged.items).toHaveLength(2);
    expect(judged.cut).toMatchObject({ fault: "author-fork", item: { seq: 3 } });
  });

  test("VF-5 what comes the same way twice is taken as a fault, and a later signature releases it", () => {
    const { entries, context } = author()(4, [3]);
    const accepting = { ...context, isAccepted: () => true };
    const judged = judgePage(place(entries.slice(0, 3), context), accepting);
    expect(judged.items.map(({ fault }) => fault)).toEqual([undefined, undefined, "bad-signature"]);
    const third = judged.items[2];
    if (third === undefined) throw new Error("three items");
    const next = judgePage(place(entries.slice(3), context, { seq: 3, chainHash: third.chainHash }), accepting);
    expect(next.released).toEqual([3]);
    expect(next.items.map(({ fault }) => fault)).toEqual([undefined]);
  });

  test("VF-2 any change of a page is noticed: flipped bytes, dropped, swapped and repeated entries", () => {
    const { entries, context } = author()(12);
    const fresh = (): PageContext => ({ ...context, chains: createAuthorChains() });
    const right = place(entries, context).at(-1)?.chainHash;
    fc.assert(
      fc.property(fc.nat(11), fc.nat(11), fc.nat(), fc.constantFrom("flip", "drop", "swap", "repeat"), (a, b, at, kind) => {
        const bent = entries.map((entry) => ({ ...entry }));
        const one = bent[a];
        const other = bent[b];
        if (one === undefined || other === undefined) return;
        if (kind === "flip") one.record = one.record.map((byte, index) => (index === at % one.record.length ? byte ^ 1 : byte));
        if (kind === "drop") bent.splice(a, 1);
        if (kind === "repeat") bent.splice(b, 0, one);
        if (kind === "swap") {
          if (a === b) return;
          bent[a] = other;
          bent[b] = one;
        }
        const page = place(bent, context);
        const judged = judgePage(page, fresh());
        const noticed = judged.cut !== undefined || page.at(-1)?.chainHash.join() !== right?.join();
        // A flipped signature of a covered record changes nothing that anybody relies on.
        const harmless = kind === "flip" && a < 11 && at % one.record.length >= one.record.length - 64;
        expect(noticed || harmless).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("client ids", () => {
  test("VF-4 the first device to sign owns a client id", () => {
    const [ana, ben] = [generateDevice(random).deviceId, generateDevice(random).deviceId];
    const clients = createClientIds();
    expect(clients.claim([1, 2], ana)).toEqual([1, 2]);
    expect(clients.claim([2, 3], ben)).toEqual([3]);
    expect(clients.firstForeign([1, 3], ana)).toBe(3);
    expect(clients.firstForeign([1, 2, 99], ana)).toBeUndefined();
    expect(clients.free(2, ben)).toBe(false);
  });
});

describe("small parts", () => {
  test("SE-7 backoff is full-jitter, capped, and never earlier than asked", () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(100_000), (attempt, notBefore) => {
        const delay = backoffDelayMs(connectionBackoff, attempt, random, notBefore);
        expect(delay).toBeGreaterThanOrEqual(notBefore);
        expect(delay).toBeLessThan(notBefore + Math.min(30_000, 500 * 2 ** attempt));
      }),
    );
  });

  test("PE-8 saved is the lowest level that anything is at", () => {
    const facts: SavedFacts = {
      loaded: true,
      contentPending: 0,
      storage: "ok",
      dirty: false,
      unacknowledged: 0,
      missingAtRelay: 0,
      ownSeq: 4,
      othersSeq: 4,
    };
    expect(savedLevel(facts)).toBe("others");
    expect(savedLevel({ ...facts, othersSeq: 3 })).toBe("relay");
    expect(savedLevel({ ...facts, dirty: true })).toBe("device");
    expect(savedLevel({ ...facts, unacknowledged: 1 })).toBe("device");
    expect(savedLevel({ ...facts, missingAtRelay: 1 })).toBe("device");
    expect(savedLevel({ ...facts, contentPending: 1 })).toBe("unsaved");
    expect(savedLevel({ ...facts, storage: "failing" })).toBe("unsaved");
    expect(savedLevel({ ...facts, loaded: false })).toBe("device");
  });

  test("PE-13 good news waits its turn, bad news does not", () => {
    const timers: { readonly at: number; readonly run: () => void }[] = [];
    const clock: Clock = {
      now: () => 0,
      monotonic: () => 1000,
      schedule: (delayMs, run) => {
        const timer = { at: delayMs, run };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
      },
    };
    let level: SavedLevel = "relay";
    const heard: SavedLevel[] = [];
    const watched = createWatched(
      clock,
      100,
      () => level,
      () => {},
      (told, now) => isLess(now, told),
    );
    watched.watch((value) => heard.push(value));
    const next = (): number => {
      const timer = timers.shift();
      timer?.run();
      return timer?.at ?? -1;
    };
    watched.touch();
    expect(next()).toBe(0);
    level = "others";
    watched.touch();
    expect(timers[0]?.at).toBe(100);
    level = "device";
    watched.touch();
    watched.touch();
    expect(timers).toHaveLength(1);
    expect(next()).toBe(0);
    level = "relay";
    watched.touch();
    expect(next()).toBe(100);
    expect(heard).toEqual(["relay", "device", "relay"]);
  });

  test("PE-7 alarms are told once and bounded", () => {
    const alarms = createAlarms();
    const alarm = { kind: "fork", seq: 1, atMs: 1, device: "" } as const;
    expect(alarms.raise(alarm)).toBe(true);
    expect(alarms.raise({ ...alarm, atMs: 9 })).toBe(false);
    for (let seq = 2; seq < 200; seq++) alarms.raise({ ...alarm, seq });
    expect(alarms.list()).toHaveLength(alarmsMax);
  });

  test("PE-2 what is set is read at once, and on disk only after a commit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }), fc.boolean()),
        ),
        fc.integer({ min: 1, max: 5 }),
        async (steps, max) => {
          const disk = new Map<string, Uint8Array>();
          const store = createWriteBehind(createMemoryKv(disk));
          const model = new Map<string, Uint8Array>();
          for (const [key, value, commit] of steps) {
            store.set(key, value);
            if (value === undefined) model.delete(key);
            else model.set(key, value);
            if (commit) await store.commit();
            expect(await store.get(key)).toEqual(value);
            const expected = [...model]
              .filter(([name]) => name >= "b")
              .sort(([x], [y]) => (x < y ? -1 : 1))
              .slice(0, max);
            expect(await store.range("b", "z", max)).toEqual(expected);
          }
          await store.commit();
          expect(store.pendingBytes()).toBe(0);
          expect(disk).toEqual(model);
        },
      ),
    );
  });

  test("PE-1 handlers of a mailbox never overlap, and one that throws stops nothing", async () => {
    const events: string[] = [];
    const errors: unknown[] = [];
    const mailbox = createMailbox({ afterBatch: async () => void events.push("commit"), onError: (error) => errors.push(error) });
    for (const name of ["a", "b"]) {
      mailbox.post(async () => {
        events.push(`${name}<`);
        await Promise.resolve();
        events.push(`${name}>`);
      });
    }
    mailbox.post(() => {
      throw new Error("planted");
    });
    mailbox.post(() => void events.push("c"));
    await mailbox.idle();
    expect(events).toEqual(["a<", "a>", "b<", "b>", "c", "commit"]);
    expect(errors).toHaveLength(1);
  });

  test("PS-3 awareness coalesces to the newest state of each client", () => {
    const [doc, seen] = [new Doc(), new Doc()];
    const [sender, receiver] = [new Awareness(doc), new Awareness(seen)];
    const buffer = createAwarenessBuffer();
    for (const cursor of [1, 2, 3]) {
      sender.setLocalState({ cursor });
      buffer.add(encodeAwarenessUpdate(sender, [doc.clientID]));
    }
    const update = buffer.take();
    expect(buffer.take()).toBeUndefined();
    applyAwarenessUpdate(receiver, update ?? new Uint8Array(), "test");
    expect(receiver.getStates().get(doc.clientID)).toEqual({ cursor: 3 });
    for (const one of [sender, receiver]) one.destroy();
  });

  test("PE-2 keys sort as their numbers do", () => {
    const keys = documentKeys("name");
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        expect(keys.entry(a) < keys.entry(b)).toBe(a < b);
        expect(keys.entry(a) < keys.entriesTo && keys.entry(a) > keys.from && keys.entry(a) < keys.to).toBe(true);
      }),
    );
  });

  test("PE-9 titles are cut at whole characters", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "é", "日", "😀", "\ud800")).map((all) => all.join("")),
        fc.nat(20),
        (text, max) => {
          const short = shorten(text, max);
          expect(new TextEncoder().encode(short).length).toBeLessThanOrEqual(max);
          expect(text.startsWith(short)).toBe(true);
        },
      ),
    );
  });
});
