/** What every `LogStore` must do. Each adapter's test runs it: `describeLogStore(name, makeHarness)`. */
import { ready } from "@skerry/crypto/verify";
import { InvariantError, limits } from "@skerry/protocol";
import type { DeviceId, DocId, Head, ReplicaId } from "@skerry/protocol";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AccessAppend, LogAppend, LogStore, LogStoreErrorCode } from "../log-store.ts";
import {
  appendAfter,
  bytesOf,
  deviceIdOf,
  docIdOf,
  headAfter,
  noteOf,
  operationAfter,
  operationsOf,
  recordOf,
  replicaIdOf,
  run,
  spaceIdOf,
  wholeLog,
} from "./author.test-support.ts";

export interface LogStoreHarness {
  /** Opens the store on the harness's data. Called again after `close`, it finds what was stored. */
  open(): Promise<LogStore>;
  dispose(): Promise<void>;
}

export const rejectsWith = (promise: Promise<unknown>, code: LogStoreErrorCode): Promise<void> =>
  expect(promise).rejects.toMatchObject({ name: "LogStoreError", code });

export function describeLogStore(name: string, makeHarness: () => Promise<LogStoreHarness>): void {
  describe(`${name}: LogStore`, () => {
    let harness: LogStoreHarness;
    let store: LogStore;
    const alpha = docIdOf("alpha");
    const beta = docIdOf("beta");
    const ana = replicaIdOf("ana");
    const bob = replicaIdOf("bob");

    beforeAll(() => ready);
    beforeEach(async () => {
      harness = await makeHarness();
      store = await harness.open();
    });
    afterEach(async () => {
      await store.close();
      await harness.dispose();
    });

    async function reopen(): Promise<void> {
      await store.close();
      store = await harness.open();
    }

    test("ST-1 a document that was never appended to is unknown to every method", async () => {
      expect(await store.info(alpha)).toBeUndefined();
      expect(await store.read(alpha, 1, 10, 1000)).toEqual([]);
      expect(await store.chainHashAt(alpha, 1)).toBeUndefined();
      expect(await store.tail(alpha, ana)).toBeUndefined();
      expect(await store.find(alpha, ana, 1)).toBeUndefined();
      expect(await listed(store)).toEqual([]);
    });

    test("ST-1 what was appended is what is read, by every method, also after reopening", async () => {
      const appends = run(alpha, ana, 5);
      await store.append(appends.slice(0, 2));
      for (const append of appends.slice(2)) await store.append([append]);
      for (let round = 0; round < 2; round++) {
        expect(await store.info(alpha)).toEqual({ spaceId: spaceIdOf("home"), head: headAfter(at(appends, 4)) });
        expect(await store.read(alpha, 1, 10, 1e6)).toEqual(appends.map(storedOf));
        for (const { seq, n, chainHash, recordHash } of appends) {
          expect(await store.chainHashAt(alpha, seq)).toEqual(chainHash);
          expect(await store.find(alpha, ana, n)).toEqual({ seq, recordHash });
        }
        expect(await store.chainHashAt(alpha, 6)).toBeUndefined();
        expect(await store.find(alpha, ana, 6)).toBeUndefined();
        expect(await store.find(alpha, bob, 1)).toBeUndefined();
        expect(await store.tail(alpha, ana)).toEqual({ n: 5, recordHash: at(appends, 4).recordHash });
        await reopen();
      }
    });

    test("ST-1 bytes are plain Uint8Arrays, and what a caller does to them later changes nothing", async () => {
      const [append] = run(alpha, ana, 1);
      if (append === undefined) throw new Error("no append");
      const before = storedOf(append);
      const given = append.entry.record.slice();
      await store.append([{ ...append, entry: { ...append.entry, record: given } }]);
      given.fill(0);
      const [entry] = await store.read(alpha, 1, 1, 1000);
      expect(entry).toEqual(before);
      expect(entry?.record.constructor).toBe(Uint8Array);
      expect(entry?.chainHash.constructor).toBe(Uint8Array);
    });

    test("ST-2 an append whose sequence number does not follow the head conflicts and changes nothing", async () => {
      const appends = run(alpha, ana, 3);
      const [first, second, third] = [at(appends, 0), at(appends, 1), at(appends, 2)];
      await rejectsWith(store.append([second]), "conflict");
      await store.append([first]);
      await rejectsWith(store.append([third]), "conflict");
      await rejectsWith(store.append([first]), "conflict");
      await store.append([second]);
      expect((await wholeLog(store, alpha)).seq).toBe(2);
    });

    test("ST-2 an append whose chain hash does not follow the head conflicts, though its sequence number does", async () => {
      const first = at(run(alpha, ana, 1), 0);
      const other = appendAfter(undefined, { docId: alpha, replicaId: ana, n: 1, record: bytesOf("other", 100) });
      await store.append([first]);
      await rejectsWith(
        store.append([appendAfter(headAfter(other), { docId: alpha, replicaId: ana, n: 2, record: recordOf(ana, 2) })]),
        "conflict",
      );
      expect((await wholeLog(store, alpha)).seq).toBe(1);
    });

    test("ST-2 a new document needs its space; an old one keeps it", async () => {
      const [first, second] = run(alpha, ana, 2);
      if (first === undefined || second === undefined) throw new Error("no append");
      const { spaceId: _, ...homeless } = first;
      await rejectsWith(store.append([homeless]), "conflict");
      await store.append([first]);
      await store.append([{ ...second, spaceId: spaceIdOf("elsewhere") }]);
      expect((await store.info(alpha))?.spaceId).toEqual(spaceIdOf("home"));
    });

    test("LG-2 a replica's record is never stored twice and its numbers have no gap", async () => {
      const [first] = run(alpha, ana, 1);
      if (first === undefined) throw new Error("no append");
      await store.append([first]);
      const again = appendAfter(headAfter(first), { docId: alpha, replicaId: ana, n: 1, record: recordOf(ana, 1) });
      const gap = appendAfter(headAfter(first), { docId: alpha, replicaId: ana, n: 3, record: recordOf(ana, 3) });
      for (let round = 0; round < 2; round++) {
        await rejectsWith(store.append([again]), "conflict");
        await rejectsWith(store.append([gap]), "conflict");
        await reopen();
      }
      expect((await wholeLog(store, alpha)).seq).toBe(1);
      await store.append(run(beta, ana, 1));
    });

    test("ST-3 a batch is stored whole or not at all, across documents", async () => {
      const [first, second] = run(alpha, ana, 2);
      const inBeta = run(beta, bob, 2);
      if (first === undefined || second === undefined) throw new Error("no append");
      await rejectsWith(store.append([first, ...inBeta, at(run(beta, ana, 1), 0)]), "conflict");
      expect(await listed(store)).toEqual([]);
      expect(await store.tail(beta, bob)).toBeUndefined();
      await store.append([first, ...inBeta, second]);
      expect((await wholeLog(store, alpha)).seq).toBe(2);
      expect((await wholeLog(store, beta)).seq).toBe(2);
    });

    test("ST-3 of appends of one turn that want the same place one wins, and the losers' batches leave nothing", async () => {
      const writers = Array.from({ length: 20 }, (_, index) => replicaIdOf(`writer ${index}`));
      const outcomes = await Promise.allSettled(
        writers.map((writer, index) => store.append([...run(docIdOf(`own ${index}`), writer, 1), ...run(alpha, writer, 2)])),
      );
      const won = outcomes.map((outcome) => outcome.status === "fulfilled");
      expect(won.filter(Boolean)).toHaveLength(1);
      for (const [index, writer] of writers.entries()) {
        expect((await wholeLog(store, docIdOf(`own ${index}`))).seq).toBe(won[index] ? 1 : 0);
        expect((await store.tail(alpha, writer))?.n).toBe(won[index] ? 2 : undefined);
      }
      expect((await wholeLog(store, alpha)).seq).toBe(2);
    });

    test("ST-3 appends that build on appends still under way are stored in order", async () => {
      const appends = run(alpha, ana, 50);
      await Promise.all(appends.map((append) => store.append([append])));
      expect(await store.read(alpha, 1, 100, 1e6)).toEqual(appends.map(storedOf));
    });

    test("ST-3 writers that read the head again after a conflict all get through, exactly once", async () => {
      const writers = Array.from({ length: 5 }, (_, index) => replicaIdOf(`writer ${index}`));
      const seqs = await Promise.all(writers.map((writer) => appendStubbornly(store, alpha, writer, 10)));
      expect(seqs.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      expect((await wholeLog(store, alpha)).seq).toBe(50);
    });

    test("ST-4 a page ends at its count, before its bytes, and holds at least one entry", async () => {
      const appends = run(alpha, ana, 30);
      await store.append(appends);
      const seqs = async (from: number, count: number, bytes: number): Promise<number[]> =>
        (await store.read(alpha, from, count, bytes)).map(({ seq }) => seq);
      expect(await seqs(1, 3, 1e6)).toEqual([1, 2, 3]);
      expect(await seqs(29, 10, 1e6)).toEqual([29, 30]);
      expect(await seqs(30, 1, 0)).toEqual([30]);
      expect(await seqs(31, 10, 1e6)).toEqual([]);
      expect(await seqs(1000, 10, 1e6)).toEqual([]);
      const [a, b, c] = [4, 5, 6].map((index) => at(appends, index).entry.record.length);
      if (a === undefined || b === undefined || c === undefined) throw new Error("no lengths");
      expect(await seqs(5, 10, a + b)).toEqual([5, 6]);
      expect(await seqs(5, 10, a + b + c - 1)).toEqual([5, 6]);
      expect(await seqs(5, 10, 1)).toEqual([5]);
    });

    test("ST-4 the largest record fits", async () => {
      const record = bytesOf("large", limits.recordBytesMax);
      const first = appendAfter(undefined, { docId: alpha, replicaId: ana, n: 1, record });
      await store.append([first, ...run(alpha, bob, 1, { head: headAfter(first), n: 0 })]);
      await reopen();
      const [large] = await store.read(alpha, 1, 10, 1);
      expect(Buffer.compare(large?.record ?? new Uint8Array(0), record)).toBe(0);
      expect((await store.read(alpha, 1, 10, 10 * limits.recordBytesMax)).map(({ seq }) => seq)).toEqual([1, 2]);
      const tooLarge = appendAfter(undefined, { docId: beta, replicaId: ana, n: 1, record: new Uint8Array(limits.recordBytesMax + 1) });
      await expect(store.append([tooLarge])).rejects.toThrow(InvariantError);
    });

    test("ST-5 all documents are listed once, in the order of their ids, beyond a page and after reopening", async () => {
      const documents = Array.from({ length: 1300 }, (_, index) => docIdOf(`many ${index}`));
      await Promise.all(documents.map((docId) => store.append(run(docId, ana, 2))));
      await reopen();
      expect(await listed(store)).toEqual(documents.toSorted(Buffer.compare));
      expect((await wholeLog(store, at(documents, 700))).seq).toBe(2);
    });

    test("ST-6 the relay's own values are kept apart from documents and replaced whole", async () => {
      expect(await store.getMeta("identity")).toBeUndefined();
      await Promise.all([
        store.putMeta("identity", Uint8Array.of(1, 2, 3)),
        store.append(run(alpha, ana, 1)),
        store.putMeta("id", Uint8Array.of()),
      ]);
      await store.putMeta("identity", Uint8Array.of(9));
      await reopen();
      expect(await store.getMeta("identity")).toEqual(Uint8Array.of(9));
      expect(await store.getMeta("id")).toEqual(Uint8Array.of());
      expect(await listed(store)).toEqual([alpha]);
    });

    test("ST-17 an access log is kept apart from documents, and read as it was appended, also after reopening", async () => {
      const space = spaceIdOf("home");
      // A document with the id of the space, and a space that is a prefix of nothing.
      const document = run(space as unknown as DocId, ana, 3);
      const log = operationsOf(space, 5);
      expect(await store.accessHead(space)).toBeUndefined();
      expect(await store.readAccess(space, 1, 10, 1e6)).toEqual([]);
      await Promise.all([store.append(document), ...log.slice(0, 3).map((append) => store.appendAccess(append))]);
      for (const append of log.slice(3)) await store.appendAccess(append);
      await store.appendAccess(at(operationsOf(spaceIdOf("other"), 1), 0));
      for (let round = 0; round < 2; round++) {
        expect(await store.accessHead(space)).toEqual({ position: 5, hash: at(log, 4).hash });
        expect(await store.readAccess(space, 1, 10, 1e6)).toEqual(log.map(storedOperationOf));
        expect((await store.readAccess(space, 2, 2, 1e6)).map(({ position }) => position)).toEqual([2, 3]);
        expect((await store.readAccess(space, 2, 10, 1)).map(({ position }) => position)).toEqual([2]);
        expect(await store.readAccess(space, 6, 10, 1e6)).toEqual([]);
        expect((await wholeLog(store, space as unknown as DocId)).seq).toBe(3);
        expect((await store.accessHead(spaceIdOf("other")))?.position).toBe(1);
        await reopen();
      }
      await expect(store.readAccess(space, 0, 1, 1)).rejects.toThrow(InvariantError);
    });

    test("ST-18 an operation is stored only if it follows the head; of those that want one place one wins", async () => {
      const space = spaceIdOf("home");
      const [first, second, third] = operationsOf(space, 3);
      if (first === undefined || second === undefined || third === undefined) throw new Error("no operation");
      await rejectsWith(store.appendAccess(second), "conflict");
      await store.appendAccess(first);
      await rejectsWith(store.appendAccess(first), "conflict");
      await rejectsWith(store.appendAccess(third), "conflict");
      const rivals = Array.from({ length: 5 }, (_, index) => operationAfter(space, 2, `rival ${index}`));
      const outcomes = await Promise.allSettled(rivals.map((append) => store.appendAccess(append)));
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      await reopen();
      const winner = rivals[outcomes.findIndex(({ status }) => status === "fulfilled")];
      expect((await store.readAccess(space, 2, 10, 1e6)).map(({ hash }) => hash)).toEqual([winner?.hash]);
      // One that fails leaves its neighbours of the same turn alone.
      await Promise.all([rejectsWith(store.appendAccess(third), "conflict").catch(() => {}), store.append(run(alpha, ana, 1))]);
      expect((await wholeLog(store, alpha)).seq).toBe(1);
    });

    test("ST-19 a device's note is kept apart from others and from documents, replaced whole, and gone when deleted, also after reopening", async () => {
      const [kit, other] = [deviceIdOf("kit"), deviceIdOf("other")];
      await store.deleteNote(kit);
      expect(await store.note(kit)).toBeUndefined();
      await Promise.all([
        store.putNote(kit, noteOf("kit", 1)),
        store.append(run(alpha, ana, 1)),
        store.putNote(other, noteOf("other", 1, 0)),
        // Of those of one turn the last stands.
        store.putNote(kit, noteOf("kit", 2)),
      ]);
      for (let round = 0; round < 2; round++) {
        expect(await store.note(kit)).toEqual(noteOf("kit", 2));
        expect(await store.note(other)).toEqual(noteOf("other", 1, 0));
        expect(await store.note(deviceIdOf("nobody"))).toBeUndefined();
        await reopen();
      }
      // Longer, shorter, and as long as one may be.
      for (const [count, length] of [limits.noteBytesMax, 1, 5_000, 0].entries()) {
        await store.putNote(kit, noteOf("kit", count, length));
        expect(await store.note(kit)).toEqual(noteOf("kit", count, length));
      }
      for (let round = 0; round < 2; round++) {
        await Promise.all([store.putNote(kit, noteOf("kit", 3)), store.deleteNote(kit)]);
        expect(await store.note(kit)).toBeUndefined();
        await store.deleteNote(kit);
        await reopen();
        expect(await store.note(kit)).toBeUndefined();
        expect(await store.note(other)).toEqual(noteOf("other", 1, 0));
      }
      await store.putNote(kit, noteOf("kit", 4));
      await reopen();
      expect(await store.note(kit)).toEqual(noteOf("kit", 4));
      expect(await listed(store)).toEqual([alpha]);
    });

    test("ST-19 a note's bytes are the caller's own, before and after; what fits no row is a bug", async () => {
      const kit = deviceIdOf("kit");
      const note = noteOf("kit", 1);
      const deviceId = kit.slice() as DeviceId;
      const writing = store.putNote(deviceId, note);
      deviceId.fill(0);
      note.body.fill(0);
      note.spaceId.fill(0);
      await writing;
      const found = await store.note(kit);
      expect(found).toEqual(noteOf("kit", 1));
      expect([found?.body.constructor, found?.spaceId.constructor]).toEqual([Uint8Array, Uint8Array]);
      found?.body.fill(0);
      found?.spaceId.fill(0);
      expect(await store.note(kit)).toEqual(noteOf("kit", 1));
      await expect(store.putNote(kit, noteOf("kit", 1, limits.noteBytesMax + 1))).rejects.toThrow(InvariantError);
      for (const wrong of [new Uint8Array(31), new Uint8Array(33)] as DeviceId[]) {
        await expect(store.putNote(wrong, noteOf("kit", 1))).rejects.toThrow(InvariantError);
        await expect(store.note(wrong)).rejects.toThrow(InvariantError);
        await expect(store.deleteNote(wrong)).rejects.toThrow(InvariantError);
      }
    });

    test("ST-7 closing waits for what was asked before, refuses what comes after, and may be repeated", async () => {
      const writes = run(alpha, ana, 20).map((append) => store.append([append]));
      await Promise.all([store.close(), store.close()]);
      await Promise.all(writes);
      await store.close();
      await rejectsWith(store.append(run(beta, ana, 1)), "closed");
      await rejectsWith(store.append([]), "closed");
      await rejectsWith(store.info(alpha), "closed");
      await rejectsWith(store.read(alpha, 1, 1, 1), "closed");
      await rejectsWith(store.tail(alpha, ana), "closed");
      await rejectsWith(store.getMeta("identity"), "closed");
      await rejectsWith(store.putMeta("identity", Uint8Array.of(1)), "closed");
      await rejectsWith(store.note(deviceIdOf("kit")), "closed");
      await rejectsWith(store.putNote(deviceIdOf("kit"), noteOf("kit", 1)), "closed");
      await rejectsWith(store.deleteNote(deviceIdOf("kit")), "closed");
      await rejectsWith(store.accessHead(spaceIdOf("home")), "closed");
      await rejectsWith(store.readAccess(spaceIdOf("home"), 1, 1, 1), "closed");
      await rejectsWith(store.appendAccess(at(operationsOf(spaceIdOf("home"), 1), 0)), "closed");
      store = await harness.open();
      expect((await wholeLog(store, alpha)).seq).toBe(20);
    });

    test("ST-8 any sequence of appends, conflicts and reopenings leaves what a simple model says", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
          await store.close();
          await harness.dispose();
          harness = await makeHarness();
          store = await harness.open();
          const model = new Map<string, LogAppend[]>();
          for (const step of commands) {
            if (step.kind === "reopen") await reopen();
            else await Promise.all(step.batches.map((batch) => runBatch(store, model, batch)));
          }
          await reopen();
          for (const [doc, expected] of model) {
            const docId = docIdOf(doc);
            expect(await store.read(docId, 1, 1000, 1e9)).toEqual(expected.map(storedOf));
            for (const { replicaId, n, seq, recordHash } of expected)
              expect(await store.find(docId, replicaId, n)).toEqual({ seq, recordHash });
          }
        }),
        { numRuns: 25, seed: Number(process.env["SKERRY_TEST_SEED"] ?? 20261120) },
      );
    });
  });
}

interface Batch {
  readonly items: readonly { readonly doc: string; readonly writer: string; readonly wrong: "none" | "seq" | "chain" | "n" }[];
}
type Command = { readonly kind: "reopen" } | { readonly kind: "append"; readonly batches: readonly Batch[] };

const wrong = fc.oneof(
  { weight: 8, arbitrary: fc.constant("none" as const) },
  { weight: 1, arbitrary: fc.constantFrom("seq" as const, "chain" as const, "n" as const) },
);
const item = fc.record({ doc: fc.constantFrom("a", "b", "c"), writer: fc.constantFrom("x", "y"), wrong });
const batches = fc.array(fc.record({ items: fc.array(item, { minLength: 1, maxLength: 4 }) }), { minLength: 1, maxLength: 4 });
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: "reopen" as const }) },
  { weight: 6, arbitrary: batches.map((value) => ({ kind: "append" as const, batches: value })) },
);

/** Builds the batch on the model's state, tells the model if it is right, and expects the store to agree. Synchronous up to `append`. */
function runBatch(store: LogStore, model: Map<string, LogAppend[]>, batch: Batch): Promise<void> {
  const after = new Map([...model].map(([doc, appends]) => [doc, [...appends]]));
  let right = true;
  const appends: LogAppend[] = [];
  for (const { doc, writer, wrong: flaw } of batch.items) {
    const log = after.get(doc) ?? [];
    const last = log.at(-1);
    const replicaId: ReplicaId = replicaIdOf(writer);
    const n = log.filter((append) => Buffer.compare(append.replicaId, replicaId) === 0).length + (flaw === "n" ? 2 : 1);
    const next = appendAfter(last && headAfter(last), {
      docId: docIdOf(doc),
      replicaId,
      n,
      record: recordOf(replicaId, n),
      accessPosition: n % 3,
    });
    const flawed =
      flaw === "seq"
        ? { ...next, seq: next.seq + 1 }
        : flaw === "chain"
          ? { ...next, chainHash: bytesOf("x", 32) as Head["chainHash"] }
          : next;
    if (flaw !== "none") right = false;
    appends.push(flawed);
    after.set(doc, [...log, flawed]);
  }
  if (!right) return rejectsWith(store.append(appends), "conflict");
  for (const [doc, log] of after) model.set(doc, log);
  return store.append(appends);
}

/** A relay's way to append: read head and tail, try, start over on a conflict. Resolves to the sequence numbers. */
async function appendStubbornly(store: LogStore, docId: DocId, replicaId: ReplicaId, count: number): Promise<number[]> {
  const seqs: number[] = [];
  while (seqs.length < count) {
    const info = await store.info(docId);
    const n = ((await store.tail(docId, replicaId))?.n ?? 0) + 1;
    const append = appendAfter(info?.head, { docId, replicaId, n, record: recordOf(replicaId, n) });
    const conflict = await store.append([append]).then(
      () => false,
      (error: unknown) => {
        expect(error).toMatchObject({ code: "conflict" });
        return true;
      },
    );
    if (!conflict) seqs.push(append.seq);
  }
  return seqs;
}

const storedOf = ({ seq, entry, recordHash, chainHash }: LogAppend): unknown => ({ seq, ...entry, recordHash, chainHash });

const storedOperationOf = ({ position, operation, receivedAtMs, hash }: AccessAppend): unknown => ({
  position,
  operation,
  receivedAtMs,
  hash,
});

async function listed(store: LogStore): Promise<DocId[]> {
  const found: DocId[] = [];
  for await (const docId of store.documents()) found.push(docId);
  return found;
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error(`nothing at ${index}`);
  return value;
}
